"""How a source's memberships are laid out: which columns name groups and members, and by what; found by what matches.

A file with a row for each membership, a column of users that lists their groups, or one of groups that lists users.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from scim_bridge.model.identity import Kind, Record
from scim_bridge.model.text import folded, normal
from scim_bridge.proposal.columns import Columns
from scim_bridge.proposal.header import headers_for, speaks_of
from scim_bridge.proposal.header_names import MEMBER_FILE
from scim_bridge.proposal.survey import MemberTable, Survey

ID = "id"
_OURS = {"group": "group_id", "member": "member_id"}
_FEW = 0.5
"""The share of names that must be known for a column to be taken for one of names."""
_MARKS = (";", "|", "\n", "、", ",")
_FOUND_BY_ITSELF = (";", "|", "\n", ",")
_OF_A_PROGRAM = ("Microsoft.ActiveDirectory.", "System.Collections.", "System.Object[]", "System.String[]")
"""What PowerShell writes for a list that no one joined."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that names groups or users. by: the column of theirs that it names them by, "id" for their id."""

    column: str
    by: str


@dataclass(frozen=True, slots=True)
class FileLayout:
    """The columns of a file of memberships, None where nothing says which one it is. type: "" if there is none."""

    group: Reference | None
    member: Reference | None
    type: str


@dataclass(frozen=True, slots=True)
class ListLayout:
    """A column of lists. of: whose column; separator: "auto" where the column has one only."""

    of: Literal["users", "groups"]
    column: str
    by: str
    separator: str


def file_layout(table: MemberTable, survey: Survey, columns: Columns) -> FileLayout:
    """Which columns of a file of memberships name groups and members: those whose values are theirs."""
    kind = next(
        (name for name in table.header if speaks_of(name, MEMBER_FILE["type"]) and _are_types(table.column(name))), ""
    )
    groups = list(_references(table, survey, "group", columns))
    members = list(_references(table, survey, "user", columns))
    pairs = [
        (one_score + other_score, group, member)
        for one_score, group in groups
        for other_score, member in members
        if group.column != member.column
    ]
    if pairs:
        _, group, member = max(pairs, key=lambda pair: pair[0])
        return FileLayout(group, member, kind)
    return FileLayout(_by_name(table.header, "group"), _by_name(table.header, "member"), kind)


def reference(table: MemberTable, survey: Survey, columns: Columns, role: str, column: str) -> Reference:
    """A column that a person named: what it names them by."""
    found = [each for each in _references(table, survey, _kind(role), columns) if each[1].column == column]
    return max(found, key=lambda each: each[0])[1] if found else Reference(column, ID)


def _kind(role: str) -> Kind:
    return "group" if role == "group" else "user"


def _by_name(header: Sequence[str], role: str) -> Reference | None:
    if _OURS[role] in header:
        return Reference(_OURS[role], ID)
    found = [name for name in header if speaks_of(name, MEMBER_FILE[role])]
    return Reference(found[0], ID) if len(found) == 1 else None


def _are_types(values: set[str]) -> bool:
    return bool(values) and {value.casefold() for value in values} <= {"user", "group"}


def _references(table: MemberTable, survey: Survey, kind: Kind, columns: Columns) -> Iterator[tuple[float, Reference]]:
    """Columns of the file whose values are mostly groups' or users', the better the higher."""
    role = "group" if kind == "group" else "member"
    known = list(_known(survey, kind, columns))
    for column in table.header:
        values = table.column(column)
        for by, names in known:
            share = _share(values, by, names)
            if share >= _FEW:
                is_named = speaks_of(column, MEMBER_FILE[role]) or column == _OURS[role]
                yield share + is_named / 2 + (by == ID) / 4, Reference(column, by)


def _share(values: Collection[str], by: str, names: set[str]) -> float:
    return sum(_called(value, by) in names for value in values) / len(values) if values else 0


def _called(name: str, by: str) -> str:
    """A name as it is looked up: an id has to be that id, anything else may be in another case."""
    return normal(name) if by == ID else folded(name)


def _known(survey: Survey, kind: Kind, columns: Columns) -> Iterator[tuple[str, set[str]]]:
    """What users or groups may be named by: their id, then each column in which no one has another's value."""
    id_column = (columns.users if kind == "user" else columns.groups).get("id", "")
    yield ID, {_called(text, ID) for text in _texts(survey.of(kind), id_column)}
    for seen in survey.profiles:
        if seen.kind == kind and seen.distinct == seen.filled and 2 * seen.filled >= seen.records:
            yield seen.name, {_called(text, seen.name) for text in _texts(survey.of(kind), seen.name)}


def _texts(records: Iterable[Record], column: str) -> list[str]:
    return [text for record in records if (text := str(record.attributes.get(column, "")))]


def list_layouts(survey: Survey, columns: Columns) -> Iterator[ListLayout]:
    """Columns whose header says that they list groups or users, and whose lists name them, the surest first."""
    if columns.has_groups:
        yield from _lists(survey, columns, "group", "members")
    yield from _lists(survey, columns, "user", "groups")


def list_layout(survey: Survey, columns: Columns, column: str) -> ListLayout | None:
    """A column of lists that a person named, None if there is no such column."""
    for owner in ("user", "group"):
        if column in survey.types[owner]:
            return _list_in(survey, columns, owner, column, is_sure=True)
    return None


def _lists(survey: Survey, columns: Columns, owner: Kind, role: str) -> Iterator[ListLayout]:
    for column in headers_for(survey.types[owner], owner, role):
        layout = _list_in(survey, columns, owner, column, is_sure=False)
        if layout is not None:
            yield layout


def _list_in(survey: Survey, columns: Columns, owner: Kind, column: str, *, is_sure: bool) -> ListLayout | None:
    """How a column lists the others. is_sure: take it for what it is said to be, whatever it names."""
    texts = sorted(set(_texts(survey.of(owner), column)))
    of: Literal["users", "groups"] = "users" if owner == "user" else "groups"
    if not texts or any(text.startswith(_OF_A_PROGRAM) for text in texts):
        return None
    if owner == "user" and not columns.has_groups:
        return ListLayout(of, column, ID, separator(texts, set(), ID))
    found = []
    for by, names in _known(survey, "group" if owner == "user" else "user", columns):
        mark = separator(texts, names, by)
        share = _share(_pieces(texts, mark, names, by), by, names)
        found.append((share + (by == ID) / 4, share, ListLayout(of, column, by, mark)))
    best = max(found, key=lambda each: each[0], default=None)
    return best[2] if best is not None and (is_sure or best[1] >= _FEW) else None


def unusable_lists(survey: Survey) -> Iterator[str]:
    """A sentence for each column that would list groups if the export had written them out."""
    for column in headers_for(survey.types["user"], "user", "groups"):
        example = next((text for text in _texts(survey.of("user"), column) if text.startswith(_OF_A_PROGRAM)), "")
        if example:
            yield (
                f"{column} holds {example!r}, the name of a type and not a list of groups: join the names in the "
                f"export (@{{n='{column}';e={{$_.{column} -join ';'}}}})"
            )


def separator(texts: Iterable[str], names: set[str], by: str) -> str:
    """What separates two names in lists, "auto" if there is no choice. names: those that are known."""
    lists = [text for text in texts if _called(text, by) not in names]
    used = [mark for mark in _MARKS if any(mark in text for text in lists)]
    if not used or (len(used) == 1 and used[0] in _FOUND_BY_ITSELF):
        return "auto"
    if not names:
        return used[0]
    return max(used, key=lambda mark: sum(_called(piece, by) in names for text in lists for piece in _cut(text, mark)))


def _pieces(texts: Iterable[str], mark: str, names: set[str], by: str) -> list[str]:
    marks = [one for one in _FOUND_BY_ITSELF if any(one in text for text in texts)] if mark == "auto" else [mark]
    return [
        piece
        for text in texts
        for piece in ([text] if _called(text, by) in names or not marks else _cut(text, marks[0]))
    ]


def _cut(text: str, mark: str) -> list[str]:
    return [piece.strip() for piece in text.split(mark) if piece.strip()]


def as_section(layout: FileLayout | ListLayout, file: str = "") -> str | dict[str, Any]:
    """`members` of bridge.yaml: the file alone where its columns are ours."""
    if isinstance(layout, ListLayout):
        return {
            layout.of: layout.column,
            **({"separator": layout.separator} if layout.separator != "auto" else {}),
            **({"by": layout.by} if layout.by != ID else {}),
        }
    group, member = layout.group or Reference(_OURS["group"], ID), layout.member or Reference(_OURS["member"], ID)
    section: dict[str, Any] = {"file": file, "group": group.column, "member": member.column}
    section |= {"type": layout.type} if layout.type and layout.type != "member_type" else {}
    section |= {"group_by": group.by} if group.by != ID else {}
    section |= {"member_by": member.by} if member.by != ID else {}
    return file if section == {"file": file, "group": "group_id", "member": "member_id"} else section
