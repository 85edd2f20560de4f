"""One look at everything that is watched, at a cost that does not grow with the directory or the history.

A dozen statements, each over a few rows of each connection: the totals (state/tally.py), and indexes of what is open.
"""

from typing import Any

from sqlalchemy import Connection, func, select, text
from sqlmodel import col

from scim_bridge.model.run import Quarantine
from scim_bridge.model.watched import PLANNED, RunTotal, Watched
from scim_bridge.state.table import (
    OPEN_ORDERS,
    RUNNING,
    ConflictRow,
    ConnectionRow,
    OperationTotalRow,
    OrderRow,
    ReadingRow,
    RequestRow,
    RunRow,
    RunTotalRow,
    TripRow,
)


def watched(database: Connection) -> Watched:
    """All of it."""
    read = select(col(ReadingRow.connection), func.max(col(ReadingRow.began))).group_by(col(ReadingRow.connection))
    paused = select(col(ConnectionRow.name), col(ConnectionRow.paused)).where(col(ConnectionRow.paused).is_not(None))
    running = select(col(RunRow.connection), func.min(col(RunRow.started))).where(text(RUNNING))
    newest = _newest(database)
    return Watched(
        runs=_runs(database),
        operations=_operations(database),
        conflicts=_conflicts(database),
        target_read=_pairs(database, read),
        paused=_pairs(database, paused),
        quarantined=_quarantined(database),
        tripped=_pairs(database, select(col(TripRow.connection), col(TripRow.run_id))),
        waiting=_waiting(database),
        counts={row.connection: {what: (pair[0], pair[1]) for what, pair in row.counts.items()} for row in newest},
        paces={row.connection: row.pace for row in newest},
        running=_pairs(database, running.group_by(col(RunRow.connection))),
    )


def _pairs(database: Connection, query: Any) -> dict[str, Any]:
    return {name: value for name, value in database.execute(query)}  # noqa: C416 - rows are not pairs for mypy


def _runs(database: Connection) -> tuple[RunTotal, ...]:
    rows = database.execute(select(RunTotalRow.__table__)).mappings()  # type: ignore[attr-defined]  # SQLModel's
    return tuple(RunTotal(**{**row, "buckets": tuple(row["buckets"])}) for row in rows)


def _operations(database: Connection) -> dict[tuple[str, str, str], int]:
    row = OperationTotalRow
    query = select(col(row.connection), col(row.kind), col(row.outcome), col(row.operations))
    return {(connection, kind, outcome): count for connection, kind, outcome, count in database.execute(query)}


def _conflicts(database: Connection) -> dict[tuple[str, str], int]:
    """Open ones that no one has decided."""
    columns = (col(ConflictRow.connection), col(ConflictRow.kind))
    query = select(*columns, func.count()).where(col(ConflictRow.closed).is_(None), col(ConflictRow.resolution) == "")
    return {(connection, kind): count for connection, kind, count in database.execute(query.group_by(*columns))}


def _quarantined(database: Connection) -> dict[str, Quarantine]:
    row = ConnectionRow
    columns = (col(row.name), col(row.quarantined), col(row.cause), col(row.quarantine_reason), col(row.tried))
    rows: Any = database.execute(select(*columns).where(col(row.quarantined).is_not(None)))
    return {name: Quarantine(*what) for name, *what in rows}


def _waiting(database: Connection) -> dict[str, Any]:
    """Orders that no one has taken, and those of `sync --only` in the inbox of a run in progress."""
    inbox = select(col(RequestRow.connection), func.count(), func.min(col(RequestRow.asked)))
    inbox = inbox.where(col(RequestRow.answered).is_(None)).group_by(col(RequestRow.connection))
    orders = select(col(OrderRow.connection), func.count(), func.min(col(OrderRow.placed)))
    orders = orders.where(text(OPEN_ORDERS), col(OrderRow.status) == "waiting").group_by(col(OrderRow.connection))
    found: dict[str, Any] = {}
    for connection, count, oldest in (*database.execute(inbox), *database.execute(orders)):
        more, older = found.get(connection, (0, oldest))
        found[connection] = (count + more, min(oldest, older))
    return found


def _newest(database: Connection) -> list[Any]:
    """Of each connection the newest run that came to a plan about everyone."""
    planned = (col(RunTotalRow.kind) == "sync", col(RunTotalRow.outcome).in_(PLANNED))
    totals = select(func.max(col(RunTotalRow.last_run))).where(*planned)
    newest = totals.group_by(col(RunTotalRow.connection)).scalar_subquery()
    query = select(col(RunRow.connection), col(RunRow.counts), col(RunRow.pace)).where(col(RunRow.id).in_(newest))
    return list(database.execute(query))
