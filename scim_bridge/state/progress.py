"""How far runs in progress have come. A run that is over has no progress."""

from dataclasses import astuple
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, select
from sqlmodel import col

from scim_bridge.model.progress import RunProgress
from scim_bridge.model.traffic import Use, Uses
from scim_bridge.state.table import ProgressRow, RunRow
from scim_bridge.state.transaction import reading, writing
from scim_bridge.state.upsert import upsert


def note_progress(engine: Engine, progress: RunProgress) -> None:
    """Write down how far a run has come."""
    values = {
        "step": progress.step,
        "done": progress.done,
        "total": progress.total,
        "step_began": progress.step_began,
        "noted": progress.noted,
        "requests": progress.requests,
        "uses": {kind: astuple(use) for kind, use in progress.uses.items()},
    }
    statement = upsert(ProgressRow).values(run_id=progress.run, **values)
    with writing(engine) as database:
        database.execute(statement.on_conflict_do_update(index_elements=["run_id"], set_=values))
        _forget_those_over(database)


def _forget_those_over(database: Connection) -> None:
    """Also what was noted here a moment too late, and of runs whose process was killed."""
    noted = select(col(ProgressRow.run_id)).scalar_subquery()
    over = select(col(RunRow.id)).where(col(RunRow.id).in_(noted), col(RunRow.status) != "running")
    database.execute(delete(ProgressRow).where(col(ProgressRow.run_id).in_(over.scalar_subquery())))


def used_beside(engine: Engine | None, run: int, endpoint: str) -> dict[int, tuple[datetime, Uses]]:
    """What each other run in progress at this endpoint uses: its number → when it said so by its own clock, and that.

    A run whose process has died is among them, until the next run of its connection marks it.
    """
    if engine is None:
        return {}
    query = select(col(ProgressRow.run_id), col(ProgressRow.noted), col(ProgressRow.uses)).join(
        RunRow, col(RunRow.id) == col(ProgressRow.run_id)
    )
    there = (col(RunRow.status) == "running", col(RunRow.endpoint) == endpoint, col(ProgressRow.run_id) != run)
    with reading(engine) as database:
        return {
            number: (noted, {kind: Use(*use) for kind, use in uses.items()})
            for number, noted, uses in database.execute(query.where(*there))
        }


def progress_now(engine: Engine | None) -> list[RunProgress]:
    """The progress of each run that is on record as running."""
    if engine is None:
        return []
    columns = (*ProgressRow.__table__.c, col(RunRow.connection))  # type: ignore[attr-defined]  # SQLModel has it
    query = select(*columns).join(RunRow, col(RunRow.id) == col(ProgressRow.run_id))
    with reading(engine) as database:
        return [
            RunProgress(
                run=row.run_id,
                connection=row.connection,
                step=row.step,
                done=row.done,
                total=row.total,
                step_began=row.step_began,
                noted=row.noted,
                requests=row.requests,
            )
            for row in database.execute(query.where(col(RunRow.status) == "running").order_by(col(RunRow.id)))
        ]
