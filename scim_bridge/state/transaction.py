"""One transaction on the state: all of it or nothing, and a failure of the database as one sentence.

What is written and what is read is decided by the callers; a full disk or a damaged file stops the run here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from scim_bridge.errors import StateUnusable
from scim_bridge.state.database import open_database, open_existing


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Commit at the end, roll back on any error. Raises StateUnusable if the database refuses."""
    with _in_words(engine, "written"), engine.begin() as database:
        yield database


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for queries. Raises StateUnusable if the database refuses."""
    with _in_words(engine, "read"), engine.connect() as database:
        yield database


@contextmanager
def _in_words(engine: Engine, action: str) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        what = f"the state {engine.url.database} could not be {action} ({error.orig})"
        raise StateUnusable(what, "Look at the file and the space on its disk, then run again.") from None


@contextmanager
def writing_at(path: Path) -> Iterator[Connection]:
    """`writing` for a few rows of a state that is not open: it is opened, made or brought up to date, and closed."""
    engine = open_database(path)
    try:
        with writing(engine) as database:
            yield database
    finally:
        engine.dispose()


@contextmanager
def reading_at(path: Path) -> Iterator[Connection | None]:
    """`reading` for a few rows of a state that is not open. None if there is no state yet; none is made."""
    engine = open_existing(path)
    if engine is None:
        yield None
        return
    try:
        with reading(engine) as database:
            yield database
    finally:
        engine.dispose()
