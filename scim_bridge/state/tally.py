"""Totals of runs and operations, moved on in the transaction that ends a run, so that no one ever counts all of them.

They only grow: what is forgotten of the history (`history.keep`) stays counted. An operation counts once, as it stood
when its run ended; what a later look finds out about it is not counted again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import col

from scim_bridge.model.watched import BUCKETS
from scim_bridge.state.table import OperationRow, OperationTotalRow, RunRow, RunTotalRow

_OUTCOMES = {"planned": "not_sent", "sent": "unknown"}
"""Status of an operation when its run ends → what is counted, where that is another word."""


def count_run(database: Connection, run_id: int) -> None:
    """Count a run that has just ended, with its operations."""
    kind = case((col(RunRow.of_one), "only"), else_=col(RunRow.command)).label("kind")
    columns = (RunRow.connection, RunRow.status, RunRow.started, RunRow.ended, RunRow.requests, RunRow.throttled)
    run = database.execute(select(*map(col, columns), kind).where(col(RunRow.id) == run_id)).one()
    sent = (0, 0) if _is_inside(database, run.connection, run_id) else (run.requests, run.throttled)
    seconds = None if run.ended is None else max(0.0, (run.ended - run.started).total_seconds())
    _add_run(database, (run.connection, run.kind, run.status), run_id, run.started, run.ended, seconds, sent)
    _add_operations(database, run.connection, run_id)


def _is_inside(database: Connection, connection: str, run_id: int) -> bool:
    """Whether another run carries this one out, and counts its requests with its own."""
    outer = aliased(RunRow)
    mine = (col(outer.connection) == connection, col(outer.status) == "running", col(outer.id) < run_id)
    return database.execute(select(col(outer.id)).where(*mine).limit(1)).first() is not None


def _add_run(database: Connection, key: tuple[str, str, str], run_id: int, *what: Any) -> None:
    started, ended, seconds, (requests, throttled) = what
    names = ("connection", "kind", "outcome")
    row = RunTotalRow
    columns = (row.runs, row.requests, row.throttled, row.seconds, row.buckets)
    mine = [col(getattr(row, name)) == value for name, value in zip(names, key, strict=True)]
    before = database.execute(select(*map(col, columns)).where(*mine)).one_or_none()
    values = {
        "runs": (before.runs if before is not None else 0) + 1,
        "requests": (before.requests if before is not None else 0) + requests,
        "throttled": (before.throttled if before is not None else 0) + throttled,
        "seconds": (before.seconds if before is not None else 0.0) + (seconds or 0.0),
        "buckets": with_one_more(before.buckets if before is not None else (), seconds),
        "last_run": run_id,
        "last_started": started,
        "last_ended": ended,
    }
    statement = upsert(row).values(dict(zip(names, key, strict=True)) | values)
    database.execute(statement.on_conflict_do_update(index_elements=names, set_=values))


def with_one_more(buckets: Iterable[int], seconds: float | None) -> list[int]:
    """How many runs took at most so long, for each bucket alone, with a further run; None: its end is not known."""
    counts = [*buckets] or [0] * (len(BUCKETS) + 1)
    if seconds is not None:
        counts[next((at for at, most in enumerate(BUCKETS) if seconds <= most), len(BUCKETS))] += 1
    return counts


def _add_operations(database: Connection, connection: str, run_id: int) -> None:
    query = select(col(OperationRow.kind), col(OperationRow.status), func.count().label("count"))
    query = query.where(col(OperationRow.run_id) == run_id).group_by(col(OperationRow.kind), col(OperationRow.status))
    counted: dict[tuple[str, str], int] = {}
    for kind, status, count in database.execute(query):
        outcome = kind, _OUTCOMES.get(status, status)
        counted[outcome] = counted.get(outcome, 0) + count
    statement = upsert(OperationTotalRow)
    more = statement.on_conflict_do_update(
        index_elements=["connection", "kind", "outcome"],
        set_={"operations": col(OperationTotalRow.operations) + statement.excluded.operations},
    )
    rows = [
        {"connection": connection, "kind": kind, "outcome": outcome, "operations": count}
        for (kind, outcome), count in counted.items()
    ]
    if rows:
        database.execute(more, rows)


def last_of(database: Connection, connection: str, kind: str, outcomes: Iterable[str]) -> datetime | None:
    """When the last run of this kind with one of these outcomes ended."""
    row = RunTotalRow
    mine = (col(row.connection) == connection, col(row.kind) == kind, col(row.outcome).in_(tuple(outcomes)))
    found: datetime | None = database.execute(select(func.max(col(row.last_ended))).where(*mine)).scalar()
    return found
