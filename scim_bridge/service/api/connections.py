"""Connections: how each is, and its schedule stopped or started again."""

from typing import Annotated, Any

from fastapi import Body, Path, Request, Response

from scim_bridge.model.glance import Glance
from scim_bridge.model.progress import RunProgress
from scim_bridge.service.api.answer import Cursor, IdempotencyKey, Limit, json, page, text_in
from scim_bridge.service.api.form import Connection, Page, Paused, ReasonAsked
from scim_bridge.service.api.once import once
from scim_bridge.service.api.route import answers, router
from scim_bridge.service.auth.principal import Operator
from scim_bridge.service.orders import Desked, pause, resume
from scim_bridge.service.pages.frame import Frame, Framed
from scim_bridge.service.pages.overview import all_glances, glance_of, situation
from scim_bridge.service.refusal import NoSuchThing
from scim_bridge.state.reader import StateReader
from scim_bridge.view import document, words
from scim_bridge.view.connection import Situation, view_connection

routes = router("connections")
Name = Annotated[str, Path(max_length=200)]


@routes.get("/connections", responses=answers(Page[Connection], 304), response_model=None)
def connections(request: Request, frame: Framed, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Every connection by name, with its state in one word and one sentence."""
    after = text_in(cursor)
    with frame.look() as reader:
        glances = sorted(all_glances(frame, reader), key=lambda glance: glance.connection)
        shown = [glance for glance in glances if after is None or glance.connection > after][: limit + 1]
        running = reader.progress()
        found = [_document(frame, reader, glance, running) for glance in shown]
    return page(request, found, limit, dict, lambda each: each["name"])


@routes.get("/connections/{name}", responses=answers(Connection, 304, 404), response_model=None)
def connection(request: Request, frame: Framed, name: Name) -> Response:
    """One connection."""
    with frame.look() as reader:
        glance = glance_of(frame, reader, name)
        if glance is None:
            raise NoSuchThing(f"there is no connection {name}")
        return json(request, _document(frame, reader, glance, reader.progress()))


def _document(frame: Frame, reader: StateReader, glance: Glance, running: list[RunProgress]) -> dict[str, Any]:
    found, name = situation(frame, reader, glance), glance.connection
    view = view_connection(found)
    last = document.run_document(glance.last) if glance.last is not None else None
    return {
        "name": name,
        "state": view.health.key,
        "sentence": view.sentence,
        "needs_you": view.needs_you,
        "conflicts": view.conflicts,
        "last_run": last,
        "next_run": _next_run(found),
        "counts": last["counts"] if last is not None else {},
        "paused_by": glance.pause.who if glance.pause is not None else "",
        "progress": [document.progress_document(each) for each in running if each.connection == name],
    }


def _next_run(found: Situation) -> str | None:
    """When the schedule is due, as far as that is known beforehand."""
    glance = found.glance
    is_stopped = glance.pause is not None or (glance.quarantine is not None and glance.quarantine.holds(found.now))
    if found.every is None or is_stopped:
        return None
    return words.utc(max(found.now, glance.last.started + found.every) if glance.last is not None else found.now)


@routes.post("/connections/{name}/pause", responses=answers(Paused, 404), response_model=None)
def pause_connection(
    request: Request,
    desk: Desked,
    operator: Operator,
    name: Name,
    asked: Annotated[ReasonAsked, Body(default_factory=ReasonAsked)],
    key: IdempotencyKey = None,
) -> Response:
    """Stop the schedule. Orders of people are carried out all the same."""
    pause(desk, name, operator.actor, asked.reason, once(operator, key, request, asked))
    return json(request, {"connection": name, "paused": True})


@routes.post("/connections/{name}/resume", responses=answers(Paused, 404), response_model=None)
def resume_connection(
    request: Request, desk: Desked, operator: Operator, name: Name, key: IdempotencyKey = None
) -> Response:
    """Let the schedule go on, after a pause or a quarantine."""
    resume(desk, name, operator.actor, once(operator, key, request))
    return json(request, {"connection": name, "paused": False})
