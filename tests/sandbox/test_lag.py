"""Lists and filters that lag behind writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.refusal import Refusal
from tests.sandbox.in_process import World, members


def _rename(name: str) -> dict[str, str]:
    return {"op": "replace", "path": "userName", "value": name}


@pytest.fixture
def world() -> World:
    return World(list_lag=5)


def test_a_fresh_user_is_missing_in_lists_and_there_by_id(world: World) -> None:
    user_id = world.user("a")
    queries = ("", 'filter=userName eq "a"', f'filter=id eq "{user_id}"')
    assert [world.listed(query) for query in queries] == [[]] * 3
    assert world("GET", f"Users/{user_id}")["userName"] == "a"
    with pytest.raises(Refusal, match="userName is taken"):
        world.user("A")
    world.wait(5)
    assert [world.listed(query) for query in queries] == [["a"]] * 3


def test_an_old_name_shows_and_is_found_until_the_write_has_arrived(world: World) -> None:
    user_id = world.user("a")
    world.wait(5)
    assert world.patch(f"Users/{user_id}", _rename("b")) == 200
    world.wait(4.9)
    assert world.listed() == world.listed('filter=userName eq "a"') == ["a"]
    assert world.listed('filter=userName eq "b"') == []
    assert world("GET", f"Users/{user_id}")["userName"] == "b"
    world.wait(0.1)
    assert world.listed() == world.listed('filter=userName eq "b"') == ["b"]


def test_a_deleted_user_and_its_memberships_show_for_a_while(world: World) -> None:
    user_id, group = world.user("a"), world.group("g")
    assert world.patch(f"Groups/{group}", members("add", user_id)) == 204
    world.wait(5)
    of_group = f'filter=groups.value eq "{group}"'
    world("DELETE", f"Users/{user_id}")
    assert world.listed() == world.listed(of_group) == ["a"]
    with pytest.raises(Refusal, match="does not exist"):
        world("GET", f"Users/{user_id}")
    world.wait(5)
    assert world.listed() == world.listed(of_group) == []


def test_members_lag_in_every_filter_that_names_them(world: World) -> None:
    user_id, group = world.user("a"), world.group("g")
    world.wait(5)
    looks = [
        ("Users", f'filter=groups.value eq "{group}"', "a"),
        ("Groups", f'filter=members.value eq "{user_id}"', "g"),
        ("Groups", f'filter=id eq "{group}" and members eq "{user_id}"', "g"),
    ]
    for op, before in (("add", False), ("remove", True)):
        assert world.patch(f"Groups/{group}", members(op, user_id)) == 204
        assert all(world.listed(query, kind) == ([name] if before else []) for kind, query, name in looks)
        world.wait(5)
        assert all(world.listed(query, kind) == ([] if before else [name]) for kind, query, name in looks)


def test_what_is_seeded_shows_at_once_and_a_lag_that_ends_shows_everything(world: World) -> None:
    with world.store.at_once():
        world.user("seeded")
    world.user("a")
    assert world.listed() == ["seeded"]
    world.endpoint.knobs = Knobs()
    assert world.listed() == ["seeded", "a"]


def test_a_straggler_takes_its_own_time_and_never_undoes_a_later_write() -> None:
    world = World(straggler_chance=1, straggler_lag=60)
    user_id = world.user("a")
    world.wait(59)
    assert world.listed() == []
    world.endpoint.knobs = Knobs(list_lag=0.2)
    assert world.patch(f"Users/{user_id}", _rename("b")) == 200
    world.wait(0.2)
    assert world.listed() == ["b"]
    world.wait(60)
    assert world.listed() == ["b"]


@given(
    steps=st.lists(st.tuples(st.sampled_from("crdw+-"), st.integers(0, 3), st.integers(0, 3)), max_size=30),
    chance=st.sampled_from([0.0, 0.3]),
)
def test_in_the_end_lists_show_the_store(steps: list[tuple[str, int, int]], chance: float) -> None:
    world = World(list_lag=1, straggler_chance=chance, straggler_lag=7)
    group = world.group("g")
    users: list[str] = []
    for step, one, other in steps:
        try:
            match step:
                case "c":
                    users.append(world.user(f"u{one}"))
                case "r" if users:
                    world.patch(f"Users/{users[one % len(users)]}", _rename(f"u{other}"))
                case "d" if users:
                    world("DELETE", f"Users/{users.pop(one % len(users))}")
                case "+" | "-" if users:
                    op = "add" if step == "+" else "remove"
                    assert world.patch(f"Groups/{group}", members(op, users[one % len(users)])) == 204
                case "w":
                    world.wait(one)
        except Refusal as refused:
            assert refused.status == 409
        world.listed("cursor")
    world.wait(8)
    lagging = [world("GET", "Users"), world("GET", "Users", query=f'filter=groups.value eq "{group}"')]
    found = [world.listed(f'filter=userName eq "u{n}"') for n in range(4)]
    world.endpoint.knobs = Knobs()
    assert lagging == [world("GET", "Users"), world("GET", "Users", query=f'filter=groups.value eq "{group}"')]
    assert found == [world.listed(f'filter=userName eq "u{n}"') for n in range(4)]


def test_filters_that_lag_follow_the_knob_for_case(world: World) -> None:
    world.user("a")
    world.wait(5)
    world.endpoint.knobs = Knobs(list_lag=5, case_exact=True)
    assert world.listed('filter=userName eq "A"') == []
    world.user("A")
    world.wait(5)
    assert world.listed('filter=userName eq "A"') == ["A"]
    with pytest.raises(ValueError, match="by case alone"):
        world.endpoint.knobs = Knobs(list_lag=5)
    assert world.listed('filter=userName eq "a"') == ["a"]
