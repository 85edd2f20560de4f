"""Readings of who may enter what: the newest one as a cache, and the earlier ones, each kept as what differs.

A reading is written in one transaction. It takes as many rows as there are differences, so that one a day for years
costs little.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, func, insert, or_, select, update
from sqlalchemy.pool import StaticPool
from sqlmodel import SQLModel, col, create_engine

from scim_bridge.model.access import AccessReading
from scim_bridge.model.batch import batched_list
from scim_bridge.model.run import ConflictRecord, OperationRecord
from scim_bridge.model.state_address import StateAddress
from scim_bridge.state.access_fact import Fact, about, facts_of, reading_of
from scim_bridge.state.access_lookup import AccessLookup
from scim_bridge.state.database import open_database, open_existing
from scim_bridge.state.record import conflict_record, operation_record
from scim_bridge.state.table import AccessFactRow, AccessReadingRow, ConflictRow, OperationRow, RunRow
from scim_bridge.state.transaction import reading, take_turn, writing

_HERE = "here"


@dataclass(frozen=True, slots=True)
class Kept:
    """A reading that was kept, by its number. requests: how many it took."""

    number: int
    as_of: datetime
    requests: int = 0


class AccessMemory:
    """The readings of one connection. Raises StateUnusable."""

    def __init__(self, engine: Engine | None, connection: str) -> None:
        self._engine, self._connection = engine, connection

    @property
    def is_there(self) -> bool:
        """Whether there is a state to look readings up in."""
        return self._engine is not None

    def all_kept(self) -> list[Kept]:
        """Every reading, the oldest first."""
        if self._engine is None:
            return []
        query = select(col(AccessReadingRow.id), col(AccessReadingRow.read_at), col(AccessReadingRow.requests))
        query = query.where(col(AccessReadingRow.connection) == self._connection).order_by(col(AccessReadingRow.id))
        with reading(self._engine) as database:
            return [Kept(number or 0, as_of, requests) for number, as_of, requests in database.execute(query)]

    def size(self, number: int) -> int:
        """How many facts the reading of this number has."""
        if self._engine is None:
            return 0
        mine = (col(AccessFactRow.connection) == self._connection, col(AccessFactRow.since) <= number)
        lasting = or_(col(AccessFactRow.until).is_(None), col(AccessFactRow.until) > number)
        with reading(self._engine) as database:
            return int(database.execute(select(func.count()).where(*mine, lasting)).scalar_one())

    def load(self, number: int) -> AccessReading | None:
        """The reading of this number, None if there is none."""
        if self._engine is None:
            return None
        query = select(col(AccessReadingRow.read_at), col(AccessReadingRow.warnings), col(AccessReadingRow.requests))
        mine = (col(AccessReadingRow.connection) == self._connection, col(AccessReadingRow.id) == number)
        with reading(self._engine) as database:
            read = database.execute(query.where(*mine)).first()
            if read is None:
                return None
            lasting = or_(col(AccessFactRow.until).is_(None), col(AccessFactRow.until) > number)
            facts = _facts(database, self._connection, col(AccessFactRow.since) <= number, lasting)
            return reading_of(((kind, key, value) for _, kind, key, value in facts), *read)

    def newest(self) -> AccessReading | None:
        """The last reading, None before the first."""
        kept = self.all_kept()
        return self.load(kept[-1].number) if kept else None

    @contextmanager
    def lookup(self, number: int | None = None) -> Iterator[AccessLookup]:
        """For looking up a few in the newest reading, or in that of this number. There must be one."""
        if self._engine is None:
            raise LookupError("no reading is kept")
        with reading(self._engine) as database:
            yield AccessLookup(database, self._connection, number)

    def operations(self, since: datetime, until: datetime) -> list[OperationRecord]:
        """What runs of this connection have done on the target between these moments."""
        if self._engine is None:
            return []
        query = select(OperationRow.__table__).join(RunRow.__table__)  # type: ignore[attr-defined]  # SQLModel's
        mine = (
            col(RunRow.connection) == self._connection,
            col(OperationRow.status) == "done",
            col(OperationRow.answered_at) > since,
            col(OperationRow.answered_at) <= until,
        )
        with reading(self._engine) as database:
            rows = database.execute(query.where(*mine).order_by(col(OperationRow.answered_at)))
            return [operation_record(row) for row in rows]

    def has_changed(self, since: datetime) -> bool:
        """Whether a run of this connection has changed a user, a group or a membership on the target since then."""
        if self._engine is None:
            return False
        query = select(col(OperationRow.run_id)).join(RunRow, col(RunRow.id) == col(OperationRow.run_id))
        mine = (
            # Not by the index of the connection: it would lead to all of its runs, and few operations are so new.
            func.coalesce(col(RunRow.connection), "") == self._connection,
            col(OperationRow.status) == "done",
            col(OperationRow.answered_at) > since,
        )
        with reading(self._engine) as database:
            return database.execute(query.where(*mine).limit(1)).first() is not None

    def deleted(self, since: datetime) -> frozenset[str]:
        """Target ids of the users and groups that runs of this connection have deleted since then."""
        if self._engine is None:
            return frozenset()
        query = select(col(OperationRow.target_id)).join(RunRow, col(RunRow.id) == col(OperationRow.run_id))
        mine = (
            col(RunRow.connection) == self._connection,
            col(OperationRow.kind).in_(("delete_user", "delete_group")),
            col(OperationRow.status) == "done",
            col(OperationRow.answered_at) > since,
        )
        with reading(self._engine) as database:
            return frozenset(row.target_id or "" for row in database.execute(query.where(*mine)))

    def decisions(self) -> list[ConflictRecord]:
        """Conflicts that a person has decided."""
        if self._engine is None:
            return []
        query = select(ConflictRow.__table__).where(  # type: ignore[attr-defined]  # SQLModel's
            col(ConflictRow.connection) == self._connection, col(ConflictRow.resolution) != ""
        )
        with reading(self._engine) as database:
            rows = database.execute(query)
            return [conflict_record(ConflictRow(**row._mapping)) for row in rows]  # noqa: SLF001 - SQLAlchemy's name

    def close(self) -> None:
        """Let go of the file."""
        if self._engine is not None:
            self._engine.dispose()


def keep_reading(address: StateAddress, connection: str, new: AccessReading) -> None:
    """Keep a reading in the state at this address, which is made if there is none."""
    engine = open_database(address)
    try:
        with writing(engine) as database:
            _keep(database, connection, new)
    finally:
        engine.dispose()


def remember_here(new: AccessReading) -> AccessMemory:
    """A reading that is kept nowhere yet, to be looked up in the same way: in the memory of this process."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    for name in (AccessReadingRow.__tablename__, AccessFactRow.__tablename__):
        SQLModel.metadata.tables[str(name)].create(engine)
    with writing(engine) as database:
        _keep(database, _HERE, new)
    return AccessMemory(engine, _HERE)


def open_access_memory(address: StateAddress, connection: str) -> AccessMemory:
    """Look at the readings that the state at this address has; nothing is created if there is none."""
    return AccessMemory(open_existing(address), connection)


def _keep(database: Connection, connection: str, new: AccessReading) -> None:
    row = {
        "connection": connection,
        "read_at": new.as_of,
        "requests": new.requests,
        "warnings": list(new.warnings),
    }
    # A number of its own even after the newest ones were deleted: facts name readings by it.
    take_turn(database, "access readings")
    last = database.execute(select(func.max(col(AccessReadingRow.id)))).scalar() or 0
    number = last + 1
    database.execute(insert(AccessReadingRow).values(id=number, **row))
    shown = facts_of(new)
    over = []
    for fact, kind, key, value in _facts(database, connection, col(AccessFactRow.until).is_(None)):
        if shown.get((kind, key)) == value:
            del shown[kind, key]
        else:
            over.append({"of_id": fact})
    ended = update(AccessFactRow).where(col(AccessFactRow.id) == bindparam("of_id")).values(until=number)
    for batch in batched_list(over):
        database.execute(ended, batch)
    for rows in batched_list(_rows(connection, shown, number)):
        database.execute(insert(AccessFactRow), rows)


def _rows(connection: str, shown: dict[Fact, str], number: int) -> Iterable[dict[str, object]]:
    for (kind, key), value in shown.items():
        row = {"connection": connection, "kind": kind, "fact_key": key, "value": value, "since": number}
        yield row | {"about": about(kind, key)}


def _facts(database: Connection, connection: str, *where: object) -> list[tuple[int, str, str, str]]:
    columns = (col(AccessFactRow.id), col(AccessFactRow.kind), col(AccessFactRow.fact_key), col(AccessFactRow.value))
    query = select(*columns).where(col(AccessFactRow.connection) == connection, *where)  # type: ignore[arg-type]
    return [(row.id or 0, row.kind, row.fact_key, row.value) for row in database.execute(query)]
