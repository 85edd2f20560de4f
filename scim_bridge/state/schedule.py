"""When each connection is due, and which worker runs it: rows that all workers of a state share (docs/decisions/0031).

A worker claims what has been due for the longest by one statement, which no other worker can win as well, and says when
the connection is due again once its run has ended. All times are those of one clock: of the database on a server, so
that the clocks of the machines do not matter; of this machine beside a file.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Engine, delete, func, literal, select, update
from sqlmodel import Field, col

from scim_bridge.model.actor import Actor
from scim_bridge.state.audit import note
from scim_bridge.state.fence import SILENT
from scim_bridge.state.table import LeaseRow, Row, UtcDateTime
from scim_bridge.state.transaction import is_file, reading, writing
from scim_bridge.state.upsert import upsert

_FORGOTTEN = timedelta(days=1)
"""What no worker has taken up for so long is in no configuration. If it comes back, it is due at once as if new."""


class ScheduleRow(Row, table=True):
    """A connection. run_with: what its files held when it last ran. worker: who runs it now, since when; "" for no one.

    cancelled_by: who has cancelled the run that is under way.
    """

    __tablename__ = "schedule"

    connection: str = Field(primary_key=True)
    next_due: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    run_with: str = ""
    worker: str = ""
    since: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    cancelled_by: str = ""


_IS_FREE = col(ScheduleRow.worker) == ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A connection on the schedule. Times are UTC."""

    connection: str
    next_due: datetime
    run_with: str
    worker: str
    since: datetime | None
    cancelled_by: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker runs a connection since then. due: when it should have."""

    connection: str
    worker: str
    since: datetime
    due: datetime


class ScheduleReader:
    """Looks at the schedule; it is empty where there is no state yet."""

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine

    def all(self) -> list[Planned]:
        """Every connection on it, what has been due for the longest first."""
        if self._engine is None:
            return []
        with reading(self._engine) as database:
            return _all(database)

    def holders(self) -> frozenset[str]:
        """The names of the workers that run something, whether they live or not."""
        if self._engine is None:
            return frozenset()
        with reading(self._engine) as database:
            return frozenset(database.execute(select(col(ScheduleRow.worker)).where(~_IS_FREE).distinct()).scalars())

    def cancelled(self, worker: str) -> frozenset[str]:
        """The connections that this worker runs, and whose run a person has cancelled."""
        mine = (col(ScheduleRow.worker) == worker, col(ScheduleRow.cancelled_by) != "")
        if self._engine is None:
            return frozenset()
        with reading(self._engine) as database:
            return frozenset(database.execute(select(col(ScheduleRow.connection)).where(*mine)).scalars())

    def cancelled_by(self, connection: str) -> str:
        """Who has cancelled the run of a connection that is under way, "" if no one has."""
        if self._engine is None:
            return ""
        with reading(self._engine) as database:
            return cancelled_by(database, connection)


class Schedule(ScheduleReader):
    """Writes it. now: UTC, of a file."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        super().__init__(engine)
        self._writer = engine
        self._now = now

    def follow(self, longest: Mapping[str, timedelta], *, is_first: bool = False) -> list[Planned]:
        """Bring the rows into line with a configuration, and give them all.

        longest: each connection that is configured, with the longest that it may wait. What is new is due at once, and
        nothing is due later than that: a shorter interval counts from now on, and so does the shorter one of two
        workers whose configurations differ. is_first: no other worker is there, so everything is due.
        """
        with reading(self._writer) as database:
            rows, now = _all(database), self._moment(database)
        there = {row.connection: row for row in rows}
        latest = {name: now if is_first else now + wait for name, wait in longest.items()}
        late = {
            name: at
            for name, at in latest.items()
            if name not in there or (not there[name].worker and there[name].next_due > at)
        }
        over = [r.connection for r in rows if r.connection not in longest and r.next_due < now - _FORGOTTEN]
        if not late and not over:
            return rows
        with writing(self._writer) as database:
            for name in over:
                database.execute(delete(ScheduleRow).where(_is(name), _IS_FREE))
            for name, at in sorted(late.items()):  # in one order: two workers would else wait for each other
                if name in there:
                    later = col(ScheduleRow.next_due) > at
                    database.execute(update(ScheduleRow).where(_is(name), _IS_FREE, later).values(next_due=at))
                else:
                    row = {"connection": name, "next_due": now, "run_with": "", "worker": "", "cancelled_by": ""}
                    database.execute(upsert(ScheduleRow).values(**row).on_conflict_do_nothing())
        return self.all()

    def hasten(self, connection: str) -> None:
        """What it reads has changed, so it is due, unless it is being run."""
        with writing(self._writer) as database:
            now = self._moment(database)
            due = (_is(connection), _IS_FREE, col(ScheduleRow.next_due) > now)
            database.execute(update(ScheduleRow).where(*due).values(next_due=now))

    def claim(self, worker: str, *, without: Collection[str] = ()) -> Claim | None:
        """The connection that has been due for the longest is run by this worker now; None if nothing is due.

        without: not one of these, since they are not in the worker's configuration.
        """
        with reading(self._writer) as database:
            now: Any = literal(self._now(), ScheduleRow.__table__.c.since.type)  # type: ignore[attr-defined]
            if not is_file(database):
                now = func.clock_timestamp()
            is_due = (_IS_FREE, col(ScheduleRow.next_due) <= now, col(ScheduleRow.connection).not_in(without))
            waiting = select(col(ScheduleRow.connection)).where(*is_due)
            if database.execute(waiting.limit(1)).first() is None:  # a look takes no lock, nor a turn of a file
                return None
        # Two workers that ask at the same moment get two connections, and neither waits for the other.
        longest = waiting.order_by(col(ScheduleRow.next_due)).limit(1).with_for_update(skip_locked=True)
        columns = (col(ScheduleRow.connection), col(ScheduleRow.since), col(ScheduleRow.next_due))
        taken = (
            update(ScheduleRow)
            .where(col(ScheduleRow.connection) == longest.scalar_subquery(), _IS_FREE)
            .values(worker=worker, since=now, cancelled_by="")
            .returning(*columns)
        )
        with writing(self._writer) as database:
            found = database.execute(taken).first()
        return Claim(found[0], worker, found[1], found[2]) if found is not None else None  # type: ignore[arg-type]  # since is set

    def runs_with(self, claim: Claim, content: str) -> None:
        """What the files held just before the run reads them."""
        with writing(self._writer) as database:
            database.execute(update(ScheduleRow).where(*_mine(claim)).values(run_with=content))

    def give(self, claim: Claim, due: datetime) -> None:
        """The worker has ended the run, or could not begin it. Nothing happens if it was given up meanwhile."""
        with writing(self._writer) as database:
            database.execute(update(ScheduleRow).where(*_mine(claim)).values(**_FREE, next_due=due))

    def give_soon(self, claim: Claim, seconds: float) -> None:
        """The same; it is due again in so many seconds from now."""
        with reading(self._writer) as database:
            due = self._moment(database) + timedelta(seconds=seconds)
        self.give(claim, due)

    def give_up(self, worker: str) -> list[str]:
        """This worker is dead: what it had in hand is due at once. Which connections that was.

        What a person has cancelled is not begun again: it waits for as long as it may, which the next look at the
        configuration (`follow`) says.
        """
        with writing(self._writer) as database:
            his = col(ScheduleRow.worker) == worker
            later = self._moment(database) + _FORGOTTEN
            cancelled = (his, col(ScheduleRow.cancelled_by) != "")
            database.execute(update(ScheduleRow).where(*cancelled).values(**_FREE, next_due=later))
            freed = update(ScheduleRow).where(his).values(**_FREE).returning(col(ScheduleRow.connection))
            return list(database.execute(freed).scalars())

    def stuck(self, worker: str) -> frozenset[str]:
        """What this worker runs in a process that has not said for a while that it goes on (lease.py)."""
        with reading(self._writer) as database:
            now = self._moment(database)
            his = (
                col(ScheduleRow.worker) == worker,
                col(LeaseRow.name) == col(ScheduleRow.connection),
                col(LeaseRow.beat) > col(ScheduleRow.since),  # of this run, not of the one before
                col(LeaseRow.beat) < now - timedelta(seconds=SILENT),
            )
            return frozenset(database.execute(select(col(ScheduleRow.connection)).where(*his)).scalars())

    def cancel(self, connection: str, by: Actor, run_id: int) -> bool:
        """Cancel the run that is under way. False if the schedule has none under way."""
        with writing(self._writer) as database:
            running = (_is(connection), ~_IS_FREE, col(ScheduleRow.cancelled_by) == "")
            if not database.execute(update(ScheduleRow).where(*running).values(cancelled_by=by.name)).rowcount:
                return False
            note(database, self._now(), by, "cancel", connection=connection, subject=f"run {run_id}")
            return True

    def _moment(self, database: Connection) -> datetime:
        """Now, on the clock that the schedule goes by."""
        if is_file(database):
            return self._now()
        moment: datetime = database.execute(select(func.clock_timestamp())).scalar_one()
        return moment


_FREE = {"worker": "", "since": None, "cancelled_by": ""}


def cancelled_by(database: Connection, connection: str) -> str:
    """Who has cancelled the run of a connection that is under way, "" if no one has."""
    return database.execute(select(col(ScheduleRow.cancelled_by)).where(_is(connection))).scalar() or ""


def _is(connection: str) -> Any:
    return col(ScheduleRow.connection) == connection


def _mine(claim: Claim) -> tuple[Any, ...]:
    return _is(claim.connection), col(ScheduleRow.worker) == claim.worker, col(ScheduleRow.since) == claim.since


def _all(database: Connection) -> list[Planned]:
    columns = ScheduleRow.__table__.c  # type: ignore[attr-defined]  # SQLModel has it
    rows = database.execute(select(*columns).order_by(col(ScheduleRow.next_due)))
    return [Planned(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's name
