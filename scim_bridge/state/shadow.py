"""What the plans of a connection in shadow would have changed: each difference once, with the runs it stood in.

A run takes as many rows as there are differences that the run before did not have, so that weeks of runs cost little.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, case, func, insert, or_, select, update
from sqlmodel import col

from scim_bridge.model.batch import batched_list
from scim_bridge.model.run import RunRecord
from scim_bridge.model.shadow import Difference, Lasting, ShadowHistory
from scim_bridge.state.record import run_record
from scim_bridge.state.table import RunRow, ShadowDifferenceRow


def keep_differences(database: Connection, connection: str, run_id: int, found: Iterable[Difference]) -> None:
    """What the plan of this run would change. What stood until now and is not among it ends with this run."""
    now = {difference.key: difference for difference in found}
    row = ShadowDifferenceRow
    query = select(col(row.id), col(row.difference_key), col(row.told))
    open_now = (col(row.connection) == connection, col(row.until_run).is_(None))
    over, changed = [], []
    for row_id, key, told in database.execute(query.where(*open_now)).all():
        difference = now.pop(key, None)
        if difference is None:
            over.append({"of_id": row_id})
        elif _told(difference) != told:
            changed.append({"of_id": row_id, "told": _told(difference)})
    this = update(row).where(col(row.id) == bindparam("of_id"))
    for batch in batched_list(over):
        database.execute(this.values(until_run=run_id), batch)
    for texts in batched_list(changed):
        database.execute(this.values(told=bindparam("told")), texts)
    new = (
        {"connection": connection, "difference_key": key, "told": _told(difference), "since_run": run_id}
        for key, difference in now.items()
    )
    for rows in batched_list(new):
        database.execute(insert(row), rows)


def _told(difference: Difference) -> str:
    about = (difference.kind, difference.subject, difference.reason, difference.change, difference.member)
    return orjson.dumps(about).decode()


def shadow_history(database: Connection, connection: str, since: datetime) -> ShadowHistory:
    """What is on record since this moment (UTC), and since when the connection is in shadow."""
    whole = (col(RunRow.connection) == connection, col(RunRow.of_one).is_(False))
    wrote = database.execute(select(func.max(col(RunRow.id))).where(*whole, col(RunRow.has_begun))).scalar() or 0
    in_shadow = (*whole, col(RunRow.status) == "shadow", col(RunRow.id) > wrote)
    about = select(func.count(), func.min(col(RunRow.id)), func.min(col(RunRow.started))).where(*in_shadow)
    count, first, began = database.execute(about).one()
    latest = _runs(database, *whole, newest=True)
    if not count:
        return ShadowHistory(latest=next(iter(latest), None))
    runs = _runs(database, *whole, col(RunRow.id) > wrote, col(RunRow.started) >= since)
    oldest = runs[0].id if runs else latest[0].id
    return ShadowHistory(
        began=began,
        count=count,
        runs=tuple(runs),
        latest=latest[0],
        lasting=tuple(_lasting(database, connection, oldest, first or 0)),
    )


def _runs(database: Connection, *where: Any, newest: bool = False) -> list[RunRecord]:
    """Runs in their order. newest: only the last one."""
    query = select(RunRow.__table__).where(*where)  # type: ignore[attr-defined]  # SQLModel's
    query = query.order_by(col(RunRow.id).desc()).limit(1) if newest else query.order_by(col(RunRow.id))
    return [run_record(RunRow(**row._mapping)) for row in database.execute(query)]  # noqa: SLF001 - SQLAlchemy's name


def _lasting(database: Connection, connection: str, oldest: int, first: int) -> Iterable[Lasting]:
    """The differences that stood in a run of this number or a later one.

    first: the first run of this time in shadow. What stood at the end of an earlier time begins with it.
    """
    row = ShadowDifferenceRow
    query = select(col(row.difference_key), col(row.told), col(row.since_run), col(row.until_run), col(RunRow.started))
    began = case((col(row.since_run) > first, col(row.since_run)), else_=first)
    query = query.join(RunRow, col(RunRow.id) == began)
    mine = (col(row.connection) == connection, or_(col(row.until_run).is_(None), col(row.until_run) > oldest))
    for key, told, since_run, until_run, started in database.execute(query.where(*mine).order_by(col(row.id))):
        yield Lasting(key, max(since_run, first), started, partial(_difference, key, told), until_run)


def _difference(key: str, told: str) -> Difference:
    kind, subject, reason, change, member = orjson.loads(told)
    pairs = {path: (old, new) for path, (old, new) in change.items()}
    return Difference(key=key, kind=kind, subject=subject, reason=reason, change=pairs, member=member)
