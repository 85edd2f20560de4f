"""stdout and stderr in any condition: any encoding, closed, full, or without a reader.

Nothing that is written here may stop a run that is under way, or change how it ends.
"""

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from scim_bridge.errors import BridgeError, Misconfigured, SourceUnreadable

_INSTEAD = {"→": "->", "…": "...", "–": "-", "—": "-", "─": "-", "×": "x", "“": '"', "”": '"', "’": "'"}


def _another_character(error: UnicodeError) -> tuple[str, int]:
    """What is printed for characters that an encoding lacks (the codecs module's interface)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    instead = "".join(_INSTEAD.get(sign, "?") for sign in lacking)
    return (instead if instead.isascii() else "?" * len(lacking)), error.end


def print_whatever_comes() -> None:
    """Print another character for each that the encoding of a terminal, a pipe or a log lacks, instead of failing.

    If the process was started with stdout or stderr closed, the stream is opened on the null device.
    """
    codecs.register_error(_another_character.__name__, _another_character)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_another_character.__name__)


def say_no_more(stream: TextIO) -> None:
    """From here on, and when the interpreter flushes it at the end, what is written goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextmanager
def printing(instead: str) -> Iterator[None]:
    """Around what prints the outcome of something done: a disk that is full does not undo it. instead: what to say."""
    try:
        yield
    except OSError as error:
        say_no_more(sys.stdout)
        tell(f"scim-bridge: the output cannot be written ({error.strerror}). {instead}")


def print_bytes(document: bytes) -> None:
    """A document that is JSON already, on stdout."""
    try:
        sys.stdout.buffer.write(document)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        say_no_more(sys.stdout)


def tell(sentence: str) -> None:
    """A line for people that is not the command's output."""
    try:
        print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - the one place that writes such lines
    except OSError:  # the run and its exit code do not depend on whether its messages can be read
        say_no_more(sys.stderr)


def tell_when(line: str) -> None:
    """A line of what goes on, with its time."""
    tell(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}")


def complain(error: BridgeError) -> None:
    """One sentence on stderr; the other problems of the same file, if there are several, below it."""
    tell(f"scim-bridge: {error}")
    for problem in several(error):
        tell(f"  {problem}")


def several(error: BridgeError) -> tuple[str, ...]:
    """The problems of a file that has more than one, each a sentence."""
    problems = error.problems if isinstance(error, (Misconfigured, SourceUnreadable)) else ()
    return problems if len(problems) > 1 else ()
