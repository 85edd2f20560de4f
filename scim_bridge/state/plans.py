"""Plans that are kept, to be looked at and applied exactly as they are: those that were ordered, and of stopped runs.

A plan is kept as the bytes that `plan --out` would have written, so `apply` of it is `apply` of that file.
"""

import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, select, update
from sqlmodel import col

from scim_bridge.model.actor import Actor
from scim_bridge.model.kept_plan import KeptPlan
from scim_bridge.model.plan import Plan
from scim_bridge.state.audit import note
from scim_bridge.state.table import KeptPlanRow, RunRow, TripRow
from scim_bridge.state.transaction import reading, writing
from scim_bridge.state.upsert import upsert

_COMPRESSED_FROM = 4_096
"""Bytes. A plan of 100,000 operations shrinks from 30 MB to 2 MB."""
_PIECE = 262_144
_MOST = 50
"""So many are kept of each connection, the newest: who stops a sync again and again makes one each time."""
_SHOWN = tuple(column for column in KeptPlanRow.__table__.c if column.name != "document")  # type: ignore[attr-defined]


class PlanReader:
    """Looks at kept plans; there are none where there is no state yet."""

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine

    def latest(self, limit: int, *, before: int | None = None, connection: str = "") -> list[KeptPlan]:
        """The last plans, the newest first. before: only those with a lower number. connection: "" for all."""
        query = select(*_SHOWN).order_by(col(KeptPlanRow.id).desc()).limit(limit)
        if before is not None:
            query = query.where(col(KeptPlanRow.id) < before)
        if connection:
            query = query.where(col(KeptPlanRow.connection) == connection)
        return self._find(query)

    def one(self, plan_id: int) -> KeptPlan | None:
        """One plan without its document, None if there is none of this number."""
        return next(iter(self._find(select(*_SHOWN).where(col(KeptPlanRow.id) == plan_id))), None)

    def of_run(self, run_id: int) -> KeptPlan | None:
        """The plan that the guard stopped in this run, None if none is kept."""
        return next(iter(self._find(select(*_SHOWN).where(col(KeptPlanRow.run_id) == run_id))), None)

    def document(self, plan_id: int) -> bytes | None:
        """The plan document as `plan --out` writes it, None if there is no such plan."""
        return b"".join(self.pieces(plan_id)) or None

    def pieces(self, plan_id: int) -> Iterator[bytes]:
        """The same a piece at a time, so that 30 MB are never in memory together; nothing if there is no such plan."""
        if self._engine is None:
            return
        query = select(col(KeptPlanRow.document), col(KeptPlanRow.is_compressed)).where(col(KeptPlanRow.id) == plan_id)
        with reading(self._engine) as database:
            row = database.execute(query).one_or_none()
        if row is None:
            return
        if not row.is_compressed:
            yield bytes(row.document)
            return
        inflating = zlib.decompressobj()
        piece = inflating.decompress(row.document, _PIECE)
        while piece:
            yield piece
            piece = inflating.decompress(inflating.unconsumed_tail, _PIECE)

    def _find(self, query: Any) -> list[KeptPlan]:
        if self._engine is None:
            return []
        with reading(self._engine) as database:
            rows = database.execute(query).all()
            return [_kept(row, _applied_by(database, row)) for row in rows]


class Plans(PlanReader):
    """Keeps them. now: UTC."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        super().__init__(engine)
        self._writer = engine
        self._now = now

    def keep(self, plan: Plan, *, fingerprint: str, document: bytes, by: Actor, run: int | None = None) -> int:
        """Keep a plan; its number. by: who ordered it. run: the run that the guard stopped, None for an ordered plan.

        The same plan (by its fingerprint) is kept once.
        """
        is_compressed = len(document) >= _COMPRESSED_FROM
        row = {
            "connection": plan.connection,
            "fingerprint": fingerprint,
            "run_id": run,
            "who": by.name,
            "via": by.via,
            "made": self._now(),
            "summary": plan.summary,
            "guard": [trip.sentence for trip in plan.verdict.tripped],
            "conflicts": len(plan.conflicts),
            "size": len(document),
            "is_compressed": is_compressed,
            "document": zlib.compress(document, 6) if is_compressed else document,
            "declined_by": "",
            "note": "",
        }
        mine = (col(KeptPlanRow.connection) == plan.connection, col(KeptPlanRow.fingerprint) == fingerprint)
        with writing(self._writer) as database:
            statement = upsert(KeptPlanRow).values(**row)
            database.execute(statement.on_conflict_do_nothing(index_elements=["connection", "fingerprint"]))
            number = database.execute(select(col(KeptPlanRow.id)).where(*mine)).scalar_one()
            _forget_old(database, plan.connection)
        return int(number or 0)

    def decline(self, plan_id: int, by: Actor, why: str) -> bool:
        """A person has decided against a plan. False if that was decided before, or there is no such plan.

        What the limits counted in it is not kept for an approval any more.
        """
        mine = (col(KeptPlanRow.id) == plan_id, col(KeptPlanRow.declined).is_(None))
        values = {"declined_by": by.name, "declined": self._now(), "note": why}
        with writing(self._writer) as database:
            if not database.execute(update(KeptPlanRow).where(*mine).values(**values)).rowcount:
                return False
            of = select(col(KeptPlanRow.connection), col(KeptPlanRow.run_id)).where(col(KeptPlanRow.id) == plan_id)
            connection, run_id = database.execute(of).one()
            same = (col(TripRow.connection) == connection, col(TripRow.run_id) == run_id)
            database.execute(delete(TripRow).where(*same))
            subject = f"plan {plan_id}"
            note(database, self._now(), by, "decline", connection=connection, subject=subject, detail=why)
            return True


def _forget_old(database: Connection, connection: str) -> None:
    mine = col(KeptPlanRow.connection) == connection
    newest = select(col(KeptPlanRow.id)).where(mine).order_by(col(KeptPlanRow.id).desc())
    oldest = database.execute(newest.offset(_MOST).limit(1)).scalar()
    if oldest is not None:
        database.execute(delete(KeptPlanRow).where(mine, col(KeptPlanRow.id) <= oldest))


def _applied_by(database: Connection, row: Any) -> int | None:
    """The run that has applied this plan to its end."""
    mine = (col(RunRow.connection) == row.connection, col(RunRow.plan) == row.fingerprint)
    query = select(col(RunRow.id)).where(*mine, col(RunRow.command) == "apply", col(RunRow.is_complete))
    return database.execute(query).scalars().first()


def _kept(row: Any, applied_by: int | None) -> KeptPlan:
    return KeptPlan(
        id=row.id,
        connection=row.connection,
        run=row.run_id,
        by=Actor(row.who, row.via),
        made=row.made,
        summary=row.summary,
        guard=tuple(row.guard),
        conflicts=row.conflicts,
        size=row.size,
        applied_by=applied_by,
        declined_by=row.declined_by,
        note=row.note,
    )
