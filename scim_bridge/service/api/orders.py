"""Orders: long work that a person asks for, with a status to follow."""

from typing import Annotated

from fastapi import Path, Request, Response

from scim_bridge.model.order import Approval, PlacedOrder
from scim_bridge.service.api.answer import IdempotencyKey, json, number_in
from scim_bridge.service.api.form import Answer, ApprovalAsked, Order, OrderAsked, Page
from scim_bridge.service.api.listed import Asked, listed
from scim_bridge.service.api.once import once
from scim_bridge.service.api.route import PREFIX, answers, router
from scim_bridge.service.auth.principal import Operator, require_role
from scim_bridge.service.orders import Desk, Desked, cancel, place
from scim_bridge.service.pages.frame import Framed
from scim_bridge.service.refusal import NoSuchThing
from scim_bridge.view import document
from scim_bridge.view.kept_answer import answer_document

routes = router("orders")
OrderNumber = Annotated[int, Path(ge=1, le=2**53)]


@routes.get("/orders", responses=answers(Page[Order], 304, 404), response_model=None)
def orders(request: Request, frame: Framed, asked: Asked) -> Response:
    """The orders, newest first."""
    before = number_in(asked.cursor)
    return listed(
        request,
        frame,
        asked,
        rows=lambda reader: reader.orders.latest(asked.limit + 1, before=before, connection=asked.connection),
        document=document.order_document,
        after=lambda order: order.id,
    )


@routes.get("/orders/{order_id}", responses=answers(Order, 304, 404), response_model=None)
def order(request: Request, frame: Framed, order_id: OrderNumber) -> Response:
    """One order and its outcome."""
    with frame.look() as reader:
        found = reader.orders.one(order_id)
    if found is None:
        raise NoSuchThing(f"there is no order {order_id}")
    return json(request, document.order_document(found))


@routes.get("/orders/{order_id}/answer", responses=answers(Answer, 304, 404), response_model=None)
def order_answer(request: Request, frame: Framed, _operator: Operator, order_id: OrderNumber) -> Response:
    """What an order has found out, once it is done. The last answer of each kind is kept for each connection."""
    with frame.look() as reader:
        found, kept = reader.orders.one(order_id), reader.orders.answer(order_id)
    answer = answer_document(found.placed.kind, kept) if found is not None else None
    if found is None or answer is None:
        raise NoSuchThing(
            f"no answer of order {order_id} is kept", "Look at the status of the order, or order it again."
        )
    return json(request, {"order": order_id, "kind": found.placed.kind, "answer": answer})


@routes.post("/orders", status_code=202, responses=answers(Order, 404, 409, status=202), response_model=None)
def place_order(
    request: Request, desk: Desked, operator: Operator, asked: OrderAsked, key: IdempotencyKey = None
) -> Response:
    """Place an order. A worker takes it within a second, if no other work of the connection is under way."""
    if asked.approve is not None or asked.kind in ("apply", "rollback"):
        require_role(operator, "approver")
    placed = PlacedOrder(
        connection=asked.connection,
        kind=asked.kind,
        subjects=tuple(asked.subjects),
        plan=asked.plan,
        run=asked.roll_back,
        approval=approval_of(asked.approve),
        question=asked.mapping or asked.to or "",
    )
    return placed_answer(request, desk, place(desk, placed, operator.actor, once(operator, key, request, asked)))


@routes.post("/orders/{order_id}/cancel", responses=answers(Order, 404, 409), response_model=None)
def cancel_order(request: Request, desk: Desked, operator: Operator, order_id: OrderNumber) -> Response:
    """Take back an order that waits. One that is being carried out ends between two writes."""
    cancel(desk, order_id, operator.actor)
    return _answer(request, desk, order_id, status=200)


def approval_of(asked: ApprovalAsked | None) -> Approval | None:
    """The approval that a request gives."""
    return Approval(asked.note, asked.last_admin) if asked is not None else None


def placed_answer(request: Request, desk: Desk, number: int) -> Response:
    """202 with the order that was placed, and where to follow it."""
    answer = _answer(request, desk, number, status=202)
    answer.headers["Location"] = f"{PREFIX}/orders/{number}"
    return answer


def _answer(request: Request, desk: Desk, number: int, *, status: int) -> Response:
    found = desk.state.orders.one(number)
    if found is None:
        raise NoSuchThing(f"there is no order {number}")
    return json(request, document.order_document(found), status)
