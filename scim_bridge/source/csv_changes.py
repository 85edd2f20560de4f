"""What has changed in CSV files, by the rows that came and went: the records, and whose memberships that concerns.

Only the rows that have a say are taken apart: those of the records that changed, those that name someone who came, left
or is called otherwise, and those that name someone about whom something is noted. They are read by the code that
reads whole files (`Memberships`), as if they were all there is. So what is said of them is what a whole reading says.
Where rows that were not looked at could have a say, `Unlike` is raised and everything is read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

import orjson

from scim_bridge.config.source import CsvSettings, MemberFile, MemberList
from scim_bridge.model.identity import KINDS, Kind, Notice, Record, Snapshot, SourceKey
from scim_bridge.model.source import DirectMembers, Learned, Memory, SourceChanges
from scim_bridge.model.text import folded, normal
from scim_bridge.source import spreadsheet
from scim_bridge.source.kept_file import StandingFile
from scim_bridge.source.membership import ID, Memberships, Named, named
from scim_bridge.source.piece import Row, Unlike
from scim_bridge.source.references import Form, ListCells, MemberRows, Names, References

FACTS = "facts"
"""The key under which is remembered what concerns all files together."""
PARTS: Mapping[Kind, str] = {"user": "users", "group": "groups"}
_MANY = 5_000
"""Notes about more members than these are not followed: everything is read."""
_SAMPLE = 1_000
"""Records by which a spreadsheet's dates are recognized (spreadsheet.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a reading by changes has to know of the whole one. noted: the names of the members with a note.

    hindrance: why changes cannot be followed, "" if nothing hinders it. is_doubled: several rows have the same id.
    separator: the one that lists were found to use, "" for none.
    """

    noted: tuple[str, ...] = ()
    hindrance: str = ""
    is_doubled: bool = False
    separator: str = ""

    def text(self) -> str:
        """For the memory."""
        return orjson.dumps([self.noted, self.hindrance, self.is_doubled, self.separator]).decode()

    @classmethod
    def read(cls, text: str) -> "Facts":
        """What was remembered."""
        noted, hindrance, is_doubled, separator = orjson.loads(text)
        return cls(noted=tuple(noted), hindrance=hindrance, is_doubled=is_doubled, separator=separator)


def facts_of(shown: Snapshot, separator: str) -> Facts:
    """What is remembered of a whole reading."""
    counts = (Counter(record.id for record in records if record.id) for records in (shown.users, shown.groups))
    is_doubled = any(number > 1 for count in counts for number in count.values())
    facts = facts_with(Facts(is_doubled=is_doubled, separator=separator), shown.warnings)
    if any(notice.kind == spreadsheet.KIND for notice in shown.warnings):
        return replace(facts, hindrance="a spreadsheet has changed values")
    return replace(facts, hindrance="a name in the memberships fits several records") if shown.ambiguous else facts


def noted_in(notices: Iterable[Notice]) -> tuple[str, ...]:
    """The names of the members with a note, each once."""
    return tuple(sorted({notice.subject for notice in notices if notice.kind != spreadsheet.KIND}))


@dataclass(slots=True)
class _Concerned:
    """The records of one kind that are shown. renamed: names that they had and have not, or the other way round.

    names: those that they have now.
    """

    records: dict[SourceKey, tuple[Record, ...]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    renamed: set[str] = field(default_factory=set)
    renamed_ids: set[str] = field(default_factory=set)


class CsvChanges:
    """The files of a CSV source beside what is remembered of them. ids: the column of each kind's id.

    Raises Unlike where everything has to be read, Unreadable where a file cannot be.
    """

    def __init__(self, files: CsvSettings, ids: Mapping[Kind, str], memory: Memory, size: int) -> None:
        self._files, self._ids, self._memory = files, ids, memory
        text = memory.entries.get(FACTS)
        if text is None:
            raise Unlike("")
        self._facts = Facts.read(text)
        members = files.members
        # The memberships first: while a file is decoded, its bytes stand beside its text, and it is the largest.
        paths = {"members": members.path if isinstance(members, MemberFile) else None}
        paths |= {"users": files.users, "groups": files.groups}
        self._standing = {
            part: StandingFile(part=part, path=path, encoding=files.encoding, entries=memory.entries, size=size)
            for part, path in paths.items()
            if path is not None
        }
        by = {"user": members.member_by, "group": members.group_by} if isinstance(members, MemberFile) else {}
        if isinstance(members, MemberList):
            by = {members.of: ID, "group" if members.of == "user" else "user": members.by}
        self._by: Mapping[str, str] = by
        inner = members.member_by if isinstance(members, MemberFile) else ID
        self._inner = inner if by and inner != by["group"] and inner in self._header("group") else ""
        # Names are looked for without regard to case where any of them is compared so. Rows that this finds beside
        # those that matter do no harm.
        self._form: Form = normal if set(by.values()) <= {ID} and not self._inner else folded

    def changes(self) -> SourceChanges:
        """What has changed since."""
        if not any(file.is_changed for file in self._standing.values()):
            return SourceChanges(records={}, learned=Learned(self._memory.watermark, {}, is_whole=False))
        if self._facts.hindrance:
            raise Unlike(self._facts.hindrance)
        found, facts = self._found({"user": set(), "group": set()})
        learned = {key: text for file in self._standing.values() for key, text in file.learned.items()}
        if facts != self._facts:
            learned[FACTS] = facts.text()
        return _with(found, Learned(self._memory.watermark, learned, is_whole=False))

    def about(self, wanted: Iterable[SourceKey]) -> SourceChanges:
        """The same, with these records and their memberships whether changed or not. Nothing is learned."""
        if self._facts.hindrance:
            raise Unlike(self._facts.hindrance)
        for file in self._standing.values():
            file.load()
        keys = frozenset(SourceKey(*key) for key in wanted)
        ids: dict[Kind, set[str]] = {kind: {key.id for key in keys if key.kind == kind} for kind in KINDS}
        return self._found(ids)[0]

    def _found(self, wanted: Mapping[Kind, set[str]]) -> tuple[SourceChanges, Facts]:
        for file in self._standing.values():
            file.compare()
        self._refuse_damage()
        shown = {kind: self._records(kind, wanted[kind]) for kind in KINDS}
        is_doubled = self._facts.is_doubled or any(
            key.id and len(rows) > 1 for each in shown.values() for key, rows in each.records.items()
        )
        facts = Facts(noted=self._facts.noted, is_doubled=is_doubled, separator=self._facts.separator)
        records = {key: rows for each in shown.values() for key, rows in each.records.items()}
        references = self._references()
        if references is None:
            return SourceChanges(records=records), facts
        return self._with_members(references, shown, wanted, facts)

    def _refuse_damage(self) -> None:
        """Raise Unlike where nothing is left, or where a spreadsheet seems to have changed values."""
        for kind, part in PARTS.items():
            file = self._standing.get(part)
            if file is None or not file.is_changed:
                continue
            head = list(islice(file.rows(), _SAMPLE))
            if not head:
                raise Unlike(f"{file.path.name} shows nothing")
            records = [self._record(kind, row) for row in (*head, *file.come)]
            if spreadsheet.notices(file.path.name, self._ids[kind], records):
                raise Unlike("a spreadsheet seems to have changed values")

    def _records(self, kind: Kind, wanted: set[str]) -> _Concerned:
        """The records that changed, and those that are wanted."""
        found, file = _Concerned(), self._standing.get(PARTS[kind])
        if file is None:
            return found
        at = file.column(self._ids[kind])
        come, gone = _by_id(file.come, at), _by_id(((0, cells) for cells in file.gone), at)
        # Where no id stands in two rows, one whose row went stands in no other. Of all others there may be more rows.
        replaced = gone.keys() - {""} if not self._facts.is_doubled else set[str]()
        sought = (come.keys() | gone.keys() | wanted) - replaced
        standing = _by_id(file.rows_with(at, sought, normal), at)
        for source_id in come.keys() | gone.keys() | wanted:
            now = standing.get(source_id, []) if source_id in sought else come.get(source_id, [])
            found.records[SourceKey(kind, source_id)] = tuple(self._record(kind, row) for row in now)
            if not self._by:
                continue
            there, left = _counted(now), _counted(gone.get(source_id, []))
            then = there - _counted(come.get(source_id, [])) + left
            names, before = self._names(kind, there), self._names(kind, then)
            found.names |= names
            if source_id and names != before:
                found.renamed |= names ^ before
                found.renamed_ids.add(source_id)
            if source_id and max(there.total(), then.total()) > 1 and self._by[kind] != ID:
                raise Unlike("several records share an id")
        return found

    def _names(self, kind: Kind, rows: Iterable[tuple[str, ...]]) -> set[str]:
        """What the records of these rows are called in memberships."""
        places = self._columns(kind)
        return {name for cells in rows for at in places if (name := self._form(cells[at]))}

    def _record(self, kind: Kind, row: Row) -> Record:
        file = self._standing[PARTS[kind]]
        line, cells = row
        source_id = cells[file.column(self._ids[kind])]
        return Record(source_id, dict(zip(file.kept.header, cells, strict=True)), f"{file.path.name}, line {line}")

    def _header(self, kind: Kind) -> tuple[str, ...]:
        file = self._standing.get(PARTS[kind])
        return file.kept.header if file is not None else ()

    def _references(self) -> MemberRows | ListCells | None:
        members = self._files.members
        if isinstance(members, MemberFile):
            return MemberRows(self._standing["members"], members, self._form)
        if isinstance(members, MemberList):
            file = self._standing[PARTS[members.of]]
            return ListCells(file, members, self._ids[members.of], self._form, self._facts.separator)
        return None

    def _with_members(
        self, references: References, shown: Mapping[Kind, _Concerned], wanted: Mapping[Kind, set[str]], facts: Facts
    ) -> tuple[SourceChanges, Facts]:
        """The same with the memberships that are others now, or that are wanted."""
        touched, (users, groups) = references.touched(), (shown["user"], shown["group"])
        if self._files.groups_from_users and (touched.members or users.renamed or self._facts.noted):
            raise Unlike("groups are made of the names in the lists of users")
        renamed = users.renamed | groups.renamed
        if renamed:
            references.refuse_renamed(renamed)
        names = Names(
            members=touched.members | users.renamed | (users.names if wanted["user"] else set()),
            groups=touched.groups | groups.renamed | (groups.names if wanted["group"] else set()),
        )
        names.groups |= references.outer(groups.renamed)
        # Lines that moved, and names that have come or gone, change what is noted of members.
        is_noted = references.is_changed or bool(renamed)
        if is_noted:
            noted = set(map(self._form, self._facts.noted))
            rows = references.naming(Names(names.members | noted, names.groups, noted))
        else:
            rows = references.naming(names)
        named_there = references.named_in(rows)
        records: dict[Kind, list[Record]] = {
            "user": self._called("user", named_there.members | names.members),
            "group": self._called("group", named_there.groups | named_there.nested | names.groups),
        }
        reading = self._read(references, rows, records)
        if reading.ambiguous:
            raise Unlike("a name in the memberships fits several records")
        user_ids = users.renamed_ids | wanted["user"] | self._ids_of("user", records, names.members)
        group_ids = groups.renamed_ids | wanted["group"] | self._ids_of("group", records, names.groups)
        user_ids.discard("")
        group_ids.discard("")
        memberships: dict[str, list[str]] = {user_id: [] for user_id in user_ids}
        for group_id, (inside, _) in reading.found.items():
            for user_id in user_ids.intersection(inside):
                memberships[user_id].append(group_id)
        members: dict[str, DirectMembers] = {}
        for group_id in group_ids:
            inside, nested = reading.found.get(group_id, ({}, {}))
            members[group_id] = (tuple(inside), tuple(nested))
        if is_noted:
            facts = facts_with(facts, reading.notices)
        changes = SourceChanges(
            records=users.records | groups.records,
            members=members,
            memberships=memberships,
            warnings=tuple(reading.notices) if is_noted else None,
        )
        return changes, facts

    def _read(self, references: References, rows: list[Row], records: Mapping[Kind, list[Record]]) -> Memberships:
        """The memberships of these rows, read as if there were no others. records: whom they name."""
        members = self._files.members
        if isinstance(members, MemberFile):
            users, groups = named(records["user"], records["group"], members)
        else:
            users, groups = (Named(kind, records[kind], self._by[kind]) for kind in KINDS)
        reading = Memberships(users, groups, {record.id: ({}, {}) for record in records["group"] if record.id})
        references.read(rows, reading)
        return reading

    def _called(self, kind: Kind, names: set[str]) -> list[Record]:
        """The records of one kind that are called so."""
        file = self._standing.get(PARTS[kind])
        if file is None:
            return []
        rows = {row[0]: row for at in self._columns(kind) for row in file.rows_with(at, names, self._form)}
        return [self._record(kind, rows[line]) for line in sorted(rows)]

    def _ids_of(self, kind: Kind, records: Mapping[Kind, list[Record]], names: set[str]) -> set[str]:
        """The ids of those records that are called by one of these names."""
        header = self._header(kind)
        places = [header[at] for at in self._columns(kind)] if records[kind] else []
        return {
            record.id
            for record in records[kind]
            if any(self._form(str(record.attributes[column])) in names for column in places)
        }

    def _columns(self, kind: Kind) -> list[int]:
        """Where the names stand by which memberships call the records of a kind."""
        file, by = self._standing[PARTS[kind]], self._by[kind]
        columns = {self._ids[kind] if by == ID else by, *([self._inner] if kind == "group" and self._inner else [])}
        return [file.column(column) for column in sorted(columns)]


def _by_id(rows: Iterable[Row], at: int) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(normal(row[1][at]), []).append(row)
    return found


def _counted(rows: Iterable[Row]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(cells) for _, cells in rows)


def facts_with(facts: Facts, notices: Iterable[Notice]) -> Facts:
    """The facts, with what is noted now."""
    noted = noted_in(notices)
    hindrance = "too many memberships are only noted" if len(noted) > _MANY else ""
    return replace(facts, noted=noted, hindrance=hindrance)


def _with(changes: SourceChanges, learned: Learned) -> SourceChanges:
    return replace(changes, learned=learned)
