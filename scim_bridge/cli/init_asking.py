"""Answers to questions: from options of the command line, else from a person on a terminal, else what is suggested."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from scim_bridge.cli.streams import tell
from scim_bridge.errors import Misconfigured
from scim_bridge.proposal.question import NOTHING, AboutFile, Question


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
