"""What a correct client never sends in a PATCH is refused, or done as the RFC says, and never breaks anything."""

from typing import Any

import pytest

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


def test_filters_in_paths_are_read_in_any_case_too(world: World) -> None:
    user_id = world.user("a", emails=email("a@x"))
    group = world.group("g", user_id)
    change = {"op": "REPLACE", "path": 'emails[Type EQ "WORK"].value', "value": "b@x"}
    assert world.patch(f"Users/{user_id}", change) == 200
    assert world.patch(f"Groups/{group}", {"op": "remove", "path": f'members[VALUE Eq "{user_id}"]'}) == 204
    assert world("GET", f"Users/{user_id}")["emails"] == email("b@x")
    assert world.store.members[group] == set()


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


@pytest.mark.parametrize("value", ["true", "False", 1, None])
def test_active_as_text_is_for_patch_alone(world: World, value: Any) -> None:
    assert world.status("POST", "Users", person("a", active=value)) == 400
    user_id = world.user("a")
    assert world.status("PUT", f"Users/{user_id}", person("a", id=user_id, active=value)) == 400
    status = world.patch(f"Users/{user_id}", {"op": "replace", "path": "active", "value": value})
    assert status == (200 if isinstance(value, str) else 400)


@pytest.mark.parametrize("value", [None, {}, 0, "", "x", False, {"value": "1"}, [None], ["x"]])
def test_members_that_are_no_list_of_members_are_refused_at_creation(world: World, value: Any) -> None:
    assert world.status("POST", "Groups", {"displayName": "g", "members": value}) == 400
    assert world.status("POST", "Groups", {"displayName": "g", "members": []}) == 201
