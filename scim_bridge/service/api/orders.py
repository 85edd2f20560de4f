"""Orders: long work that a person asks for, with a status to follow."""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from scim_bridge.model.order import Approval, PlacedOrder
from scim_bridge.service.api.answer import Cursor, IdempotencyKey, Limit, json, number_in, page
from scim_bridge.service.api.form import ApprovalAsked, Order, OrderAsked, Page
from scim_bridge.service.api.once import once
from scim_bridge.service.api.route import PREFIX, answers, router
from scim_bridge.service.auth.principal import Operator, require_role
from scim_bridge.service.orders import Desk, Desked, cancel, place
from scim_bridge.service.pages.frame import Framed
from scim_bridge.service.refusal import NoSuchThing
from scim_bridge.view import document

routes = router("orders")
OrderNumber = Annotated[int, Path(ge=1, le=2**53)]


@routes.get("/orders", responses=answers(Page[Order], 304, 404), response_model=None)
def orders(
    request: Request,
    frame: Framed,
    connection: Annotated[str, Query(max_length=200)] = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The orders, newest first."""
    with frame.look() as reader:
        found = reader.orders.latest(limit + 1, before=number_in(cursor), connection=connection)
        if connection and not found:
            frame.require_connection(reader, connection)
    return page(request, found, limit, document.order_document, lambda order: order.id)


@routes.get("/orders/{order_id}", responses=answers(Order, 304, 404), response_model=None)
def order(request: Request, frame: Framed, order_id: OrderNumber) -> Response:
    """One order and its outcome."""
    with frame.look() as reader:
        found = reader.orders.one(order_id)
    if found is None:
        raise NoSuchThing(f"there is no order {order_id}")
    return json(request, document.order_document(found))


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
