"""Whatever is sent: no fault that no one asked for, an answer of the documented shape, and a store that is sound."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from random import Random
from typing import Any, TypeVar, get_args, get_type_hints
from urllib.parse import quote

import orjson
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.sandbox.app import App, Identity
from scim_bridge.sandbox.knobs import Knobs, changed
from scim_bridge.sandbox.schema import check_group, check_user
from scim_bridge.sandbox.store import Kind, unique_values
from tests.sandbox.in_process import ENTERPRISE, PATCH_OP, email, person

BASE = "/" + Identity().tenant + "/scim/v2"
PARTS = ("value", "type", "primary", "display", "$ref", "givenName", "x")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 200) | st.floats(allow_nan=False) | st.text(max_size=3)
    | st.sampled_from(["u1", "u2", "ID1", "true", "", "a:b", "work"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(PARTS), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
NAMES = ("userName", "displayName", "externalId", "name", "active", "emails", "phoneNumbers", "addresses", "roles",
         "title", "members", "id", "meta", "schemas", "photos", ENTERPRISE, "profileUrl")  # fmt: skip
PATHS = st.sampled_from(
    [*NAMES, "name.givenName", "name.nick", "emails.value", "members[value eq \"ID1\"]", "members[]", "emails[]",
     'emails[type eq "work"].value', 'emails[type eq "work"]', 'emails[primary eq "true"]', "emails[type pr]",
     'phoneNumbers[type eq "work"].value', 'emails[x eq "1"].value', 'emails[type eq "work"].x', "", "🙂",
     f"{ENTERPRISE}:manager", f"{ENTERPRISE}:manager.value", f"{ENTERPRISE}:manager.$ref", f"{ENTERPRISE}:x",
     f"{ENTERPRISE}:department", f"{ENTERPRISE}:manager.x.y"]
) | st.text(max_size=4)  # fmt: skip
GOOD = st.sampled_from(["u1", "u2", "New", True, "False", email("u1@x"), email("u2@x"), [{"value": "ID1"}],
                        [{"value": "ID2"}, {"value": "ID1"}], {"value": "1"}, {"givenName": "N"}])  # fmt: skip
VALUES = GOOD | JSON
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "replace", "remove", "Replace", "ADD", "move", 5])},
    optional={"path": PATHS | st.none(), "value": VALUES | st.dictionaries(PATHS, VALUES, max_size=2), "x": st.none()},
)
PATCHES = st.lists(OPERATIONS | JSON, max_size=3).map(lambda found: {"schemas": [PATCH_OP], "Operations": found})
CREATES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3).map(lambda more: person("u3") | more)
GROUPS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=2).map(lambda more: {"displayName": "g2"} | more)
BODIES = (PATCHES | CREATES | GROUPS | JSON).map(orjson.dumps) | st.binary(max_size=8) | st.just(b"")
TARGETS = st.sampled_from(
    ["Users", "Groups", "Users/ID1", "Users/ID2", "Groups/ID3", "Users/", "/Users", "ServiceProviderConfig", "Schemas",
     f"Schemas/{ENTERPRISE}", "ResourceTypes", "Users/%FF", "Users/%2F", "Bulk", "Groups/ID1", "Users/ID1/x"]
) | st.text(max_size=5).map(lambda text: quote(text, safe="/"))  # fmt: skip
FILTERS = st.sampled_from(
    ['userName eq "u1"', 'USERNAME EQ "U1"', 'displayName eq "g"', 'externalId eq "x"', 'groups.value eq "ID3"',
     'members.value eq "ID1"', 'id eq "ID1"', 'id eq "ID3" and members eq "ID1"', 'id eq "ID1" and manager eq "ID2"',
     'userName eq"u1"', 'userName eq "\x00"', 'userName eq "\\u12"', "userName eq 5", "(", '"']
) | st.text(max_size=8)  # fmt: skip
COUNTS = st.sampled_from(["1", "0", "-1", "--5", "²", "9" * 5000, "1e5", "ten", "100", "101"]) | st.text(max_size=3)
CURSORS = st.sampled_from(["", "made-up", "MDo=", "WzAsICJ4Il0=", "LTI6"]) | st.text(max_size=6)
PARAMETERS = {"filter": FILTERS, "count": COUNTS, "cursor": CURSORS, "x": st.text()}
QUERIES = st.fixed_dictionaries({}, optional=PARAMETERS).map(
    lambda found: "&".join(f"{name}={quote(value)}" for name, value in found.items())
) | st.sampled_from(["cursor", "&&", "%ff=%00", "cursor&count=1", "filter"])  # fmt: skip
HEADERS = st.sampled_from([[], [(b"content-type", b"text/plain")], [(b"content-type", b"\xff")], [(b"x", b"\x80")]])
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "PATCH", "PATCH", "DELETE", "HEAD", "OPTIONS", "X"])
REQUESTS = st.tuples(METHODS, TARGETS, QUERIES | st.just(""), BODIES, HEADERS | st.just([]))


Answer = TypeVar("Answer")
_ASIDE = ThreadPoolExecutor(1)
"""A thread of its own: once the tests of the pages have had a browser, a loop is running in the main one."""


def answered(call: Coroutine[Any, Any, Answer]) -> Answer:
    """What comes of a call of the emulator."""
    return _ASIDE.submit(asyncio.run, call).result()


def _ways(name: str) -> list[Any]:
    """The values of a knob that is a choice."""
    kind = get_type_hints(Knobs)[name]
    return [True, False] if kind is bool else [one for one in get_args(kind) if isinstance(one, str | int)]


CHOICES = {field.name: _ways(field.name) for field in fields(Knobs)}
KNOBS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(ways) for name, ways in CHOICES.items() if ways and name != "retry_after"}
)


class Caller:
    """An application that is called without a network. It holds two users and a group of both."""

    def __init__(self, **knobs: Any) -> None:
        self.app = App(changed(Knobs(rate=None), knobs), Identity(), clock=lambda: 0.0)
        self.ids: dict[str, str] = {}
        store = self.app.store
        for number, name in enumerate(("u1", "u2"), start=1):
            self.ids[f"ID{number}"] = store.create("User", check_user(person(name), Knobs())).id
        self.ids["ID3"] = store.create("Group", {"displayName": "g"}).id
        store.add_member(self.ids["ID3"], self.ids["ID1"])

    def __call__(
        self, method: str, target: str, query: str, body: bytes, headers: list[tuple[bytes, bytes]]
    ) -> tuple[int, bytes]:
        """Status and body. ID1 and similar paths stand for ids."""
        for name, resource_id in self.ids.items():
            target, query = target.replace(name, resource_id), query.replace(name, resource_id)
            body = body.replace(name.encode(), resource_id.encode())
        return answered(self._call(method, target, query, body, headers))

    async def _call(
        self, method: str, target: str, query: str, body: bytes, headers: list[tuple[bytes, bytes]]
    ) -> tuple[int, bytes]:
        said: list[Any] = []
        given = [(b"authorization", b"Bearer sandbox-token"), (b"content-type", b"application/json"), *headers]
        scope = {"type": "http", "method": method, "headers": given, "query_string": query.encode("latin-1", "replace"),
                 "raw_path": f"{BASE}/{target}".encode()}  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            said.append(message)

        await self.app(scope, receive, send)
        return said[0]["status"], said[1]["body"]

    def check_store(self) -> None:
        """Memberships fit from both sides, what is unique is indexed, and what is stored would be taken again."""
        store = self.app.store
        pairs = {(group, user) for group, users in store.members.items() for user in users}
        assert pairs == {(group, user) for user, groups in store.groups_of.items() for group in groups}
        assert store.members.keys() == store.groups.by_id.keys()
        assert all(user in store.users.by_id for _, user in pairs)
        kinds: tuple[Kind, ...] = ("User", "Group")
        for kind in kinds:
            shelf = store.shelf(kind)
            expected: dict[tuple[str, str], str] = {}
            for resource in shelf.by_id.values():
                (check_user if kind == "User" else check_group)(resource.attributes, Knobs())
                assert shelf.order[resource.position] == resource.id
                for attribute, value in unique_values(resource.attributes, kind).items():
                    expected[attribute, shelf.key(attribute, value)] = resource.id
            assert expected == {(a, key): found for a, keys in shelf.taken.items() for key, found in keys.items()}


@given(knobs=KNOBS, requests=st.lists(REQUESTS, max_size=8))
def test_whatever_is_sent_is_answered_and_leaves_the_store_sound(knobs: dict[str, Any], requests: list[Any]) -> None:
    caller = Caller(**knobs)
    for request in requests:
        status, body = caller(*request)
        is_put_on_a_group = request[0] == "PUT" and request[1].startswith("Groups/")
        assert status < 500 or (status == 501 and is_put_on_a_group), request
        if status >= 400 and body:
            told = orjson.loads(body)
            assert {"detail", "status"} <= told.keys()
            assert told["status"] == str(status)
        caller.check_store()


@given(
    what=st.sampled_from(["seed", "faults", "knobs", "tokens", "go-on", "reset-counts", "x", ""]),
    body=st.dictionaries(
        st.sampled_from(["users", "groups", "faults", "tokens", "count", "list_lag", "put_group", "case_exact"]),
        JSON | st.lists(CREATES | GROUPS | st.fixed_dictionaries({"kind": JSON, "chance": JSON}), max_size=2),
    ).map(orjson.dumps)
    | BODIES,
)
def test_whatever_the_control_plane_is_sent_is_answered_too(what: str, body: bytes) -> None:
    from scim_bridge.sandbox.control import control

    caller = Caller()
    status, told = answered(control(caller.app, "POST", what, body))
    assert status in (200, 400, 404)
    assert status == 200 or "error" in told
    orjson.dumps(told)
    caller.check_store()


@given(
    seed=st.integers(0, 10_000),
    operations=st.lists(
        st.tuples(st.sampled_from(["add", "remove"]), st.sets(st.integers(0, 3), min_size=1)), max_size=6
    ),
)
def test_membership_operations_in_one_request_end_as_those_in_one_request_each(seed: int, operations: Any) -> None:
    from tests.sandbox.in_process import World, members

    world = World()
    ids = [world.user(f"u{n}") for n in range(4)]
    begun = Random(seed).sample(ids, 2)
    together, apart = world.group("together", *begun), world.group("apart", *begun)
    given_ = [members(op, *(ids[n] for n in numbers)) for op, numbers in operations]
    if given_:
        assert world.patch(f"Groups/{together}", *given_) == 204
    for operation in given_:
        assert world.patch(f"Groups/{apart}", operation) == 204
    assert world.store.members[together] == world.store.members[apart]
