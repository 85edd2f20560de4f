"""What the target refused, kept between runs with the time at which it is sent again.

How long it waits is in model/backoff.py. Another record or another mapping begins the count again.
"""

from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select
from sqlmodel import col

from scim_bridge.model.backoff import pause
from scim_bridge.model.identity import Kind
from scim_bridge.model.plan import Bookkeeping, Conflict, Refusal
from scim_bridge.state.table import ConflictRow, RefusalRow
from scim_bridge.state.upsert import upsert

_KEY = ("connection", "endpoint", "kind", "source_id", "member")
_COLUMNS = (
    col(RefusalRow.kind),
    col(RefusalRow.source_id),
    col(RefusalRow.member),
    col(RefusalRow.target_id),
    col(RefusalRow.digest),
    col(RefusalRow.paths),
    col(RefusalRow.conflict),
    col(RefusalRow.mapping),
    col(RefusalRow.due),
)


def refusals_of(database: Connection, connection: str, endpoint: str) -> list[tuple[str, Refusal]]:
    """What is remembered, each with the key of its conflict; the conflict itself is to be filled in."""
    mine = (col(RefusalRow.connection) == connection, col(RefusalRow.endpoint) == endpoint)
    return [(row.conflict, _refusal(row)) for row in database.execute(select(*_COLUMNS).where(*mine))]


def keep_refusals(
    database: Connection, connection: str, endpoint: str, books: Bookkeeping, *, mapping: str, sent_at: datetime
) -> None:
    """Put what was refused in a run on record, and forget what was sent again and is over.

    mapping: a hash of the mapping's document. sent_at: when the run began.
    """
    place = {"connection": connection, "endpoint": endpoint}
    mine = (col(RefusalRow.connection) == connection, col(RefusalRow.endpoint) == endpoint)
    columns = (*_COLUMNS, col(RefusalRow.times))
    stored = {(row.kind, row.source_id, row.member): row for row in database.execute(select(*columns).where(*mine))}
    _forget(database, place, (key for key in books.answered if key in stored))
    rows = []
    for refusal in books.refusals:
        before = stored.get(refusal.key)
        is_same = before is not None and (before.digest, before.mapping) == (refusal.digest, mapping)
        times = before.times + 1 if before is not None and is_same else 1
        rows.append(place | _values(refusal) | {"mapping": mapping, "times": times, "due": sent_at + pause(times)})
    if rows:
        statement = upsert(RefusalRow)
        moved = {name: statement.excluded[name] for name in rows[0] if name not in _KEY}
        database.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=moved), rows)


def forget_told_otherwise(database: Connection, connection: str, endpoint: str, open_keys: Container[str]) -> None:
    """What is remembered of a conflict that is over goes with it."""
    mine = (col(RefusalRow.connection) == connection, col(RefusalRow.endpoint) == endpoint)
    stored = database.execute(select(*_COLUMNS).where(*mine)).all()
    over = [(row.kind, row.source_id, row.member) for row in stored if row.conflict not in open_keys]
    _forget(database, {"connection": connection, "endpoint": endpoint}, over)


def forget_landed(database: Connection, connection: str, endpoint: str, kind: Kind, source_id: str) -> list[str]:
    """What was not answered had landed, so nothing of this record is kept back. Gives the keys of its conflicts."""
    mine = (col(RefusalRow.connection) == connection, col(RefusalRow.endpoint) == endpoint)
    database.execute(
        delete(RefusalRow).where(*mine, col(RefusalRow.kind) == kind, col(RefusalRow.source_id) == source_id)
    )
    unanswered = (
        col(ConflictRow.connection) == connection,
        col(ConflictRow.kind) == "not_answered",
        col(ConflictRow.resource) == kind,
        col(ConflictRow.source_id) == source_id,
        col(ConflictRow.closed).is_(None),
    )
    return list(database.execute(select(col(ConflictRow.key)).where(*unanswered)).scalars())


def _forget(database: Connection, place: Mapping[str, str], keys: Iterable[tuple[str, str, str]]) -> None:
    rows = [{f"of_{name}": value for name, value in zip(_KEY, (*place.values(), *key), strict=True)} for key in keys]
    if rows:
        this = (RefusalRow.__table__.c[name] == bindparam(f"of_{name}") for name in _KEY)  # type: ignore[attr-defined]
        database.execute(delete(RefusalRow).where(*this), rows)


def _values(refusal: Refusal) -> dict[str, Any]:
    return {
        "kind": refusal.kind,
        "source_id": refusal.source_id,
        "member": refusal.member,
        "target_id": refusal.target_id,
        "digest": refusal.digest,
        "paths": sorted(refusal.paths),
        "conflict": refusal.conflict.key,
    }


def _refusal(row: Any) -> Refusal:
    kind: Kind = "user" if row.kind == "user" else "group"
    return Refusal(
        kind=kind,
        source_id=row.source_id,
        member=row.member,
        target_id=row.target_id,
        digest=row.digest,
        conflict=Conflict(key=row.conflict, kind="", subjects=(), detail="", remedy=""),
        paths=frozenset(row.paths),
        mapping=row.mapping,
        due=row.due,
    )
