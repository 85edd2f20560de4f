"""What a person decides about a conflict, and the way back. Each is one entry of the audit, in the same transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update
from sqlmodel import col

from scim_bridge.model.actor import Actor
from scim_bridge.state.audit import note
from scim_bridge.state.look import look_at_decided
from scim_bridge.state.table import ConflictRow

UNDECIDED: dict[str, Any] = {"resolution": "", "chosen": "", "note": "", "resolved_by": "", "resolved": None}


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision. target_id: of `link`, the resource that was chosen."""

    decision: str
    target_id: str = ""
    note: str = ""


def decide(database: Connection, now: datetime, key: tuple[str, str], decided: Decided, by: Actor) -> bool:
    """Keep a decision about the conflict with this key (connection, key). False if no such conflict is open."""
    values = {
        "resolution": decided.decision,
        "chosen": decided.target_id,
        "note": decided.note,
        "resolved_by": by.name,
        "resolved": now,
    }
    if not database.execute(update(ConflictRow).where(*_open(key)).values(**values)).rowcount:
        return False
    look_at_decided(database, key[0], [key[1]], by_run=False)
    what = f"{decided.decision} {decided.target_id}".strip()
    detail = "; ".join(part for part in (what, decided.note) if part)
    note(database, now, by, "resolve", connection=key[0], subject=key[1], detail=detail)
    return True


def undo(database: Connection, now: datetime, key: tuple[str, str], by: Actor) -> bool:
    """Take a decision back. False if there is none: a run that uses it closes the conflict, or asks again."""
    decided = col(ConflictRow.resolution) != ""
    look_at_decided(database, key[0], [key[1]], by_run=False)
    if not database.execute(update(ConflictRow).where(*_open(key), decided).values(**UNDECIDED)).rowcount:
        return False
    note(database, now, by, "undo", connection=key[0], subject=key[1])
    return True


def _open(key: tuple[str, str]) -> tuple[Any, ...]:
    connection, name = key
    return col(ConflictRow.connection) == connection, col(ConflictRow.key) == name, col(ConflictRow.closed).is_(None)
