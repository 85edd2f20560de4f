"""Totals of runs and operations, moved on in the transaction that ends a run, so that no one ever counts all of them.

They only grow: what is forgotten of the history (`history.keep`) stays counted. An operation counts once, as it stood
when its run ended; what a later look finds out about it is not counted again.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, case, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from scim_bridge.model.watched import BUCKETS
from scim_bridge.state.table import OperationRow, OperationTotalRow, RunRow, RunTotalRow
from scim_bridge.state.upsert import upsert

_OUTCOMES = {"planned": "not_sent", "sent": "unknown"}
"""Status of an operation when its run ends → what is counted, where that is another word."""


def count_run(database: Connection, run_id: int) -> None:
    """Count a run that has just ended, with its operations."""
    kind = case((col(RunRow.of_one), "only"), else_=col(RunRow.command)).label("kind")
    columns = (RunRow.id, RunRow.connection, RunRow.status, RunRow.started, RunRow.ended)
    numbers = (RunRow.requests, RunRow.throttled)
    query = select(*map(col, columns), *map(col, numbers), kind)
    run = database.execute(query.where(col(RunRow.id) == run_id)).one()
    _add_run(database, run, is_inside=_is_inside(database, run.connection, run_id))
    _add_operations(database, run.connection, run_id)


def _is_inside(database: Connection, connection: str, run_id: int) -> bool:
    """Whether another run carries this one out, and counts its requests with its own."""
    outer = aliased(RunRow)
    mine = (col(outer.connection) == connection, col(outer.status) == "running", col(outer.id) < run_id)
    return database.execute(select(col(outer.id)).where(*mine).limit(1)).first() is not None


def _add_run(database: Connection, run: Any, *, is_inside: bool) -> None:
    row = RunTotalRow
    key = {"connection": run.connection, "kind": run.kind, "outcome": run.status}
    columns = (row.runs, row.requests, row.throttled, row.seconds, row.buckets)
    mine = [col(getattr(row, name)) == value for name, value in key.items()]
    found: Any = database.execute(select(*map(col, columns)).where(*mine)).one_or_none()
    runs, requests, throttled, seconds, buckets = found or (0, 0, 0, 0.0, [])
    taken = None if run.ended is None else max(0.0, (run.ended - run.started).total_seconds())
    values = {
        "runs": runs + 1,
        "requests": requests + (0 if is_inside else run.requests),
        "throttled": throttled + (0 if is_inside else run.throttled),
        "seconds": seconds + (taken or 0.0),
        "buckets": with_one_more(buckets, taken),
        "last_run": run.id,
        "last_started": run.started,
        "last_ended": run.ended,
    }
    statement = upsert(row).values(key | values)
    database.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


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
