"""How far runs in progress have come. A run that is over has no progress."""

from sqlalchemy import Connection, Engine, delete, select
from sqlmodel import col

from scim_bridge.model.progress import RunProgress
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
