"""What commands print: JSON to stdout alone, tables for people to stdout, progress and complaints to stderr."""

import codecs
import getpass
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn

from scim_bridge.errors import BridgeError, Misconfigured, SourceUnreadable
from scim_bridge.model import protocol


class Output(StrEnum):
    """For people or for programs."""

    text = "text"
    json = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="text for people, json for programs")]


class _Console(Console):
    """A console whose reader may go away (`| head`): the rest is dropped, and the command ends as it did."""

    def on_broken_pipe(self) -> None:
        """No one reads any more; the program's own behaviour would be to exit with 1."""
        self.quiet = True
        _say_no_more(sys.stdout)


def _say_no_more(stream: TextIO) -> None:
    """From here on, and when the interpreter flushes it at the end, what is written goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


_INSTEAD = {"→": "->", "…": "...", "–": "-", "—": "-", "─": "-", "×": "x", "“": '"', "”": '"', "’": "'"}


def _another_character(error: UnicodeError) -> tuple[str, int]:
    """What is printed for characters that an encoding lacks (the codecs module's interface)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    instead = "".join(_INSTEAD.get(sign, "?") for sign in lacking)
    return (instead if instead.isascii() else "?" * len(lacking)), error.end


def print_whatever_comes() -> None:
    """What the encoding of a terminal, a pipe or a log lacks is printed as another character, and stops nothing.

    A stream that was closed by the parent process is opened on nothing.
    """
    codecs.register_error(_another_character.__name__, _another_character)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_another_character.__name__)


@contextmanager
def printing(instead: str) -> Iterator[None]:
    """Around what prints the outcome of something done: a disk that is full does not undo it. instead: what to say."""
    try:
        yield
    except OSError as error:
        _say_no_more(sys.stdout)
        tell(f"scim-bridge: the output cannot be written ({error.strerror}). {instead}")


def console() -> Console:
    """Where tables go. A pipe has no width; then lines are as long as they need to be."""
    return _Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 250)


def print_json(document: Any) -> None:
    """A document on stdout."""
    print_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def print_bytes(document: bytes) -> None:
    """A document that is JSON already."""
    try:
        sys.stdout.buffer.write(document)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _say_no_more(sys.stdout)


def tell(sentence: str) -> None:
    """A line for people that is not the command's output."""
    try:
        print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - the one place that writes such lines
    except OSError:  # a run goes on and ends as it does, whether or not anyone can read of it
        _say_no_more(sys.stderr)


def complain(error: BridgeError) -> None:
    """One sentence on stderr; the other problems of the same file, if there are several, below it."""
    tell(f"scim-bridge: {error}")
    for problem in several(error):
        tell(f"  {problem}")


def several(error: BridgeError) -> tuple[str, ...]:
    """The problems of a file that has more than one, each a sentence."""
    problems = error.problems if isinstance(error, (Misconfigured, SourceUnreadable)) else ()
    return problems if len(problems) > 1 else ()


@contextmanager
def progress() -> Iterator[protocol.Progress]:
    """Bars while a step goes on, on a terminal; elsewhere a line when a step is over."""
    if sys.stderr.isatty():
        with _bars() as report:
            yield report
        return
    last: dict[str, tuple[int, int | None]] = {}

    def note(step: str, done: int, total: int | None) -> None:
        for earlier in [name for name in last if name != step]:
            tell(f"{earlier}: {last.pop(earlier)[0]:,}")
        last[step] = (done, total)

    yield note
    for step, (done, _) in last.items():
        tell(f"{step}: {done:,}")


@contextmanager
def _bars() -> Iterator[protocol.Progress]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, total: int | None) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield report


def who() -> str:
    """Who gives this command, for the record: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        user = f"uid-{os.getuid()}"
    return f"{user}@{os.uname().nodename}"
