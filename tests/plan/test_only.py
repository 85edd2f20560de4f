"""A plan for a few: who must be planned with them, and what is left of everybody else."""

from scim_bridge.model.identity import SourceKey
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.match.correlate import Matches
from scim_bridge.plan.only import Named, in_the_way, narrowed
from tests.builders import directory, group, linked, matched, on_target, target, terms, user

KNOWN = linked(*(("user", name, f"t-{name}") for name in "abc"), ("group", "dev", "s-dev"), ("group", "ops", "s-ops"))
THERE = target(
    *(on_target(f"t-{name}", user(name)) for name in "abc"),
    on_target("s-dev", group("dev")),
    on_target("s-ops", group("ops")),
    members={"s-dev": ["t-a", "t-b"], "s-ops": ["t-b"]},
)


def way(*users: str, **renamed: str) -> set[str]:
    """Who is in the way of these users, where those are to have the names of others."""
    records = (user(name, userName=f"{renamed.get(name, name)}@corp.example") for name in "abc")
    matches = matched(directory(*records), THERE, KNOWN)
    return {
        source_id
        for _, source_id in in_the_way(matches, frozenset(SourceKey("user", u) for u in users), terms().unique)
    }


def test_nobody_is_in_the_way_of_who_keeps_the_name() -> None:
    assert way("a", b="c", c="b") == set()


def test_who_gives_the_wanted_name_up_is_planned_too() -> None:
    assert way("a", a="b", b="a") == {"b"}


def test_and_so_on_to_the_end_of_the_chain() -> None:
    assert way("a", a="b", b="c", c="z") == {"b", "c"}


def narrow(*users: str, groups: tuple[str, ...] = ()) -> Sides:
    wanted = directory(*map(user, "abc"), group("dev"), group("ops"), members={"dev": "bc", "ops": "abc"})
    matches: Matches = matched(wanted, THERE, KNOWN)
    named = Named(
        tuple(m for m in matches.users if m.source_id in users),
        tuple(m for m in matches.groups if m.source_id in groups),
    )
    sides = Sides(wanted, THERE.inventory, THERE.members, KNOWN)
    inside = {f"t-{u}": frozenset(g for g, ids in THERE.members.items() if f"t-{u}" in ids) for u in users}
    return narrowed(matches, sides, named, inside)


def test_of_other_groups_only_the_named_user_is_left() -> None:
    sides = narrow("a")
    assert sides.directory.members == {"dev": frozenset(), "ops": {"a"}}
    assert sides.members == {"s-dev": {"t-a"}, "s-ops": frozenset()}


def test_a_named_group_stays_whole() -> None:
    sides = narrow("a", groups=("dev",))
    assert sides.directory.members["dev"] == {"b", "c"}
    assert sides.members["s-dev"] == {"t-a", "t-b"}


def test_a_group_that_has_nothing_to_do_with_them_is_not_read() -> None:
    assert set(narrow("c").members) == {"s-dev", "s-ops"}
    assert narrow().members == {}
