"""Memberships of the desired state: direct and nested ones, and those whose owner the source leaves open."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from scim_bridge.mapping.flatten import Direct, flatten
from scim_bridge.model.identity import AmbiguousMember, Notice, Snapshot
from scim_bridge.model.wording import counted

NESTED_GROUP = "nested_group"


@dataclass(frozen=True, slots=True)
class Memberships:
    """Users by group, source ids, as far as both are in scope.

    members: who is in it. undecided: who may be in it, by a reference that fits several records; never one of members.
    ambiguous: the references that leave this open.
    """

    members: Mapping[str, frozenset[str]]
    notices: tuple[Notice, ...] = ()
    undecided: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ambiguous: tuple[AmbiguousMember, ...] = ()


def memberships(
    snapshot: Snapshot, nested: str, users: Set[str], groups: Set[str], names: Mapping[str, str]
) -> Memberships:
    """Who is in which group, by the mapping's rule for nested groups. users, groups: the ids of those in scope.

    names: group id → what people call it, for the notices.
    """
    whole, notices = _whole(snapshot.members, nested, names)
    members = {group: whole.get(group, frozenset()) & users for group in groups if group}
    if not snapshot.ambiguous:
        return Memberships(members, notices)
    possible = _with_every_candidate(snapshot)
    at_most, _ = _whole(possible, nested, names)
    undecided = {
        g: found for g, decided in members.items() if (found := (at_most.get(g, frozenset()) & users) - decided)
    }
    parents = _parents(possible) if nested == "flatten" else {}
    ambiguous = tuple(a for a in snapshot.ambiguous if _matters(a, undecided, at_most, parents))
    return Memberships(members, notices, undecided, ambiguous)


def _whole(
    direct: Direct, nested: str, names: Mapping[str, str]
) -> tuple[Mapping[str, frozenset[str]], tuple[Notice, ...]]:
    """Every group's users, whether in scope or not, with what is to be said about nested groups."""
    if nested == "flatten":
        flat, circles = flatten(direct, names)
        return flat, tuple(circles)
    whole = {group: frozenset(users) for group, (users, _) in direct.items()}
    if nested != "report":
        return whole, ()
    return whole, tuple(
        Notice(NESTED_GROUP, name, f"group {name} contains {counted(len(inside), 'group')}, whose users are not added")
        for name, inside in ((names.get(group, group), inside) for group, (_, inside) in direct.items())
        if inside
    )


def _with_every_candidate(snapshot: Snapshot) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The direct members as if an ambiguous reference meant all of the records that it fits."""
    possible = dict(snapshot.members)
    for ambiguous in snapshot.ambiguous:
        for group in ambiguous.groups:
            users, nested = possible.get(group, ((), ()))
            possible[group] = (*users, *filter(None, ambiguous.users)), (*nested, *filter(None, ambiguous.nested))
    return possible


def _parents(direct: Direct) -> Mapping[str, set[str]]:
    parents: dict[str, set[str]] = defaultdict(set)
    for group, (_, nested) in direct.items():
        for inside in nested:
            parents[inside].add(group)
    return parents


def _matters(
    ambiguous: AmbiguousMember,
    undecided: Mapping[str, frozenset[str]],
    at_most: Mapping[str, frozenset[str]],
    parents: Mapping[str, set[str]],
) -> bool:
    """Whether a membership of someone in scope depends on what the reference means."""
    meant = {user for group in ambiguous.nested for user in at_most.get(group, ())} if parents else set()
    meant.update(ambiguous.users)
    return any(not meant.isdisjoint(undecided.get(group, ())) for group in _above(ambiguous.groups, parents))


def _above(groups: Iterable[str], parents: Mapping[str, set[str]]) -> set[str]:
    """These groups and all that contain one of them, however deep."""
    found, waiting = set(groups), list(groups)
    while waiting:
        more = parents.get(waiting.pop(), set()) - found
        found |= more
        waiting += more
    return found
