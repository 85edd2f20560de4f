"""The conflicts: what waits for a decision, with what to do about each; then what was decided."""

from fastapi import APIRouter, Depends, Request, Response

from scim_bridge.service.auth.principal import require_viewer
from scim_bridge.service.pages.frame import Framed
from scim_bridge.view.conflict import still_open, view_conflicts

router = APIRouter(dependencies=[Depends(require_viewer)])


@router.api_route("/conflicts", methods=["GET", "HEAD"])
def conflicts(request: Request, frame: Framed) -> Response:
    """What waits for a decision, with what to do about each; then what was decided."""
    with frame.look() as reader:
        records = reader.conflicts()
    found, undecided = view_conflicts(records), [c for c in records if not c.resolution]
    waiting, decided = [c for c in found if not c.decision], [c for c in found if c.decision]
    first = still_open(record.conflict for record in undecided)
    return frame.render(request, "conflicts.html", first=first, waiting=waiting, decided=decided)
