"""Memberships of CSV files: what is written is looked up, and kept by ids. Lists in a column are read in lists.py.

Whatever the layout, what a cell names is looked up among the users or the groups, by their ids or by another of their
columns. An id has to be that id; any other text, such as a name or an address, may be written in another case.
"""

import unicodedata
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scim_bridge.config.source import MemberFile, MemberList
from scim_bridge.model.identity import Kind, Notice, Record
from scim_bridge.source.table import Table

ID = "id"
_TYPES: Mapping[str, Kind] = {"user": "user", "group": "group", "": "user"}

Group = tuple[dict[str, None], dict[str, None]]
"""A group's direct members while they are read: user ids and group ids, in order, each once."""
Row = tuple[str, str, Kind]
"""One membership by ids: the group, the member, and what the member is."""


def columns_used(members: MemberFile | MemberList | None, kind: Kind) -> tuple[str, ...]:
    """The columns of the users' or the groups' file that memberships are found by, the id's aside."""
    if isinstance(members, MemberFile):
        by = members.member_by if kind == "user" else members.group_by
    elif isinstance(members, MemberList):
        by = members.column if members.of == kind else members.by
    else:
        by = ID
    return (by,) if by != ID else ()


class Named:
    """The records of one kind by what a cell may call them. by: one of their columns, or "id"."""

    def __init__(self, kind: Kind, records: Iterable[Record], by: str) -> None:
        self.kind, self.by = kind, by
        self._exact: dict[str, str] = {}
        self._usual: dict[str, str] = {}
        self._several: dict[str, list[str]] = {}
        if by == ID:
            self._exact = self._usual = {record.id: record.id for record in records if record.id}
        else:
            self._take((str(record.attributes.get(by, "")), record.id) for record in records if record.id)
        self.at_once: Callable[[str], str | None] = self._exact.get
        """The id of the record that is called so, letter for letter; what a million rows ask."""

    def _take(self, named: Iterable[tuple[str, str]]) -> None:
        for name, source_id in named:
            usual = self._spelling(name)
            if usual and self._usual.setdefault(usual, source_id) != source_id:
                self._several.setdefault(usual, [self._usual[usual]]).append(source_id)
            self._exact[name] = source_id
        self._exact = {name: found for name, found in self._exact.items() if self._spelling(name) not in self._several}

    def _spelling(self, name: str) -> str:
        return name if self.by == ID else unicodedata.normalize("NFC", name).casefold()

    def find(self, name: str) -> str | None:
        """The id of the record that is called so; None for none, and for several."""
        found = self._exact.get(name)
        if found is not None:
            return found
        usual = self._spelling(name.strip())
        return None if usual in self._several else self._usual.get(usual)

    def why_not(self, name: str) -> str:
        """A clause that says why no record was found."""
        what = f"{self.kind} {name!r}" if self.by == ID else f"{self.kind} whose {self.by} is {name!r}"
        several = self._several.get(self._spelling(name))
        return f"there is no {what}" if several is None else f"there are several of {what}: {', '.join(several)}"


@dataclass(slots=True)
class Memberships:
    """Direct memberships as they are read. found: group id → its members."""

    users: Named
    groups: Named
    found: dict[str, Group]
    notices: list[Notice] = field(default_factory=list)

    def read_rows(self, table: Table, columns: MemberFile) -> None:
        """A row for each membership; a type that is neither user nor group is a problem of the file."""
        if table.problems:
            return
        group_at, member_at, type_at = _places(table, columns)
        members_of, id_of, user_of = self.found.get, self.groups.at_once, self.users.at_once
        for line, row in table.raw_rows():
            group, user = members_of(id_of(row[group_at]) or ""), user_of(row[member_at])
            is_user = type_at is None or row[type_at] == "user"
            if is_user and group is not None and user is not None and user not in group[0]:
                group[0][user] = None  # what a million rows do; all others are told apart below
            elif any(cells := list(map(str.strip, row))):
                kind = _type(table, line, cells, type_at)
                if kind is not None:
                    self.add(f"{table.name}, line {line}", "row", cells[group_at], cells[member_at], kind)

    def add(self, place: str, what: str, group_name: str, member_name: str, kind: Kind) -> None:
        """One membership as it is written. what: what is dropped if it is of no use, a row or a name."""
        members = self.found.get(self.groups.find(group_name) or "")
        among = self.users if kind == "user" else self.groups
        member = among.find(member_name)
        if members is None or member is None:
            why = self.groups.why_not(group_name) if members is None else among.why_not(member_name)
            self.notices.append(Notice("unknown_member", member_name, f"{place}: {why}; the {what} was dropped"))
        elif member in members[0 if kind == "user" else 1]:
            detail = f"{place}: {kind} {member_name} is in group {group_name} already; the {what} was dropped"
            self.notices.append(Notice("duplicate_membership", member_name, detail))
        else:
            members[0 if kind == "user" else 1][member] = None


def rows_about(
    table: Table, columns: MemberFile, users: Named, groups: Named, ids: Mapping[Kind, Container[str]]
) -> list[Row]:
    """The rows that concern these users or groups. Every row is looked at, so a broken one is a problem of the file."""
    found = list[Row]()
    if table.problems:
        return found
    group_at, member_at, type_at = _places(table, columns)
    for line, row in table.raw_rows():
        kind = _type(table, line, row, type_at)
        group = groups.find(row[group_at])
        if kind is None or group is None:
            continue
        member = (users if kind == "user" else groups).find(row[member_at])
        if member is not None and (group in ids["group"] or (kind == "user" and member in ids["user"])):
            found.append((group, member, kind))
    return found


def _places(table: Table, columns: MemberFile) -> tuple[int, int, int | None]:
    header, kind = table.header, columns.type or "member_type"
    return header.index(columns.group), header.index(columns.member), header.index(kind) if kind in header else None


def _type(table: Table, line: int, cells: Sequence[str], type_at: int | None) -> Kind | None:
    """What a row says its member is; None, and a problem of the file, where that is neither user nor group."""
    if type_at is None:
        return "user"
    written = cells[type_at].strip()
    kind = _TYPES.get(written.casefold())
    if kind is None:
        column = table.header[type_at]
        table.problems.append(
            f"{table.name}, line {line}, column {type_at + 1}: {column} {written!r} is neither user nor group"
        )
    return kind
