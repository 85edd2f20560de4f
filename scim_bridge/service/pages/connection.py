"""One connection: what it does now, what it did, how it is set up; and what people ask of it."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response

from scim_bridge.model.order import OrderKind, PlacedOrder
from scim_bridge.run.bridge import endpoint_key
from scim_bridge.service import orders
from scim_bridge.service.auth.principal import Operator, require_viewer
from scim_bridge.service.orders import Desked
from scim_bridge.service.pages.form import Note, back_to
from scim_bridge.service.pages.frame import Frame, Framed
from scim_bridge.service.pages.in_force import settings_in_force
from scim_bridge.service.pages.overview import glance_of, situation
from scim_bridge.service.person_address import address_of
from scim_bridge.state.reader import StateReader
from scim_bridge.view.attention import page_of
from scim_bridge.view.connection import ConnectionView, view_connection
from scim_bridge.view.differing import view_differing
from scim_bridge.view.kept_plan import view_kept
from scim_bridge.view.order import view_order
from scim_bridge.view.progress import view_progress
from scim_bridge.view.run import view_runs
from scim_bridge.view.spark import changes_of, durations_of

router = APIRouter(dependencies=[Depends(require_viewer)])
_RUNS, _PLANS, _ORDERS, _TREND, _NAMES = 15, 5, 6, 60, 100
Said = Literal["", "paused", "resumed", "was_not_paused", "cancelled", "ending"]
_FormKind = Literal["sync", "plan", "verify", "test_sign_in"]


@router.api_route("/connections/{name:path}/difference", methods=["GET", "HEAD"])
def difference(request: Request, frame: Framed, name: str) -> Response:
    """Why the two sides differ, with the names of those concerned."""
    settings = frame.shown.settings.get(name)
    with frame.look() as reader:
        connection = _view(frame, reader, name)
        endpoint = endpoint_key(settings.target.url) if settings is not None else ""
        found = view_differing(reader.differing(name, endpoint, _NAMES))
    page_of_one = partial(address_of, name)
    return frame.render(request, "difference.html", connection=connection, found=found, page_of_one=page_of_one)


@router.api_route("/connections/{name:path}", methods=["GET", "HEAD"])
def connection(
    request: Request, frame: Framed, name: str, order: Annotated[int, Query(ge=0)] = 0, said: Said = ""
) -> Response:
    """One connection. order: the one that was placed just now; said: what else was done just now."""
    settings = frame.shown.settings.get(name)
    with frame.look() as reader:
        shown = _view(frame, reader, name)
        runs = view_runs(frame.runs(reader, name, limit=_RUNS))
        points = reader.trends([name], _TREND)[name]
        ceiling = settings.target.requests_per_second if settings is not None else None
        progress = [view_progress(p, ceiling) for p in reader.progress() if p.connection == name]
        placed = [view_order(record) for record in reader.orders.latest(_ORDERS, connection=name)]
        kept = reader.plans.latest(_PLANS, connection=name)
        outdated = reader.orders.outdated([plan.id for plan in kept])
        plans = [view_kept(plan, is_outdated=plan.id in outdated) for plan in kept]
    is_live = shown.last is not None and shown.last.status.key == "running"
    return frame.render(
        request,
        "connection.html",
        connection=shown,
        runs=runs,
        trends=(changes_of(points), durations_of(points)),
        progress=progress if is_live else [],
        orders=placed,
        placed=next((one for one in placed if one.id == order), None),
        said=said,
        plans=plans,
        settings=settings_in_force(settings) if settings is not None else (),
        is_configured=name in frame.shown.connections,
    )


def _view(frame: Frame, reader: StateReader, name: str) -> ConnectionView:
    glance = glance_of(frame, reader, name)
    if glance is None:
        raise HTTPException(404, f"There is no connection {name}.")
    return view_connection(situation(frame, reader, glance))


@router.post("/connections/{name:path}/order")
def order(name: str, desk: Desked, operator: Operator, kind: Annotated[_FormKind, Form()]) -> Response:
    """Order a sync, a plan, a sync that reads everything, or a test of both sign-ins."""
    asked: OrderKind = kind
    number = orders.place(desk, PlacedOrder(connection=name, kind=asked), operator.actor)
    return back_to(page_of(name), order=number)


@router.post("/connections/{name:path}/pause")
def pause(name: str, desk: Desked, operator: Operator, reason: Note = "") -> Response:
    """Stop the schedule."""
    orders.pause(desk, name, operator.actor, reason.strip())
    return back_to(page_of(name), said="paused")


@router.post("/connections/{name:path}/resume")
def resume(name: str, desk: Desked, operator: Operator) -> Response:
    """Let the schedule go on."""
    was_stopped = orders.resume(desk, name, operator.actor)
    return back_to(page_of(name), said="resumed" if was_stopped else "was_not_paused")


@router.post("/orders/{number}/cancel")
def cancel(number: int, frame: Framed, desk: Desked, operator: Operator) -> Response:
    """Take back an order that waits; one that is being carried out ends between two writes."""
    orders.cancel(desk, number, operator.actor)
    with frame.look() as reader:
        record = reader.orders.one(number)
    said: Said = "ending" if record is not None and record.is_being_cancelled else "cancelled"
    return back_to(page_of(record.placed.connection) if record is not None else "/", said=said)
