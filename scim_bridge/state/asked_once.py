"""What was asked for with an idempotency key is done once, however often it is asked for.

The key is kept in the transaction of what it was asked for: a service that is killed has done both or neither.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, delete, select, update
from sqlmodel import col

from scim_bridge.errors import AskedOtherwise
from scim_bridge.state.table import AskedOnceRow
from scim_bridge.state.upsert import upsert

_KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Once:
    """Who asks with which key, and a hash of what is asked: another request under the same key is refused."""

    who: str
    key: str
    digest: str


def recall(database: Connection, once: Once | None, now: datetime) -> Any:
    """What was answered to the same request, None if it is a new one. Raises AskedOtherwise.

    The key is written first: that takes the database, so of two requests with one key the second one finds it.
    """
    if once is None:
        return None
    row = {"who": once.who, "idempotency_key": once.key, "digest": once.digest, "answer": "", "asked": now}
    put = upsert(AskedOnceRow).values(**row).on_conflict_do_nothing().returning(col(AskedOnceRow.who))
    if database.execute(put).first() is not None:
        database.execute(delete(AskedOnceRow).where(col(AskedOnceRow.asked) < now - _KEPT_FOR))
        return None
    return answer_to(database, once)


def answer_to(database: Connection, once: Once | None) -> Any:
    """What was answered to the same request, None if it is a new one. Raises AskedOtherwise."""
    if once is None:
        return None
    query = select(col(AskedOnceRow.digest), col(AskedOnceRow.answer)).where(*_mine(once))
    found = database.execute(query).one_or_none()
    if found is None:
        return None
    if found.digest != once.digest:
        raise AskedOtherwise(
            f"the idempotency key {once.key!r} came before with another request", "Use a new key for a new request."
        )
    return orjson.loads(found.answer)


def keep_answer(database: Connection, once: Once | None, answer: Any) -> None:
    """This is the answer to the same request within a day. Part of the transaction that asked `recall`."""
    if once is not None:
        values = {"answer": orjson.dumps(answer).decode()}
        database.execute(update(AskedOnceRow).where(*_mine(once)).values(**values))


def _mine(once: Once) -> tuple[Any, ...]:
    return col(AskedOnceRow.who) == once.who, col(AskedOnceRow.idempotency_key) == once.key
