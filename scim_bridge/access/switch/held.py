"""What users and groups hold today, in words: what is lost, or left behind, with each of them. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from scim_bridge.access.graph import access_rows, application_rows
from scim_bridge.model.access import AccessReading, AccessRow, Level
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.wording import some

LEVELS: tuple[Level, ...] = get_args(Level)
PRIVILEGED = frozenset(LEVELS[: LEVELS.index("power")])
"""Administrators, and those who can become one."""
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Holding:
    """What one of them has. level: the worst of it, None for applications alone or for nothing."""

    words: str = ""
    level: Level | None = None

    @property
    def rank(self) -> int:
        """For sorting: the most privileged first."""
        return LEVELS.index(self.level) if self.level is not None else len(LEVELS) + (not self.words)


_NOTHING = Holding()


class Held:
    """The holdings of a reading. Who is inactive keeps what is assigned, so it counts."""

    def __init__(self, reading: AccessReading) -> None:
        rows: dict[str, list[AccessRow]] = defaultdict(list)
        for row in (*access_rows(reading), *access_rows(reading, active=False)):
            rows[row.user_id].append(row)
        uses: dict[str, list[str]] = defaultdict(list)
        for use in application_rows(reading):
            uses[use.user_id or ""].append(f"{use.application}{_via(use.via)}")
        self._users = {who: _holding(rows.get(who, ()), uses.get(who, ())) for who in {*rows, *uses}}
        self._groups = _of_groups(reading)
        self.administrators = _administrators(reading, rows)
        self.direct = _direct(reading)

    def by(self, kind: str, target_id: str) -> Holding:
        """What this user or group holds."""
        return (self._users if kind == "user" else self._groups).get(target_id, _NOTHING)


def _via(group: str | None) -> str:
    return f" via {group}" if group is not None else ""


def _holding(rows: Iterable[AccessRow], uses: Iterable[str]) -> Holding:
    ordered = sorted(rows, key=lambda row: (LEVELS.index(row.level), row.account, row.permission_set))
    doors = [f"{row.permission_set} on {row.account}{_via(row.via)}" for row in ordered]
    words = some(list(dict.fromkeys([*doors, *sorted(uses)])), _SHOWN)
    return Holding(words, ordered[0].level if ordered else None)


def _of_groups(reading: AccessReading) -> Mapping[str, Holding]:
    doors: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for edge in reading.edges:
        if edge.principal.kind == "group":
            held, account = reading.sets[edge.permission_set], reading.accounts[edge.account]
            allowed = held.centrally if reading.instance.is_central(edge.account) else held.allowed
            doors[edge.principal.id].append((LEVELS.index(allowed.level), f"{held.name} on {account.name}"))
    for use in reading.uses:
        if use.principal.kind == "group":
            doors[use.principal.id].append((len(LEVELS), reading.applications[use.application].name))
    found = {}
    for group, named in doors.items():
        worst, _ = min(named)
        level = LEVELS[worst] if worst < len(LEVELS) else None
        found[group] = Holding(some([word for _, word in sorted(named)], _SHOWN), level)
    return found


def _administrators(reading: AccessReading, rows: Mapping[str, list[AccessRow]]) -> frozenset[str]:
    """Ids of active users who are administrators of the management account: real ones, without a boundary."""
    bounded = {held.name for held in reading.sets.values() if held.limited_by}
    return frozenset(
        user_id
        for user_id, theirs in rows.items()
        if reading.people.users[user_id].is_active
        and any(
            row.level == "administrator"
            and row.account_id == reading.instance.management
            and row.permission_set not in bounded
            for row in theirs
        )
    )


def _direct(reading: AccessReading) -> frozenset[TargetKey]:
    """Users and groups that assignments name themselves."""
    return frozenset({*(e.principal for e in reading.edges), *(u.principal for u in reading.uses)})
