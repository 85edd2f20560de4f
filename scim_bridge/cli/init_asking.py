"""What `init` asks, and where answers come from: options, else a person on a terminal, else what is suggested.

Asked are the questions of proposal/questions.py, and, once the source has been read, what is not plain from it: columns
without which nothing goes, how users are matched, and which columns name groups and members.
"""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer

from scim_bridge.cli.streams import tell
from scim_bridge.config.source import CsvSettings
from scim_bridge.config.source_document import FROM_USERS
from scim_bridge.config.yaml_file import nearest
from scim_bridge.errors import Misconfigured
from scim_bridge.model.scim_attribute import MATCHABLE
from scim_bridge.proposal import memberships
from scim_bridge.proposal.columns import Columns, guess
from scim_bridge.proposal.memberships import FileLayout, ListLayout, Reference, as_section
from scim_bridge.proposal.proposal import suggested_match
from scim_bridge.proposal.questions import (
    NOTHING,
    AboutFile,
    Answers,
    Check,
    Question,
    column_questions,
    match_question,
    paths_of,
)
from scim_bridge.proposal.survey import MemberTable, Survey, member_table


@dataclass(frozen=True, slots=True)
class Asking:
    """given: what the options say, by name, None for what was not given. is_on: whether there is a terminal to ask on.

    folder: what paths are relative to.
    """

    given: Mapping[str, str | None]
    is_on: bool
    folder: Path

    def answer(self, question: Question, answers: dict[str, str]) -> None:
        """Put the answer to one question to the others. Raises Misconfigured if there is none, or a wrong one."""
        given = self.given.get(question.name)
        if given is not None:
            answers[question.name] = _checked(question, _meant(given), answers)
            return
        default = self._suggested(question)
        if not question.applies(answers):
            answers[question.name] = ""
        elif self.is_on:
            answers[question.name] = _asked(question, default, answers)
        elif default is not None:
            answers[question.name] = _checked(question, default, answers)
        else:
            raise missing(question)

    def choose(self, question: Question) -> str:
        """The answer to a question that stands alone."""
        answers: dict[str, str] = {}
        self.answer(question, answers)
        return answers[question.name]

    def _suggested(self, question: Question) -> str | None:
        if question.needs_file and not (self.folder / str(question.default)).is_file():
            return ""
        return question.default


def somebody_is_there() -> bool:
    """Whether a person can be asked: both ends are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def missing(question: Question) -> Misconfigured:
    """The refusal of a question that needs an answer where there is no terminal to ask on."""
    if question.unanswered:
        what, _, way_out = question.unanswered.rpartition("; ")
        return Misconfigured(what, _sentence(way_out))
    return Misconfigured(
        f"--{question.name} is missing, and there is no terminal to ask on", "Give it, or run init on a terminal."
    )


def _meant(answer: str) -> str:
    return "" if answer.strip() == NOTHING else answer.strip()


def _checked(question: Question, answer: str, answers: dict[str, str]) -> str:
    try:
        question.check(answer, answers)
    except ValueError as error:
        what, _, way_out = str(error).partition("; ")
        name = "" if isinstance(error, AboutFile) else f"--{question.name}"
        raise Misconfigured(f"{name}{what}", _sentence(way_out) or "Fix the file, or export it again.") from None
    return answer


def _sentence(way_out: str) -> str:
    return f"{way_out[:1].upper()}{way_out[1:]}{'.' * bool(way_out)}"


def _asked(question: Question, default: str | None, answers: dict[str, str]) -> str:
    """Ask until the answer is one. Nothing typed is an answer too: what is wrong with it is said like of any other."""
    while True:
        typed = typer.prompt(question.asks, default=default or "", show_default=bool(default), err=True)
        answer = _meant(str(typed))
        try:
            question.check(answer, answers)
        except ValueError as error:
            tell(f"  {error}." if isinstance(error, AboutFile) else f"  {question.name}{error}.")
        else:
            return answer


def ask_columns(asking: Asking, seen: Survey) -> Columns:
    """The guess, with the two columns without which nothing goes as a person wants them."""
    guessed = guess(seen)
    questions = column_questions(seen.types["user"], guessed.users)
    chosen = {question.name: asking.choose(question) for question in questions}
    return replace(guessed, users={**guessed.users, **chosen})


def ask_match(asking: Asking, seen: Survey, mail: str, login: str) -> tuple[str, ...]:
    """Which attributes existing users are found by. mail, login: the columns that hold them."""
    question = match_question(MATCHABLE["user"], suggested_match(seen, mail, login))
    return paths_of(asking.choose(question))


_ONE_GROUP = ", or, if the file lists one group only, add a column that names it"


def with_memberships(
    asking: Asking, answers: Answers, settings: CsvSettings, seen: Survey, columns: Columns
) -> tuple[Mapping[str, Any], Columns]:
    """What `source` of bridge.yaml says of groups and memberships, and the columns, with those of groups made.

    Raises Misconfigured if it cannot be found out and no one is there to ask.
    """
    table = member_table(settings, answers["members"])
    if table is not None:
        return {"members": as_section(_in_file(asking, table, seen, columns), table.file)}, columns
    layout = _in_lists(asking, answers, seen, columns)
    notes = (*columns.notes, *memberships.unusable_lists(seen))
    if layout is None:
        is_declined = NOTHING in map(asking.given.get, ("groups", "members", "list-column"))
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
            Question(
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


def _one_of(header: Collection[str]) -> Check:
    def check(answer: str, _: Answers) -> None:
        if answer and answer not in header:
            there = ", ".join(header)
            raise ValueError(f": there is no column {answer!r}{nearest(answer, header)}; there are: {there}")

    return check


def _in_lists(asking: Asking, answers: Answers, seen: Survey, columns: Columns) -> ListLayout | None:
    """The column of lists: the one that is given, else the surest. None if no one wants any."""
    wants_none = not answers["groups"] and asking.given.get("groups") is not None
    if wants_none or (columns.has_groups and asking.given.get("members") is not None):
        return None
    found = next(memberships.list_layouts(seen, columns), None)
    header = [*seen.types["user"], *(seen.types["group"] if columns.has_groups else ())]
    column = asking.choose(
        Question(
            name="list-column",
            asks=f"Column that lists groups of users, or users of groups ({NOTHING} for none)",
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
