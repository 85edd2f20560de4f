"""What a server says of itself, as real servers say it, and what becomes of it."""

from typing import Any

import httpx
import pytest

from scim_bridge.errors import CredentialsRefused, EndpointDown, Stop
from scim_bridge.model.capabilities import Capabilities
from scim_bridge.target.capability_reading import capabilities_of, read_capabilities
from scim_bridge.target.client import ScimClient
from scim_bridge.target.rate import Rate
from scim_bridge.target.scim import ScimTarget
from scim_bridge.target.wire import CORE, ENTERPRISE
from tests.fakes import FakeClock
from tests.target.conftest import URL, Answering, answer

CONFIG: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    "patch": {"supported": True},
    "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
    "filter": {"supported": True, "maxResults": 200},
    "changePassword": {"supported": False},
    "sort": {"supported": False},
    "etag": {"supported": False},
    "authenticationSchemes": [],
}


def text(name: str, **said: Any) -> dict[str, Any]:
    return {"name": name, "type": "string", "multiValued": False} | said


def whole(name: str, *parts: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"name": name, "type": "complex", "multiValued": False, "subAttributes": list(parts)} | said


USER = [
    text("userName", required=True, uniqueness="server", caseExact=False),
    whole("name", text("familyName"), text("givenName"), text("formatted", mutability="readOnly")),
    {"name": "active", "type": "boolean"},
    whole("emails", text("value"), text("type"), multiValued=True),
]
MEMBERS = whole("members", text("value", mutability="immutable"), multiValued=True)
GROUP = [text("displayName", required=False), MEMBERS]


def schemas(
    *user: dict[str, Any], group: list[dict[str, Any]] = GROUP, enterprise: list[dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """A Schemas list; user: attributes beside (or instead of) those every user has here."""
    attributes = {a["name"]: a for a in (*USER, *user)}
    found = [
        {"id": CORE["user"], "attributes": list(attributes.values())},
        {"id": CORE["group"], "attributes": group},
    ]
    return found if enterprise is None else [*found, {"id": ENTERPRISE, "attributes": enterprise}]


def read(*user: dict[str, Any], **said: Any) -> Capabilities:
    return capabilities_of(CONFIG | said, schemas(*user))


def test_only_what_is_listed_has_a_place() -> None:
    assert set(read().attributes["user"]) == {
        "externalId", "userName", "name.familyName", "name.givenName", "active", "emails"
    }  # fmt: skip
    assert set(read().attributes["group"]) == {"externalId", "displayName"}


@pytest.mark.parametrize(
    "said",
    [
        {"mutability": "readOnly"},
        {"mutability": "immutable"},
        {"mutability": "writeOnly"},
        {"returned": "never"},
        {"returned": "request"},
        {"type": "integer"},
        {"multiValued": True},
    ],
)
def test_what_is_never_shown_or_cannot_be_changed_has_no_place(said: dict[str, Any]) -> None:
    assert "title" in read(text("title")).attributes["user"]
    assert "title" not in read(text("title") | said).attributes["user"]


def test_roles_profile_url_address_and_enterprise_have_a_place_where_they_are_listed() -> None:
    listed = schemas(
        {"name": "profileUrl", "type": "reference"},
        whole("roles", text("value"), multiValued=True),
        whole("addresses", text("locality"), text("type"), multiValued=True),
        enterprise=[text("department"), whole("manager", text("value"))],
    )
    assert set(capabilities_of(CONFIG, listed).attributes["user"]) - set(read().attributes["user"]) == {
        "profileUrl", "roles", "addresses.locality", "enterprise.department", "enterprise.manager"
    }  # fmt: skip


def test_uniqueness_is_compared_as_the_server_compares() -> None:
    assert read().unique("user") == (("externalId", "exact"), ("userName", "folded"))
    assert read().unique("group") == (("externalId", "exact"),)
    exact = read(text("userName", required=True, uniqueness="none", caseExact=True))
    assert exact.attributes["user"]["userName"].uniqueness == "exact"
    email = read(whole("emails", text("value", uniqueness="global"), multiValued=True))
    assert email.attributes["user"]["emails"].uniqueness == "folded"


def test_a_part_is_required_only_if_the_whole_is() -> None:
    parts = (text("familyName", required=True), text("givenName"))
    assert not read(whole("name", *parts)).attributes["user"]["name.familyName"].required
    needed = read(whole("name", *parts, required=True)).attributes["user"]
    assert (needed["name.familyName"].required, needed["name.givenName"].required) == (True, False)


def test_what_the_server_can_do_is_taken_from_its_configuration() -> None:
    able = read()
    assert (able.can_patch, able.can_filter, able.pages_by_cursor, able.page) == (True, True, False, 100)
    off = {"supported": False}
    plain = read(patch=off, filter=off | {"maxResults": 50}, pagination={"cursor": True, "index": True})
    assert (plain.can_patch, plain.can_filter, plain.pages_by_cursor, plain.page) == (False, False, True, 50)


def test_a_configuration_without_its_usual_parts_promises_nothing() -> None:
    bare = capabilities_of({"patch": None}, schemas())
    assert (bare.can_patch, bare.can_filter, bare.page) == (False, False, 100)


@pytest.mark.parametrize(
    ("listed", "sentence"),
    [
        ([], "no schema for User"),
        (schemas()[:1], "no schema for Group"),
        (schemas(group=[text("displayName")]), "does not show groups with their members"),
        (schemas(group=[text("displayName"), MEMBERS | {"returned": "request"}]), "does not show groups"),
        (schemas(text("userName", mutability="readOnly")), "does not let userName of User be set"),
        (schemas(group=[MEMBERS]), "does not let displayName of Group be set"),
    ],
)
def test_a_server_that_cannot_be_kept_equal_is_refused(listed: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(Stop, match=sentence):
        capabilities_of(CONFIG, listed)


def client_of(answering: Answering) -> ScimClient:
    clock = FakeClock()
    return ScimClient(URL, lambda: "t", Rate(1_000, clock, clock.wait), transport=httpx.MockTransport(answering))


@pytest.mark.parametrize(("status", "error"), [(404, Stop), (501, Stop), (401, CredentialsRefused)])
def test_a_server_that_says_nothing_is_refused(status: int, error: type[Stop]) -> None:
    with pytest.raises(error):
        read_capabilities(client_of(lambda request: answer(status)))


class Paged:
    """A list of so many users that gives so many at once, and says there are `total`, whatever it is asked."""

    def __init__(self, ids: list[str], at_once: int, total: int | None = None, *, stands: bool = False) -> None:
        self.ids, self.at_once, self.stands = ids, at_once, stands
        self.total = len(ids) if total is None else total
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/Groups"):
            return answer(body={"totalResults": 0})
        self.asked.append(f"{request.url.params['startIndex']}+{request.url.params['count']}")
        start = 0 if self.stands else int(request.url.params["startIndex"]) - 1
        shown = [{"id": i, "userName": i} for i in self.ids[start : start + self.at_once]]
        return answer(body={"totalResults": self.total, "Resources": shown})


def listed(server: Paged, **said: Any) -> list[str]:
    return list(ScimTarget(client_of(server), read(**said)).read().users)


def test_pages_go_on_by_what_was_received() -> None:
    server = Paged([f"u{n}" for n in range(45)], at_once=20)
    assert listed(server) == server.ids
    assert server.asked == ["1+100", "21+100", "41+100"]


def test_no_more_is_asked_for_than_the_server_gives_at_once() -> None:
    server = Paged([f"u{n}" for n in range(7)], at_once=5)
    assert listed(server, filter={"supported": True, "maxResults": 5}) == server.ids
    assert server.asked == ["1+5", "6+5"]


def test_a_total_that_counts_only_the_page_is_not_believed() -> None:
    server = Paged([f"u{n}" for n in range(7)], at_once=5, total=5)
    assert listed(server, filter={"supported": True, "maxResults": 5}) == server.ids


@pytest.mark.parametrize(
    "server", [Paged(["a", "b"], at_once=5, total=3), Paged(["a", "b", "c"], at_once=2, stands=True)]
)
def test_nobody_is_taken_for_gone_by_a_list_that_is_not_whole(server: Paged) -> None:
    with pytest.raises(EndpointDown, match="ended after 2 of 3"):
        listed(server)
