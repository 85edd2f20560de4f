"""The switch report of a connection: what a change of the identity source would do, and what to fix before it.

It needs AWS, the identity store and the source as they are now, so a person orders it, and the last one is kept.
"""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response

from scim_bridge.model.order import PlacedOrder
from scim_bridge.model.switch import SourceKind, SwitchReport
from scim_bridge.service import orders
from scim_bridge.service.auth.principal import Operator, Viewer
from scim_bridge.service.orders import Desked
from scim_bridge.service.pages.form import back_to
from scim_bridge.service.pages.frame import Frame, Framed
from scim_bridge.view.kept_answer import answer_from
from scim_bridge.view.order import view_order
from scim_bridge.view.sentence import Language
from scim_bridge.view.switch import switch_view
from scim_bridge.view.translation import _

router = APIRouter()


@router.api_route("/switch", methods=["GET", "HEAD"])
def switch(request: Request, frame: Framed, _viewer: Viewer, connection: str = "") -> Response:
    """The last switch report of a connection, and a button that makes one."""
    names = _connections(frame)
    chosen = connection or next(iter(names), "")
    with frame.look() as reader:
        order = reader.orders.last("switch_report", chosen)
        report = answer_from(SwitchReport, reader.orders.answer(order.id) if order is not None else None)
    language: Language = "ja" if getattr(request.state, "language", "en") == "ja" else "en"
    view = switch_view(report, language) if report is not None else None
    page = frame.render(
        request, "switch.html", connections=names, connection=chosen, report=view, kept=report,
        order=view_order(order) if order is not None else None,
        say=view.speech.say if view is not None else None,
    )  # fmt: skip
    if order is not None and order.is_open:
        page.headers["Refresh"] = "3"
    return page


def _connections(frame: Frame) -> list[str]:
    """Those that have an identity source to change, and say where it is read."""
    settings = frame.shown.settings.items()
    return [name for name, each in settings if each.access is not None and each.target.kind == "identity-center"]


@router.post("/switch/{connection}")
def make_report(
    frame: Framed, desk: Desked, operator: Operator, connection: str, to: Annotated[SourceKind, Form()] = "external"
) -> Response:
    """Order a report; the page shows it when it is made."""
    if connection not in _connections(frame):
        raise HTTPException(404, _("No connection of this name has an identity source that is read."))
    asked = PlacedOrder(connection=connection, kind="switch_report", question=to)
    orders.place(desk, asked, operator.actor)
    return back_to("/switch", connection=connection)
