"""What `init` asks of memberships where it is not plain from the files: which columns name groups and members."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from scim_bridge.cli.init_asking import Asking
from scim_bridge.config.source import CsvSettings
from scim_bridge.config.source_document import FROM_USERS
from scim_bridge.config.yaml_file import nearest
from scim_bridge.errors import Misconfigured
from scim_bridge.proposal import memberships, question
from scim_bridge.proposal.columns import Columns
from scim_bridge.proposal.memberships import FileLayout, ListLayout, Reference, as_section
from scim_bridge.proposal.survey import MemberTable, Survey, member_table

_ONE_GROUP = ", or, if the file lists one group only, add a column that names it"


def with_memberships(
    asking: Asking, answers: question.Answers, settings: CsvSettings, seen: Survey, columns: Columns
) -> tuple[Mapping[str, Any], Columns]:
    """What `source` of bridge.yaml says of groups and memberships, and the columns, with those of groups made.

    Raises Misconfigured if it cannot be found out and there is no terminal to ask on.
    """
    table = member_table(settings, answers["members"])
    if table is not None:
        return {"members": as_section(_in_file(asking, table, seen, columns), table.file)}, columns
    layout = _in_lists(asking, answers, seen, columns)
    notes = (*columns.notes, *memberships.unusable_lists(seen))
    if layout is None:
        is_declined = question.NOTHING in map(asking.given.get, ("groups", "members", "list-column"))
        return {}, replace(columns, notes=notes if is_declined else (*notes, memberships.nothing_found(seen)))
    whose = "the groups of each user" if layout.of == "users" else "the users of each group"
    told = f"{layout.column} lists {whose}"
    if columns.has_groups:
        return {"members": as_section(layout)}, replace(columns, notes=(*notes, told))
    made = f"{told}, and groups are made from these names (`groups: {FROM_USERS}`; without groups: --groups -)"
    return (
        {"groups": FROM_USERS, "members": as_section(layout)},
        replace(columns, groups=_made(seen, layout.column), has_groups=True, notes=(*notes, made)),
    )


def _made(seen: Survey, column: str) -> dict[str, str]:
    """The columns of groups that are made from users' lists. dn: their names are distinguished names."""
    made = {"id": "id", "name": "name"}
    return {**made, "dn": "name"} if memberships.lists_entries(seen, column) else made


def _in_file(asking: Asking, table: MemberTable, seen: Survey, columns: Columns) -> FileLayout:
    found = memberships.file_layout(table, seen, columns)
    chosen: dict[str, Reference | None] = {}
    for role, guessed in (("group", found.group), ("member", found.member)):
        known = guessed.column if guessed is not None else None
        there = ", ".join(table.header)
        column = asking.choose(
            question.Question(
                name=f"{role}-column",
                asks=f"Column of {table.file} that names the {role}",
                check=_one_of(table.header),
                default=known,
                applies=lambda _, known=known: known is None,  # type: ignore[misc]
                unanswered=(
                    f"{table.file}, line 1: no column names the {role}s that are in the other files; "
                    f"there are: {there}; name it with --{role}-column{_ONE_GROUP if role == 'group' else ''}"
                ),
            )
        )
        chosen[role] = (
            guessed
            if not column or (guessed is not None and guessed.column == column)
            else memberships.reference(table, seen, columns, role, column)
        )
    return FileLayout(chosen["group"], chosen["member"], found.type)


def _one_of(header: Collection[str]) -> question.Check:
    def check(answer: str, _: question.Answers) -> None:
        if answer and answer not in header:
            there = ", ".join(header)
            raise ValueError(f": there is no column {answer!r}{nearest(answer, header)}; there are: {there}")

    return check


def _in_lists(asking: Asking, answers: question.Answers, seen: Survey, columns: Columns) -> ListLayout | None:
    """The column of lists: the one that is given, else the surest. None if none is wanted."""
    wants_none = not answers["groups"] and asking.given.get("groups") is not None
    if wants_none or (columns.has_groups and asking.given.get("members") is not None):
        return None
    found = next(memberships.list_layouts(seen, columns), None)
    header = [*seen.types["user"], *(seen.types["group"] if columns.has_groups else ())]
    column = asking.choose(
        question.Question(
            name="list-column",
            asks=f"Column that lists groups of users, or users of groups ({question.NOTHING} for none)",
            check=_one_of(header),
            default=found.column if found is not None else "",
            applies=lambda _: found is not None,
        )
    )
    if not column and answers["groups"] == FROM_USERS:
        there = ", ".join(header)
        raise Misconfigured(
            f"--groups {FROM_USERS}: no column of users lists their groups (there are: {there})",
            "Name it with --list-column.",
        )
    if found is None or column != found.column:
        found = memberships.list_layout(seen, columns, column) if column else None
    mark = asking.given.get("separator")
    return replace(found, separator=mark) if found is not None and mark else found
