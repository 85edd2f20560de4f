"""The emulator answers as the documents say Identity Center does, over real HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.sandbox.app import Identity
from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox, listen
from tests.sandbox.in_process import World, person

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
GENERIC = "Request is unparsable, syntactically incorrect, or violates schema."


@pytest.fixture
def world() -> World:
    return World()


class Scim:
    """A bare client."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(headers={"Authorization": f"Bearer {sandbox.token}"})

    def __enter__(self) -> "Scim":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def __call__(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.http.request(method, f"{self.sandbox.url}/{path}", json=body)

    def user(self, name: str, /, **attributes: Any) -> str:
        answer = self("POST", "Users", _user(name, **attributes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def group(self, name: str, **attributes: Any) -> str:
        return str(self("POST", "Groups", {"displayName": name, **attributes}).json()["id"])

    def patch(self, path: str, *operations: dict[str, Any]) -> httpx.Response:
        return self("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)})


def _user(name: str, /, **attributes: Any) -> dict[str, Any]:
    base = {"userName": name, "name": {"givenName": "G", "familyName": "F"}, "displayName": name, "active": True}
    return {key: value for key, value in {**base, **attributes}.items() if value is not None}


def _email(value: str, **more: Any) -> list[dict[str, Any]]:
    return [{"value": value, "type": "work", "primary": True, **more}]


def _members(op: str, *ids: str) -> dict[str, Any]:
    return {"op": op, "path": "members", "value": [{"value": user_id} for user_id in ids]}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def scim(running: Sandbox) -> Iterator[Scim]:
    """A client of an emulator that is empty and has the default settings."""
    fresh = type(running.app)(Knobs(rate=None), running.app.identity, running.app.store.now, lambda: 0.0)
    for name in ("store", "endpoint", "faults", "counts", "log"):
        setattr(running.app, name, getattr(fresh, name))
    with Scim(running) as client:
        yield client


def _knobs(scim: Scim, **knobs: Any) -> None:
    scim.sandbox.app.knobs = replace(scim.sandbox.app.knobs, **knobs)


@pytest.mark.parametrize(
    "change",
    [
        {"userName": None},
        {"userName": "with space"},
        {"userName": "x" * 129},
        {"userName": "AWSAdministrators"},
        {"displayName": ""},
        {"name": {"givenName": "G"}},
        {"title": ""},
        {"title": "bell\x07"},
        {"title": "x" * 1025},
        {"externalId": "a:b"},
        {"externalId": "a b"},
        {"emails": [{"value": "a@x", "type": "work"}]},
        {"emails": _email("a@x", display="A")},
        {"emails": _email("a@x") + _email("b@x")},
        {"photos": []},
        {"groups": []},
        {"password": "secret"},
        {ENTERPRISE: {"manager": {"value": "1", "displayName": "M"}}},
        {"active": "perhaps"},
    ],
)
def test_a_user_that_breaks_a_rule_is_refused(scim: Scim, change: dict[str, Any]) -> None:
    answer = scim("POST", "Users", _user("a@x", **change))
    assert answer.status_code == 400
    assert scim.sandbox.counts.invalid == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"name_": "a@x"}, {"name_": "A@X"}),
        ({"name_": "a@x", "externalId": "1"}, {"name_": "b@x", "externalId": "1"}),
        ({"name_": "a@x", "emails": _email("m@x")}, {"name_": "b@x", "emails": _email("M@x")}),
    ],
    ids=["userName", "externalId", "email"],
)
def test_what_must_be_unique_is(scim: Scim, first: dict[str, Any], second: dict[str, Any]) -> None:
    first, second = dict(first), dict(second)
    scim.user(first.pop("name_"), **first)
    answer = scim("POST", "Users", _user(second.pop("name_"), **second))
    assert (answer.status_code, answer.json()["detail"]) == (409, "Refused to create a new, duplicate resource.")
    assert scim.sandbox.counts.invalid == 0


def test_an_error_has_the_shape_that_was_seen(scim: Scim) -> None:
    answer = scim("POST", "Users", {})
    body = answer.json()
    assert set(body) == {"schema", "schemas", "detail", "status", "exceptionRequestId", "timeStamp"}
    assert (body["status"], body["detail"]) == ("400", GENERIC)
    assert answer.headers["x-amzn-requestid"] == body["exceptionRequestId"]


def test_a_user_goes_through_its_life(scim: Scim) -> None:
    user_id = scim.user("a@x", title="T", emails=_email("a@x"))
    path = f"Users/{user_id}"
    answer = scim.patch(path, {"op": "replace", "path": "active", "value": "false"}, {"op": "remove", "path": "title"})
    assert (answer.status_code, answer.json()["active"], "title" in answer.json()) == (200, False, False)
    assert scim("PUT", path, _user("b@x", id=user_id)).status_code == 201
    assert scim("PUT", path, _user("b@x")).status_code == 400
    assert "emails" not in scim("GET", path).json()
    assert scim("DELETE", path).status_code == 204
    assert [scim(m, path).status_code for m in ("GET", "DELETE")] == [404, 404]


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [{"op": "remove"}],
        [{"op": "remove", "path": "userName"}],
        [{"op": "remove", "path": "active"}],
        [{"op": "remove", "path": "displayName"}],
        [{"op": "replace", "path": "title"}],
        [{"op": "replace", "path": "roles", "value": [{"value": "r"}]}],
        [{"op": "replace", "path": "nonsense", "value": "x"}],
        [{"op": "replace", "value": {"title": "T", "nickName": "N"}}],
        [{"op": "replace", "path": "active", "value": True}, {"op": "replace", "path": "active", "value": False}],
    ],
)
def test_a_patch_that_breaks_a_rule_is_refused_and_changes_nothing(scim: Scim, operations: list[Any]) -> None:
    user_id = scim.user("a@x", title="old")
    before = scim("GET", f"Users/{user_id}").json()
    assert scim.patch(f"Users/{user_id}", *operations).status_code == 400
    assert scim("GET", f"Users/{user_id}").json() == before


def test_enterprise_attributes_and_managers_are_patched_by_their_path(scim: Scim) -> None:
    boss, user_id = scim.user("boss@x"), scim.user("a@x")
    answer = scim.patch(
        f"Users/{user_id}",
        {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "部"},
        {"op": "add", "path": f"{ENTERPRISE}:manager", "value": {"value": boss}},
    )
    assert answer.json()[ENTERPRISE] == {"department": "部", "manager": {"value": boss}}
    found = scim("GET", f'Users?filter=id eq "{user_id}" and manager eq "{boss}"').json()["Resources"]
    assert [user["id"] for user in found] == [user_id]


def test_members_are_changed_but_never_shown(scim: Scim) -> None:
    a, b, group = scim.user("a@x"), scim.user("b@x"), scim.group("dev")
    path = f"Groups/{group}"
    answer = scim.patch(path, _members("add", a, b))
    assert (answer.status_code, answer.content) == (204, b"")
    assert scim.patch(path, _members("add", a)).status_code == 204
    assert scim.patch(path, _members("remove", b)).status_code == 204
    assert scim("GET", path).json()["members"] == []
    assert [u["id"] for u in scim("GET", f'Users?filter=groups.value eq "{group}"').json()["Resources"]] == [a]
    assert [g["id"] for g in scim("GET", f'Groups?filter=members.value eq "{a}"').json()["Resources"]] == [group]
    assert len(scim("GET", f'Groups?filter=id eq "{group}" and members eq "{b}"').json()["Resources"]) == 0


@pytest.mark.parametrize(
    ("operation", "status", "detail"),
    [
        (_members("replace"), 400, "Replacing group memberships is not supported."),
        ({"op": "remove", "path": "members"}, 400, GENERIC),
        (_members("add", "nobody"), 404, "Resource not found."),
        (_members("add", *map(str, range(101))), 400, GENERIC),
        ({"op": "replace", "path": "description", "value": "x"}, 400, GENERIC),
    ],
)
def test_a_group_patch_that_breaks_a_rule_is_refused(scim: Scim, operation: Any, status: int, detail: str) -> None:
    answer = scim.patch(f"Groups/{scim.group('dev')}", operation)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)


def test_a_group_is_renamed_but_not_to_a_name_that_is_taken_and_never_put(scim: Scim) -> None:
    group, _ = scim.group("dev"), scim.group("ops")
    rename = {"op": "replace", "path": "displayName", "value": "OPS"}
    assert scim.patch(f"Groups/{group}", rename).status_code == 409
    assert scim.patch(f"Groups/{group}", rename | {"value": "新しい名前"}).status_code == 204
    assert scim("PUT", f"Groups/{group}", {"displayName": "x"}).status_code == 501


def test_without_a_cursor_a_listing_is_cut_off_silently(scim: Scim) -> None:
    for number in range(101):
        scim.user(f"u{number}@x")
    body = scim("GET", "Users").json()
    assert (body["totalResults"], len(body["Resources"]), "nextCursor" in body) == (100, 100, False)


@given(total=st.integers(0, 23), count=st.integers(1, 9), short=st.booleans())
def test_pages_show_every_resource_exactly_once(total: int, count: int, short: bool) -> None:
    app_knobs = Knobs(rate=None, short_pages=short)
    with Sandbox(app_knobs) as sandbox, Scim(sandbox) as scim:
        sandbox.seed({"users": [_user(f"u{n}@x") for n in range(total)]})
        seen, query = [], f"cursor&count={count}"
        while query:
            body = scim("GET", f"Users?{query}").json()
            seen += [user["userName"] for user in body["Resources"]]
            query = f"cursor={body['nextCursor']}&count={count}".replace("=&", "%3D&") if "nextCursor" in body else ""
        assert seen == [f"u{n}@x" for n in range(total)]


@pytest.mark.parametrize(
    "query",
    [
        "startIndex=1",
        "attributes=userName",
        "excludedAttributes=members",
        "count=0",
        "count=101",
        "count=ten",
        "cursor=made-up",
        'filter=title eq "x"',
        'filter=userName ne "x"',
        'filter=userName eq "x" or userName eq "y"',
        'filter=userName eq ""',
        'filter=id eq "x" and groups.value eq "y"',
    ],
)
def test_a_query_that_is_not_documented_is_refused(scim: Scim, query: str) -> None:
    assert scim("GET", f"Users?{query}").status_code == 400


def test_a_plus_sign_in_a_query_is_a_space(scim: Scim) -> None:
    scim.user("a+b@x")
    assert scim("GET", 'Users?filter=userName+eq+"a%2Bb@x"').json()["totalResults"] == 1
    assert scim("GET", 'Users?filter=userName+eq+"a+b@x"').json()["totalResults"] == 0


@pytest.mark.parametrize("path", ["/other-tenant/scim/v2/Users", "/{tenant}/scim/v2/Users"])
def test_a_wrong_tenant_or_token_is_a_401(scim: Scim, path: str) -> None:
    host = scim.sandbox.url.split("/", 3)
    tenant = scim.sandbox.app.identity.tenant
    right = "{tenant}" in path
    url = f"{host[0]}//{host[2]}{path.format(tenant=tenant)}"
    headers = {"Authorization": "Bearer wrong" if right else f"Bearer {scim.sandbox.token}"}
    assert httpx.get(url, headers=headers).status_code == 401
    assert scim.sandbox.counts.invalid == 0


@pytest.mark.parametrize(
    ("kind", "is_applied"), [("throttle", False), ("error", False), ("cut_before", False), ("cut_after", True)]
)
def test_faults_strike_before_or_after_the_change(scim: Scim, kind: Any, is_applied: bool) -> None:
    scim.sandbox.fail(Fault(kind, "POST", "Users", left=1, retry_after=3))
    try:
        answer = scim("POST", "Users", _user("a@x"))
        assert answer.status_code == (429 if kind == "throttle" else 503)
        assert answer.headers.get("retry-after") == ("3" if kind == "throttle" else None)
    except httpx.RemoteProtocolError:
        assert kind.startswith("cut")
    assert bool(scim.sandbox.state()["users"]) is is_applied
    assert scim("GET", "Users").status_code == 200


@pytest.mark.parametrize(
    ("knobs", "operation", "status", "left"),
    [
        ({"members_replace": "ignore"}, _members("replace"), 204, 1),
        ({"members_replace": "empty"}, {"op": "replace", "path": "members", "value": [{"value": ""}]}, 400, 0),
        ({"members_remove_all": "remove"}, {"op": "remove", "path": "members"}, 204, 0),
        ({"unknown_member": 400}, _members("add", "nobody"), 400, 1),
        ({"redundant_member_change": "refuse"}, _members("remove", "nobody"), 404, 1),
    ],
)
def test_the_other_ways_it_may_treat_members(
    scim: Scim, knobs: dict[str, Any], operation: Any, status: int, left: int
) -> None:
    user, group = scim.user("a@x"), scim.group("dev")
    scim.patch(f"Groups/{group}", _members("add", user))
    _knobs(scim, **knobs)
    assert scim.patch(f"Groups/{group}", operation).status_code == status
    assert len(scim.sandbox.state()["members"][group]) == left


def test_it_listens_on_loopback_only() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        listen("0.0.0.0", 0)


def test_the_same_seed_gives_the_same_ids() -> None:
    ids = []
    for _ in range(2):
        with Sandbox(identity=Identity(seed=7)) as sandbox, Scim(sandbox) as scim:
            ids.append(scim.user("a@x"))
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    "path", ["Users/", "/Users", "/", "", "Users//", "Users/1/", "Users/1/x", "Bulk", "Me", "users"]
)
def test_a_path_that_is_not_there_is_a_404(world: World, path: str) -> None:
    assert world.status("GET", path) == 404


@pytest.mark.parametrize("query", ["x=1", "cursor", "count=1", "filter=", "attributes=id"])
def test_a_query_is_for_lists_alone(world: World, query: str) -> None:
    user_id = world.user("a")
    for method, path, body in [
        ("POST", "Users", person("b")),
        ("PUT", f"Users/{user_id}", person("a", id=user_id)),
        ("DELETE", f"Users/{user_id}", None),
        ("GET", f"Users/{user_id}", None),
        ("GET", "ServiceProviderConfig", None),
    ]:
        assert world.status(method, path, body, query) == 400, (method, path)
    assert world.listed() == ["a"]
