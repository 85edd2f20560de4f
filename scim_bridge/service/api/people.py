"""Users and groups that are managed, and why each is as it is."""

from typing import Annotated, Literal

from fastapi import Path, Query, Request, Response

from scim_bridge.run.bridge import open_bridge
from scim_bridge.run.explain import explain
from scim_bridge.run.explain_access import with_access
from scim_bridge.run.lifecycle import Order
from scim_bridge.service.api.answer import Cursor, Limit, json, page, place_in
from scim_bridge.service.api.form import Explanations, Page, Person
from scim_bridge.service.api.route import answers, router
from scim_bridge.service.pages.frame import Framed
from scim_bridge.service.refusal import NoSuchThing
from scim_bridge.state.managed import Managed
from scim_bridge.state.people import Found
from scim_bridge.view import document

routes = router("people")


@routes.get("/people", responses=answers(Page[Person], 304, 404), response_model=None)
def people(
    request: Request,
    frame: Framed,
    connection: Annotated[str, Query(max_length=200)],
    q: Annotated[str, Query(max_length=200, description="How a name, an address or an id begins.")] = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """All managed users and groups of a connection, by name; with q the first that the page of people finds by it."""
    after = place_in(cursor, 3)
    with frame.look() as reader:
        frame.require_connection(reader, connection)
        if q.strip():
            found = reader.people(q, [place for place in reader.places() if place.connection == connection], limit)
            return page(request, found, limit, _found, lambda one: one.whom)
        managed = reader.managed(connection, limit + 1, (after[0], after[1], after[2]) if after is not None else None)
    return page(request, managed, limit, _managed, lambda one: one.place)


def _found(one: Found) -> dict[str, str]:
    source_id = one.whom.id if one.whom.side == "source" else ""
    return _document(one.connection, one.whom.kind, source_id, one.target_id, one.name)


def _managed(one: Managed) -> dict[str, str]:
    return _document(one.connection, one.kind, one.source_id, one.target_id, one.name)


def _document(connection: str, kind: str, source_id: str, target_id: str, name: str) -> dict[str, str]:
    """source_id, target_id: "" where there is none."""
    return {"connection": connection, "kind": kind, "source_id": source_id, "target_id": target_id, "name": name}


@routes.get("/people/{connection}/{kind}/{source_id:path}/explain", responses=answers(Explanations, 304, 404),
            response_model=None)  # fmt: skip
def explain_one(
    request: Request,
    frame: Framed,
    connection: Annotated[str, Path(max_length=200)],
    kind: Literal["user", "group"],
    source_id: Annotated[str, Path(max_length=1_000)],
) -> Response:
    """Every step for one user or group, as `scim-bridge explain` shows it. Both sides are asked about it."""
    settings = frame.shown.settings.get(connection)
    if settings is None:
        raise NoSuchThing(f"there is no connection {connection} in the configuration")
    with frame.look() as reader, open_bridge(settings, reader=reader) as bridge:
        told = explain(bridge, reader, source_id, Order())
    if settings.access is not None:
        told = with_access(told, reader.access(connection), settings.switch.portal_session)
    found = [document.explanation_document(each) for each in told if each.kind == kind]
    if not found:
        raise NoSuchThing(f"connection {connection} has no {kind} with the id {source_id!r}")
    return json(request, {"items": found})
