"""People and groups: found by how a name, an address or an id begins, and each on a page of their own."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from scim_bridge.model.identity import Kind, Whom
from scim_bridge.model.order import PlacedOrder
from scim_bridge.run.explain_access import with_access
from scim_bridge.run.portrait import portrait, whom_of
from scim_bridge.service import orders
from scim_bridge.service.auth.principal import Operator, Viewer
from scim_bridge.service.orders import Desked
from scim_bridge.service.pages.frame import Frame, Framed
from scim_bridge.service.person_address import address_of
from scim_bridge.state.people import Found, Place, whole_moments
from scim_bridge.state.reader import StateReader
from scim_bridge.view import person
from scim_bridge.view.explain import Portrait
from scim_bridge.view.translation import _
from scim_bridge.view.words import Status, printable

router = APIRouter()
_SHOWN = 25
_EVENTS = 50
_LONGEST = 256
"""Characters of a search; a longer one finds no one."""


@router.api_route("/people", methods=["GET", "HEAD"])
def people(
    request: Request, frame: Framed, _viewer: Viewer, q: Annotated[str, Query()] = "", connection: str = ""
) -> Response:
    """Users and groups that have a name, an address or an id that begins like q."""
    with frame.look() as reader:
        at = reader.places()
        found, more = look_for(reader, at, q, connection)
    shown = [(each, address_of(each.connection, each.whom), _display(each)) for each in found]
    names = [place.connection for place in at]
    return frame.render(
        request, "people.html", q=q[:_LONGEST], chosen=connection, connections=names, found=shown, more=more
    )


def look_for(reader: StateReader, at: Sequence[Place], text: str, connection: str = "") -> tuple[list[Found], bool]:
    """Those who are found, at most 25, and whether there are more. connection: "" for all."""
    if not text.strip() or len(text) > _LONGEST:
        return [], False
    found = reader.people(text, [place for place in at if connection in ("", place.connection)], _SHOWN + 1)
    return found[:_SHOWN], len(found) > _SHOWN


def _display(found: Found) -> tuple[str, str]:
    return person.shortened(printable(found.name)), person.shortened(printable(found.display))


@router.post("/people/{connection}/push")
def push(
    desk: Desked,
    operator: Operator,
    connection: str,
    kind: Annotated[Kind, Form()],
    id_of: Annotated[str, Form(alias="id", max_length=1_000)],
    side: Annotated[Literal["source", "target"], Form()] = "source",
) -> Response:
    """Order a sync of this one alone, which goes before all others."""
    placed = PlacedOrder(connection=connection, kind="only", subjects=(id_of,))
    number = orders.place(desk, placed, operator.actor)
    address = address_of(connection, Whom(side, kind, id_of))
    return RedirectResponse(f"{address}{'&' if '?' in address else '?'}order={number}", status_code=303)


@router.api_route("/people/{connection}/{kind}", methods=["GET", "HEAD"])
def odd_person(
    request: Request,
    frame: Framed,
    viewer: Viewer,
    connection: str,
    kind: Kind,
    id: str,  # noqa: A002 - as it is called in the address
    side: Literal["source", "target"] = "source",
    before: str = "",
    order: int = 0,
) -> Response:
    """The page of one whose id does not fit into a path."""
    return one_person(
        request, frame, viewer, connection, kind=kind, source_id=id, side=side, before=before, order=order
    )


@router.api_route("/people/{connection}/{kind}/{source_id:path}", methods=["GET", "HEAD"])
def one_person(
    request: Request,
    frame: Framed,
    _viewer: Viewer,
    connection: str,
    kind: Kind,
    source_id: str,
    *,
    side: Literal["source", "target"] = "source",
    before: str = "",
    order: int = 0,
) -> Response:
    """One user or group: where they stand, and everything that happened to them. before: only what is older.

    order: the number of one that was placed here.
    """
    with frame.look() as reader:
        place = next((each for each in reader.places() if each.connection == connection), None)
        whom = Whom(side, kind, source_id)
        shown = look_at(frame, reader, place, whom) if place is not None else None
        if place is None or shown is None:
            raise HTTPException(404, _("The state knows no %(kind)s with this id in this connection.", kind=_(kind)))
        names = whom_of(shown.told)
        history = reader.history_of(place, names, _EVENTS + 1, _moment(before))
        end = whole_moments(history, _EVENTS)
        placed = reader.orders.one(order) if 0 < order < 1 << 62 else None
    address = address_of(connection, whom)
    members = [(each, address_of(connection, Whom(each.side, _other(kind), each.id))) for each in shown.members]
    return frame.render(
        request,
        "person.html",
        shown=shown,
        told=shown.told,
        stand=person.stand(shown.told),
        meaning=person.SITUATIONS[shown.told.plan.situation],
        apart=Status("apart", _("differs"), "≠", "wait"),
        name=person.shortened(printable(shown.told.name)),
        attributes=person.attributes(shown.told),
        members=[(each, where, person.shortened(printable(each.name))) for each, where in members],
        happened=person.events(history[:end], names),
        older=history[end - 1][0].isoformat() if len(history) > end else "",
        is_first=not before,
        whom=whom,
        order=placed if placed is not None and placed.placed.connection == connection else None,
        can_push=connection in frame.shown.connections,
        address=address,
        joint="&" if "?" in address else "?",
    )


def look_at(frame: Frame, reader: StateReader, place: Place, whom: Whom) -> Portrait | None:
    """What the state knows of one, with what it opens in AWS; None if it knows no one of this id."""
    settings = frame.shown.settings.get(place.connection)
    found = portrait(reader, settings, place, whom)
    if found is None:
        return None
    portal = frame.shown.portal_session(place.connection)
    (told,) = with_access((found.told,), reader.access(place.connection), portal)
    return found.with_told(told)


def _other(kind: Kind) -> Kind:
    return "group" if kind == "user" else "user"


def _moment(text: str) -> datetime | None:
    """A moment as `older` gives it; one that no one gave counts for nothing."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
