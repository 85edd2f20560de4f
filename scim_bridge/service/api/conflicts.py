"""Conflicts: what waits for a decision, the decision, and its undoing."""

from typing import Annotated, Any

from fastapi import Body, Path, Request, Response

from scim_bridge.errors import Misconfigured
from scim_bridge.model.conflict_kind import CONFLICT_KINDS, decisions
from scim_bridge.model.run import ConflictRecord
from scim_bridge.service.api.answer import IdempotencyKey, json, place_in
from scim_bridge.service.api.form import Conflict, DecisionAsked, Page, Resolved, UndoAsked
from scim_bridge.service.api.listed import Asked, Text, listed
from scim_bridge.service.api.once import once
from scim_bridge.service.api.route import answers, router
from scim_bridge.service.auth.principal import Operator
from scim_bridge.service.orders import Desked, Wish, resolve, undo
from scim_bridge.service.pages.frame import Framed
from scim_bridge.state.reader import StateReader
from scim_bridge.view import document

routes = router("conflicts")
Key = Annotated[str, Path(max_length=200, description="A conflict's key; to resolve, also a kind for all that wait.")]


@routes.get("/conflicts", responses=answers(Page[Conflict], 304, 404), response_model=None)
def conflicts(
    request: Request,
    frame: Framed,
    asked: Asked,
    kind: Text = "",
    decided: bool | None = None,
) -> Response:
    """The open conflicts, oldest first. decided: only those with a decision, or only those without."""
    if kind and kind not in CONFLICT_KINDS:
        raise Misconfigured(f"`kind` {kind!r} is not a kind of conflict", f"Give one of: {', '.join(CONFLICT_KINDS)}.")
    after = place_in(asked.cursor, 3)

    def found(reader: StateReader) -> list[ConflictRecord]:
        rows = [
            each
            for each in reader.conflicts(asked.connection or None)
            if (not kind or each.conflict.kind == kind)
            and (decided is None or bool(each.resolution) is decided)
            and (after is None or _place(each) > after)
        ]
        return sorted(rows, key=_place)

    return listed(request, frame, asked, rows=found, document=_document, after=_place)


def _place(record: ConflictRecord) -> tuple[str, ...]:
    return record.first_seen.isoformat(), record.conflict.key, record.connection


def _document(record: ConflictRecord) -> dict[str, Any]:
    return document.conflict_document(record) | {"decisions": list(decisions(record.conflict.kind))}


@routes.post("/conflicts/{key}/resolve", responses=answers(Resolved, 404), response_model=None)
def resolve_conflict(
    request: Request, desk: Desked, operator: Operator, key: Key, asked: DecisionAsked,
    idempotency_key: IdempotencyKey = None,
) -> Response:  # fmt: skip
    """Decide one conflict, or all of a kind that wait. The next run carries the decision out."""
    wish = Wish(key=key, decision=asked.decision, connection=asked.connection, link=asked.link, note=asked.note)
    count = resolve(desk, wish, operator.actor, once(operator, idempotency_key, request, asked))
    return json(request, {"conflicts": count})


@routes.post("/conflicts/{key}/undo", responses=answers(Resolved, 404, 409), response_model=None)
def undo_decision(
    request: Request, desk: Desked, operator: Operator, key: Key,
    asked: Annotated[UndoAsked, Body(default_factory=UndoAsked)],
    idempotency_key: IdempotencyKey = None,
) -> Response:  # fmt: skip
    """Take a decision back that no run has used."""
    undo(desk, key, operator.actor, asked.connection, once(operator, idempotency_key, request, asked))
    return json(request, {"conflicts": 1})
