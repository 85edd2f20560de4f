"""Users, groups and memberships from CSV files (docs/design.md §3.8).

A broken file refuses the reading, all of it reported at once; a bad record does not: rows that share an id are passed
on together, a membership that names no one is dropped and noted.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from scim_bridge.config.source import CsvSettings, MemberFile, MemberList
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import KINDS, AttributeType, Kind, Notice, Record, Snapshot, SourceKey
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.model.source import Learned, Memory, SourceChanges, SourceReading
from scim_bridge.source import spreadsheet
from scim_bridge.source.csv_changes import FACTS, PARTS, CsvChanges, facts_of
from scim_bridge.source.decoding import Unreadable
from scim_bridge.source.kept_file import entries_of, header_of
from scim_bridge.source.lists import NAME, Cell, Lists, made_groups, open_lists, splitter
from scim_bridge.source.membership import ID, Group, Memberships, Named, columns_used, named
from scim_bridge.source.newest_export import newest
from scim_bridge.source.piece import SIZE, Unlike
from scim_bridge.source.stillness import STILL_FOR, wait_until_still
from scim_bridge.source.table import Table, open_table

_FORM = 1
"""The form in which files are remembered; raise it when kept_file.py or csv_changes.py writes them differently."""
_SHOWN = 50
"""Problems told in full; a file in the wrong encoding or with the wrong delimiter has as many as it has lines."""


class CsvSource:
    """A directory in three files. user_id, group_id: the columns that the mapping names as each kind's id.

    "" where that is not known yet: then the headers are of use, and nothing else. still_for: seconds for
    which the files must not have changed. piece: characters by which files are remembered (piece.py).
    """

    def __init__(
        self, files: CsvSettings, user_id: str, group_id: str, still_for: float = STILL_FOR, piece: int = SIZE
    ) -> None:
        self._files = files
        self._ids: Mapping[Kind, str] = {"user": user_id, "group": group_id}
        self._still_for = still_for
        self._piece = piece

    @property
    def key(self) -> str:
        """A hash of the files' places, how they are read, and the columns of ids."""
        told = (_FORM, self._files, sorted(self._ids.items()))
        return hashlib.sha256(repr(told).encode()).hexdigest()[:24]

    def read(self, today: str, memory: Memory | None = None, progress: Progress = silent) -> SourceReading:  # noqa: ARG002 - the interface
        """Everything the files show. Raises SourceUnreadable with every problem of every file."""
        return self._whole("")

    def changes(self, today: str, memory: Memory, progress: Progress = silent) -> SourceChanges | SourceReading:  # noqa: ARG002 - the interface
        """What has changed in the files, by their rows. Unchanged files cost their bare reading."""
        try:
            return CsvChanges(self._at_rest(), self._ids, memory, self._piece).changes()
        except Unlike as unlike:
            return self._whole(str(unlike))
        except Unreadable:
            return self._whole("")

    def ask(self, today: str, memory: Memory | None, wanted: Iterable[SourceKey]) -> SourceChanges | SourceReading:  # noqa: ARG002 - the interface
        """These records and their memberships as they are now, and whatever else has changed."""
        if memory is not None:
            with suppress(Unlike, Unreadable):
                return CsvChanges(self._at_rest(), self._ids, memory, self._piece).about(wanted)
        return SourceReading(self._export().whole())

    def _whole(self, reason: str) -> SourceReading:
        """Everything, to be remembered. reason: why, as in Learned."""
        export = self._export()
        shown = export.whole()
        return SourceReading(shown, Learned("", export.entries(shown, self._piece), is_whole=True, reason=reason))

    def probe(self, today: str) -> Snapshot:  # noqa: ARG002 - the interface
        """All of it: a file that is broken at its end is broken."""
        return self._export().whole()

    def attributes(self, kind: Kind, memory: Memory | None = None) -> Mapping[str, AttributeType]:
        """The columns of the users or the groups file, all of them text. Raises SourceUnreadable."""
        export = self._export()
        id_column, path = export.ids[kind], export.path(kind)
        if path is None:
            made = (ID, NAME) if export.files.groups_from_users else ()
            return dict.fromkeys(filter(None, (id_column, *made)), "string")
        if memory is not None:
            with suppress(Unreadable):
                kept = header_of(PARTS[kind], path, export.files.encoding, memory.entries)
                if kept:
                    return dict.fromkeys(kept, "string")
        table = export.open(kind)
        export.problems += table.problems
        _refuse(export.problems)
        return dict.fromkeys(table.header, "string")

    def _at_rest(self) -> CsvSettings:
        """The files to read, when no one is writing them."""
        files = newest(self._files)
        wait_until_still(files.paths, self._still_for)
        return files

    def _export(self) -> "_Export":
        return _Export(self._at_rest(), self._ids)


@dataclass(slots=True)
class _Export:
    """One reading of the files. ids: each kind's id column, "" where none is known. problems: grow while it is read.

    tables: those that were opened for a whole reading. separator: the one that lists were found to use.
    """

    files: CsvSettings
    ids: Mapping[Kind, str]
    problems: list[str] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    separator: str = ""

    def path(self, kind: Kind) -> Path | None:
        """The file of the users or of the groups."""
        return self.files.users if kind == "user" else self.files.groups

    def open(self, kind: Kind) -> Table:
        """The file of a kind, with all columns that are needed of it; an empty table if there is no such file."""
        path = self.path(kind)
        if path is None:
            return Table(name="")
        return self._open(path, self.ids[kind], *columns_used(self.files.members, kind))

    def whole(self) -> Snapshot:
        """Everything that the files show."""
        self.tables = {part: self.open(kind) for kind, part in PARTS.items() if self.path(kind) is not None}
        users, groups = (self._records(self.tables.get(PARTS[kind], Table(name="")), kind) for kind in KINDS)
        members, reading = self.files.members, Memberships(Named("user", (), ID), Named("group", (), ID), {})
        if isinstance(members, MemberFile):
            reading = Memberships(*named(users, groups, members), _empty(groups))
            table = self.tables["members"] = self._member_table(members)
            reading.read_rows(table, members)
            self.problems += table.problems
        elif members is not None:
            cells = _cells(users if members.of == "user" else groups, members.column)
            groups, lists = self._lists(members, cells, users, groups)
            reading = Memberships(lists.users, lists.groups, _empty(groups))
            lists.read(reading)
            self.separator = lists.split.separator
        _refuse(self.problems)
        found = {g: (tuple(u), tuple(n)) for g, (u, n) in reading.found.items() if u or n}
        notices = (*self._damage(users, groups), *reading.notices)
        return Snapshot(users, groups, found, notices, reading.ambiguous)

    def entries(self, shown: Snapshot, size: int) -> dict[str, str]:
        """What is remembered of a whole reading. size: of the pieces of files."""
        found = {FACTS: facts_of(shown, self.separator).text()}
        for part, table in self.tables.items():
            found |= entries_of(part, table, size)
        return found

    def _damage(self, users: Sequence[Record], groups: Sequence[Record]) -> Iterable[Notice]:
        """What a spreadsheet has destroyed."""
        yield from spreadsheet.notices(self.files.users.name, self.ids["user"], users)
        if self.files.groups is not None:
            yield from spreadsheet.notices(self.files.groups.name, self.ids["group"], groups)

    def _open(self, path: Path, *needed: str) -> Table:
        return open_table(path, self.files.encoding, self.files.delimiter, [name for name in needed if name])

    def _member_table(self, members: MemberFile) -> Table:
        return self._open(members.path, members.group, members.member, members.type or "")

    def _records(self, table: Table, kind: Kind) -> tuple[Record, ...]:
        """The rows as records."""
        header = table.header
        where = f"{table.name}, line "
        at = header.index(self.ids[kind]) if self.ids[kind] in header else 0
        records = tuple(
            Record(cells[at], dict(zip(header, cells, strict=True)), f"{where}{line}") for line, cells in table.rows()
        )
        self.problems += table.problems
        return records

    def _lists(
        self, members: MemberList, cells: Sequence[Cell], users: Collection[Record], groups: tuple[Record, ...]
    ) -> tuple[tuple[Record, ...], Lists]:
        """All groups, those that only exist as names in these lists included, and the lists."""
        path = self.path(members.of)
        where = f"{path.name if path is not None else ''}, column {members.column}"
        try:
            if self.files.groups_from_users:
                split = splitter(cells, members.separator, None, where)
                groups, members = made_groups(cells, split, self.ids["group"]), replace(members, by=NAME)
            return groups, open_lists(members, cells, users, groups, where)
        except Unreadable as unclear:
            self.problems.append(str(unclear))
            return groups, open_lists(replace(members, separator=";"), (), (), (), where)


def _empty(groups: Iterable[Record]) -> dict[str, Group]:
    return {record.id: ({}, {}) for record in groups if record.id}


def _cells(records: Iterable[Record], column: str) -> list[Cell]:
    """The lists of these records. One without an id is held; nothing can be said of its memberships."""
    found = ((record.place, record.id, str(record.attributes.get(column, ""))) for record in records if record.id)
    return [cell for cell in found if cell[2]]


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
        "Fix the file, or export it again.",
        problems=tuple(shown),
    )
