"""The switch report of a connection: what a change of the identity source would do, and what to fix before it.

It needs AWS, the identity store and the source as they are now, so a person asks for it, and the last one is kept.
"""

from datetime import UTC, datetime
from typing import Annotated, cast
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.model.access import AccessReading
from scim_bridge.model.protocol import silent
from scim_bridge.model.switch import SourceKind, SwitchReport
from scim_bridge.run.access_seen import RECENT
from scim_bridge.run.switch_reading import read_access_now, read_switch
from scim_bridge.service.auth.principal import Operator, Viewer
from scim_bridge.service.pages.frame import Frame, Framed
from scim_bridge.service.refusal import NotNow
from scim_bridge.state.access_memory import keep_reading
from scim_bridge.view.sentence import Language
from scim_bridge.view.switch import switch_view
from scim_bridge.view.translation import _

router = APIRouter()
_KIND = "switch report"


@router.api_route("/switch", methods=["GET", "HEAD"])
def switch(request: Request, frame: Framed, _viewer: Viewer, connection: str = "") -> Response:
    """The last switch report of a connection, and a button that makes one."""
    names = _connections(frame)
    chosen = connection or next(iter(names), "")
    kept = frame.slow.last(_KIND, chosen)
    answer = kept[1] if kept is not None else None
    view = None
    if answer is not None and answer.value is not None:
        language: Language = "ja" if getattr(request.state, "language", "en") == "ja" else "en"
        view = switch_view(cast("SwitchReport", answer.value), language)
    page = frame.render(
        request, "switch.html", connections=names, connection=chosen, answer=answer, report=view,
        say=view.speech.say if view is not None else None,
    )  # fmt: skip
    if answer is not None and not answer.is_ready:
        page.headers["Refresh"] = "3"
    return page


def _connections(frame: Frame) -> list[str]:
    """Those that have an identity source to change, and say where it is read."""
    settings = frame.shown.settings.items()
    return [name for name, each in settings if each.access is not None and each.target.kind == "identity-center"]


@router.post("/switch/{connection}")
def make_report(
    frame: Framed, _operator: Operator, connection: str, to: Annotated[SourceKind, Form()] = "external"
) -> Response:
    """Begin to make a report; the page shows it when it is ready."""
    settings = frame.shown.settings.get(connection)
    if settings is None or connection not in _connections(frame):
        raise HTTPException(404, _("No connection of this name has an identity source that is read."))
    chosen = settings

    def make() -> SwitchReport:
        return read_switch(chosen, to, lambda: _access(frame, chosen)).report

    try:
        frame.slow.begin(_KIND, connection, make)
    except NotNow as busy:
        raise HTTPException(409, str(busy)) from None
    return RedirectResponse(f"/switch?connection={quote(connection, safe='')}", status_code=303)


def _access(frame: Frame, settings: ConnectionSettings) -> AccessReading:
    """The reading that is kept, if it is recent and no run has changed anything since; else a new one, kept as well."""
    with frame.look() as reader:
        memory = reader.access(settings.name)
        kept = memory.newest()
        if kept is not None and datetime.now(UTC) - kept.as_of < RECENT and not memory.has_changed(kept.as_of):
            return kept
    reading = read_access_now(settings, silent)
    keep_reading(frame.shown.state, settings.name, reading)
    return reading
