"""The workers of a state, by the names that they take up runs and orders with. Each name is a lock (lock.py).

So it is known whether a worker lives: the row alone says nothing, since a worker that is killed leaves it behind.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Engine, delete, select
from sqlmodel import Field, col

from scim_bridge.state.table import Row, UtcDateTime
from scim_bridge.state.transaction import reading, writing
from scim_bridge.state.upsert import upsert


class WorkerRow(Row, table=True):
    """A worker that has begun and not ended. runs_at_once: so many runs of the schedule at the same moment."""

    __tablename__ = "workers"

    name: str = Field(primary_key=True)
    host: str
    pid: int
    started: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    runs_at_once: int


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker. started: UTC."""

    name: str
    host: str
    pid: int
    started: datetime
    runs_at_once: int


class WorkerReader:
    """Looks at them; there are none where there is no state yet."""

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine

    def all(self) -> list[WorkerRecord]:
        """Those that have begun and not ended, the dead among them; the oldest first."""
        if self._engine is None:
            return []
        columns = WorkerRow.__table__.c  # type: ignore[attr-defined]  # SQLModel has it
        with reading(self._engine) as database:
            rows = database.execute(select(*columns).order_by(columns.started, columns.name))
            return [WorkerRecord(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's name


class Workers(WorkerReader):
    """Writes them. now: UTC."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        super().__init__(engine)
        self._writer = engine
        self._now = now

    def begin(self, name: str, runs_at_once: int) -> None:
        """This process is a worker of this name. Asked again and again, as others may have given it up meanwhile."""
        if any(each.name == name for each in self.all()):  # a look takes no turn of a file
            return
        here = {"name": name, "host": os.uname().nodename, "pid": os.getpid(), "started": self._now()}
        put = upsert(WorkerRow).values(**here, runs_at_once=runs_at_once).on_conflict_do_nothing()
        with writing(self._writer) as database:
            database.execute(put)

    def forget(self, name: str) -> None:
        """The worker has ended, or is dead."""
        with writing(self._writer) as database:
            database.execute(delete(WorkerRow).where(col(WorkerRow.name) == name))
