"""When a connection's schedule stops itself, and when it goes on (docs/design.md §8)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlmodel import col

from scim_bridge.model.run import FAILURES_BEFORE_QUARANTINE, RunStatus
from scim_bridge.state.table import ConnectionRow
from scim_bridge.state.upsert import upsert

NO_QUARANTINE: Mapping[str, Any] = {
    "failures": 0,
    "quarantined": None,
    "tried": None,
    "cause": "",
    "quarantine_reason": "",
}


def move_quarantine(
    database: Connection, connection: str, status: RunStatus, detail: str, now: datetime, *, has_bad_credentials: bool
) -> None:
    """A run has ended so: a good one lifts the quarantine; the guard, refused credentials or repeated failure begin it.

    detail: why it ended so. now: UTC.
    """
    if status in ("done", "shadow"):
        database.execute(update(ConnectionRow).where(col(ConnectionRow.name) == connection).values(**NO_QUARANTINE))
        return
    if status not in ("failed", "stopped_by_guard"):
        return
    columns = (col(ConnectionRow.failures), col(ConnectionRow.quarantined))
    before = database.execute(select(*columns).where(col(ConnectionRow.name) == connection)).one_or_none()
    failures = (before.failures if before is not None else 0) + 1
    cause = "guard" if status == "stopped_by_guard" else "credentials" if has_bad_credentials else ""
    if not cause and failures >= FAILURES_BEFORE_QUARANTINE:
        cause = "failures"
    values: dict[str, Any] = {"failures": failures, "tried": now}
    if cause:
        since = before.quarantined if before is not None and before.quarantined is not None else now
        values |= {"quarantined": since, "cause": cause, "quarantine_reason": detail}
    statement = upsert(ConnectionRow).values(name=connection, **values)
    database.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
