"""Orders of people in the state: placed durably, taken exactly once, ended with a sentence.

The state is the only channel between those who place orders and the workers. A worker that takes an order writes its
name down; that name is a lock of the operating system, so it is known when its process has died.
"""

import zlib
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, insert, select, text, true, update
from sqlmodel import col

from scim_bridge.errors import PlanOutdated
from scim_bridge.model.actor import Actor
from scim_bridge.model.audit import Action
from scim_bridge.model.order import ACTION_OF, Approval, Handling, OrderEnd, OrderKind, OrderRecord, PlacedOrder
from scim_bridge.state.asked_once import Once, keep_answer, recall
from scim_bridge.state.audit import note
from scim_bridge.state.table import OPEN_ORDERS, OrderAnswerRow, OrderRow, RequestRow
from scim_bridge.state.transaction import reading, writing

_OPEN = text(OPEN_ORDERS)
"""Literally, so that the index of the open ones serves."""
_IS_WANTED = col(OrderRow.cancelled_by) == ""
_ANSWERS = 50
"""So many are kept, the newest: each can be made again."""


class OrderReader:
    """Looks at orders; there are none where there is no state yet."""

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine

    def open(self) -> list[OrderRecord]:
        """Those that wait or are being carried out, the oldest first."""
        return self._find(select(OrderRow).where(_OPEN).order_by(col(OrderRow.id)))

    def one(self, order_id: int) -> OrderRecord | None:
        """One order, None if there is none of this number."""
        return next(iter(self._find(select(OrderRow).where(col(OrderRow.id) == order_id))), None)

    def these(self, order_ids: Collection[int]) -> list[OrderRecord]:
        """The orders of these numbers."""
        return self._find(select(OrderRow).where(col(OrderRow.id).in_(order_ids))) if order_ids else []

    def latest(self, limit: int, *, before: int | None = None, connection: str = "") -> list[OrderRecord]:
        """The last orders, the newest first. before: only those with a lower number. connection: "" for all."""
        query = select(OrderRow).order_by(col(OrderRow.id).desc()).limit(limit)
        if before is not None:
            query = query.where(col(OrderRow.id) < before)
        if connection:
            query = query.where(col(OrderRow.connection) == connection)
        return self._find(query)

    def last(self, kind: OrderKind, connection: str) -> OrderRecord | None:
        """The newest order of this kind about a connection that was not taken back."""
        mine = (col(OrderRow.connection) == connection, col(OrderRow.kind) == kind, col(OrderRow.status) != "cancelled")
        return next(iter(self._find(select(OrderRow).where(*mine).order_by(col(OrderRow.id).desc()).limit(1))), None)

    def answer(self, order_id: int) -> bytes | None:
        """What an order has made for the page that asked, None if nothing is kept."""
        if self._engine is None:
            return None
        with reading(self._engine) as database:
            query = select(col(OrderAnswerRow.document)).where(col(OrderAnswerRow.order_id) == order_id)
            kept = database.execute(query).scalar()
        return zlib.decompress(kept) if kept is not None else None

    def of_run(self, run_id: int) -> OrderRecord | None:
        """The order that this run has carried out, None for a run of the schedule or of a command."""
        return next(iter(self._find(select(OrderRow).where(col(OrderRow.run_id) == run_id))), None)

    def outdated(self, plans: Collection[int]) -> frozenset[int]:
        """Those of these kept plans that an order to apply found out of date, because a side had changed."""
        refused = (col(OrderRow.status) == "refused", col(OrderRow.exit_code) == PlanOutdated.exit_code)
        mine = (col(OrderRow.kind) == "apply", col(OrderRow.plan_id).in_(plans))
        if self._engine is None or not plans:
            return frozenset()
        with reading(self._engine) as database:
            found = database.execute(select(col(OrderRow.plan_id)).where(*mine, *refused)).scalars()
            return frozenset(number for number in found if number is not None)

    def _find(self, query: Any) -> list[OrderRecord]:
        if self._engine is None:
            return []
        with reading(self._engine) as database:
            columns = query.with_only_columns(*OrderRow.__table__.c)  # type: ignore[attr-defined]  # SQLModel has it
            return [_record(row) for row in database.execute(columns)]


class Orders(OrderReader):
    """Writes them. now: UTC."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        super().__init__(engine)
        self._writer = engine
        self._now = now

    def place(self, placed: PlacedOrder, by: Actor, once: Once | None = None) -> int:
        """Keep an order until a worker takes it; its number. Durable when it returns, and noted in the audit.

        once: asked for again, it is the order that was placed then. Raises AskedOtherwise.
        """
        now = self._now()
        with writing(self._writer) as database:
            before = recall(database, once, now)
            if before is not None:
                return int(before)
            added = database.execute(insert(OrderRow).values(**_columns(placed, by, now)))
            number = int(added.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has one
            keep_answer(database, once, number)
            self._note(database, by, ACTION_OF[placed.kind], placed, number)
            return number

    def cancel(self, order_id: int, by: Actor) -> bool:
        """Take back an order: one that waits ends here, one that is being carried out is ended by its worker.

        False if it has ended, if it is being cancelled already, or if a run in progress carries it out from its inbox.
        """
        with writing(self._writer) as database:
            wish, is_alone = {"cancelled_by": by.name}, col(OrderRow.request_id).is_(None)
            if not (
                self._move(database, order_id, "waiting", self._cancelled(by.name))
                or self._move(database, order_id, "running", wish, is_alone & _IS_WANTED)
            ):
                return False
            placed = self._placed(database, order_id)
            self._note(database, by, "cancel", placed, order_id)
            return True

    def _cancelled(self, who: str, more: str = "") -> dict[str, Any]:
        sentence = f"cancelled by {who}{more}"
        return {"status": "cancelled", "ended": self._now(), "sentence": sentence, "question": "", "cancelled_by": who}

    def take(self, order_id: int, worker: str) -> bool:
        """Begin to carry out an order that waits. False if another worker was quicker, or it was cancelled."""
        values = {"status": "running", "begun": self._now(), "worker": worker, "request_id": None}
        with writing(self._writer) as database:
            return self._move(database, order_id, "waiting", values | {"times": OrderRow.times + 1})

    def hand_over(self, order: OrderRecord, worker: str) -> bool:
        """Leave an order of `only` in the inbox of the run in progress, which carries it out before its next write."""
        approval = order.placed.approval
        with writing(self._writer) as database:
            taken = {"status": "running", "begun": self._now(), "worker": worker, "times": OrderRow.times + 1}
            if not self._move(database, order.id, "waiting", taken):
                return False
            row = {
                "connection": order.placed.connection,
                "subjects": list(order.placed.subjects),
                "who": order.by.name,
                "asked": self._now(),
                "is_approved": approval is not None,
                "is_last_admin": approval is not None and approval.is_last_admin,
                "error": "",
                "exit_code": 0,
            }
            asked = database.execute(insert(RequestRow).values(**row))
            request = asked.inserted_primary_key[0]  # type: ignore[index]  # an insert of one row has one
            self._move(database, order.id, "running", {"request_id": request})
            return True

    def give_back(self, order_id: int) -> None:
        """It waits again: it could not be begun, or was cut and may be begun again. If it was cancelled, it ends."""
        again = {"status": "waiting", "worker": "", "request_id": None}
        with writing(self._writer) as database:
            if not self._move(database, order_id, "running", again, _IS_WANTED):
                self._end_cancelled(database, order_id)

    def end_cancelled(self, order_id: int) -> bool:
        """It was cut. False if no one has cancelled it."""
        with writing(self._writer) as database:
            return self._end_cancelled(database, order_id)

    def _end_cancelled(self, database: Connection, order_id: int) -> bool:
        columns = (col(OrderRow.cancelled_by), col(OrderRow.run_id))
        found = database.execute(select(*columns).where(col(OrderRow.id) == order_id, ~_IS_WANTED)).first()
        if found is None:
            return False
        more = f"; run {found.run_id} shows what was sent until then" if found.run_id is not None else ""
        return self._move(database, order_id, "running", self._cancelled(found.cancelled_by, more))

    def end(self, order_id: int, end: OrderEnd) -> bool:
        """How an order ended that was being carried out. False if it had ended before."""
        values = {
            "status": end.status,
            "ended": self._now(),
            "sentence": end.sentence,
            "exit_code": end.exit_code,
            "question": "",
            **({"run_id": end.run} if end.run is not None else {}),
            **({"plan_id": end.plan} if end.plan is not None else {}),
        }
        with writing(self._writer) as database:
            if not self._move(database, order_id, "running", values):
                return False
            if end.answer is not None:
                database.execute(insert(OrderAnswerRow).values(order_id=order_id, document=zlib.compress(end.answer)))
                oldest = select(col(OrderAnswerRow.order_id)).order_by(col(OrderAnswerRow.order_id).desc())
                over = oldest.offset(_ANSWERS).scalar_subquery()
                database.execute(delete(OrderAnswerRow).where(col(OrderAnswerRow.order_id) <= over))
            return True

    def _move(
        self,
        database: Connection,
        order_id: int,
        was: str,
        values: dict[str, Any],
        only: ColumnElement[bool] | None = None,
    ) -> bool:
        mine = and_(col(OrderRow.id) == order_id, col(OrderRow.status) == was, true() if only is None else only)
        return bool(database.execute(update(OrderRow).where(mine).values(**values)).rowcount)

    def _placed(self, database: Connection, order_id: int) -> PlacedOrder:
        columns = OrderRow.__table__.c  # type: ignore[attr-defined]  # SQLModel has it
        return _record(database.execute(select(*columns).where(columns.id == order_id)).one()).placed

    def _note(self, database: Connection, by: Actor, action: Action, placed: PlacedOrder, number: int) -> None:
        said = [placed.about, f"approved: {placed.approval.note}".rstrip(": ") if placed.approval is not None else ""]
        detail = "; ".join(filter(None, said))
        subject = f"order {number}"
        note(database, self._now(), by, action, connection=placed.connection, subject=subject, detail=detail)


def note_run(database: Connection, order_id: int, run_id: int) -> None:
    """This run carries the order out. Part of the transaction that puts the run on record."""
    database.execute(update(OrderRow).where(col(OrderRow.id) == order_id).values(run_id=run_id))


def _columns(placed: PlacedOrder, by: Actor, now: datetime) -> dict[str, Any]:
    approval = placed.approval
    return {
        "connection": placed.connection,
        "kind": placed.kind,
        "subjects": list(placed.subjects),
        "plan_id": placed.plan,
        "about_run": placed.run,
        "is_approved": approval is not None,
        "is_last_admin": approval is not None and approval.is_last_admin,
        "note": approval.note if approval is not None else "",
        "who": by.name,
        "via": by.via,
        "address": by.address,
        "status": "waiting",
        "placed": now,
        "worker": "",
        "times": 0,
        "sentence": "",
        "exit_code": 0,
        "question": placed.question,
        "cancelled_by": "",
    }


def _record(row: Any) -> OrderRecord:
    placed = PlacedOrder(
        connection=row.connection,
        kind=row.kind,
        subjects=tuple(row.subjects),
        plan=row.plan_id,
        run=row.about_run,
        approval=Approval(row.note, row.is_last_admin) if row.is_approved else None,
        question=row.question,
    )
    end = None
    if row.ended is not None:
        made = row.plan_id if row.kind == "plan" else None
        end = OrderEnd(status=row.status, sentence=row.sentence, exit_code=row.exit_code, run=row.run_id, plan=made)
    return OrderRecord(
        id=row.id,
        placed=placed,
        by=Actor(row.who, row.via, row.address),
        at=row.placed,
        status=row.status,
        begun=row.begun,
        ended=row.ended,
        handling=Handling(row.worker, row.times, row.cancelled_by),
        in_inbox=row.request_id,
        end=end,
        run=row.run_id,
    )
