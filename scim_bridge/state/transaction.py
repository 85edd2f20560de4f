"""One transaction on the state: all of it or nothing, and a failure of the database as one sentence.

What is written and what is read is decided by the callers; a full disk or a damaged file stops the run here.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from scim_bridge.errors import StateUnusable


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Commit at the end, roll back on any error. Raises StateUnusable if the database refuses."""
    with in_words(engine, "written"), engine.begin() as database:
        yield database


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for queries. Raises StateUnusable if the database refuses."""
    with in_words(engine, "read"), engine.connect() as database:
        yield database


@contextmanager
def in_words(engine: Engine, action: str) -> Iterator[None]:
    """A failure of the database as StateUnusable. action: what was tried, "read" or "written"."""
    try:
        yield
    except DatabaseError as error:
        what = f"the state {engine.url.database} could not be {action} ({error.orig})"
        raise StateUnusable(what, "Look at the file and the space on its disk, then run again.") from None
