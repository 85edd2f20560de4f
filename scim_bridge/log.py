"""Where the log goes, how much of it, and what each line says: the same in every process of the program.

Each line names the connection, the run, the operation and the request that it is about, where they are known (`about`).
Names of people are written at the level `debug` only. So is what an unforeseen error says, since that may name them.
"""

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType

_ABOUT: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


@contextmanager
def about(**ids: object) -> Iterator[None]:
    """Lines that are written while this block lasts, in this thread, are about these: connection, run, operation."""
    before = _ABOUT.set({**_ABOUT.get(), **{name: str(value) for name, value in ids.items()}})
    try:
        yield
    finally:
        _ABOUT.reset(before)


def log_to_stderr() -> None:
    """Write the log to stderr, in the format of SCIM_BRIDGE_LOG_FORMAT (text unless it says json).

    From the level of SCIM_BRIDGE_LOG on: warnings and errors unless it says otherwise.
    """
    level = os.environ.get("SCIM_BRIDGE_LOG", "warning").upper()
    known = level if level in logging.getLevelNamesMapping() else "WARNING"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if os.environ.get("SCIM_BRIDGE_LOG_FORMAT") == "json" else _Text())
    logging.basicConfig(level=known, handlers=[handler], force=True)


class _Text(logging.Formatter):
    """A line for people: level, logger, message, and in brackets what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        ids = " ".join(f"{name}={value}" for name, value in _ids(record).items())
        line = f"{record.levelname} {record.name}: {record.getMessage()}{f' [{ids}]' if ids else ''}"
        lines = [line, *_failure(record)]
        return "\n".join(_UNPRINTABLE.sub(_escaped, each) for each in lines)


class _Json(logging.Formatter):
    """A line for programs: a JSON object in ASCII, so that nothing in it can break or turn a line."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_ids(record),
        }
        failure = _failure(record)
        return json.dumps(told | ({"failure": failure} if failure else {}))


def _ids(record: logging.LogRecord) -> dict[str, str]:
    """What a line is about: of its thread, and the request id that it was written with (`extra={"request": …}`)."""
    request = getattr(record, "request", "")
    return {**_ABOUT.get(), **({"request": str(request)} if request else {})}


def _failure(record: logging.LogRecord) -> list[str]:
    """Where the program failed: frames and the class of the error. What it says may name people: at `debug` only."""
    if not record.exc_info or record.exc_info[0] is None:
        return []
    kind, error, trace = record.exc_info
    frames = [frame.rstrip() for frame in traceback.format_tb(trace)]
    said = f": {error}" if logging.getLogger().isEnabledFor(logging.DEBUG) else ""
    return [*(line for frame in frames for line in frame.splitlines()), f"{kind.__name__}{said}"]


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()
