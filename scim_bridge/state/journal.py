"""The journal of a run (docs/design.md §6.4): every write is on record before it is sent, and after it is answered.

A link is written in the same transaction as the answer that made it, so that a process that dies right after the
answer has lost nothing.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection, Engine, Update, insert, select
from sqlmodel import col

from scim_bridge.model.doubt import Settled
from scim_bridge.model.identity import NAMES, Kind, Value
from scim_bridge.model.operation import Operation, Outcome, landed
from scim_bridge.model.text import folded
from scim_bridge.state.observed import move_on, note_members, text_of
from scim_bridge.state.operation_subject import mention
from scim_bridge.state.refusal import forget_landed
from scim_bridge.state.statement import (
    LINK,
    OPERATION_ENDED,
    OPERATION_LOOKED_AT,
    OPERATION_SENT,
    OPERATION_UNSENT,
    PUT_LINK,
    UNLINK,
    UNLINK_OTHERS,
)
from scim_bridge.state.table import OperationRow, RunRow
from scim_bridge.state.transaction import reading

_BATCH = 10_000


class Writing(Protocol):
    """Begins a transaction that writes, as long as the run may. turns: as take_turn has them (transaction.py)."""

    def __call__(self, *turns: str) -> AbstractContextManager[Connection]:
        """Commits at the end. Raises StateUnusable or Deposed."""
        ...


class RunJournal:
    """The journal of one run (model.protocol.Journal). Safe to use from several threads; one writes at a time."""

    def __init__(self, writing: Writing, engine: Engine, run_id: int, now: Callable[[], datetime]) -> None:
        self.run_id = run_id
        self._writing = writing
        self._engine = engine
        self._now = now
        self._turn = threading.Lock()
        with reading(engine) as database:
            columns = (col(RunRow.connection), col(RunRow.endpoint), col(RunRow.command), col(RunRow.plan))
            row = database.execute(select(*columns).where(col(RunRow.id) == run_id)).one()
        self.connection, self._endpoint, self._command, self._plan = row

    def record(self, operations: Iterable[tuple[Operation, bytes]]) -> None:
        """All operations of the plan with their documents, before the first is sent."""
        rest = iter(operations)
        with self._writing() as database:
            while batch := list(islice(rest, _BATCH)):
                planned = [self._planned(operation, document) for operation, document in batch]
                database.execute(insert(OperationRow), planned)
                mention(database, self.run_id, (operation for operation, _ in batch))

    def begin(self, operation: Operation) -> None:
        """This operation is about to be sent."""
        with self._turn, self._writing() as database:
            self._note(database, OPERATION_SENT, operation.id, status="sent", at=self._now())

    def end(self, operation: Operation, outcome: Outcome) -> None:
        """This is its outcome; a link that it made or changed is part of the same transaction."""
        now = self._now()
        with self._turn, self._writing(self.connection, self._endpoint) as database:
            self._note(
                database,
                OPERATION_ENDED,
                operation.id,
                status=outcome.status,
                target_id=outcome.target_id or operation.target_id,
                request_id=outcome.request_id,
                detail=outcome.detail,
                at=now,
                is_known=outcome.status == "held" and outcome.conflict_kind != "not_answered",
            )
            new = landed(operation, outcome)
            if new is not None and operation.source_id and outcome.target_id:
                self._link(database, operation, outcome.target_id, new)
            if operation.is_delete and outcome.status == "done":
                database.execute(UNLINK, self._links(operation.resource) | {"of_target_id": operation.target_id})
            move_on(database, self.connection, self._endpoint, operation, outcome, at=now)

    def settle(self, looked: Iterable[Settled]) -> None:
        """What a later look has shown of writes of this run that were in doubt: what landed is ours, and on record."""
        with self._turn, self._writing(self.connection, self._endpoint) as database:
            for each in looked:
                operation, target_id = each.doubt.operation, each.doubt.target_id
                self._note(
                    database,
                    OPERATION_LOOKED_AT,
                    operation.id,
                    status="done" if each.has_landed else "failed",
                    target_id=target_id or operation.target_id,
                    detail="" if each.has_landed else "it had not landed when the target was looked at again",
                    at=each.doubt.sent_at,
                )
                if each.landed and operation.source_id and target_id:
                    self._link(database, operation, target_id, each.landed)
                if operation.is_delete and each.has_landed:
                    database.execute(UNLINK, self._links(operation.resource) | {"of_target_id": operation.target_id})
                note_members(database, self._endpoint, target_id, each.members)

    def forget_refusals(self, database: Connection, kind: Kind, source_id: str) -> list[str]:
        """What was not answered has landed, so it is kept back no more. Gives the keys of the conflicts about it."""
        return forget_landed(database, self.connection, self._endpoint, kind, source_id)

    def end_unsent(self, outcomes: Iterable[Outcome]) -> None:
        """Operations that were never sent, with the reason."""
        rows = [o for o in outcomes if o.status in ("not_sent", "superseded")]
        with self._turn, self._writing() as database:
            for outcome in rows:
                self._note(
                    database, OPERATION_UNSENT, outcome.operation_id, status=outcome.status, detail=outcome.detail
                )

    def finished(self) -> list[Outcome]:
        """What earlier runs that were cut had already done of this very plan.

        Only a saved plan can be begun twice. `sync` plans again each time, so nothing that an earlier run did counts
        for it, even if its plan, made in the same second, reads the same; nor does what a sync did for a saved plan.
        """
        if self._command != "apply":
            return []
        columns = (col(OperationRow.operation_id), col(OperationRow.target_id), col(OperationRow.request_id))
        query = (
            select(*columns)
            .join(RunRow, col(RunRow.id) == col(OperationRow.run_id))
            .where(col(RunRow.plan) == self._plan, col(RunRow.id) != self.run_id, col(OperationRow.status) == "done")
            .where(col(RunRow.command) == "apply")
        )
        with reading(self._engine) as database:
            return [
                Outcome(operation_id=op, status="done", target_id=target, request_id=request)
                for op, target, request in database.execute(query)
            ]

    def _planned(self, operation: Operation, document: bytes) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "operation_id": operation.id,
            "kind": operation.kind,
            "subject": operation.subject,
            "status": "planned",
            "document": document.decode(),
            "target_id": operation.target_id,
            "request_id": "",
            "detail": "",
        }

    def _note(self, database: Connection, statement: Update, operation_id: str, **values: Any) -> None:
        mine = {"of_run_id": self.run_id, "of_operation_id": operation_id}
        if not database.execute(statement, mine | values).rowcount:
            raise LookupError(f"{operation_id} is not on record in run {self.run_id}: record the plan before sending")

    def _link(
        self, database: Connection, operation: Operation, target_id: str, new: Mapping[str, Value | None]
    ) -> None:
        """Merge what landed into the link, or make the link. A resource has one owner.

        What was applied to another resource says nothing of this one: it may be inactive by the doing of others.
        """
        stored = None
        if not operation.is_create:  # what is new has no owner yet, and holds nothing of the one that was there before
            mine = self._links(operation.resource) | {"of_source_id": operation.source_id}
            stored = database.execute(LINK, mine).first()
            database.execute(UNLINK_OTHERS, mine | {"of_target_id": target_id})
        before = stored[0] if stored is not None and stored[2] == target_id else "{}"
        name = new.get(NAMES[operation.resource]) or (operation.subject if stored is None else None)
        values = {
            "connection": self.connection,
            "endpoint": self._endpoint,
            "kind": operation.resource,
            "source_id": operation.source_id,
            "target_id": target_id,
            "name": folded(str(name)) if name or stored is None else stored[1],
            "applied": _merged(before, new),
            "departed": None,
        }
        database.execute(PUT_LINK, values)

    def _links(self, kind: str) -> dict[str, Any]:
        return {"of_connection": self.connection, "of_endpoint": self._endpoint, "of_kind": kind}


def _merged(text: str, new: Mapping[str, Value | None]) -> str:
    attributes = orjson.loads(text) | new
    return text_of({path: value for path, value in attributes.items() if value is not None})
