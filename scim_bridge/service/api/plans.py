"""Kept plans: looked at, applied exactly as they are, or declined."""

from typing import Annotated, Any

from fastapi import Body, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from scim_bridge.model.kept_plan import KeptPlan
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.model.order import PlacedOrder
from scim_bridge.service.api.answer import Cursor, IdempotencyKey, Limit, json, number_in, page
from scim_bridge.service.api.form import ApplyAsked, Operation, Order, Page, Plan, ReasonAsked, WholePlan
from scim_bridge.service.api.listed import Asked, listed
from scim_bridge.service.api.once import once
from scim_bridge.service.api.orders import approval_of, placed_answer
from scim_bridge.service.api.route import answers, router
from scim_bridge.service.auth.principal import Approver
from scim_bridge.service.orders import Desked, decline, place
from scim_bridge.service.pages.frame import Framed
from scim_bridge.service.refusal import NoSuchThing
from scim_bridge.state.reader import StateReader
from scim_bridge.view import document
from scim_bridge.view.plan_document import Filter, operations_of

routes = router("plans")
PlanNumber = Annotated[int, Path(ge=1, le=2**53)]


@routes.get("/plans", responses=answers(Page[Plan], 304, 404), response_model=None)
def plans(request: Request, frame: Framed, asked: Asked) -> Response:
    """The kept plans, newest first: those that were ordered, and those of runs that limits have stopped."""
    before = number_in(asked.cursor)
    return listed(
        request,
        frame,
        asked,
        rows=lambda reader: reader.plans.latest(asked.limit + 1, before=before, connection=asked.connection),
        document=document.kept_plan_document,
        after=lambda plan: plan.id,
    )


@routes.get("/plans/{plan_id}", responses=answers(WholePlan, 304, 404), response_model=None)
def plan(request: Request, frame: Framed, plan_id: PlanNumber) -> Response:
    """One plan: its summary, limits, conflicts, what is skipped, and what it does to access."""
    with frame.look() as reader:
        kept = _plan(reader, plan_id)
        outline = frame.outlines.of(reader.plans, kept)
    return json(request, document.kept_plan_document(kept) | {"document": outline.head})


@routes.get("/plans/{plan_id}/operations", responses=answers(Page[Operation], 304, 404), response_model=None)
def plan_operations(
    request: Request,
    frame: Framed,
    plan_id: PlanNumber,
    kind: OperationKind | None = None,
    q: Annotated[str, Query(max_length=200, description="A part of a name, or of an id.")] = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The operations of a plan, in its order."""
    with frame.look() as reader:
        _plan(reader, plan_id)
        wanted = Filter(after=number_in(cursor) or 0, kind=kind or "", text=q)
        found = list(operations_of(reader.plans.pieces(plan_id), wanted, limit + 1))
    return page(request, found, limit, lambda each: each[1], lambda each: each[0])


@routes.get("/plans/{plan_id}/document", responses=answers(dict[str, Any], 304, 404), response_model=None)
def plan_file(frame: Framed, plan_id: PlanNumber) -> Response:
    """The plan with its operations, byte for byte as `plan --out` writes it; `apply` takes it."""
    with frame.look() as reader:
        _plan(reader, plan_id)
    pieces = reader.plans.pieces(plan_id)
    return StreamingResponse(pieces, media_type="application/json", headers={"Cache-Control": "no-store"})


@routes.post("/plans/{plan_id}/apply", status_code=202, responses=answers(Order, 404, 409, status=202),
             response_model=None)  # fmt: skip
def apply_plan(
    request: Request, desk: Desked, approver: Approver, plan_id: PlanNumber,
    asked: Annotated[ApplyAsked, Body(default_factory=ApplyAsked)],
    key: IdempotencyKey = None,
) -> Response:  # fmt: skip
    """Order that exactly this plan is applied. It is refused, by name, if either side has changed since."""
    kept = _plan(desk.state.reader, plan_id)
    placed = PlacedOrder(connection=kept.connection, kind="apply", plan=plan_id, approval=approval_of(asked.approve))
    number = place(desk, placed, approver.actor, once(approver, key, request, asked))
    return placed_answer(request, desk, number)


@routes.post("/plans/{plan_id}/decline", responses=answers(Plan, 404, 409), response_model=None)
def decline_plan(
    request: Request,
    desk: Desked,
    approver: Approver,
    plan_id: PlanNumber,
    asked: Annotated[ReasonAsked, Body(default_factory=ReasonAsked)],
) -> Response:
    """Decide against a plan: it cannot be applied or approved any more."""
    decline(desk, plan_id, approver.actor, asked.reason)
    kept = desk.state.reader.plans.one(plan_id)
    return json(request, document.kept_plan_document(kept) if kept is not None else None)


def _plan(reader: StateReader, plan_id: int) -> KeptPlan:
    kept = reader.plans.one(plan_id)
    if kept is None:
        raise NoSuchThing(f"there is no kept plan {plan_id}")
    return kept
