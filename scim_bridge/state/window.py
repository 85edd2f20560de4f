"""What earlier runs count for the limits: what they took away or changed in the window, and what they were shown."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, or_, select
from sqlmodel import col

from scim_bridge.model.effect import Effect, Shrunk, effects, read_all
from scim_bridge.model.identity import SourceCounts
from scim_bridge.model.limit import CounterName
from scim_bridge.model.operation_kind import OPERATION_KINDS
from scim_bridge.state.table import OperationRow, RunRow

_COUNTING = tuple(kind for kind, row in OPERATION_KINDS.items() if row.counter)


def last_applied(
    database: Connection, connection: str, endpoint: str, since: datetime | None, *, after_run: int = 0
) -> tuple[SourceCounts | None, str]:
    """What the source showed in the last applied run, or at most in the window before it, and by which mapping.

    A shrinking that someone approved begins a new count. after_run: earlier runs are not believed.
    """
    columns = (col(RunRow.source), col(RunRow.mapping), col(RunRow.started), col(RunRow.approved))
    mine = (
        col(RunRow.connection) == connection,
        col(RunRow.endpoint) == endpoint,
        col(RunRow.status) == "done",
        col(RunRow.has_begun),
        col(RunRow.of_one).is_(False),
        col(RunRow.command) != "rollback",
        col(RunRow.id) > after_run,
    )
    query = select(*columns).where(*mine).order_by(col(RunRow.id).desc())
    counts: dict[str, int] = {}
    mapping: str | None = None
    for source, used, started, approved in database.execute(query):
        if mapping is not None and (since is None or started < since):
            break
        mapping = used if mapping is None else mapping
        counts = {what: max(shown, counts.get(what, 0)) for what, shown in source.items()}
        if any(isinstance(effect, Shrunk) for effect in read_all(approved)):
            break
    return (SourceCounts(**counts) if counts else None), mapping or ""


def recent(
    database: Connection, connection: str, endpoint: str, since: datetime
) -> dict[CounterName, frozenset[Effect]]:
    """What the runs of the window took away or changed, by counter; what was approved does not count."""
    columns = (col(OperationRow.run_id), col(OperationRow.document), col(OperationRow.target_id))
    counting = (
        col(OperationRow.kind).in_(_COUNTING),
        col(OperationRow.document).contains('"counts":['),  # of a load of 100,000 none is parsed
    )
    mine = (col(RunRow.connection) == connection, col(RunRow.endpoint) == endpoint)
    done = (col(OperationRow.answered_at) >= since, col(OperationRow.status) == "done", or_(*counting))
    query = select(*columns).join(RunRow, col(RunRow.id) == col(OperationRow.run_id)).where(*mine, *done)
    approved = _approved(database, *mine, or_(col(RunRow.ended).is_(None), col(RunRow.ended) >= since))
    found: dict[CounterName, set[Effect]] = {}
    for run_id, document, target_id in database.execute(query):
        for counter, counted in _effects(orjson.loads(document), target_id):
            found.setdefault(counter, set()).update(counted - approved.get(run_id, frozenset()))
    return {counter: frozenset(counted) for counter, counted in found.items() if counted}


def _approved(database: Connection, *mine: Any) -> dict[int, frozenset[Effect]]:
    """Run → what someone approved in it."""
    query = select(col(RunRow.id), col(RunRow.approved)).where(*mine)
    return {run_id or 0: read_all(texts) for run_id, texts in database.execute(query) if texts}


def _effects(operation: dict[str, Any], target_id: str | None) -> Iterator[tuple[CounterName, frozenset[Effect]]]:
    """What the limits count of a journaled operation."""
    members = (member["target_id"] for member in operation.get("members", ()))
    return effects(operation["kind"], operation["source_id"], target_id, members, counts=operation.get("counts", ()))


def repairs(database: Connection, connection: str, endpoint: str, since: datetime) -> dict[str, dict[str, int]]:
    """Target id → path → how often a value was set back to what we had applied."""
    columns = (col(OperationRow.target_id), col(OperationRow.document))
    mine = (col(RunRow.connection) == connection, col(RunRow.endpoint) == endpoint)
    done = (col(OperationRow.answered_at) >= since, col(OperationRow.status) == "done")
    query = select(*columns).join(RunRow, col(RunRow.id) == col(OperationRow.run_id)).where(*mine, *done)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for target_id, document in database.execute(query.where(col(OperationRow.document).contains('"drifted":['))):
        found[target_id or ""].update(orjson.loads(document).get("drifted", ()))
    return {target_id: dict(times) for target_id, times in found.items()}
