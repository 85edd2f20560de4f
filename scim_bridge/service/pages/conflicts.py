"""The inbox of conflicts: both sides next to each other, and each decision as a button with what it will do."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from scim_bridge.model.conflict_kind import UNREADABLE, Decision
from scim_bridge.model.run import ConflictRecord
from scim_bridge.run.bridge import endpoint_key
from scim_bridge.service import orders
from scim_bridge.service.auth.principal import Operator, require_viewer
from scim_bridge.service.orders import Desked, Wish
from scim_bridge.service.pages.form import Note, back_to
from scim_bridge.service.pages.frame import Frame, Framed, PageNumber
from scim_bridge.service.pages.run import Text
from scim_bridge.state.reader import StateReader
from scim_bridge.view.both_sides import SideView, both_sides
from scim_bridge.view.conflict import kind_said, still_open, view_conflicts
from scim_bridge.view.decision import choices

router = APIRouter(dependencies=[Depends(require_viewer)])
_PAGE = 25
_BULK = ("link",)
"""Decisions that name a resource, so they are made one by one."""


@router.api_route("/conflicts", methods=["GET", "HEAD"])
def conflicts(
    request: Request, frame: Framed, connection: Text = "", kind: Text = "", done: Text = "", page: PageNumber = 1
) -> Response:
    """What waits for a decision, then what was decided. done: how many were decided just now."""
    with frame.look() as reader:
        records = reader.conflicts(connection or None)
        fitting = [r for r in records if not kind or r.conflict.kind == kind]
        waiting, decided = [r for r in fitting if not r.resolution], [r for r in fitting if r.resolution]
        shown, some_decided = waiting[(page - 1) * _PAGE : page * _PAGE], decided[:_PAGE]
        sides = _sides(frame, reader, [*shown, *some_decided])
        first = still_open(r.conflict for r in records if not r.resolution and r.conflict.kind in UNREADABLE)
        connections = reader.connections()
    counts = Counter(r.conflict.kind for r in records if not r.resolution)
    return frame.render(
        request,
        "conflicts.html",
        first=first,
        waiting=view_conflicts(shown),
        total=len(waiting),
        decided=view_conflicts(some_decided),
        total_decided=len(decided),
        sides=sides,
        choices={k: choices(k) for k in counts.keys() | {r.conflict.kind for r in fitting}},
        bulk=[choice for choice in choices(kind) if choice.decision not in _BULK] if kind in counts else [],
        kinds=[(k, kind_said(k), counts[k]) for k in sorted(counts, key=lambda k: (-counts[k], k))],
        all_waiting=sum(counts.values()),
        connections=sorted({*connections, *frame.shown.connections}),
        asked={"connection": connection, "kind": kind},
        done=done if done.isdecimal() else "",
        page=page,
        pages=max(1, -(-len(waiting) // _PAGE)),
    )


def _sides(
    frame: Frame, reader: StateReader, records: Sequence[ConflictRecord]
) -> dict[tuple[str, str], tuple[SideView, ...]]:
    """(connection, key) → both sides."""
    by_connection: dict[str, list[ConflictRecord]] = defaultdict(list)
    for record in records:
        by_connection[record.connection].append(record)
    found = {}
    for name, its in by_connection.items():
        settings = frame.shown.settings.get(name)
        endpoint = endpoint_key(settings.target.url) if settings is not None else ""
        subjects = reader.conflict_subjects(name, endpoint, [record.conflict.key for record in its])
        for record in its:
            key = record.conflict.key
            found[name, key] = both_sides(subjects.get(key, ()), record.conflict.path)
    return found


@router.post("/conflicts/resolve")
def resolve(
    desk: Desked,
    operator: Operator,
    key: Annotated[str, Form(max_length=300)],
    decision: Annotated[Decision, Form()],
    connection: Note = "",
    link: Note = "",
    note: Note = "",
) -> Response:
    """Keep a decision for the next run: about one conflict, or about all of a kind."""
    chosen = link.strip() if decision == "link" else ""
    wish = Wish(key=key, decision=decision, connection=connection, link=chosen, note=note.strip())
    count = orders.resolve(desk, wish, operator.actor)
    return back_to("/conflicts", connection=connection, done=count)


@router.post("/conflicts/undo")
def undo(
    desk: Desked, operator: Operator, key: Annotated[str, Form(max_length=300)], connection: Note = ""
) -> Response:
    """Take a decision back that no run has used."""
    orders.undo(desk, key, operator.actor, connection)
    return back_to("/conflicts", connection=connection)
