"""The state in one SQLite file: WAL mode, mode 0600, migrated under a lock after a copy was made.

A commit survives the death of the process (synchronous=NORMAL in WAL mode); after a power cut the last commits may be
missing, and the next run finds out by reading the target.
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlmodel import create_engine

from scim_bridge.errors import StateUnusable
from scim_bridge.state.schema import HEAD, MIGRATIONS, check_known, upgrade

WAITS = "busy_timeout=10000"
"""How long a statement waits for another process that writes, in milliseconds."""


def open_file(path: Path) -> Engine:
    """The engine of a state file, created or brought up to date first. Raises StateUnusable in one sentence."""
    with _in_words(path):
        _make_private(path)
        with _only_one(path):
            migrate(path)
    return _engine(path)


def is_there(path: Path) -> bool:
    """Whether there is a state file. Raises StateUnusable if that cannot be found out."""
    with _in_words(path):
        try:
            return path.stat().st_size > 0
        except (FileNotFoundError, NotADirectoryError):
            return False


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Only a file that is broken is to be moved away; one that is locked, or whose disk is full, is worth keeping."""
    try:
        yield
    except OSError as error:
        raise StateUnusable(f"the state file {path} cannot be used ({error.strerror})", "Check its folder.") from None
    except (DatabaseError, sqlite3.DatabaseError) as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        if isinstance(error, OperationalError | sqlite3.OperationalError):
            way_out = "Look at the file, its folder and the space on its disk, then run again."
            raise StateUnusable(f"the state file {path} cannot be used ({reason})", way_out) from None
        raise StateUnusable(
            f"{path} is not a usable state file ({reason})", "Move it away; a new one is made."
        ) from None


def _engine(path: Path) -> Engine:
    # As many connections as there are readers: a slow download holds one until its last byte is read, and no one else
    # waits for that.
    engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False}, max_overflow=-1)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        for setting in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", WAITS):
            connection.execute(f"PRAGMA {setting}")

    return engine


def _make_private(path: Path) -> None:
    """No one else may read it: it names everyone in the company. SQLite gives -wal and -shm the same mode.

    A state that is there is never opened here: closing any descriptor of a file gives up every lock that this process
    has on it (fcntl(2)), those of SQLite too. The next command that ends would then throw away the write-ahead log that
    a run is still writing to (https://sqlite.org/howtocorrupt.html, section 2.2).
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)) from None
        path.chmod(0o600)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """One process migrates at a time."""
    descriptor = os.open(f"{path}.migrate.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def migrate(path: Path, folder: Path = MIGRATIONS, head: str = HEAD) -> None:
    """Bring the schema of a file to the newest revision of this folder: all of it or nothing. The caller has it alone.

    A file with an older schema is copied first. Raises StateUnusable for a newer one, and for another program's file.
    """
    current = current_revision(path)
    if current == head:
        return
    check_known(f"the state file {path}", current, folder)
    if current is not None:
        _copy(path, path.with_name(f"{path.name}.before-{head}"))
    with _disposed(_engine(path)) as engine, engine.begin() as connection:
        # The driver opens no transaction before a CREATE TABLE; a process killed halfway would leave half a schema.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        upgrade(connection, folder)


@contextmanager
def _disposed(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()


def _copy(path: Path, copy: Path) -> None:
    """A whole copy, what is still in the write-ahead log included. As private as the state from its first byte."""
    _make_private(copy)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def current_revision(path: Path) -> str | None:
    """The schema a state file has, None if it is empty. Raises StateUnusable if the file belongs to something else."""
    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and not {"alembic_version", "links"} <= tables:
            raise StateUnusable(f"{path} is the database of another program", "Name another file under state.")
        if not tables:
            return None
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
