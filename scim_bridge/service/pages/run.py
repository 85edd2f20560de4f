"""The list of runs, and one run with its operations."""

from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from scim_bridge.run.revocation import sessions_of_run
from scim_bridge.service.auth.principal import require_viewer
from scim_bridge.service.pages.frame import Framed, PageNumber
from scim_bridge.state.liveness import as_it_is
from scim_bridge.view.impact import COLUMNS
from scim_bridge.view.operation import of_record
from scim_bridge.view.run import view_run, view_runs
from scim_bridge.view.session import in_full

router = APIRouter(dependencies=[Depends(require_viewer)])
_PAGE = 100
_RUN_DIGITS = 15
"""Longer than any run's number, and well within what SQLite holds as an integer."""


@router.api_route("/runs", methods=["GET", "HEAD"])
def runs(request: Request, frame: Framed) -> Response:
    """The last runs."""
    with frame.look() as reader:
        return frame.render(request, "runs.html", runs=view_runs(frame.runs(reader, limit=_PAGE)))


@router.api_route("/runs/{run_id}", methods=["GET", "HEAD"])
def run(request: Request, frame: Framed, run_id: str, page: PageNumber = 1) -> Response:
    """One run with its operations."""
    is_number = run_id.isascii() and run_id.isdigit() and len(run_id) <= _RUN_DIGITS
    with frame.look() as reader:
        found = reader.run(int(run_id)) if is_number else None
        if found is None:
            raise HTTPException(404, f"There is no run {run_id}.")
        record = as_it_is(reader, frame.shown.state, [found])[0]
        outcomes = [of_record(o) for o in reader.operations(record.id, _PAGE, (page - 1) * _PAGE)]
        total = sum(reader.operation_counts(record.id).values())
        portal = frame.shown.portal_sessions.get(record.connection)
        sessions = sessions_of_run(reader, frame.shown.state, record, lambda: portal)
    pages = max(1, -(-total // _PAGE))
    shown: dict[str, Any] = {"outcomes": outcomes, "total": total, "page": page, "pages": pages}
    shown["sessions"] = in_full(sessions, record.ended) if sessions is not None else ()
    return frame.render(request, "run.html", run=view_run(record), access_columns=COLUMNS, **shown)
