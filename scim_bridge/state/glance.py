"""All connections at a glance, in a handful of queries whose cost does not grow with the history."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import JSON, Connection, Engine, and_, func, literal, or_, select, true
from sqlmodel import col

from scim_bridge.model.glance import Glance, RunPoint
from scim_bridge.model.run import Pause, Quarantine, RunRecord
from scim_bridge.state.record import run_record
from scim_bridge.state.table import ConflictRow, ConnectionRow, OperationRow, ReadingRow, RunRow
from scim_bridge.state.transaction import reading

_READ_THE_SOURCE = ("done", "shadow", "stopped_by_guard")
_UNSUCCESSFUL = ("sent", "failed", "not_sent")
_NOT_CHANGES = ("held", "failed")
_LIST_COLUMNS: tuple[Any, ...] = (
    *(column for column in RunRow.__table__.c if column.name != "access"),  # type: ignore[attr-defined]  # SQLModel has it
    literal({}, JSON).label("access"),  # the longest part of a run, which only its own page shows
)
_SCHEDULE = tuple(ConnectionRow.__table__.c)  # type: ignore[attr-defined]  # likewise


def glances(engine: Engine | None, only: str | None = None) -> dict[str, Glance]:
    """Connection → what is known of it, for all that have run, are paused, or have a conflict. only: of this one."""
    if engine is None:
        return {}

    def mine(column: Any) -> Any:
        return col(column) == only if only is not None else true()

    with reading(engine) as database:
        newest = select(func.max(col(RunRow.id))).where(mine(RunRow.connection)).group_by(col(RunRow.connection))
        last = {run.connection: run for run in _runs(database, col(RunRow.id).in_(newest))}
        good = {name: run if _is_good(run) else _last_good(database, name) for name, run in last.items()}
        conflicts = _open_conflicts(database, mine(ConflictRow.connection))
        read_at = func.max(col(ReadingRow.began))
        read = select(col(ReadingRow.connection), read_at).where(mine(ReadingRow.connection))
        read = read.group_by(col(ReadingRow.connection))
        target_read = {row[0]: row[1] for row in database.execute(read)}
        schedules = {row.name: row for row in database.execute(select(*_SCHEDULE).where(mine(ConnectionRow.name)))}
        judged = {name: _judged(database, run, _quarantine(schedules.get(name))) for name, run in last.items()}
        unsuccessful = _unsuccessful(database, [run.id for run in judged.values() if run is not None])
    return {
        name: Glance(
            connection=name,
            last=last.get(name),
            judged=judged.get(name),
            good=good.get(name),
            unsuccessful=unsuccessful.get(run.id, 0) if (run := judged.get(name)) is not None else 0,
            conflicts=conflicts.get(name, 0),
            pause=_pause(schedules.get(name)),
            quarantine=_quarantine(schedules.get(name)),
            target_read=target_read.get(name),
        )
        for name in sorted({*last, *conflicts, *schedules})
    }


def trends(engine: Engine | None, names: Iterable[str], limit: int) -> dict[str, tuple[RunPoint, ...]]:
    """Connection → its last runs, the oldest first."""
    if engine is None:
        return {}
    columns = (RunRow.id, RunRow.status, RunRow.started, RunRow.ended, RunRow.summary)
    with reading(engine) as database:
        found = {}
        for name in names:
            query = select(*(col(c) for c in columns)).where(col(RunRow.connection) == name)
            rows = database.execute(query.order_by(col(RunRow.id).desc()).limit(limit)).all()
            found[name] = tuple(map(_point, reversed(rows)))
    return found


def _point(row: Sequence[Any]) -> RunPoint:
    number, status, started, ended, summary = row
    did = {} if status in ("stopped_by_guard", "shadow") else summary
    changes = sum(count for key, count in did.items() if key not in _NOT_CHANGES)
    took = ended - started if ended is not None else None
    return RunPoint(id=number, status=status, started=started, took=took, changes=changes)


def _runs(database: Connection, where: Any) -> list[RunRecord]:
    return [run_record(row) for row in database.execute(select(*_LIST_COLUMNS).where(where))]  # type: ignore[arg-type]


def _is_good(run: RunRecord) -> bool:
    return run.status in _READ_THE_SOURCE and not run.of_one


def _last_good(database: Connection, name: str) -> RunRecord | None:
    return _newest(database, name, col(RunRow.status).in_(_READ_THE_SOURCE), ~col(RunRow.of_one))


def _judged(database: Connection, last: RunRecord, quarantine: Quarantine | None) -> RunRecord | None:
    """The run that tells how the connection is. An order that was refused says nothing of anyone else."""
    if last.status == "running":
        return last
    by_guard = (col(RunRow.status) == "stopped_by_guard", ~col(RunRow.of_one), col(RunRow.command) != "rollback")
    if quarantine is not None and quarantine.cause == "guard":
        stopped = _newest(database, last.connection, *by_guard)
        if stopped is not None:  # else it is forgotten
            return stopped
    if (last.command == "sync" and not last.of_one) or last.result.cause:
        return last  # as nearly always, and three hundred of them need no query each
    about_everyone = and_(~col(RunRow.of_one), col(RunRow.command) == "sync")
    sent = select(literal(1)).where(col(OperationRow.run_id) == col(RunRow.id), col(OperationRow.sent_at).is_not(None))
    return _newest(
        database, last.connection, or_(about_everyone, and_(*by_guard), col(RunRow.cause) != "", sent.exists())
    )


def _newest(database: Connection, name: str, *where: Any) -> RunRecord | None:
    mine = (col(RunRow.connection) == name, *where)
    number = database.execute(select(col(RunRow.id)).where(*mine).order_by(col(RunRow.id).desc()).limit(1)).scalar()
    return _runs(database, col(RunRow.id) == number)[0] if number is not None else None


def _unsuccessful(database: Connection, runs: Sequence[int]) -> dict[int, int]:
    mine = (col(OperationRow.run_id).in_(runs), col(OperationRow.status).in_(_UNSUCCESSFUL))
    counts = select(col(OperationRow.run_id), func.count()).where(*mine).group_by(col(OperationRow.run_id))
    return {row[0]: row[1] for row in database.execute(counts)}


def _open_conflicts(database: Connection, mine: Any) -> dict[str, int]:
    undecided = (mine, col(ConflictRow.closed).is_(None), col(ConflictRow.resolution) == "")
    counts = select(col(ConflictRow.connection), func.count()).where(*undecided).group_by(col(ConflictRow.connection))
    return {row[0]: row[1] for row in database.execute(counts)}


def _pause(row: Any) -> Pause | None:
    return Pause(row.paused, row.paused_by, row.reason) if row is not None and row.paused is not None else None


def _quarantine(row: Any) -> Quarantine | None:
    if row is None or row.quarantined is None:
        return None
    return Quarantine(row.quarantined, row.cause, row.quarantine_reason, row.tried)
