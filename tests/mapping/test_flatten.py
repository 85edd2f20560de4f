"""Nested groups: everyone in a group or in a group inside it, however deep and in whatever circles."""

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.mapping.flatten import Direct, flatten

GROUPS = tuple(f"g{number}" for number in range(7))
USERS = tuple(f"u{number}" for number in range(5))
graphs = st.dictionaries(
    st.sampled_from(GROUPS),
    st.tuples(
        st.lists(st.sampled_from(USERS), unique=True).map(tuple),
        st.lists(st.sampled_from(GROUPS), unique=True).map(tuple),
    ),
)


def reached(direct: Direct, start: str) -> set[str]:
    """The groups inside a group, itself included: the slow and obvious way."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        group = waiting.pop()
        if group not in seen:
            seen.add(group)
            waiting += direct.get(group, ((), ()))[1]
    return seen


@given(graphs)
def test_a_group_has_the_users_of_every_group_it_reaches(
    direct: Direct,
) -> None:
    flat, _ = flatten(direct, {})
    for group in direct:
        expected = {user for inner in reached(direct, group) for user in direct.get(inner, ((), ()))[0]}
        assert flat[group] == expected


@given(graphs)
def test_every_circle_is_noted_once_with_all_its_groups(
    direct: Direct,
) -> None:
    inside = {group: reached(direct, group) for group in GROUPS}
    circles = {frozenset(o for o in inside[g] if g in inside[o]) for g in GROUPS}
    expected = sorted(", ".join(sorted(circle)) for circle in circles if len(circle) > 1)
    _, notices = flatten(direct, {})
    assert sorted(notice.subject for notice in notices) == expected
    assert {notice.kind for notice in notices} <= {"group_cycle"}


def test_a_circle_is_told_in_words() -> None:
    _, (notice,) = flatten({"b": (("u1",), ("a",)), "a": ((), ("b",)), "c": ((), ("a",))}, {})
    assert notice.detail == "these groups contain each other and so have the same members: a, b"


def test_a_group_in_itself_is_no_circle() -> None:
    assert flatten({"a": (("u1",), ("a",))}, {}) == ({"a": frozenset({"u1"})}, [])


def test_a_chain_of_any_length_is_walked_without_recursion() -> None:
    length = 20_000
    chain = {
        f"g{n}": ((f"u{n}",) if n == length - 1 else (), (f"g{n + 1}",) if n < length - 1 else ())
        for n in range(length)
    }
    flat, _ = flatten(chain, {})
    assert flat["g0"] == {f"u{length - 1}"}


def test_one_large_circle_is_walked_too() -> None:
    length = 20_000
    circle = {f"g{n}": ((f"u{n}",), (f"g{(n + 1) % length}",)) for n in range(length)}
    flat, (notice,) = flatten(circle, {})
    assert len(flat["g0"]) == length
    assert flat["g0"] is flat[f"g{length - 1}"]
    assert notice.kind == "group_cycle"
