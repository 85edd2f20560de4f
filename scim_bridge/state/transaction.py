"""One transaction on the state: all of it or nothing, and a failure of the database as one sentence.

What is written and what is read is decided by the callers; a full disk, a damaged file or a server that is away stops
the run here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoSessionFree

from scim_bridge.errors import StateUnusable
from scim_bridge.state.server import reason_of
from scim_bridge.state.sqlite_file import WAITS

_LARGE = 65_536
"""KiB of the file that are kept in memory while very much is written."""
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), :key))")
"""The locks belong to a whole database, which may hold several states, each in its schema."""


@contextmanager
def writing(engine: Engine, *, is_large: bool = False) -> Iterator[Connection]:
    """Commit at the end, roll back on any error. Raises StateUnusable if the database refuses.

    is_large: as much may be written as there is in the directory.
    """
    with in_words(engine, "written"), engine.begin() as database:
        if not is_large or not is_file(database):
            yield database
            return
        # An index gets a million entries in the order of another one. With the usual two megabytes, nearly each of them
        # would be read from the file again, and written to it.
        usual = database.exec_driver_sql("PRAGMA cache_size").scalar_one()
        database.exec_driver_sql(f"PRAGMA cache_size=-{_LARGE}")
        try:
            yield database
        finally:
            database.exec_driver_sql(f"PRAGMA cache_size={usual}")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for queries. Raises StateUnusable if the database refuses."""
    with in_words(engine, "read"), engine.connect() as database:
        yield database


def is_file(database: Connection) -> bool:
    """Whether the state is a file of SQLite, which one process writes at a time."""
    return database.dialect.name == "sqlite"


def take_turn(database: Connection, *names: str) -> None:
    """Until this transaction ends, no other one that takes a turn of one of these names begins to write.

    Transactions that write the same rows in different orders would wait for each other. A transaction takes all its
    turns at once, those of a connection before those of an endpoint. Of a file, the whole state is written in turns.
    """
    if not is_file(database):
        for name in names:
            database.execute(_TURN, {"key": int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)})


@contextmanager
def without_waiting(database: Connection) -> Iterator[None]:
    """A statement inside that would have to wait for another transaction fails at once."""
    if not is_file(database):
        database.execute(text("SET LOCAL lock_timeout = '1ms'"))
        yield
        return
    database.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        database.exec_driver_sql(f"PRAGMA {WAITS}")


@contextmanager
def in_words(engine: Engine, action: str) -> Iterator[None]:
    """A failure of the database as StateUnusable. action: what was tried, "read" or "written"."""
    try:
        yield
    except DBAPIError as error:
        if engine.dialect.name == "sqlite":
            what = f"the state {engine.url.database} could not be {action} ({error.orig})"
            raise StateUnusable(what, "Look at the file and the space on its disk, then run again.") from None
        what = f"the state in {engine.url.host or 'the database'} could not be {action} ({reason_of(error)})"
        raise StateUnusable(what, "Look at the database server; the next run goes on from there.") from None
    except NoSessionFree:
        what = f"the state could not be {action}, since all sessions of this process with the database are in use"
        raise StateUnusable(what, "Wait until downloads in progress have ended, or start another `serve`.") from None
