"""What commands print: JSON to stdout alone, tables for people to stdout, progress to stderr."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from rich.console import Console

from scim_bridge.cli.streams import print_bytes, say_no_more, tell
from scim_bridge.model import protocol
from scim_bridge.model.actor import Actor


class _Console(Console):
    """A console whose reader may go away (`| head`): the rest is dropped, and the command ends as it did."""

    def on_broken_pipe(self) -> None:
        """The reader is gone, so print nothing more. By default the console would exit with 1."""
        self.quiet = True
        say_no_more(sys.stdout)


def console() -> Console:
    """Where tables go. A pipe has no width; then lines are as long as they need to be."""
    return _Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 250)


def print_json(document: Any) -> None:
    """A document on stdout."""
    print_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


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
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn

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


def actor() -> Actor:
    """The same, for the audit."""
    return Actor(who())
