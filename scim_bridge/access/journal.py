"""What is written to AWS is on record first: a file of JSON lines beside the file that is carried out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import orjson

from scim_bridge.errors import Misconfigured


class Note(Protocol):
    """Told how many of all are done."""

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Say so."""


class Journal:
    """A file of JSON lines, private: each request before it is sent, its id, and its end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, what: str, **more: Any) -> None:
        """One line, on the disk before it returns."""
        line = orjson.dumps({"what": what, **more}, option=orjson.OPT_APPEND_NEWLINE)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @property
    def is_begun(self) -> bool:
        """Whether it was written to when the file was carried out before."""
        return self._path.exists()


@contextmanager
def writing_journal(file: Path) -> Iterator[Journal]:
    """The journal beside the file that is carried out. Raises Misconfigured if it cannot be written."""
    path = file.with_name(f"{file.name}.journal")
    try:
        yield Journal(path)
    except OSError as error:
        raise Misconfigured(f"the journal {path} cannot be written ({error.strerror})", "Check its folder.") from None
