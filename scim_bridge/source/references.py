"""Who is named as a member of what, in the rows that have a say: of a file of memberships, or of a column of lists.

Both give the same: which names the rows that came or went speak of, the rows that speak of given names, and, once the
records of these names are known, the memberships that these rows show. They are read by the code for whole files.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field
from typing import Protocol

from scim_bridge.config.source import MEMBER_TYPE, MemberFile, MemberList
from scim_bridge.model.identity import Kind
from scim_bridge.model.text import normal
from scim_bridge.source.kept_file import StandingFile
from scim_bridge.source.lists import SEPARATORS, Lists, Splitter
from scim_bridge.source.membership import Memberships, type_of
from scim_bridge.source.piece import Row, Unlike
from scim_bridge.source.table import Table

Form = Callable[[str], str]
"""Brings a name into the form in which names are looked for."""


@dataclass(slots=True)
class Names:
    """Names in the form in which they are looked for. members: of users and groups in groups; groups: that have them.

    nested: the groups among the members.
    """

    members: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    nested: set[str] = field(default_factory=set)


class References(Protocol):
    """The rows that name members."""

    @property
    def is_changed(self) -> bool:
        """Whether the file in which they stand has changed."""
        ...

    def touched(self) -> Names:
        """The users and groups that rows name which came or went. Raises Unlike."""
        ...

    def refuse_renamed(self, names: Set[str]) -> None:
        """Raise Unlike if rows would be taken apart otherwise, now that these names have come or gone."""
        ...

    def outer(self, nested: Set[str]) -> set[str]:
        """The names of the groups that have one of these groups as a member."""
        ...

    def naming(self, names: Names) -> list[Row]:
        """The rows that name one of these members, or one of these groups, in the order in which they stand."""
        ...

    def named_in(self, rows: Iterable[Row]) -> Names:
        """Whom these rows name."""
        ...

    def read(self, rows: list[Row], into: Memberships) -> None:
        """The memberships that these rows show, and what is to be noted of them. Raises Unlike."""
        ...


class MemberRows:
    """A file with a row for each membership."""

    def __init__(self, file: StandingFile, columns: MemberFile, form: Form) -> None:
        self._file, self._columns, self._form = file, columns, form
        kind = columns.type or MEMBER_TYPE
        self._group, self._member = file.column(columns.group), file.column(columns.member)
        self._type = file.column(kind) if kind in file.kept.header else None

    @property
    def is_changed(self) -> bool:
        """Of the file of these rows."""
        return self._file.is_changed

    def touched(self) -> Names:
        """Of the rows that came or went."""
        gone = ((0, cells) for cells in self._file.gone)
        rows = [*self._file.come, *gone]
        found = self.named_in(rows)
        # A user's memberships are found by the user. Of a group within a group only the outer one is asked for.
        outer = {self._form(cells[self._group]) for _, cells in rows if self._kind(cells) != "user"}
        return Names(found.members, outer)

    def naming(self, names: Names) -> list[Row]:
        """The rows, each once, by their lines."""
        rows = {row[0]: row for row in self._file.rows_with(self._member, names.members | names.nested, self._form)}
        rows |= {row[0]: row for row in self._file.rows_with(self._group, names.groups, self._form)}
        return [rows[line] for line in sorted(rows)]

    def named_in(self, rows: Iterable[Row]) -> Names:
        """Both ends of these memberships."""
        found = Names()
        for _, cells in rows:
            found.groups.add(self._form(cells[self._group]))
            (found.nested if self._kind(cells) == "group" else found.members).add(self._form(cells[self._member]))
        return found

    def refuse_renamed(self, names: Set[str]) -> None:
        """Nothing is taken apart here."""

    def outer(self, nested: Set[str]) -> set[str]:
        """The first column of the rows of these groups."""
        rows = self._file.rows_with(self._member, nested, self._form)
        return {self._form(cells[self._group]) for _, cells in rows if self._kind(cells) == "group"}

    def read(self, rows: list[Row], into: Memberships) -> None:
        """As if the file had these rows alone."""
        table = Table(name=self._file.path.name, header=self._file.kept.header, given=rows)
        into.read_rows(table, self._columns)
        if table.problems:
            raise Unlike("a row is not one of a membership")

    def _kind(self, cells: list[str]) -> Kind | None:
        written = cells[self._type] if self._type is not None else ""
        return type_of(written) if written else "user"


class ListCells:
    """A column of lists. separator: the one that the lists use, where that is not declared."""

    def __init__(self, file: StandingFile, members: MemberList, id_column: str, form: Form, separator: str) -> None:
        self._file, self._members, self._form = file, members, form
        self._id, self._at = file.column(id_column), file.column(members.column)
        self._is_found = members.separator == "auto"
        self._separator = separator if self._is_found else members.separator
        self._split = Splitter(self._separator or SEPARATORS[0], None)

    @property
    def is_changed(self) -> bool:
        """Of the file of these rows."""
        return self._file.is_changed

    def touched(self) -> Names:
        """Of the lists that are others than before."""
        then, now = Counter(self._cells(self._file.gone)), Counter(self._cells(row for _, row in self._file.come))
        changed = set((then - now) + (now - then))
        for _, text in changed if self._is_found else ():
            self._refuse_marks(text, (mark for mark in SEPARATORS if mark != self._separator))
        owners = {self._form(owner) for owner, _ in changed}
        return Names(members=owners) if self._members.of == "user" else Names(groups=owners)

    def _refuse_marks(self, text: str, marks: Iterable[str]) -> None:
        """Raise Unlike if a text may change what is taken for the separator of two names."""
        if any(mark in text for mark in marks):
            raise Unlike(f"the lists of column {self._members.column} may be separated otherwise")

    def refuse_renamed(self, names: Set[str]) -> None:
        """Names in which a separator stands may be whole names or lists."""
        # What is a name as a whole is not taken apart, and does not count when the separator is looked for.
        for name in names:
            self._refuse_marks(name, SEPARATORS if self._is_found else self._separator)

    def outer(self, nested: Set[str]) -> set[str]:  # noqa: ARG002 - the interface
        """None: lists name users alone."""
        return set()

    def naming(self, names: Names) -> list[Row]:
        """The records that have a list, if they or someone in it are meant."""
        owners, others = (names.members, names.groups) if self._members.of == "user" else (names.groups, names.members)
        if others:
            rows = self._file.rows()
            return [row for row in rows if row[1][self._at] and self._has(row[1], owners, others)]
        return [row for row in self._file.rows_with(self._id, owners, self._form) if row[1][self._at]]

    def _has(self, cells: list[str], owners: Set[str], others: Set[str]) -> bool:
        if self._form(cells[self._id]) in owners:
            return True
        return any(self._form(name) in others for name in self._names(cells[self._at]))

    def named_in(self, rows: Iterable[Row]) -> Names:
        """The records of these lists, and whom the lists may name."""
        owners: set[str] = set()
        others: set[str] = set()
        for _, cells in rows:
            owners.add(self._form(cells[self._id]))
            others |= set(map(self._form, self._names(cells[self._at])))
        return Names(owners, others) if self._members.of == "user" else Names(others, owners)

    def _names(self, text: str) -> Iterator[str]:
        """The names of a list, and the list itself, which may be one name."""
        yield text
        yield from self._split(text)

    def read(self, rows: list[Row], into: Memberships) -> None:
        """As if no other record had a list."""
        known = into.groups if self._members.of == "user" else into.users
        split = Splitter(self._separator or SEPARATORS[0], known)
        where = f"{self._file.path.name}, line "
        cells = [(f"{where}{line}", normal(row[self._id]), row[self._at]) for line, row in rows if row[self._id]]
        Lists(self._members.of, cells, split, into.users, into.groups).read(into)

    def _cells(self, rows: Iterable[list[str]]) -> Iterator[tuple[str, str]]:
        return ((normal(row[self._id]), row[self._at]) for row in rows if row[self._at])
