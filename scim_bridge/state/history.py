"""What is forgotten of the history: runs and operations of long ago, a small piece at a time (`history.keep`).

Everything that a plan goes by stays, however old: so the next run plans the same after a piece as before it. The audit
and what is remembered of each user and group are in tables of their own, and stay whole.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, or_, select, text
from sqlalchemy.orm import aliased
from sqlmodel import col

from scim_bridge.state.operation_subject import forget_mentions
from scim_bridge.state.table import (
    UNSURE_OPERATION,
    ConnectionRow,
    KeptPlanRow,
    OperationRow,
    OrderRow,
    RequestRow,
    RunRow,
    SeenChangeRow,
    ShadowDifferenceRow,
    TripRow,
)
from scim_bridge.state.upsert import upsert

_RUNS = 200
"""Runs looked at in one transaction; most runs have changed nothing, so that there is little to forget of each."""


def forget_some(database: Connection, connection: str, before: datetime, most: int) -> bool:
    """Forget what happened before this moment (UTC), at most so many rows of it. False once there is nothing more."""
    return _forget_runs(database, connection, before, most) or _forget_beside(database, connection, before, most)


def forgotten_until(database: Connection, connection: str) -> datetime | None:
    """What happened until then may be missing from the history; None if nothing is."""
    query = select(col(ConnectionRow.forgotten_until)).where(col(ConnectionRow.name) == connection)
    found: datetime | None = database.execute(query).scalar()
    return found


def _forget_runs(database: Connection, connection: str, before: datetime, most: int) -> bool:
    """The oldest first: what is there of a time is then all there was, but for what stays on purpose."""
    ended = func.coalesce(col(RunRow.ended), col(RunRow.started))
    old = (
        col(RunRow.connection) == connection,
        col(RunRow.started) < before,
        ended < before,
        col(RunRow.status) != "running",
        col(RunRow.id).not_in(set(_staying(database, connection))),
        ~and_(*_in_shadow_now(connection)),
        ~select(col(OperationRow.run_id)).where(col(OperationRow.run_id) == col(RunRow.id), _unsure()).exists(),
    )
    columns = (col(RunRow.id), ended.label("at"))
    found = database.execute(select(*columns).where(*old).order_by(col(RunRow.id)).limit(_RUNS)).all()
    left, over, last = most, [], None
    for run_id, at in found:
        last = at if last is None else max(last, at)
        left -= _forget_operations(database, run_id or 0, left)
        if left <= 0:
            break
        over.append(run_id)
    if last is not None:
        _note(database, connection, last)
    database.execute(delete(ShadowDifferenceRow).where(col(ShadowDifferenceRow.until_run).in_(over)))
    database.execute(delete(RunRow).where(col(RunRow.id).in_(over)))
    return bool(found)


def _forget_operations(database: Connection, run_id: int, most: int) -> int:
    """How many were forgotten."""
    mine = col(OperationRow.run_id) == run_id
    columns = (col(OperationRow.operation_id), col(OperationRow.kind), col(OperationRow.document))
    some = database.execute(select(*columns).where(mine).limit(most)).all()
    forget_mentions(database, run_id, ((row.operation_id, row.kind, orjson.loads(row.document)) for row in some))
    these = [{"of_id": row.operation_id} for row in some]
    if these:
        database.execute(delete(OperationRow).where(mine, col(OperationRow.operation_id) == bindparam("of_id")), these)
    return len(these)


def _unsure() -> ColumnElement[bool]:
    return text(UNSURE_OPERATION)  # type: ignore[return-value]  # literally, so that the index serves


def _staying(database: Connection, connection: str) -> Iterator[int]:
    """Runs that a later plan, an approval or the trend of a shadow goes by, whatever their age.

    Of each endpoint: a tenant that a connection returns to is not one that it has never seen.
    """
    run_id, mine = col(RunRow.id), col(RunRow.connection) == connection
    whole = (mine, col(RunRow.of_one).is_(False))
    begun = (*whole, col(RunRow.has_begun))
    applied = (*begun, col(RunRow.status) == "done", col(RunRow.command) != "rollback")
    settled = (*begun, or_(col(RunRow.is_complete), col(RunRow.is_relinking)))
    for which in ((mine,), whole, begun, settled, applied):
        newest = select(func.max(run_id)).where(*which).group_by(col(RunRow.endpoint))
        yield from (found or 0 for found in database.execute(newest).scalars())
    yield from database.execute(select(col(TripRow.run_id)).where(col(TripRow.connection) == connection)).scalars()
    kept = select(col(KeptPlanRow.run_id)).where(col(KeptPlanRow.connection) == connection)
    yield from (found for found in database.execute(kept).scalars() if found is not None)
    unsettled = select(col(ConnectionRow.unsettled)).where(col(ConnectionRow.name) == connection)
    yield from (found for found in database.execute(unsettled).scalars() if found is not None)


def _in_shadow_now(connection: str) -> tuple[ColumnElement[bool], ...]:
    """Runs of a shadow that goes on: its trend is shown from its first run on."""
    other = aliased(RunRow)
    begun = (col(other.connection) == connection, col(other.of_one).is_(False), col(other.has_begun))
    wrote = select(func.coalesce(func.max(col(other.id)), 0)).where(*begun).scalar_subquery()
    return col(RunRow.status) == "shadow", col(RunRow.of_one).is_(False), col(RunRow.id) > wrote


def _forget_beside(database: Connection, connection: str, before: datetime, most: int) -> bool:
    """What others changed on the connection's targets, and orders that have ended."""
    endpoints = select(col(RunRow.endpoint)).where(col(RunRow.connection) == connection).distinct()
    columns = (col(SeenChangeRow.id), col(SeenChangeRow.seen_at))
    # In the order in which they were seen, so that the first ones say whether there is anything to forget.
    query = select(*columns).where(col(SeenChangeRow.endpoint).in_(endpoints)).order_by(col(SeenChangeRow.id))
    seen = [row for row in database.execute(query.limit(most)) if row.seen_at < before]
    if seen:
        database.execute(delete(SeenChangeRow).where(col(SeenChangeRow.id).in_([row.id for row in seen])))
        touched = select(col(RunRow.connection)).where(col(RunRow.endpoint).in_(endpoints)).distinct()
        for name in database.execute(touched).scalars().all():
            _note(database, name, max(row.seen_at for row in seen))
    answered = (col(RequestRow.connection) == connection, col(RequestRow.answered) < before)
    some = select(col(RequestRow.id)).where(*answered).limit(most).scalar_subquery()
    over = database.execute(delete(RequestRow).where(col(RequestRow.id).in_(some))).rowcount
    over += _forget_orders(database, connection, before, most)
    return bool(over) or bool(seen)


def _forget_orders(database: Connection, connection: str, before: datetime, most: int) -> int:
    """How many were forgotten. An order stays as long as the runs and the plan that it is about or has led to."""

    def is_there(table: Any, number: Any) -> ColumnElement[bool]:
        return select(col(table.id)).where(col(table.id) == number).exists()

    mine = (col(OrderRow.connection) == connection, col(OrderRow.ended) < before)
    needed = (
        is_there(RunRow, col(OrderRow.run_id)),
        is_there(RunRow, col(OrderRow.about_run)),
        is_there(KeptPlanRow, col(OrderRow.plan_id)),
    )
    some = select(col(OrderRow.id)).where(*mine, ~or_(*needed)).order_by(col(OrderRow.id)).limit(most)
    return database.execute(delete(OrderRow).where(col(OrderRow.id).in_(some.scalar_subquery()))).rowcount


def _note(database: Connection, connection: str, until: datetime) -> None:
    """What came after a moment before this one is not known whole any more."""
    earlier = forgotten_until(database, connection)
    values: dict[str, Any] = {"forgotten_until": until if earlier is None else max(earlier, until)}
    statement = upsert(ConnectionRow).values(name=connection, **values)
    database.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
