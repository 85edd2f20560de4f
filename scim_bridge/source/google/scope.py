"""Whom the scope takes in: organizational units, a query, groups by pattern with the groups in them. All must fit.

A unit, a pattern or a query that fits no one is a slip of the pen, a rename, or a search that lags; no user is taken
for departed because of that.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase

from scim_bridge.config.source import GoogleScope
from scim_bridge.errors import SourceUnreadable
from scim_bridge.source.google.listing import Row
from scim_bridge.source.google.memory import OF_ALL, GroupEntry, kind_and_id, user_of
from scim_bridge.source.google.people import People


@dataclass(frozen=True, slots=True)
class Reach:
    """Who is in the scope, by id."""

    users: Set[str]
    groups: frozenset[str]


def reach_of(scope: GoogleScope, people: People, groups: Mapping[str, GroupEntry]) -> Reach:
    """Whom the scope takes in of these."""
    users: Set[str] = people.ids.keys() if people.found is None else people.ids.keys() & people.found
    if scope.org_units:
        users = {user_id for user_id in users if _is_in_unit(scope, people.units[user_id])}
    return _reach(scope, users, groups)


def reach_before(scope: GoogleScope, entries: Mapping[str, str]) -> Reach:
    """Whom the scope took in of what is remembered."""
    users: set[str] = set()
    groups: dict[str, GroupEntry] = {}
    for key, text in entries.items():
        if key in OF_ALL:
            continue
        kind, object_id = kind_and_id(key)
        if kind == "group":
            groups[object_id] = GroupEntry.read(text)
        elif is_user_in(scope, *user_of(text)):
            users.add(object_id)
    return _reach(scope, frozenset(users), groups)


def is_user_in(scope: GoogleScope, row: Row, is_found: bool) -> bool:
    """Whether units and query take a user in."""
    return is_found and (not scope.org_units or _is_in_unit(scope, str(row.get("orgUnitPath", ""))))


def _reach(scope: GoogleScope, users: Set[str], groups: Mapping[str, GroupEntry]) -> Reach:
    if not scope.groups:
        return Reach(users, frozenset(groups))
    reached = _below([group_id for group_id, group in groups.items() if is_named(scope, group.row)], groups)
    if scope.users == "members" and not any(groups[group_id].is_everyone for group_id in reached):
        users &= frozenset().union(*(groups[group_id].users for group_id in reached))
    return Reach(users, reached)


def require_whole(scope: GoogleScope, people: People, groups: Mapping[str, GroupEntry]) -> None:
    """Raises SourceUnreadable if some part of the scope fits no one."""
    for unit in scope.org_units:
        if not any(_is_below(path, unit) for path in people.units.values()):
            raise _no_one(f"no user is in organizational unit {unit}")
    if people.found is not None and people.found.isdisjoint(people.ids):
        raise _no_one(f"Google's search finds no user by {scope.query!r}")
    for pattern in scope.groups:
        if not any(_fits_any((pattern,), group.row) for group in groups.values()):
            raise _no_one(f"no group has the address or name {pattern}")


def roots_of(scope: GoogleScope, groups: Iterable[Row]) -> list[str]:
    """The ids of the groups that the scope names; of all, if it names none."""
    return [row["id"] for row in groups if not scope.groups or is_named(scope, row)]


def is_named(scope: GoogleScope, row: Mapping[str, object]) -> bool:
    """Whether a pattern of the scope fits a group."""
    return _fits_any(scope.groups, row)


def _fits_any(patterns: tuple[str, ...], row: Mapping[str, object]) -> bool:
    """Whether address or name of a group fits one of the patterns, in whatever case."""
    names = [str(row.get(name, "")).casefold() for name in ("email", "name")]
    return any(fnmatchcase(name, pattern.casefold()) for pattern in patterns for name in names if name)


def _is_in_unit(scope: GoogleScope, path: str) -> bool:
    return any(_is_below(path, unit) for unit in scope.org_units)


def _is_below(path: str, unit: str) -> bool:
    return unit == "/" or path == unit or path.startswith(f"{unit}/")


def _below(roots: list[str], groups: Mapping[str, GroupEntry]) -> frozenset[str]:
    """These groups and all groups in them. Groups that contain each other do no harm."""
    reached, waiting = set[str](), list(roots)
    while waiting:
        group_id = waiting.pop()
        if group_id in groups and group_id not in reached:
            reached.add(group_id)
            waiting += groups[group_id].groups
    return frozenset(reached)


def _no_one(what: str) -> SourceUnreadable:
    return SourceUnreadable(
        f"{what}, which source.scope names",
        "Write it as Google does now; if that is so on purpose, take it out of source.scope.",
    )
