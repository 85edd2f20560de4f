"""The audit in the state: added to in the transaction of what was done, read in the order in which it happened."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlmodel import col

from scim_bridge.model.actor import Actor
from scim_bridge.model.audit import Action, AuditFilter, Entry, chained
from scim_bridge.state.table import AuditRow
from scim_bridge.state.transaction import is_file, take_turn

AUDIT = "audit"
"""The turn of a transaction that adds to the audit (transaction.py). It takes it last."""

_BATCH = 1_000
_COLUMNS = (
    col(AuditRow.number),
    col(AuditRow.at),
    col(AuditRow.who),
    col(AuditRow.via),
    col(AuditRow.address),
    col(AuditRow.action),
    col(AuditRow.connection),
    col(AuditRow.subject),
    col(AuditRow.detail),
    col(AuditRow.hash),
)


def note(
    database: Connection,
    at: datetime,
    by: Actor,
    action: Action,
    *,
    connection: str = "",
    subject: str = "",
    detail: str = "",
) -> None:
    """Add an entry. It stands in the audit if, and only if, the caller's transaction is committed."""
    row: dict[str, Any] = {"at": at, "who": by.name, "via": by.via, "address": by.address, "action": action}
    row |= {"connection": connection, "subject": subject, "detail": detail, "hash": ""}
    # Added first and hashed then: the first statement that writes takes the lock of a file, so no other process can add
    # an entry after the same one. A server has turns for that; it gives out numbers that a rollback would leave unused.
    take_turn(database, AUDIT)
    if not is_file(database):
        row["number"] = (database.execute(select(func.max(col(AuditRow.number)))).scalar() or 0) + 1
    number = database.execute(insert(AuditRow).values(**row)).inserted_primary_key[0]  # type: ignore[index]  # one row
    before = select(col(AuditRow.hash)).where(col(AuditRow.number) < number)
    last = database.execute(before.order_by(col(AuditRow.number).desc()).limit(1)).scalar() or ""
    entry = Entry(number=number, at=at, actor=by, action=action, connection=connection, subject=subject, detail=detail)
    mine = col(AuditRow.number) == number
    database.execute(update(AuditRow).where(mine).values(hash=chained(last, entry)))


def entries(database: Connection) -> Iterator[Entry]:
    """All entries, the first one first, read by the thousand."""
    reached = 0
    while rows := database.execute(
        select(*_COLUMNS).where(col(AuditRow.number) > reached).order_by(col(AuditRow.number)).limit(_BATCH)
    ).all():
        yield from map(_entry, rows)
        reached = rows[-1][0] or 0


def latest(database: Connection, limit: int, wanted: AuditFilter, *, before: int | None = None) -> list[Entry]:
    """The last entries that are asked for, the newest first. before: only those with a lower number."""
    query = select(*_COLUMNS).order_by(col(AuditRow.number).desc()).limit(limit)
    if before is not None:
        query = query.where(col(AuditRow.number) < before)
    if wanted.connection:
        query = query.where(col(AuditRow.connection) == wanted.connection)
    if wanted.action:
        query = query.where(col(AuditRow.action) == wanted.action)
    if wanted.since is not None:
        query = query.where(col(AuditRow.at) >= wanted.since)
    if wanted.text:
        searched = (col(AuditRow.who), col(AuditRow.subject), col(AuditRow.detail))
        query = query.where(or_(*(column.icontains(wanted.text, autoescape=True) for column in searched)))
    return [_entry(row) for row in database.execute(query)]


def about(database: Connection, connection: str, subjects: Sequence[str]) -> list[Entry]:
    """The entries whose subject is one of these."""
    mine = (col(AuditRow.subject).in_(list(subjects)[:_BATCH]), col(AuditRow.connection) == connection)
    query = select(*_COLUMNS).where(*mine).order_by(col(AuditRow.number).desc()).limit(_BATCH)
    return [_entry(row) for row in database.execute(query)]


def _entry(row: Sequence[Any]) -> Entry:
    number, at, who, via, address, action, connection, subject, detail, digest = row
    return Entry(
        number=number or 0,
        at=at,
        actor=Actor(who, via, address),
        action=action,
        connection=connection,
        subject=subject,
        detail=detail,
        hash=digest,
    )
