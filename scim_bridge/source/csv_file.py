"""Users, groups and memberships from CSV files (design.md §3, *CSV*).

A broken file refuses the reading, all of it reported at once; a bad record does not: rows that share an id are passed
on together, a membership that names nobody is dropped and noted.
"""

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scim_bridge.config.source import CsvSettings
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import AttributeType, Kind, Notice, Record, Snapshot
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.model.source import Memory, SourceReading
from scim_bridge.model.text import normal, trimmed
from scim_bridge.source.dated import newest
from scim_bridge.source.stillness import STILL_FOR, wait_until_still
from scim_bridge.source.table import Table, open_table

_SHOWN = 50
"""Problems told in full; a file in the wrong encoding or with the wrong delimiter has as many as it has lines."""

Group = tuple[dict[str, None], dict[str, None]]
"""A group's direct members while they are read: user ids and group ids, in order, each once."""


class CsvSource:
    """A directory in three files. user_id, group_id: the columns that the mapping names as each kind's id.

    "" where that is not known yet: then the headers are of use, and nothing else. still_for: seconds for
    which the files must not have changed.
    """

    def __init__(self, files: CsvSettings, user_id: str, group_id: str, still_for: float = STILL_FOR) -> None:
        self._files = files
        self._user_id = user_id
        self._group_id = group_id
        self._still_for = still_for
        self._last: Snapshot | None = None

    @property
    def key(self) -> str:
        """Nothing of files is remembered, so nothing has to tell one memory from another."""
        return ""

    def read(self, today: str, memory: Memory | None = None, progress: Progress = silent) -> SourceReading:  # noqa: ARG002 - the interface
        """Everything the files show. Raises SourceUnreadable with every problem of every file."""
        self._last = self._read()
        return SourceReading(self._last)

    def look(self, today: str, memory: Memory | None, wanted: Iterable[tuple[Kind, str]]) -> SourceReading:
        """What was last read, with whoever is wanted as the files show it now; much quicker than all."""
        if self._last is None:
            return self.read(today, memory)
        self._last = self._read_again(self._last, wanted)
        return SourceReading(self._last)

    def probe(self, today: str) -> Snapshot:  # noqa: ARG002 - the interface
        """All of it: a file that is broken at its end is broken."""
        return self._read()

    def _read(self) -> Snapshot:
        files = self._at_rest()
        problems: list[str] = []
        users = self._records(self._open(files.users, self._user_id), self._user_id, problems)
        groups: tuple[Record, ...] = ()
        reading = _Memberships({}, {})
        if files.groups is not None:
            groups = self._records(self._open(files.groups, self._group_id), self._group_id, problems)
        if files.members is not None:
            ids = {record.id: record.id for record in users if record.id}
            reading = _Memberships(ids, {record.id: ({}, {}) for record in groups if record.id})
            reading.read(self._open(files.members, "group_id", "member_id"), problems)
        _refuse(problems)
        members = {g: (tuple(u), tuple(n)) for g, (u, n) in reading.groups.items() if u or n}
        return Snapshot(users, groups, members, tuple(reading.notices))

    def _read_again(self, before: Snapshot, wanted: Iterable[tuple[Kind, str]]) -> Snapshot:
        """A snapshot with the wanted users and their memberships, and all groups, as the files show them now.

        Every row is looked at, so a broken file refuses this reading too; but only the wanted ones become records.
        """
        files, problems, wanted = self._at_rest(), list[str](), list(wanted)
        ids: dict[Kind, frozenset[str]] = {
            kind: frozenset(source_id for each, source_id in wanted if each == kind) for kind in ("user", "group")
        }
        table = self._open(files.users, self._user_id)
        found = self._records(table, self._user_id, problems, ids["user"])
        users = (*(record for record in before.users if record.id not in ids["user"]), *found)
        groups, rows = before.groups, list[tuple[str, str, str]]()
        if files.groups is not None:
            groups = self._records(self._open(files.groups, self._group_id), self._group_id, problems)
        if files.members is not None:
            rows = _rows_about(self._open(files.members, "group_id", "member_id"), ids, problems)
        if not problems and not table.count:
            problems.append(f"{table.name}: it shows no user at all; an empty directory is never applied")
        _refuse(problems)
        members = _with_rows(before, {u.id for u in users}, {g.id for g in groups}, ids, rows)
        return Snapshot(users, groups, members, before.warnings)

    def attributes(self, kind: Kind) -> Mapping[str, AttributeType]:
        """The columns of the users or the groups file, all of them text. Raises SourceUnreadable."""
        files = self._at_rest()
        path, id_column = (files.users, self._user_id) if kind == "user" else (files.groups, self._group_id)
        if path is None:
            return {id_column: "string"} if id_column else {}
        table = self._open(path, id_column)
        if table.problems:
            more = f" (and {len(table.problems) - 1} more, listed below)" if len(table.problems) > 1 else ""
            what = f"the source cannot be trusted: {table.problems[0]}{more}"
            raise SourceUnreadable(what, "Mend the file, or export it again.", problems=tuple(table.problems))
        return dict.fromkeys(table.header, "string")

    def _at_rest(self) -> CsvSettings:
        """The files to read, when nobody is writing them."""
        files = newest(self._files)
        paths = (files.users, files.groups, files.members)
        wait_until_still((path for path in paths if path is not None), self._still_for)
        return files

    def _open(self, path: Path, *needed: str) -> Table:
        return open_table(path, self._files.encoding, self._files.delimiter, [name for name in needed if name])

    def _records(
        self, table: Table, id_column: str, problems: list[str], only: frozenset[str] | None = None
    ) -> tuple[Record, ...]:
        """The rows as records; only: of these ids, None for all."""
        header = table.header
        where = f"{table.name}, line "
        at = header.index(id_column) if id_column in header else 0
        rows = table.rows()
        if only is not None:
            asked = ((line, row) for line, row in table.raw_rows() if normal(row[at]) in only)
            rows = ((line, list(map(trimmed, row))) for line, row in asked)
        records = tuple(
            Record(cells[at], dict(zip(header, cells, strict=True)), f"{where}{line}") for line, cells in rows
        )
        problems += table.problems
        return records


def _refuse(problems: list[str]) -> None:
    """Raise SourceUnreadable with every problem found, if there is any."""
    if not problems:
        return
    shown = problems[:_SHOWN]
    if len(problems) > len(shown):
        shown.append(f"… and {len(problems) - len(shown):,} more")
    raise SourceUnreadable(
        f"the source cannot be trusted, so nothing was read from it: {problems[0]}"
        + (f" (and {len(problems) - 1:,} more, listed below)" if len(problems) > 1 else ""),
        "Mend the file, or export it again.",
        problems=tuple(shown),
    )


_TYPES = ("user", "group", "")


def _untyped(table: Table, line: int, type_at: int, kind: str) -> str:
    return f"{table.name}, line {line}, column {type_at + 1}: member_type {kind!r} is neither user nor group"


def _rows_about(table: Table, ids: Mapping[Kind, frozenset[str]], problems: list[str]) -> list[tuple[str, str, str]]:
    """Group, member and type of the membership rows that concern these users or groups."""
    header, found = table.header, list[tuple[str, str, str]]()
    if not table.problems:
        group_at, member_at = header.index("group_id"), header.index("member_id")
        type_at = header.index("member_type") if "member_type" in header else None
        users, groups = ids["user"], ids["group"]
        for line, row in table.raw_rows():
            kind = row[type_at] if type_at is not None else ""
            if kind not in _TYPES and (kind := trimmed(kind)) not in _TYPES:
                table.problems.append(_untyped(table, line, type_at or 0, kind))
            elif (member := normal(row[member_at])) in users or normal(row[group_at]) in groups:
                found.append((normal(row[group_at]), member, kind or "user"))
    problems += table.problems
    return found


def _with_rows(
    before: Snapshot,
    users: Container[str],
    groups: Collection[str],
    ids: Mapping[Kind, frozenset[str]],
    rows: Collection[tuple[str, str, str]],
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The memberships of before, those of the wanted users and groups replaced by these rows."""
    kept = {group: before.members.get(group, ((), ())) if group not in ids["group"] else ((), ()) for group in groups}
    about = {group for group, _, _ in rows} | {
        g for g, (inside, _) in kept.items() if not ids["user"].isdisjoint(inside)
    }
    made: dict[str, Group] = {
        group: (dict.fromkeys(u for u in kept[group][0] if u not in ids["user"]), dict.fromkeys(kept[group][1]))
        for group in about & kept.keys()
    }
    for group, member, kind in rows:
        if group in made and member in (users if kind == "user" else kept):
            made[group][0 if kind == "user" else 1][member] = None
    whole = kept | {group: (tuple(u), tuple(n)) for group, (u, n) in made.items()}
    return {group: members for group, members in whole.items() if any(members)}


@dataclass(slots=True)
class _Memberships:
    """Direct memberships as they are read. users: every user id, the same text for every mention of it."""

    users: Mapping[str, str]
    groups: dict[str, Group]
    notices: list[Notice] = field(default_factory=list)

    def read(self, table: Table, problems: list[str]) -> None:
        """All rows of members.csv; what names nobody is noted, a type that is neither user nor group is a problem."""
        header = table.header
        if not table.problems:
            group_at, member_at = header.index("group_id"), header.index("member_id")
            type_at = header.index("member_type") if "member_type" in header else None
            group_of, user_of = self.groups.get, self.users.get
            for line, row in table.raw_rows():
                group, user = group_of(row[group_at]), user_of(row[member_at])
                is_user = type_at is None or row[type_at] == "user"
                if is_user and group is not None and user is not None and user not in group[0]:
                    group[0][user] = None  # what a million rows do; all others are told apart below
                elif any(cells := list(map(normal, row))):
                    kind = (cells[type_at] if type_at is not None else "") or "user"
                    self._tell_apart(table, line, (cells[group_at], cells[member_at], kind), type_at or 0)
        problems += table.problems

    def _tell_apart(self, table: Table, line: int, row: tuple[str, str, str], type_column: int) -> None:
        group_id, member_id, kind = row
        if kind in ("user", "group"):
            self._add(f"{table.name}, line {line}", group_id, member_id, kind)
        else:
            table.problems.append(_untyped(table, line, type_column, kind))

    def _add(self, place: str, group_id: str, member_id: str, kind: str) -> None:
        group = self.groups.get(group_id)
        if group is None:
            self._unknown(place, f"group {group_id!r}", member_id)
            return
        members = group[0] if kind == "user" else group[1]
        member = self.users.get(member_id) if kind == "user" else (member_id if member_id in self.groups else None)
        if member is None:
            self._unknown(place, f"{kind} {member_id!r}", member_id)
        elif member in members:
            detail = f"{place}: {kind} {member_id} is in group {group_id} already; the row was dropped"
            self.notices.append(Notice("duplicate_membership", member_id, detail))
        else:
            members[member] = None

    def _unknown(self, place: str, what: str, member_id: str) -> None:
        self.notices.append(Notice("unknown_member", member_id, f"{place}: there is no {what}; the row was dropped"))
