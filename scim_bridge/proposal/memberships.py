"""How a source's memberships are laid out: which columns name groups and members, and by what; found by what matches.

A file with a row for each membership, a column of users that lists their groups, or one of groups that lists users.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from scim_bridge.config.section_of_settings import defaults_of
from scim_bridge.config.source import MEMBER_TYPE, MemberFile
from scim_bridge.model.identity import Kind, Record
from scim_bridge.model.text import folded, normal
from scim_bridge.proposal.cell_values import is_yes
from scim_bridge.proposal.columns import Columns
from scim_bridge.proposal.headers import MEMBER_FILE, headers_for, plain, speaks_of
from scim_bridge.proposal.survey import MemberTable, Survey
from scim_bridge.source.membership import is_other_type, type_of

ID = "id"
_DEFAULTS = defaults_of(MemberFile)
_OURS = {role: _DEFAULTS[role] for role in ("group", "member")}
"""The columns of a file of memberships that bridge.yaml need not name."""
_FEW = 0.5
"""The share of names that must be known for a column to be taken for one of names."""
_DIGITS = 3
_MARKS = (";", "|", "\n", "\t", "、", "；", ",", "，", " / ")
_MAYBE = re.compile("group|gruppe|grupo|groupe|role|rolle|グループ|権限|ロール")
_DN = re.compile(r"[A-Za-z]+=[^,=]+,[A-Za-z]+=")
_ALSO_IN_NAMES = ("・", "/")
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
    kind = _type_column(table)
    users = _of_users(table, kind)
    groups = list(_references(table, survey, "group", columns))
    members = list(_references(users, survey, "user", columns))
    pairs = [
        (one_score + other_score, group, member)
        for one_score, group in groups
        for other_score, member in members
        if group.column != member.column
    ]
    if pairs:
        _, group, member = max(pairs, key=lambda pair: pair[0])
        group, member = _by_id(table, survey, columns, "group", group), _by_id(users, survey, columns, "user", member)
        return FileLayout(group, member, kind)
    return FileLayout(_by_name(table.header, "group"), _by_name(table.header, "member"), kind)


def reference(table: MemberTable, survey: Survey, columns: Columns, role: str, column: str) -> Reference:
    """A column that a person named: what it names them by."""
    rows = table if role == "group" else _of_users(table, _type_column(table))
    found = [each for each in _references(rows, survey, _kind(role), columns) if each[1].column == column]
    return max(found, key=lambda each: each[0])[1] if found else Reference(column, ID)


def _kind(role: str) -> Kind:
    return "group" if role == "group" else "user"


def _by_id(table: MemberTable, survey: Survey, columns: Columns, kind: Kind, found: Reference) -> Reference:
    """The column with the ids of the same records, row for row, if the file has one: names change and ids do not."""
    id_column = (columns.users if kind == "user" else columns.groups).get("id", "")
    if found.by in (ID, id_column):
        return found
    ids = {
        _called(str(each.attributes.get(found.by, "")), found.by): _text(each, id_column) for each in survey.of(kind)
    }
    name_at = table.header.index(found.column)
    for at, column in enumerate(table.header):
        pairs = [(ids.get(_called(row[name_at], found.by)), _called(row[at], ID)) for row in table.rows if row[name_at]]
        known = [(source_id, text) for source_id, text in pairs if source_id is not None]
        if known and all(source_id and source_id == text for source_id, text in known):
            return Reference(column, ID)
    return found


def _by_name(header: Sequence[str], role: str) -> Reference | None:
    if _OURS[role] in header:
        return Reference(_OURS[role], ID)
    found = [name for name in header if speaks_of(name, MEMBER_FILE[role])]
    return Reference(found[0], ID) if len(found) == 1 else None


def _type_column(table: MemberTable) -> str:
    """The column that says what members are: by its header and values, else by values that say nothing else."""
    fitting = [name for name in table.header if _are_types(table.column(name))]
    for name in fitting:
        if speaks_of(name, MEMBER_FILE["type"]):
            return name
    others = [name for name in fitting if not speaks_of(name, f"{MEMBER_FILE['group']} {MEMBER_FILE['member']}")]
    return others[0] if len(others) == 1 else ""


def _of_users(table: MemberTable, kind: str) -> MemberTable:
    """The rows whose members are users. kind: the column that says so, "" if there is none."""
    if not kind:
        return table
    at = table.header.index(kind)
    return replace(table, rows=[row for row in table.rows if not row[at] or type_of(row[at]) == "user"])


def _are_types(values: set[str]) -> bool:
    return any(type_of(value) for value in values) and all(type_of(value) or is_other_type(value) for value in values)


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
    """What users or groups may be named by: their id, then each column in which no one has another's value.

    An id that is an address is looked up as that column, because the case of an address does not matter.
    """
    id_column = (columns.users if kind == "user" else columns.groups).get("id", "")
    ids = _texts(survey.of(kind), id_column)
    if ids and all("@" in text for text in ids):
        yield id_column, {_called(text, id_column) for text in ids}
    else:
        yield ID, {_called(text, ID) for text in ids}
    for seen in survey.profiles:
        if seen.kind == kind and seen.distinct == seen.filled and 2 * seen.filled >= seen.records:
            texts = _texts(survey.of(kind), seen.name)
            if not all(map(_is_no_name, texts)):
                yield seen.name, {_called(text, seen.name) for text in texts}


def _is_no_name(text: str) -> bool:
    """A yes, a no or a small number: two groups may differ in it, and it names neither of them."""
    return is_yes(text) is not None or (text.isdigit() and len(text) <= _DIGITS)


def _texts(records: Iterable[Record], column: str) -> list[str]:
    return [text for record in records if (text := str(record.attributes.get(column, "")))]


def _text(record: Record, column: str) -> str:
    return _called(str(record.attributes.get(column, "")), ID)


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


def nothing_found(seen: Survey) -> str:
    """The sentence that says so, with the columns that may list groups though no header known says it."""
    maybe = [name for name in seen.types["user"] if _MAYBE.search(plain(name))]
    looked = f" (look at {', '.join(maybe)})" if maybe else ""
    return (
        "no column and no file was found that says who is in which group, so no memberships are sent; name the column "
        f"with --list-column{looked}, or the files with --groups and --members (without groups: --groups -)"
    )


def separator(texts: Iterable[str], names: set[str], by: str) -> str:
    """What separates two names in lists, "auto" if there is no choice. names: those that are known."""
    lists = [text for text in texts if _called(text, by) not in names]
    used = [mark for mark in _MARKS if any(mark in text for text in lists)]
    if _are_entries(lists):  # the commas of a distinguished name separate no two of them
        return next((mark for mark in (";", "|", "\n") if mark in used), ";")
    if not used:
        return next((mark for mark in _ALSO_IN_NAMES if _stands_alone(lists, mark, names, by)), "auto")
    if len(used) == 1 and used[0] in _FOUND_BY_ITSELF:
        return "auto"
    if not names:
        return used[0]
    return max(used, key=lambda mark: sum(_called(piece, by) in names for text in lists for piece in _cut(text, mark)))


def _stands_alone(lists: Collection[str], mark: str, names: set[str], by: str) -> bool:
    """Whether what the mark separates in one list is a name or a whole list elsewhere."""
    known = names | {_called(text, by) for text in lists}
    return any(_called(piece, by) in known for text in lists if mark in text for piece in _cut(text, mark))


def lists_entries(survey: Survey, column: str) -> bool:
    """Whether a column of users lists distinguished names, as Active Directory's memberOf does."""
    return _are_entries(_texts(survey.of("user"), column))


def _are_entries(texts: Collection[str]) -> bool:
    return bool(texts) and all(map(_DN.match, texts))


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
    section |= {"type": layout.type} if layout.type and layout.type != MEMBER_TYPE else {}
    section |= {"group_by": group.by} if group.by != ID else {}
    section |= {"member_by": member.by} if member.by != ID else {}
    return file if section == {"file": file, **_OURS} else section
