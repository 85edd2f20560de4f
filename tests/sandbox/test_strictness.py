"""What a correct client never sends is refused, or done as the RFC says, and never breaks anything."""

import base64
from typing import Any

import orjson
import pytest

from scim_bridge.sandbox.discovery import RESOURCE_TYPES
from tests.sandbox.in_process import ENTERPRISE, World, email, members, person


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("operations", "is_in"),
    [
        ([("add", "b"), ("remove", "b")], False),
        ([("remove", "b"), ("add", "b")], True),
        ([("remove", "a"), ("add", "a"), ("remove", "a")], False),
    ],
)
def test_operations_on_members_apply_in_order(world: World, operations: list[tuple[str, str]], is_in: bool) -> None:
    ids = {name: world.user(name) for name in "ab"}
    group = world.group("g", ids["a"])
    assert world.patch(f"Groups/{group}", *(members(op, ids[name]) for op, name in operations)) == 204
    assert (ids[operations[0][1]] in world.store.members[group]) is is_in


@pytest.mark.parametrize("kind", ["Users", "Groups"])
def test_operations_on_one_attribute_apply_in_order(world: World, kind: str) -> None:
    path = f"Users/{world.user('a')}" if kind == "Users" else f"Groups/{world.group('g')}"
    put: dict[str, Any] = {"op": "replace", "path": "externalId", "value": "x"}
    take = {"op": "remove", "path": "externalId"}
    world.patch(path, put, take)
    assert "externalId" not in world("GET", path)
    world.patch(path, take, put)
    assert world("GET", path)["externalId"] == "x"


@pytest.mark.parametrize("value", ["text", 5, None, True, [], ["x"], [None], [[]], {"value": 5}, {"foo": "x"}])
@pytest.mark.parametrize("path", ['emails[type eq "work"]', "emails", "name", ENTERPRISE, f"{ENTERPRISE}:manager"])
@pytest.mark.parametrize("op", ["add", "replace"])
def test_a_value_of_the_wrong_kind_is_refused_and_changes_nothing(world: World, op: str, path: str, value: Any) -> None:
    user = f"Users/{world.user('a', emails=email('a@x'))}"
    before = world("GET", user)
    assert world.patch(user, {"op": op, "path": path, "value": value}) == 400
    assert world("GET", user) == before


@pytest.mark.parametrize("value", [None, {}, 0, "", "x", False, {"value": "1"}, [None], ["x"]])
def test_members_that_are_no_list_of_members_are_refused_at_creation(world: World, value: Any) -> None:
    assert world.status("POST", "Groups", {"displayName": "g", "members": value}) == 400
    assert world.status("POST", "Groups", {"displayName": "g", "members": []}) == 201


@pytest.mark.parametrize("value", ["true", "False", 1, None])
def test_active_as_text_is_for_patch_alone(world: World, value: Any) -> None:
    assert world.status("POST", "Users", person("a", active=value)) == 400
    user_id = world.user("a")
    assert world.status("PUT", f"Users/{user_id}", person("a", id=user_id, active=value)) == 400
    status = world.patch(f"Users/{user_id}", {"op": "replace", "path": "active", "value": value})
    assert status == (200 if isinstance(value, str) else 400)


@pytest.mark.parametrize("count", ["9" * 5000, "--5", "²", "5²", "-", "", "1.5", " 5", "+5", "0x5", "１"])
@pytest.mark.parametrize("setting", ["refuse", "clamp"])
def test_a_made_up_count_is_refused_or_clamped(count: str, setting: Any) -> None:
    world = World(invalid_count=setting)
    assert world.status("GET", "Users", query=f"count={count}") == (400 if setting == "refuse" else 200)


@pytest.mark.parametrize(("count", "shown"), [("0", 1), ("-7", 1), ("101", 3), ("9" * 5000, 3), ("007", 3)])
def test_a_count_out_of_range_is_clamped_to_the_next_that_is_allowed(count: str, shown: int) -> None:
    world = World(invalid_count="clamp")
    for name in "abc":
        world.user(name)
    assert len(world.listed(f"cursor&count={count}")) == shown


@pytest.mark.parametrize(
    "content",
    [b"0:", b"-2:", b"1e3:", b"\xff", b"", b"[0]", b'[1,"x"]', b"{}", b"null", b"[[]]", b"[true]", b"[" * 999],
)
def test_a_made_up_cursor_is_refused(world: World, content: bytes) -> None:
    for name in "abc":
        world.user(name)
    cursor = base64.b64encode(content).decode() or "="
    assert world.status("GET", "Users", query=f"cursor={cursor}") == 400


def test_a_cursor_is_for_its_list_and_filter_alone(world: World) -> None:
    for name in "abc":
        world.group(name, world.user(name))
    cursor = world("GET", "Users", query="cursor&count=1")["nextCursor"].replace("=", "%3D").replace("+", "%2B")
    assert world.listed(f"cursor={cursor}") == ["b", "c"]
    assert world.status("GET", "Groups", query=f"cursor={cursor}") == 400
    assert world.status("GET", "Users", query=f'cursor={cursor}&filter=userName eq "a"') == 400
    number, seal = orjson.loads(base64.b64decode(cursor.replace("%3D", "=").replace("%2B", "+")))
    forged = base64.b64encode(orjson.dumps([number - 1, seal])).decode().replace("=", "%3D")
    assert world.status("GET", "Users", query=f"cursor={forged}") == 400


@pytest.mark.parametrize("text", ['userName eq "a"', 'USERNAME EQ "A"', 'username%20Eq%20"a"', 'userName eq "\\u0061"'])
def test_names_and_operators_of_filters_are_read_in_any_case(world: World, text: str) -> None:
    world.user("a")
    assert world.listed(f"filter={text}") == ["a"]


@pytest.mark.parametrize("text", ['ID eq "{u}" AND Manager EQ "{m}"', 'manager eq "{m}" And id eq "{u}"'])
def test_two_terms_are_read_in_any_case_and_order(world: World, text: str) -> None:
    boss = world.user("boss")
    user = world.user("a", **{ENTERPRISE: {"manager": {"value": boss}}})
    assert world.listed("filter=" + text.format(u=user, m=boss)) == ["a"]


def test_filters_in_paths_are_read_in_any_case_too(world: World) -> None:
    user_id = world.user("a", emails=email("a@x"))
    group = world.group("g", user_id)
    change = {"op": "REPLACE", "path": 'emails[Type EQ "WORK"].value', "value": "b@x"}
    assert world.patch(f"Users/{user_id}", change) == 200
    assert world.patch(f"Groups/{group}", {"op": "remove", "path": f'members[VALUE Eq "{user_id}"]'}) == 204
    assert world("GET", f"Users/{user_id}")["emails"] == email("b@x")
    assert world.store.members[group] == set()


@pytest.mark.parametrize(
    "text",
    [
        'userName eq"a"',
        'userNameeq "a"',
        'userName  eq "a"',
        ' userName eq "a"',
        'userName eq "a" ',
        'userName%09eq "a"',
        'userName eq "a%0A"',
        'userName eq "\x01"',
        'userName eq "\\x"',
        'userName eq "\\ud800"',
        "userName eq a",
        "userName eq true",
        "userName pr",
        'userName eq "a"and id eq "b"',
        'id eq "a" and id eq "b"',
        'id eq "a" and ID eq "b"',
        'id eq "a" and manager eq "b" and userName eq "c"',
        '(userName eq "a")',
        "",
    ],
)
def test_a_filter_of_another_form_is_refused(world: World, text: str) -> None:
    assert world.status("GET", "Users", query=f"filter={text}") == 400


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


@pytest.mark.parametrize("part", ["manager.$ref", "manager.value", "manager"])
def test_a_managers_ref_is_accepted_and_not_shown(world: World, part: str) -> None:
    path = f"Users/{world.user('a', **{ENTERPRISE: {'manager': {'$ref': '../Users/1'}}})}"
    assert ENTERPRISE not in world("GET", path)
    value: Any = {"$ref": "../Users/1", "value": "1"} if part == "manager" else "1"
    assert world.patch(path, {"op": "add", "path": f"{ENTERPRISE}:{part}", "value": value}) == 200
    shown = world("GET", path).get(ENTERPRISE)
    assert shown == (None if part == "manager.$ref" else {"manager": {"value": "1"}})
    assert world.patch(path, {"op": "remove", "path": f"{ENTERPRISE}:{part}"}) == 200
    assert world("GET", path).get(ENTERPRISE) == (None if part != "manager.$ref" else shown)


def test_resource_types_are_described() -> None:
    assert all(one["description"] and one["meta"]["resourceType"] == "ResourceType" for one in RESOURCE_TYPES)
