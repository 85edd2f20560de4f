"""The same tests over PostgreSQL: a state that a test names by a file is a database of its own instead.

`make test-postgres` runs all of them so; some run over both databases in every run of the tests (ALSO_ON_SERVER).
What is about the file itself has the mark `state_file`.
"""

import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine

from scim_bridge.model.state_address import ServerAddress
from scim_bridge.state import database, lock
from scim_bridge.state.fence import Fence
from scim_bridge.state.lease import forget_lease, is_leased, lease
from scim_bridge.state.server import open_server
from scim_bridge.worker import one_run
from tests.postgres_server import name_of, the_server

ALSO_ON_SERVER = frozenset(
    f"tests/state/test_{name}.py"
    for name in ("audit", "desired", "journal", "look", "orders", "schedule", "window", "writer")
) | {"tests/e2e/test_rollback.py", "tests/worker/test_soak.py"}
"""A choice that has each statement that differs, and a whole run with all that goes with it."""
_ACTIVE: "list[StatesOnServer]" = []


class StatesOnServer:
    """Which file is which database, for one test."""

    def __init__(self) -> None:
        self._databases: dict[Path, ServerAddress] = {}
        self._opened: set[Path] = set()

    def of(self, path: Path) -> ServerAddress:
        """The database that stands for this file."""
        path = path.absolute()
        if path not in self._databases:
            self._databases[path] = the_server().state()
        return self._databases[path]

    def open(self, path: Path) -> Engine:
        self._opened.add(path.absolute())
        return open_server(self.of(path))

    def is_there(self, path: Path) -> bool:
        return path.absolute() in self._opened or (path.absolute() in self._databases and self._is_used(path))

    def _is_used(self, path: Path) -> bool:
        """By a process of its own."""
        return bool(the_server().execute("SELECT 1 FROM runs LIMIT 1", name_of(self.of(path))))

    def task(self, task: Any) -> bytes:
        """What a process of the worker is given: it knows nothing of files that are databases."""
        is_file = isinstance(task.state, Path)
        return pickle.dumps(replace(task, state=self.of(task.state)) if is_file else task)

    @contextmanager
    def lock(self, path: Path, name: str, started: datetime) -> Iterator[Fence]:
        with lease(self.of(path), name, started) as fence:
            yield fence

    def copy(self, path: Path, to: Path) -> None:
        self._databases[to.absolute()] = the_server().copy(self.of(path))
        self._opened.add(to.absolute())

    def forget(self, path: Path) -> None:
        the_server().give_back(self._databases.pop(path.absolute()))
        self._opened.discard(path.absolute())

    def tidy(self, folder: Path) -> None:
        """Give back what was made for a file in this folder, or in one that is gone."""
        over = [path for path in self._databases if path.is_relative_to(folder) or not path.parent.exists()]
        for path in over:
            self.forget(path)


@contextmanager
def states_on_server() -> Iterator[StatesOnServer]:
    """Inside, each state of this process is on the server."""
    states = StatesOnServer()
    _ACTIVE.append(states)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "open_file", states.open)
        patch.setattr(database, "is_there", states.is_there)
        patch.setattr(one_run, "pickle", SimpleNamespace(dumps=states.task))
        patch.setattr(lock, "lock_file", states.lock)
        patch.setattr(lock, "is_file_held", lambda path, name: is_leased(states.of(path), name))
        patch.setattr(lock, "lock_path", lambda path, name: _Forgotten(states.of(path), name))
        try:
            yield states
        finally:
            _ACTIVE.remove(states)
            states.tidy(Path("/"))


class _Forgotten:
    """In place of the path of a lock file."""

    def __init__(self, address: ServerAddress, name: str) -> None:
        self._address, self._name = address, name

    def unlink(self, *, missing_ok: bool) -> None:
        forget_lease(self._address, self._name)


def rows(path: Path, statement: str) -> list[Any]:
    """What is in a state, or is changed in it, by a statement that both databases know."""
    if _ACTIVE:
        return the_server().execute(statement, name_of(_ACTIVE[-1].of(path)))
    with closing(sqlite3.connect(path)) as database, database:
        return database.execute(statement).fetchall()


def move_back(path: Path, table: str, column: str, hours: float) -> None:
    """What happened at these times happened so many hours earlier."""
    if _ACTIVE:
        rows(path, f"UPDATE {table} SET {column} = {column} - interval '{hours} hours'")
        return
    with closing(sqlite3.connect(path)) as database, database:
        for key, moment in database.execute(f"SELECT rowid, {column} FROM {table}").fetchall():
            if moment is not None:
                earlier = datetime.fromisoformat(moment) - timedelta(hours=hours)
                told = earlier.isoformat(sep=" ", timespec="microseconds")
                database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (told, key))


def lose_state(path: Path) -> None:
    """All of it is gone."""
    if _ACTIVE:
        the_server().make_empty(_ACTIVE[-1].of(path))
        return
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def copy_state(path: Path, to: Path) -> None:
    """Another state that holds the same."""
    if _ACTIVE:
        _ACTIVE[-1].copy(path, to)
        return
    with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(to)) as copy:
        one.backup(copy)


def forget_state(path: Path) -> None:
    """No one needs it any more."""
    if _ACTIVE:
        _ACTIVE[-1].forget(path)
    else:
        path.unlink()


def written(path: Path) -> str:
    """What `state` is in a configuration that a process of its own reads."""
    return _ACTIVE[-1].of(path).shown if _ACTIVE else f"sqlite:///{path.name}"
