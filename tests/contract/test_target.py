"""What every target promises (model.protocol.Target), held against the one in memory and the SCIM client over HTTP.

The client is held to them before the emulator of Identity Center and before SCIM servers written by others. Before
the emulator every request must also be valid by a strict reading of the dialect: it counts those that are not.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.errors import Hold, NameTaken, NotThere, Refused
from scim_bridge.model.identity import Existing, Kind, Value
from scim_bridge.model.operation import Change
from scim_bridge.model.protocol import Target
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.target.capability_reading import read_capabilities
from scim_bridge.target.client import ScimClient
from scim_bridge.target.identity_center import IDENTITY_CENTER
from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import Patience
from scim_bridge.target.scim import ScimTarget
from tests.fakes import FakeClock, MemoryTarget
from tests.other_server import NAMES, OtherServer, started

IMPLEMENTATIONS = ("memory", "scim", "scim, short pages")
"""Identity Center: what RFC 7644 leaves open (what is unique, what a value may be) is settled."""
by_identity_center = pytest.mark.parametrize("target", IMPLEMENTATIONS, indirect=True)
"""Marks a test of something that RFC 7644 leaves open."""
ANY = tuple((name, plainly) for name in NAMES for plainly in (False, True))
"""Servers written by others; plainly: as if it knew neither PATCH nor filters, so by PUT and by listings."""
TEXTS = tuple(
    path
    for path, place in IDENTITY_CENTER.attributes["user"].items()
    if not place.required and not place.is_boolean and path != "externalId"
)


@dataclass(frozen=True)
class Endpoint:
    """An emulator and a client of it, shared by the tests of this module."""

    sandbox: Sandbox
    client: ScimClient

    @contextmanager
    def emptied(self, invalid: int) -> Iterator[Target]:
        """The endpoint as if new. invalid: how many of the requests to come ask for a refusal."""
        store = self.sandbox.app.store
        for user_id in list(store.users.by_id):
            store.delete("User", user_id, with_assignments=True)
        for group_id in list(store.groups.by_id):
            store.delete("Group", group_id, with_assignments=True)
        self.sandbox.forget_requests()
        yield ScimTarget(self.client)
        assert self.sandbox.counts.invalid == invalid, self.sandbox.counts.told


@contextmanager
def serving(*, short_pages: bool) -> Iterator[Endpoint]:
    clock = FakeClock()  # what was created a moment ago is looked at again, which must not take time here
    patience = Patience(clock=clock, wait=clock.wait)
    with Sandbox(Knobs(rate=None, short_pages=short_pages)) as sandbox:
        client = ScimClient(sandbox.url, lambda: sandbox.token, Rate(100_000), patience)
        yield Endpoint(sandbox, client)
        client.close()


@pytest.fixture(scope="module")
def endpoints() -> Iterator[dict[str, Endpoint]]:
    with serving(short_pages=False) as plain, serving(short_pages=True) as short:
        yield {"scim": plain, "scim, short pages": short}


@pytest.fixture(scope="module")
def other_servers() -> Iterator[Callable[[str], OtherServer]]:
    """Each is started when it is first asked for."""
    with ExitStack() as stack:
        yield cache(lambda name: stack.enter_context(started(name)))


@pytest.fixture(params=(*IMPLEMENTATIONS, *ANY), ids=str)
def target(request: pytest.FixtureRequest, endpoints: dict[str, Endpoint]) -> Iterator[Target]:
    """Every target there is, for what RFC 7644 settles."""
    if request.param in IMPLEMENTATIONS:
        with opened(request.param, endpoints) as opened_target:
            yield opened_target
        return
    name, plainly = request.param
    server: OtherServer = request.getfixturevalue("other_servers")(name)
    server.empty()
    capabilities = read_capabilities(server.client)
    if plainly:
        capabilities = replace(capabilities, can_patch=False, can_filter=False, page=30)
    yield ScimTarget(server.client, capabilities)


@contextmanager
def opened(name: str, endpoints: dict[str, Endpoint], invalid: int = 0) -> Iterator[Target]:
    """An empty target of this implementation."""
    if name == "memory":
        yield MemoryTarget()
        return
    with endpoints[name].emptied(invalid) as target:
        yield target


@pytest.fixture(params=IMPLEMENTATIONS)
def refusing(request: pytest.FixtureRequest, endpoints: dict[str, Endpoint]) -> Iterator[Target]:
    """A target that will refuse exactly one request of the test."""
    with opened(request.param, endpoints, invalid=1) as target:
        yield target


@pytest.fixture(scope="module", params=IMPLEMENTATIONS)
def lasting(request: pytest.FixtureRequest) -> Iterator[Target]:
    """One target for the many examples of a law."""
    with serving(short_pages=True) as endpoint, opened(request.param, dict.fromkeys(IMPLEMENTATIONS, endpoint)) as one:
        yield one


def person(name: str, **attributes: Value) -> dict[str, Value]:
    """What a user needs, named after `name`; underscores stand for dots."""
    base: dict[str, Value] = {
        "externalId": f"x-{name}",
        "userName": f"{name}@corp.example",
        "name.givenName": "Given",
        "name.familyName": "Family",
        "displayName": name,
        "active": True,
    }
    return base | {path.replace("_", "."): value for path, value in attributes.items()}


def team(name: str) -> dict[str, Value]:
    return {"externalId": f"x-{name}", "displayName": name}


def crowd(target: Target, size: int) -> list[str]:
    return [target.create("user", person(f"u{number}")).target_id for number in range(size)]


def shown(target: Target, kind: Kind, target_id: str) -> Mapping[str, Value]:
    found = target.get(kind, target_id)
    assert found is not None
    return found.attributes


def members(target: Target, group_id: str) -> frozenset[str]:
    return target.read_members([group_id])[group_id]


# Reading


def test_an_endpoint_in_good_order_passes_the_check(target: Target) -> None:
    target.check()


def test_an_empty_target_holds_nothing(target: Target) -> None:
    inventory = target.read()
    assert (dict(inventory.users), dict(inventory.groups)) == ({}, {})


def test_everybody_is_read_however_many_pages_they_fill(target: Target) -> None:
    ids = crowd(target, 205)
    group_ids = [target.create("group", team(f"g{number}")).target_id for number in range(3)]
    inventory = target.read()
    assert (set(inventory.users), set(inventory.groups)) == (set(ids), set(group_ids))
    assert inventory.users[ids[7]] == Existing("user", ids[7], person("u7"))
    assert inventory.groups[group_ids[1]] == Existing("group", group_ids[1], team("g1"))


def test_a_resource_is_found_by_its_id_until_it_is_none_of_ours(target: Target) -> None:
    target_id = target.create("user", person("sato")).target_id
    assert target.get("user", target_id) == Existing("user", target_id, person("sato"))
    assert target.get("user", "54a8c4d8-2071-70aa-9c55-000000000000") is None
    assert target.get("group", target_id) is None


@pytest.mark.parametrize(
    ("kind", "path", "value", "is_found"),
    [
        ("user", "userName", "sato@corp.example", True),
        ("user", "userName", "SATO@corp.example", True),
        ("user", "externalId", "x-sato", True),
        ("user", "externalId", "X-SATO", False),
        ("user", "userName", "sat@corp.example", False),
        ("group", "displayName", "開発者グループ", True),
        ("group", "externalId", "x-開発者グループ", True),
        ("group", "displayName", "開発者", False),
    ],
)
def test_a_resource_is_found_by_its_unique_names(
    target: Target, kind: Kind, path: str, value: str, is_found: bool
) -> None:
    target.create("user", person("sato"))
    target.create("group", team("開発者グループ"))
    assert (target.find(kind, path, value) is not None) is is_found


@pytest.mark.parametrize("name", ["a+b", 'o"neil', "back\\slash", "a&b=c#d?e", "100%", "名前", "é", "😀"])
def test_a_name_with_awkward_characters_is_found_and_nobody_else(target: Target, name: str) -> None:
    target.create("user", person("sato"))
    target_id = target.create("user", person("other", userName=name)).target_id
    found = target.find("user", "userName", name)
    assert found is not None
    assert found.target_id == target_id


# Creating


@given(data=st.data(), path=st.sampled_from(TEXTS))
def test_whatever_the_capabilities_allow_is_taken_and_shown_back(
    lasting: Target, data: st.DataObject, path: str
) -> None:
    place = IDENTITY_CENTER.attributes["user"][path]
    value = data.draw(st.from_regex(f"\\A{_ascii(place.characters)}{{1,40}}\\Z"))
    name = f"u{len(lasting.read().users)}"
    target_id = lasting.create("user", person(name) | {path: value}).target_id
    assert shown(lasting, "user", target_id) == person(name) | {path: value}


def _ascii(characters: str) -> str:
    """The same class for the standard library's expressions, which know no Unicode properties."""
    return characters.replace(r"\p{L}\p{M}\p{S}\p{N}\p{P}", "A-Za-z0-9ァ-ヺ一-龠é<>%@'\"\\\\")


def test_a_user_is_shown_with_every_attribute_it_was_created_with(target: Target) -> None:
    whole = person("sato") | {path: f"値-{path}" for path in TEXTS}
    assert shown(target, "user", target.create("user", whole).target_id) == whole


def test_a_user_may_be_created_inactive(target: Target) -> None:
    assert shown(target, "user", target.create("user", person("sato", active=False)).target_id)["active"] is False


def test_a_group_is_created_without_members(target: Target) -> None:
    assert members(target, target.create("group", team("dev")).target_id) == frozenset()


@pytest.mark.parametrize("path", ["userName", "name.givenName", "name.familyName", "displayName"])
def test_a_user_without_a_required_attribute_is_refused(refusing: Target, path: str) -> None:
    with pytest.raises(Refused):
        refusing.create("user", {key: value for key, value in person("sato").items() if key != path})
    assert not refusing.read().users


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("userName", "sa to"),
        ("userName", "s" * 129),
        ("userName", "AWSAdministrators"),
        ("externalId", "a:b"),
        ("externalId", "a b"),
        ("externalId", "x" * 257),
        ("displayName", "bell\x07"),
        ("title", "t" * 1025),
        ("title", ""),
    ],
)
def test_a_value_that_does_not_fit_is_refused(refusing: Target, path: str, value: str) -> None:
    with pytest.raises(Refused):
        refusing.create("user", person("sato") | {path: value})


def test_a_group_name_may_not_hold_the_ideographic_space(refusing: Target) -> None:
    with pytest.raises(Refused):
        refusing.create("group", team("dev") | {"displayName": "開発\u3000者"})


CLASHES: list[tuple[Kind, dict[str, Value]]] = [
    ("user", {"userName": "SATO@corp.example"}),
    ("user", {"externalId": "x-sato"}),
    ("user", {"emails": "Sato@Corp.example"}),
    ("group", {"displayName": "DEV"}),
    ("group", {"externalId": "x-dev"}),
]


def _other(kind: Kind) -> dict[str, Value]:
    return person("other") if kind == "user" else team("other")


def _taken(target: Target) -> None:
    target.create("user", person("sato", emails="sato@corp.example"))
    target.create("group", team("dev"))


@by_identity_center
@pytest.mark.parametrize(("kind", "clash"), CLASHES)
def test_a_unique_value_that_is_held_cannot_be_created_again(
    target: Target, kind: Kind, clash: dict[str, Value]
) -> None:
    _taken(target)
    with pytest.raises(NameTaken):
        target.create(kind, _other(kind) | clash)
    assert len(target.read().of(kind)) == 1


@by_identity_center
@pytest.mark.parametrize(("kind", "clash"), CLASHES)
def test_a_unique_value_that_is_held_cannot_be_taken_over(target: Target, kind: Kind, clash: dict[str, Value]) -> None:
    _taken(target)
    target_id = target.create(kind, _other(kind)).target_id
    with pytest.raises(NameTaken):
        target.update(kind, target_id, {path: (None, new) for path, new in clash.items()})
    assert shown(target, kind, target_id) == _other(kind)


def test_an_external_id_that_differs_in_case_is_another_one(target: Target) -> None:
    target.create("user", person("sato"))
    target.create("user", person("other", externalId="X-SATO"))
    assert len(target.read().users) == 2


def test_a_user_and_a_group_may_share_an_external_id(target: Target) -> None:
    target.create("user", person("sato"))
    target.create("group", team("sato"))


def test_a_name_that_was_given_up_may_be_taken(target: Target) -> None:
    first = target.create("user", person("sato")).target_id
    target.update("user", first, {"userName": ("sato@corp.example", "s.sato@corp.example")})
    target.create("user", person("sato", externalId="x-2"))


# Changing


@pytest.mark.parametrize("path", TEXTS)
def test_an_attribute_is_set_changed_and_removed(target: Target, path: str) -> None:
    target_id = target.create("user", person("sato")).target_id
    for old, new in ((None, "one"), ("one", "two"), ("two", None)):
        target.update("user", target_id, {path: (old, new)})
        assert shown(target, "user", target_id).get(path) == new
    assert shown(target, "user", target_id) == person("sato")


def test_several_attributes_change_by_one_request_and_the_others_stay(target: Target) -> None:
    before = person("sato", emails="a@corp.example", title="Engineer", enterprise_department="部")
    target_id = target.create("user", before).target_id
    changes: dict[str, Change] = {
        "title": ("Engineer", "Lead"),
        "name.familyName": ("Family", "佐藤"),
        "emails": ("a@corp.example", None),
        "enterprise.manager": (None, "somebody"),
        "active": (True, False),
    }
    target.update("user", target_id, changes)
    after = before | {"title": "Lead", "name.familyName": "佐藤", "enterprise.manager": "somebody", "active": False}
    del after["emails"]
    assert shown(target, "user", target_id) == after


def test_ones_own_name_may_change_its_case(target: Target) -> None:
    target_id = target.create("user", person("sato")).target_id
    target.update("user", target_id, {"userName": ("sato@corp.example", "Sato@corp.example")})
    assert shown(target, "user", target_id)["userName"] == "Sato@corp.example"


def test_an_address_is_replaced_whole(target: Target) -> None:
    before = person("sato", addresses_locality="Bristol", addresses_country="GB")
    target_id = target.create("user", before).target_id
    target.update("user", target_id, {"addresses.locality": ("Bristol", "Kyoto"), "addresses.country": ("GB", "GB")})
    assert shown(target, "user", target_id) == before | {"addresses.locality": "Kyoto"}
    target.update("user", target_id, {"addresses.locality": ("Kyoto", "Nara")})
    assert "addresses.country" not in shown(target, "user", target_id)
    target.update("user", target_id, {"addresses.locality": ("Nara", None)})
    assert shown(target, "user", target_id) == person("sato")


def test_a_group_is_renamed_and_adopted(target: Target) -> None:
    target_id = target.create("group", {"displayName": "dev"}).target_id
    changes: dict[str, Change] = {"displayName": ("dev", "開発者グループ"), "externalId": (None, "g7")}
    assert target.update("group", target_id, changes).target_id == target_id
    assert shown(target, "group", target_id) == {"displayName": "開発者グループ", "externalId": "g7"}


@pytest.mark.parametrize("path", ["userName", "active", "displayName", "name.familyName"])
def test_what_must_be_there_cannot_be_removed(refusing: Target, path: str) -> None:
    target_id = refusing.create("user", person("sato")).target_id
    with pytest.raises(Refused):
        refusing.update("user", target_id, {path: (person("sato")[path], None)})
    assert shown(refusing, "user", target_id) == person("sato")


def test_a_refused_change_changes_nothing(refusing: Target) -> None:
    target_id = refusing.create("user", person("sato")).target_id
    with pytest.raises(Refused):
        refusing.update("user", target_id, {"active": (True, False), "title": (None, "bell\x07")})
    assert shown(refusing, "user", target_id) == person("sato")


@pytest.mark.parametrize("kind", ["user", "group"])
def test_what_is_gone_cannot_be_changed(target: Target, kind: Kind) -> None:
    with pytest.raises(NotThere):
        target.update(kind, "54a8c4d8-2071-70aa-9c55-000000000000", {"displayName": ("a", "b")})


# Members


def test_members_are_put_in_and_taken_out(target: Target) -> None:
    a, b, c = crowd(target, 3)
    group_id = target.create("group", team("dev")).target_id
    target.add_members(group_id, [a, b])
    target.add_members(group_id, [c])
    assert target.remove_members(group_id, [a]).target_id == group_id
    assert members(target, group_id) == {b, c}


def test_a_group_of_several_pages_is_read_whole(target: Target) -> None:
    ids = crowd(target, 203)
    group_id = target.create("group", team("all")).target_id
    for start in range(0, len(ids), 100):
        target.add_members(group_id, ids[start : start + 100])
    assert members(target, group_id) == set(ids)


def test_membership_changes_may_be_sent_twice(target: Target) -> None:
    (user_id,) = crowd(target, 1)
    group_id = target.create("group", team("dev")).target_id
    for _ in range(2):
        target.add_members(group_id, [user_id])
    assert members(target, group_id) == {user_id}
    for _ in range(2):
        target.remove_members(group_id, [user_id])
    assert members(target, group_id) == frozenset()


def test_each_group_asked_for_has_its_own_entry_and_no_other_does(target: Target) -> None:
    a, b = crowd(target, 2)
    dev, ops, empty, other = (target.create("group", team(name)).target_id for name in ("dev", "ops", "empty", "other"))
    target.add_members(dev, [a, b])
    target.add_members(ops, [b])
    target.add_members(other, [a])
    gone = "94b8f4e8-3011-7055-1d2c-000000000000"
    assert target.read_members([dev, ops, empty, gone]) == {dev: {a, b}, ops: {b}, empty: set(), gone: set()}
    assert target.read_members([]) == {}


@by_identity_center
def test_an_unknown_user_is_put_nowhere_nor_anybody_beside_him(target: Target) -> None:
    (user_id,) = crowd(target, 1)
    group_id = target.create("group", team("dev")).target_id
    target.read()
    with pytest.raises(Hold):
        target.add_members(group_id, ["54a8c4d8-2071-70aa-9c55-000000000000", user_id])
    assert members(target, group_id) == frozenset()


def test_more_changes_than_a_patch_may_carry_are_refused(refusing: Target) -> None:
    ids = crowd(refusing, 101)
    group_id = refusing.create("group", team("dev")).target_id
    with pytest.raises(Refused):
        refusing.add_members(group_id, ids)
    assert members(refusing, group_id) == frozenset()
    refusing.add_members(group_id, ids[: refusing.capabilities.changes_per_patch])


@by_identity_center
def test_what_is_deleted_is_gone_with_its_memberships(target: Target) -> None:
    user = target.create("user", person("a")).target_id
    group = target.create("group", {"externalId": "g", "displayName": "g"}).target_id
    target.add_members(group, [user])
    target.delete("user", user)
    assert target.get("user", user) is None
    assert target.read_members([group]) == {group: frozenset()}
    target.delete("group", group)
    assert target.get("group", group) is None
    with pytest.raises(NotThere):
        target.delete("group", group)


def test_a_member_is_confirmed_and_a_stranger_is_not(target: Target) -> None:
    user, other = (target.create("user", person(name)).target_id for name in "ab")
    group = target.create("group", {"externalId": "g", "displayName": "g"}).target_id
    target.add_members(group, [user])
    assert target.confirms(group, user)
    assert not target.confirms(group, other)
    assert target.read_members([group]) == {group: {user}}  # by the next way, where there is one
