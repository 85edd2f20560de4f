"""Memberships of CSV files: what is written is looked up, and kept by ids. Lists in a column are read in lists.py.

Whatever the layout, what a cell names is looked up among the users or the groups, by their ids or by another of their
columns. An id has to be that id; any other text, such as a name or an address, may be written in another case.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scim_bridge.config.source import MEMBER_TYPE, MemberFile, MemberList
from scim_bridge.model.identity import AmbiguousMember, Kind, Notice, Record
from scim_bridge.model.text import folded, normal, trimmed
from scim_bridge.source.table import Table

ID = "id"
_TYPES: Mapping[str, Kind] = {
    **dict.fromkeys(("user", "inetorgperson", "organizationalperson", "person", "posixaccount"), "user"),
    **dict.fromkeys(("group", "groupofnames", "groupofuniquenames", "posixgroup", "securitygroup"), "group"),
}
_NEVER_PROVISIONED = """
    computer contact foreignsecurityprincipal msds-groupmanagedserviceaccount msds-managedserviceaccount
    msds-delegatedmanagedserviceaccount publicfolder msexchdynamicdistributionlist device orgcontact serviceprincipal
    application administrativeunit customer external external_user service_account serviceaccount"""
_OTHER_TYPES = frozenset(_NEVER_PROVISIONED.split())
"""What else groups have as members in Active Directory, Entra ID and Google Workspace, as their exports call it."""
OTHER = "the member is not a user or a group"
_OF_GRAPH = "#microsoft.graph."
_BETWEEN_CLASSES = re.compile(r"[;|,\n]\s*")

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
    """The records of one kind by what a cell may call them. by: one of their columns, or "id".

    inner: the groups by what members are called by, where that is another column than `by`.
    """

    def __init__(self, kind: Kind, records: Iterable[Record], by: str, inner: "Named | None" = None) -> None:
        self.kind, self.by, self._inner = kind, by, inner
        records = tuple(records)
        self.names: dict[str, str] = {}
        """Name → id, letter for letter, what a million rows ask; no name that several have."""
        self._usual: dict[str, str] = {}
        self._several: dict[str, list[str]] = {}
        if by == ID:
            self.names = self._usual = {record.id: record.id for record in records if record.id}
        else:
            self._take((str(record.attributes.get(by, "")), record.id) for record in records if record.id)
        several = {source_id for ids in self._several.values() for source_id in ids}
        self._places = {record.id: record.place for record in records if several and record.id in several}

    def _take(self, named: Iterable[tuple[str, str]]) -> None:
        for name, source_id in named:
            usual = self.key(name)
            if not usual:
                continue
            if self._usual.setdefault(usual, source_id) != source_id:
                self._several.setdefault(usual, [self._usual[usual]]).append(source_id)
            self.names[name] = source_id
        self.names = {name: found for name, found in self.names.items() if self.key(name) not in self._several}

    def key(self, name: str) -> str:
        """A name in the form in which names are compared."""
        return normal(name) if self.by == ID else folded(name)

    def find(self, name: str) -> str | None:
        """The id of the record that is called so; None for none, and for several."""
        found = self.names.get(name)
        if found is not None:
            return found
        usual = self.key(name)
        return None if usual in self._several else self._usual.get(usual)

    def for_member(self, name: str) -> "Named":
        """Where a group that is a member is looked up: by what groups are called, else by what members are called."""
        is_inner = self._inner is not None and not self.fits(name) and self._inner.fits(name)
        return self._inner if self._inner is not None and is_inner else self

    def fits(self, name: str) -> tuple[str, ...]:
        """The ids of all records that are called so."""
        found = self.find(name)
        return (found,) if found is not None else tuple(self._several.get(self.key(name), ()))

    def called(self, name: str) -> str:
        """What is looked for, as a noun: "group 'dev'"."""
        return f"{self.kind} {name!r}" if self.by == ID else f"{self.kind} whose {self.by} is {name!r}"

    def shown(self, ids: Iterable[str]) -> str:
        """These records of one name, with where they are."""
        return "; ".join(f"{source_id} ({self._places.get(source_id, '')})" for source_id in ids)


def named(users: Iterable[Record], groups: Iterable[Record], members: MemberFile) -> tuple[Named, Named]:
    """The users and the groups by what a file of memberships calls them."""
    groups = tuple(groups)
    inner = Named("group", groups, members.member_by) if members.member_by != members.group_by else None
    return Named("user", users, members.member_by), Named("group", groups, members.group_by, inner)


@dataclass(slots=True, kw_only=True)
class _Doubt:
    """One name that several records have. place: where it is first written; count: how often it is."""

    named: Named
    name: str
    place: str
    fits: tuple[str, ...]
    groups: dict[str, None] = field(default_factory=dict)
    members: dict[tuple[Kind, str], None] = field(default_factory=dict)
    count: int = 0

    def told(self) -> AmbiguousMember:
        kind = self.named.kind
        more = f" and {self.count - 1} more" if self.count > 1 else ""
        fits = f"fits {len(self.fits)} {kind}s: {self.named.shown(self.fits)}"
        return AmbiguousMember(
            reference=self.name,
            groups=tuple(self.groups),
            users=tuple(member for each, member in self.members if each == "user"),
            nested=tuple(member for each, member in self.members if each == "group"),
            fits=tuple((kind, source_id) for source_id in self.fits),
            detail=f"{self.place}{more}: {self.named.called(self.name)} {fits}",
            remedy=f"Give each {kind} a {self.named.by} of its own, or list memberships by id.",
            count=self.count,
        )


@dataclass(slots=True)
class Memberships:
    """Direct memberships as they are read. found: group id → its members."""

    users: Named
    groups: Named
    found: dict[str, Group]
    notices: list[Notice] = field(default_factory=list)
    _doubts: dict[tuple[Kind, str], _Doubt] = field(default_factory=dict)

    @property
    def ambiguous(self) -> tuple[AmbiguousMember, ...]:
        """The names in memberships that several records have."""
        return tuple(doubt.told() for doubt in self._doubts.values())

    def read_rows(self, table: Table, columns: MemberFile) -> None:
        """A row for each membership; a type that is neither user nor group is a problem of the file."""
        if table.problems:
            return
        group_at, member_at, type_at = _places(table, columns)
        members_of, user_of = self._by_name().get, self.users.names.get
        for line, row in table.raw_rows():
            group, user = members_of(row[group_at]), user_of(row[member_at])
            is_user = type_at is None or row[type_at] == "user"
            if is_user and group is not None and user is not None and user not in group[0]:
                group[0][user] = None  # what a million rows do; all others are sorted out below
            elif any(cells := list(map(trimmed, row))) and not table.is_stray(line, cells):
                kind = _type(table, line, cells, type_at)
                place = f"{table.name}, line {line}"
                if kind is not None:
                    self.add(place, "row", cells[group_at], cells[member_at], kind)
                elif type_at is not None and is_other_type(cells[type_at]):
                    detail = f"{place}: {OTHER} ({cells[type_at]}); the row was dropped"
                    self.notices.append(Notice("unknown_member", cells[member_at], detail))

    def _by_name(self) -> Mapping[str, Group]:
        """The members of each group by its name, letter for letter."""
        if self.groups.by == ID:
            return self.found
        return {name: self.found[source_id] for name, source_id in self.groups.names.items()}

    def add(self, place: str, what: str, group_name: str, member_name: str, kind: Kind) -> None:
        """One membership as it is written. what: what is dropped if it is of no use, a row or a name."""
        among = self.users if kind == "user" else self.groups.for_member(member_name)
        groups, fits = self.groups.fits(group_name), among.fits(member_name)
        members, member = self.found.get(groups[0]) if groups else None, fits[0] if fits else ""
        if members is None or not fits:
            missing = self.groups.called(group_name) if members is None else among.called(member_name)
            detail = f"{place}: there is no {missing}; the {what} was dropped"
            self.notices.append(Notice("unknown_member", member_name, detail))
        elif len(groups) > 1:
            self._doubt(
                self.groups, group_name, place, several=groups, groups=groups, members=[(kind, fit) for fit in fits]
            )
        elif len(fits) > 1:
            self._doubt(among, member_name, place, several=fits, groups=groups, members=[(kind, fit) for fit in fits])
        elif member in members[0 if kind == "user" else 1]:
            detail = f"{place}: {kind} {member_name} is in group {group_name} already; the {what} was dropped"
            self.notices.append(Notice("duplicate_membership", member_name, detail))
        else:
            members[0 if kind == "user" else 1][member] = None

    def _doubt(
        self,
        named: Named,
        name: str,
        place: str,
        *,
        several: tuple[str, ...],
        groups: Iterable[str],
        members: Iterable[tuple[Kind, str]],
    ) -> None:
        """A membership of any of these groups by any of these members. named, several: those who share the name."""
        doubt = self._doubts.setdefault(
            (named.kind, named.key(name)), _Doubt(named=named, name=name, place=place, fits=several)
        )
        doubt.groups |= dict.fromkeys(groups)
        doubt.members |= dict.fromkeys(members)
        doubt.count += 1


def type_of(written: str) -> Kind | None:
    """The kind that a file of memberships calls so, in any case; None if it is not a word for users or groups.

    All classes of an entry may be listed (`top;person;user`). A computer is a user too, and is none here.
    """
    classes = _classes(written)
    found = {_TYPES[each] for each in classes if each in _TYPES}
    return None if _OTHER_TYPES.intersection(classes) else "group" if "group" in found else next(iter(found), None)


def is_other_type(written: str) -> bool:
    """Whether it is a word for members that are never provisioned, such as devices and contacts."""
    return not _OTHER_TYPES.isdisjoint(_classes(written))


def _classes(written: str) -> list[str]:
    return [each.removeprefix(_OF_GRAPH) for each in _BETWEEN_CLASSES.split(folded(written))]


def _places(table: Table, columns: MemberFile) -> tuple[int, int, int | None]:
    header, kind = table.header, columns.type or MEMBER_TYPE
    return header.index(columns.group), header.index(columns.member), header.index(kind) if kind in header else None


def _type(table: Table, line: int, cells: Sequence[str], type_at: int | None) -> Kind | None:
    """What a row says its member is, None for what is never provisioned. Any other word is a problem of the file."""
    if type_at is None:
        return "user"
    written = trimmed(cells[type_at])
    kind = type_of(written) if written else "user"
    if kind is None and not is_other_type(written):
        column = table.header[type_at]
        table.problems.append(
            f"{table.name}, line {line}, column {type_at + 1}: {column} {written!r} is neither user nor group"
        )
    return kind
