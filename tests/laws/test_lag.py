"""Lists that lag behind writes, and answers that are lost, change nothing of what a sync comes to (real HTTP)."""

from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from scim_bridge.sandbox.fault import Fault
from tests.e2e.world import People
from tests.lagging import Lagging, lagging

USERS, GROUPS = [f"u{n}" for n in range(8)], [f"g{n}" for n in range(3)]
changes = st.one_of(
    st.tuples(st.just("leave"), st.sampled_from(USERS), st.just("")),
    st.tuples(st.just("return"), st.sampled_from(USERS), st.just("")),
    st.tuples(st.just("disable"), st.sampled_from(USERS), st.just("")),
    st.tuples(st.just("enable"), st.sampled_from(USERS), st.just("")),
    st.tuples(st.just("title"), st.sampled_from(USERS), st.sampled_from(["", "Lead", "Engineer"])),
    st.tuples(st.just("swap"), st.sampled_from(USERS), st.sampled_from(USERS)),
    st.tuples(st.just("in"), st.sampled_from(USERS), st.sampled_from(GROUPS)),
    st.tuples(st.just("out"), st.sampled_from(USERS), st.sampled_from(GROUPS)),
    st.tuples(st.just("group"), st.sampled_from(GROUPS), st.sampled_from(["dev", "ops", "監査"])),
)
runs = st.lists(
    st.tuples(st.lists(changes, max_size=6), st.booleans(), st.sampled_from([0.0, 0.1, 3.0, 90.0])),
    min_size=2,
    max_size=5,
)


def _start() -> People:
    people = People()
    for user_id in USERS[:5]:
        people.add(user_id)
    for group_id in GROUPS[:2]:
        people.group(group_id, f"group {group_id}", *USERS[:3])
    return people


def _change(people: People, what: str, one: str, other: str) -> None:
    match what:
        case "leave" if len(people.users) > 1 and one in people.users:
            del people.users[one]
            people.members = [member for member in people.members if member[1] != one]
        case "return" if one not in people.users:
            people.add(one)
        case "disable" | "enable" if one in people.users:
            people.users[one]["enabled"] = "true" if what == "enable" else "false"
        case "title" if one in people.users:
            people.users[one]["title"] = other
        case "swap" if {one, other} <= people.users.keys():
            a, b = people.users[one], people.users[other]
            a["login"], b["login"], a["mail"], b["mail"] = b["login"], a["login"], b["mail"], a["mail"]
        case "in" if one in people.users and other in people.groups and (other, one, "user") not in people.members:
            people.members.append((other, one, "user"))
        case "out":
            people.members = [member for member in people.members if member[:2] != (other, one)]
        case "group":
            people.groups[one] = f"{other} {one}"


def _assert_equal(lag: Lagging, people: People) -> None:
    """Who is in the directory is so on the target; who has left is inactive and in no group."""
    held = lag.world.held()
    for user_id, user in held["users"].items():
        wanted = people.users.get(user_id)
        assert user["active"] is (wanted is not None and wanted["enabled"] == "true")
        if wanted is not None:
            assert (user["userName"], user.get("title", "")) == (wanted["login"], wanted["title"])
            assert [email["value"] for email in user["emails"]] == [wanted["mail"]]
    assert people.users.keys() <= held["users"].keys()
    assert held["groups"] == {g: (name, people.flattened(g)) for g, name in people.groups.items()}


_ADDED_AT_ONCE = [([("leave", "u1", ""), ("return", "u6", "")], False, 0.1), ([("in", "u6", "g1")], False, 0.0)]
"""A newcomer is put into a group by the next run, before the endpoint knows the new id everywhere."""


@settings(max_examples=8)
@example(history=_ADDED_AT_ONCE, lag=60.0, stragglers=0.1, lost=0.0, seed=3)
@given(
    history=runs,
    lag=st.sampled_from([0.2, 1.0, 5.0, 60.0]),
    stragglers=st.sampled_from([0.0, 0.1]),
    lost=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 9),
)
def test_a_lag_and_lost_answers_change_nothing(
    history: list[tuple[list[tuple[str, str, str]], bool, float]],
    lag: float,
    stragglers: float,
    lost: float,
    seed: int,
) -> None:
    people = _start()
    with (
        TemporaryDirectory() as folder,
        lagging(Path(folder), seed, list_lag=lag, straggler_chance=stragglers, visible_after=0.3) as world,
    ):
        world.world.sandbox.fail(*(Fault("cut_after", method, chance=lost) for method in ("POST", "PATCH")))
        for todo, in_full, pause in [([], False, 0.0), *history]:
            for change in todo:
                _change(people, *change)
            result = world.sync(deepcopy(people), in_full=in_full)
            assert result.exit_code == 0, result.conclusion.conflicts or result.plan.verdict
            _assert_equal(world, people)
            world.clock.now += pause
        assert all(len(ids) == 1 for ids in world.ids.values()), "something was created twice, or again"
        assert world.world.sandbox.counts.invalid == 0, world.world.sandbox.counts.told
        assert not any(write.startswith("DELETE") for write in world.writes)
