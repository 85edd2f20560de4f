"""The lock of a connection on a PostgreSQL server, for workers on several machines (docs/decisions/0029).

It is an advisory lock of a session that does nothing else. The server gives it free as soon as the session ends, so a
killed process is known at once, as it is with a lock file. Beside it is a row: a token, which every holder makes one
higher (fence.py), and the time at which the holder last said that it goes on. A holder that has said nothing for a
while is given up: its sessions are ended, and its lock is free.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from time import monotonic, sleep
from typing import Any, LiteralString

import psycopg

from scim_bridge.errors import BridgeError, Busy, StateUnusable
from scim_bridge.model.state_address import ServerAddress
from scim_bridge.state.fence import BEAT, SILENT, TokenFence, deposed
from scim_bridge.state.server import parameters_of, process_name

_GIVING_UP = 5.0
"""Seconds within which the sessions of one that was given up have ended."""
_A_MOMENT, _AGAIN = 0.25, 0.02
"""Seconds for which, and after which, the lock is asked for again: the session of a process that was just killed ends
when the server has seen it."""
_log = logging.getLogger("scim_bridge.state")

_TRY: LiteralString = "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' lock ' || %(name)s, 0))"
_TAKE: LiteralString = """
INSERT INTO leases AS held (name, token, host, pid, started, beat, process)
VALUES (%(name)s, 1, %(host)s, %(pid)s, %(started)s, clock_timestamp(), %(process)s)
ON CONFLICT (name) DO UPDATE SET token = held.token + 1, host = excluded.host, pid = excluded.pid,
started = excluded.started, beat = excluded.beat, process = excluded.process RETURNING token"""
_GO_ON: LiteralString = "UPDATE leases SET beat = clock_timestamp() WHERE name = %(name)s AND token = %(token)s"
_HOLDER: LiteralString = """
SELECT host, pid, started, process, extract(epoch FROM clock_timestamp() - beat)::float FROM leases
WHERE name = %(name)s"""
_END: LiteralString = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = %(process)s AND datname = current_database() AND pid != pg_backend_pid()"""
_IS_HELD: LiteralString = """
SELECT EXISTS (
SELECT 1 FROM pg_locks, (SELECT hashtextextended(current_schema() || ' lock ' || %(name)s, 0) AS key) AS wanted
WHERE locktype = 'advisory' AND granted AND objsubid = 1
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND classid = ((key >> 32) & 4294967295)::oid AND objid = (key & 4294967295)::oid)
AND NOT EXISTS (
SELECT 1 FROM leases WHERE name = %(name)s AND beat < clock_timestamp() - %(silent)s * interval '1 s')"""
_FREE: LiteralString = "SELECT pg_advisory_unlock_all()"  # not by the end of the session, which comes a moment later
_FORGET: LiteralString = "DELETE FROM leases WHERE name = %(name)s"


@contextmanager
def lease(address: ServerAddress, name: str, started: datetime) -> Iterator[TokenFence]:
    """Hold the lock of this name. Raises Busy if another process has it, naming host, process and start."""
    with _Holding(address, name, started) as holding:
        yield TokenFence(name, holding.token)


def is_leased(address: ServerAddress, name: str) -> bool:
    """Whether a process that is alive has the lock: True too where that cannot be found out."""
    try:
        with _connected(address) as connection:
            return bool(_one(connection, _IS_HELD, name=name, silent=SILENT))
    except BridgeError:
        return True


def forget_lease(address: ServerAddress, name: str) -> None:
    """No one will ever ask for this lock again."""
    with suppress(BridgeError), _connected(address) as connection:
        connection.execute(_FORGET, {"name": name})


class _Holding:
    """A lock that is held while the block lasts. A thread says that the holder goes on, and takes the lock again after
    a failover of the server, unless another process has had it since."""

    def __init__(self, address: ServerAddress, name: str, started: datetime) -> None:
        self._address, self._name, self._started = address, name, started
        self._over = threading.Event()
        self._connection: psycopg.Connection[Any] | None = None
        self._thread = threading.Thread(target=self._go_on, name=f"lease of {name}", daemon=True)
        self.token = 0

    def __enter__(self) -> "_Holding":
        connection = self._connection = _connect(self._address)
        try:
            with _in_words(self._address):
                self._take(connection)
        except BaseException:
            connection.close()
            raise
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._connection is not None:
            with suppress(psycopg.Error):  # a session that is lost holds nothing any more
                self._connection.execute(_FREE)
            self._connection.close()

    def _take(self, connection: psycopg.Connection[Any]) -> None:
        began = monotonic()
        while not _one(connection, _TRY, name=self._name):
            holder = connection.execute(_HOLDER, {"name": self._name}).fetchone()
            is_silent = holder is not None and holder[4] > SILENT
            if monotonic() > began + (_GIVING_UP if is_silent else _A_MOMENT):
                raise Busy(f"connection {self._name} is being synced {_by_whom(holder)}", "Wait for it to end.")
            if holder is not None and is_silent:
                connection.execute(_END, {"process": holder[3]})
            sleep(_AGAIN)
        about = {"host": os.uname().nodename, "pid": os.getpid(), "process": process_name()}
        self.token = int(_one(connection, _TAKE, name=self._name, started=self._started, **about))

    def _go_on(self) -> None:
        while not self._over.wait(BEAT):
            try:
                if self._connection is None:
                    self._connection = self._take_again()
                mine = {"name": self._name, "token": self.token}
                if not self._connection.execute(_GO_ON, mine).rowcount:
                    return  # deposed; the fence says so to the run
            except (psycopg.Error, BridgeError) as error:
                _log.warning("the lock of %s is not sure: %s", self._name, str(error).partition("\n")[0])
                if self._connection is not None:
                    self._connection.close()
                self._connection = None

    def _take_again(self) -> psycopg.Connection[Any]:
        """After the session was lost. Who has had the lock in between has left a higher token (fence.py)."""
        connection = _connect(self._address)
        if _one(connection, _TRY, name=self._name):
            return connection
        connection.close()
        raise deposed(self._name)


def _by_whom(holder: Any) -> str:
    if holder is None:
        return "by another process"
    host, pid, started = holder[:3]
    return f"by process {pid} on {host}, since {started.astimezone().isoformat(timespec='seconds')}"


def _one(connection: psycopg.Connection[Any], query: LiteralString, **values: Any) -> Any:
    row = connection.execute(query, values).fetchone()
    return row[0] if row is not None else None


def end_sessions(address: ServerAddress, name: str) -> None:
    """The holder of this lock was given up: what it has begun in the database is undone, and keeps no one waiting."""
    with suppress(BridgeError), _connected(address) as connection:
        holder = connection.execute(_HOLDER, {"name": name}).fetchone()
        if holder is not None:
            connection.execute(_END, {"process": holder[3]})


@contextmanager
def _connected(address: ServerAddress) -> Iterator[psycopg.Connection[Any]]:
    connection = _connect(address)
    try:
        with _in_words(address):
            yield connection
    finally:
        connection.close()


def _connect(address: ServerAddress) -> psycopg.Connection[Any]:
    with _in_words(address):
        return psycopg.connect(**parameters_of(address), autocommit=True)


@contextmanager
def _in_words(address: ServerAddress) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        reason = next(filter(None, map(str.strip, str(error).splitlines())), type(error).__name__)
        what = f"the state in {address} cannot be used ({reason})"
        raise StateUnusable(what, "Look at the database server and the rights there, then run again.") from None
