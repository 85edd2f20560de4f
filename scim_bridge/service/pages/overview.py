"""The overview: every connection, the most urgent first."""

from fastapi import APIRouter, Depends, Request, Response

from scim_bridge.service.auth.principal import require_viewer
from scim_bridge.service.pages.frame import Frame, Framed
from scim_bridge.state.reader import StateReader
from scim_bridge.view.conflict import still_open, view_conflicts
from scim_bridge.view.connection import Situation, by_urgency, view_connection
from scim_bridge.view.run import view_runs
from scim_bridge.view.shadow import PERIOD, period_of, view_shadow

router = APIRouter(dependencies=[Depends(require_viewer)])


@router.api_route("/", methods=["GET", "HEAD"])
def overview(request: Request, frame: Framed) -> Response:
    """Every connection, the most urgent first: is it well, what changed, what waits."""
    with frame.look() as reader:
        names = dict.fromkeys((*frame.shown.connections, *reader.connections()))
        connections = by_urgency(view_connection(situation(frame, reader, name)) for name in names)
        recent = view_runs(frame.runs(reader, limit=8))
        undecided = [c for c in reader.conflicts() if not c.resolution]
    needy = sum(connection.needs_you for connection in connections)
    return frame.render(
        request,
        "overview.html",
        first=still_open(record.conflict for record in undecided),
        connections=connections,
        needy=needy,
        runs=recent,
        conflicts=view_conflicts(undecided)[:5],
    )


def situation(frame: Frame, reader: StateReader, name: str) -> Situation:
    """What is known of a connection now."""
    last = next(iter(frame.runs(reader, name, limit=1)), None)
    outcomes = reader.operation_counts(last.id) if last is not None else {}
    now, is_shadow = frame.shown.now(), last is not None and last.status == "shadow"
    return Situation(
        name=name,
        last=last,
        conflicts=sum(not conflict.resolution for conflict in reader.conflicts(name)),
        every=frame.shown.connections.get(name),
        now=now,
        unsuccessful=sum(outcomes.get(status, 0) for status in ("sent", "failed", "not_sent")),
        pause=reader.pause(name),
        quarantine=reader.quarantine(name),
        shadow=view_shadow(name, reader.shadow(name, period_of(PERIOD, now)), PERIOD, now) if is_shadow else None,
    )
