"""The state in a PostgreSQL database that several machines share (docs/operations.md, docs/decisions/0029).

The driver is imported here and in lease.py alone, and only where the state is on a server.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlmodel import create_engine

from scim_bridge.errors import Misconfigured, StateUnusable
from scim_bridge.model.state_address import ServerAddress
from scim_bridge.state.schema import HEAD, MIGRATIONS, check_known, upgrade

_PATIENCE = {
    "connect_timeout": "10",
    # A server that is cut off is noticed within 15 seconds, not after the two hours of the system.
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
"""Parameters of libpq; the URL may have its own."""
_SESSION = " ".join(
    f"-c {setting}"
    for setting in (
        "lock_timeout=60s",  # how long a statement waits for another transaction that writes the same
        # What is on record before a request is sent must be there after a crash of the server, however it is set up.
        "synchronous_commit=on",
        # The server, too, notices who is cut off: what such a session holds would keep others waiting for two hours.
        "tcp_keepalives_idle=5",
        "tcp_keepalives_interval=5",
        "tcp_keepalives_count=3",
        "tcp_user_timeout=15000",
    )
)
"""Parameters of the server, for each session; the URL may have others."""
_POOL: dict[str, Any] = {"pool_size": 5, "max_overflow": 35, "pool_timeout": 10}
"""Sessions of one process: five are kept, and forty at most, since a server has a hundred for all. A slow download has
one until its last byte is read. A page that finds none for so many seconds says so."""
_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
_TYPES = text(
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() "
    "AND data_type = 'character varying' AND collation_name IS DISTINCT FROM 'C' ORDER BY table_name, column_name"
)
_MIGRATING = 7_215_431_846_001
"""The key of the advisory lock under which one process migrates at a time."""
_PROCESS = {"id": 0, "name": ""}


def open_server(address: ServerAddress) -> Engine:
    """The engine of a state in a database, whose tables are made or brought up to date first. Raises StateUnusable."""
    engine, current = _connected(address)
    return _brought_up_to_date(address, engine, current)


def open_existing_server(address: ServerAddress) -> Engine | None:
    """The same for reading, None if there are no tables yet. Nothing is created then."""
    engine, current = _connected(address)
    if current is not None:
        return _brought_up_to_date(address, engine, current)
    engine.dispose()
    return None


def _connected(address: ServerAddress) -> tuple[Engine, str | None]:
    """The engine, and the schema that is there."""
    engine = engine_of(address)
    try:
        with in_words(address), engine.connect() as connection:
            return engine, current_revision(address, connection)
    except Exception:
        engine.dispose()
        raise


def _brought_up_to_date(address: ServerAddress, engine: Engine, current: str | None) -> Engine:
    if current != HEAD:
        try:
            with in_words(address):
                migrate_server(address, engine)
        except Exception:
            engine.dispose()
            raise
    return engine


def engine_of(address: ServerAddress) -> Engine:
    """The engine; nothing is asked of the server yet. A connection that was lost is replaced before it is used."""
    url = _url(address)
    engine = create_engine(url.set(password=None), pool_pre_ping=True, pool_recycle=1_800, **_POOL)

    @event.listens_for(engine, "do_connect")
    def with_the_secret(_dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        parameters |= parameters_of(address)

    return engine


def parameters_of(address: ServerAddress) -> dict[str, Any]:
    """How to connect, with the password as it is now. Raises Misconfigured."""
    url = _url(address)
    _, given = url.get_dialect()().create_connect_args(url)  # several hosts, too
    options = " ".join(filter(None, (_SESSION, str(given.pop("options", "")))))
    return {**_PATIENCE, "application_name": process_name(), **given, "options": options}


def _url(address: ServerAddress) -> URL:
    try:
        return make_url(address.url())
    except (ArgumentError, ValueError):
        what = f"{address} is not the URL of a PostgreSQL database"
        raise Misconfigured(what, "Write postgresql+psycopg://USER@HOST:PORT/DATABASE.") from None


def process_name() -> str:
    """What the server knows this process by, one of its own: all its sessions can be found by it, and ended."""
    if _PROCESS["id"] != os.getpid():  # a fork is another process
        _PROCESS.update(id=os.getpid(), name=f"scim-bridge {os.getpid()} {uuid4().hex[:12]}")
    return str(_PROCESS["name"])


@contextmanager
def in_words(address: ServerAddress) -> Iterator[None]:
    """A failure of the server as one sentence."""
    try:
        yield
    except DBAPIError as error:
        what = f"the state in {address} cannot be used ({reason_of(error)})"
        raise StateUnusable(what, "Look at the database server and the rights there, then run again.") from None


def reason_of(error: DBAPIError) -> str:
    """What the driver says, in one line. It never has a password in it: the driver shows none."""
    return next(filter(None, map(str.strip, str(error.orig).splitlines())), type(error.orig).__name__)


def current_revision(address: ServerAddress, connection: Connection) -> str | None:
    """The schema of the state, None if there is none yet. Raises StateUnusable if the tables are of something else."""
    tables = set(connection.execute(_TABLES).scalars())
    if tables and not {"alembic_version", "links"} <= tables:
        way_out = "Give the state a database, or a schema in the search_path of its role, of its own."
        raise StateUnusable(f"{address} has tables of another program", way_out)
    if not tables:
        return None
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def migrate_server(address: ServerAddress, engine: Engine, folder: Path = MIGRATIONS, head: str = HEAD) -> None:
    """All of it or nothing: with PostgreSQL a change of tables is part of a transaction like any other."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
        current = current_revision(address, connection)  # once more: another process may have been quicker
        if current == head:
            return
        check_known(f"the state in {address}", current, folder)
        encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
        if encoding != "UTF8":
            way_out = "Create it with ENCODING 'UTF8'; names may have any letter."
            raise StateUnusable(f"the database of {address} has the encoding {encoding}", way_out)
        upgrade(connection, folder)
        _compare_by_code_point(connection)


def _compare_by_code_point(connection: Connection) -> None:
    """Texts are compared as SQLite compares them: by their bytes, whatever language the database was made for.

    A search for what begins with a text is a range of an index, and an order of pages must not depend on a locale.
    """
    by_table: dict[str, list[str]] = {}
    for table, column in connection.execute(_TYPES):
        if table != "alembic_version":
            by_table.setdefault(table, []).append(column)
    for table, columns in by_table.items():
        changes = ", ".join(f'ALTER COLUMN "{column}" TYPE varchar COLLATE "C"' for column in columns)
        connection.exec_driver_sql(f'ALTER TABLE "{table}" {changes}')
