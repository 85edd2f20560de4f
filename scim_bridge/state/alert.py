"""Alerts in the state: what was noted, and each message on its way to each place.

A look notes what it has found and leaves the message in one transaction, so a process that dies has told all of it or
nothing. A message counts as sent once its place has accepted it; who dies in between sends it again, for an alert that
comes twice is better than one that is lost.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, text, update
from sqlmodel import col

from scim_bridge.model.alert import Condition, Key, Line, Look, Noted, to_note
from scim_bridge.state.table import AlertDeliveryRow, AlertMessageRow, AlertRow, ConflictRow, RunRow, SeenChangeRow
from scim_bridge.state.transaction import reading, writing
from scim_bridge.state.upsert import upsert

_WAITING = text("alert_deliveries.sent IS NULL")
"""Literally, so that the index serves."""
_KEY = ("connection", "event", "about")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits to be sent to one place: its messages, and how often the sending of the oldest one has failed."""

    place: str
    messages: tuple[int, ...]
    lines: tuple[Line, ...]
    tries: int


@dataclass(frozen=True, slots=True)
class AdministratorRun:
    """A run that changed who is an administrator. ended: ISO 8601. gained, lost: how many became one, or were one."""

    id: int
    ended: str
    gained: int
    lost: int


class AlertBook:
    """What was noted, and what waits to be sent. One process looks at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def noted(self) -> dict[Key, Noted]:
        """What earlier looks have noted."""
        row = AlertRow
        query = select(col(row.connection), col(row.event), col(row.about), col(row.mark), col(row.sentence))
        with reading(self._engine) as database:
            found: Any = database.execute(query)
            return {Key(*key): Noted(mark, sentence) for *key, mark, sentence in found}

    def keep(self, look: Look, due: Callable[[Line], datetime], places: Sequence[str], now: datetime) -> None:
        """Note what a look has found, and leave its lines for each place. due: from when on a line may be sent."""
        with writing(self._engine) as database:
            _note(database, look.now, now)
            if look.over:
                of_key = [{f"of_{name}": value for name, value in zip(_KEY, key, strict=True)} for key in look.over]
                database.execute(delete(AlertRow).where(*_this_alert()), of_key)
            lines: dict[datetime, list[Line]] = {}
            for line in look.lines:
                lines.setdefault(due(line), []).append(line)
            for at, together in lines.items():
                message: Any = database.execute(
                    insert(AlertMessageRow).values(made=now, lines=list(map(list, together)))
                )
                left = {"message_id": message.inserted_primary_key[0], "due": at, "tries": 0, "error": ""}
                database.execute(insert(AlertDeliveryRow), [left | {"place": place} for place in places])

    def waiting(self, now: datetime) -> list[Waiting]:
        """What may be sent at this moment, all of one place together."""
        row, message = AlertDeliveryRow, AlertMessageRow
        query = select(col(row.place), col(row.message_id), col(row.tries), col(message.lines))
        query = query.join(message, col(message.id) == col(row.message_id)).where(_WAITING, col(row.due) <= now)
        by_place: dict[str, list[tuple[int, int, list[list[str]]]]] = {}
        with reading(self._engine) as database:
            for place, *rest in database.execute(query.order_by(col(row.message_id))):
                by_place.setdefault(place, []).append(tuple(rest))  # type: ignore[arg-type]  # of the query's columns
        return [
            Waiting(
                place,
                tuple(number for number, _, _ in found),
                tuple(Line(*line) for _, _, lines in found for line in lines),  # type: ignore[arg-type]  # as we wrote it
                found[0][1],
            )
            for place, found in by_place.items()
        ]

    def sent(self, what: Waiting, now: datetime) -> None:
        """Its place has accepted it."""
        self._move(what, sent=now, error="")

    def failed(self, what: Waiting, error: str, again: datetime) -> None:
        """It has not. again: when it is tried again."""
        self._move(what, error=error, due=again, tries=what.tries + 1)

    def give_up(self, what: Waiting, error: str, now: datetime) -> None:
        """It is not tried again."""
        self._move(what, sent=now, error=error)

    def _move(self, what: Waiting, **values: Any) -> None:
        row = AlertDeliveryRow
        mine = (col(row.place) == what.place, col(row.message_id).in_(what.messages))
        with writing(self._engine) as database:
            database.execute(update(row).where(*mine).values(**values))

    def conflicts(self) -> dict[tuple[str, str], tuple[int, str]]:
        """Connection and kind → how many wait for a decision, and when the newest one was first seen."""
        row = ConflictRow
        columns = (col(row.connection), col(row.kind))
        query = select(*columns, func.count(), func.max(col(row.first_seen)))
        query = query.where(col(row.closed).is_(None), col(row.resolution) == "").group_by(*columns)
        with reading(self._engine) as database:
            return {(name, kind): (count, str(newest)) for name, kind, count, newest in database.execute(query)}

    def drift(self, endpoint: str, since: str) -> tuple[int, str]:
        """How many values others have changed on a target, as readings saw it since then; and when the last was seen.

        since: ISO 8601, "" for the beginning.
        """
        after = datetime.fromisoformat(since) if since else None
        query = select(func.count(), func.max(col(SeenChangeRow.seen_at))).where(
            col(SeenChangeRow.endpoint) == endpoint
        )
        if after is not None:
            query = query.where(col(SeenChangeRow.seen_at) > after)
        with reading(self._engine) as database:
            count, newest = database.execute(query).one()
        return count, newest.isoformat() if newest is not None else since

    def ended_until(self, connection: str) -> str:
        """When its last run ended, ISO 8601; "" if none has."""
        query = select(func.max(col(RunRow.ended))).where(col(RunRow.connection) == connection)
        with reading(self._engine) as database:
            ended = database.execute(query).scalar()
        return ended.isoformat() if ended is not None else ""

    def administrators(self, connection: str, since: str) -> list[AdministratorRun]:
        """Runs that ended after this moment (ISO 8601) and changed who is an administrator, in their order."""
        mine = [col(RunRow.connection) == connection, col(RunRow.status) == "done"]
        if since:
            mine.append(col(RunRow.ended) > datetime.fromisoformat(since))
        query = select(col(RunRow.id), col(RunRow.ended), col(RunRow.access)).where(*mine).order_by(col(RunRow.ended))
        found = []
        with reading(self._engine) as database:
            for run_id, ended, access in database.execute(query):
                admins = access.get("admins") or {}
                gained, lost = len(admins.get("gained", ())), len(admins.get("lost", ()))
                if ended is not None and (gained or lost):
                    found.append(AdministratorRun(run_id or 0, ended.isoformat(), gained, lost))
        return found


def _this_alert() -> list[Any]:
    return [col(getattr(AlertRow, name)) == bindparam(f"of_{name}") for name in _KEY]


def _note(database: Connection, conditions: Sequence[Condition], now: datetime) -> None:
    rows: list[Mapping[str, Any]] = []
    for condition in conditions:
        note = to_note(condition)
        key = dict(zip(_KEY, condition.key, strict=True))
        rows.append(key | {"mark": note.mark, "sentence": note.sentence, "since": now})
    if rows:
        statement = upsert(AlertRow)
        moved = {name: statement.excluded[name] for name in ("mark", "sentence")}
        database.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=moved), rows)
