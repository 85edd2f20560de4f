"""Whom the scope takes in: organizational units, a query, groups by pattern with the groups in them. All must fit.

A unit, a pattern or a query that fits no one is a slip of the pen, a rename, or a search that lags; no user is taken
for departed because of that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from scim_bridge.config.source import GoogleScope
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import Kind
from scim_bridge.source.google.listing import Row
from scim_bridge.source.google.memory import Entries, GroupEntry, UserEntry, kind_and_id


@dataclass(frozen=True, slots=True)
class Reach:
    """Who is in the scope, by id."""

    users: frozenset[str]
    groups: frozenset[str]


def reach_of(scope: GoogleScope, everybody: Entries) -> Reach:
    """Whom the scope takes in of these."""
    users = frozenset(user_id for user_id, user in everybody.users.items() if _fits(scope, user))
    if not scope.groups:
        return Reach(users, frozenset(everybody.groups))
    roots = [group_id for group_id, group in everybody.groups.items() if _fits_any(scope.groups, group.row)]
    reached = _below(roots, everybody.groups)
    if scope.users == "members":
        users &= frozenset().union(*(everybody.groups[group_id].users for group_id in reached))
    return Reach(users, reached)


def reach_before(scope: GoogleScope, texts: Mapping[str, str]) -> Reach:
    """Whom the scope took in of what is remembered. Without a scope no entry has to be taken apart."""
    if scope != GoogleScope():
        return reach_of(scope, Entries.read(texts))
    ids: dict[Kind, set[str]] = {"user": set(), "group": set()}
    for kind, object_id in map(kind_and_id, texts):
        ids[kind].add(object_id)
    return Reach(frozenset(ids["user"]), frozenset(ids["group"]))


def require_whole(scope: GoogleScope, everybody: Entries) -> None:
    """Raises SourceUnreadable if some part of the scope fits no one."""
    for unit in scope.org_units:
        if not any(_is_below(user.unit, unit) for user in everybody.users.values()):
            raise _no_one(f"no user is in organizational unit {unit}")
    if scope.query and not any(user.is_found for user in everybody.users.values()):
        raise _no_one(f"Google's search finds no user by {scope.query!r}")
    for pattern in scope.groups:
        if not any(_fits_any((pattern,), group.row) for group in everybody.groups.values()):
            raise _no_one(f"no group has the address or name {pattern}")


def roots_of(scope: GoogleScope, groups: Iterable[Row]) -> list[str]:
    """The ids of the groups that the scope names; of all, if it names none."""
    return [row["id"] for row in groups if not scope.groups or _fits_any(scope.groups, row)]


def _fits_any(patterns: tuple[str, ...], row: Mapping[str, object]) -> bool:
    """Whether address or name of a group fits one of the patterns, in whatever case."""
    names = [str(row.get(name, "")).casefold() for name in ("email", "name")]
    return any(fnmatchcase(name, pattern.casefold()) for pattern in patterns for name in names if name)


def _fits(scope: GoogleScope, user: UserEntry) -> bool:
    is_in_unit = not scope.org_units or any(_is_below(user.unit, unit) for unit in scope.org_units)
    return is_in_unit and user.is_found


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
