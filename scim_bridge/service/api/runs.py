"""Runs and their operations."""

from typing import Annotated, Literal

from fastapi import Path, Query, Request, Response

from scim_bridge.model.operation import OutcomeStatus
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.model.run import RunRecord, RunStatus
from scim_bridge.service.api.answer import Cursor, Limit, json, number_in, page, text_in
from scim_bridge.service.api.form import Page, Run, RunOperation, WholeRun
from scim_bridge.service.api.listed import Asked, listed
from scim_bridge.service.api.route import answers, router
from scim_bridge.service.auth.principal import Operator
from scim_bridge.service.orders import Desked, cancel_run
from scim_bridge.service.pages.frame import Frame, Framed
from scim_bridge.service.refusal import NoSuchThing
from scim_bridge.state.liveness import as_it_is
from scim_bridge.state.operation_search import OperationQuery
from scim_bridge.state.reader import StateReader
from scim_bridge.view import document

routes = router("runs")
RunNumber = Annotated[int, Path(ge=1, le=2**53)]


@routes.get("/runs", responses=answers(Page[Run], 304, 404), response_model=None)
def runs(request: Request, frame: Framed, asked: Asked, status: RunStatus | None = None) -> Response:
    """The runs, newest first."""
    before = number_in(asked.cursor)

    def found(reader: StateReader) -> list[RunRecord]:
        runs = reader.runs_before(before, asked.limit + 1, asked.connection, status or "")
        return as_it_is(reader, frame.shown.state, runs)

    return listed(request, frame, asked, rows=found, document=document.run_document, after=lambda run: run.id)


@routes.get("/runs/{run_id}", responses=answers(WholeRun, 304, 404), response_model=None)
def run(request: Request, frame: Framed, run_id: RunNumber) -> Response:
    """One run: what it did, how many operations ended how, and how far it has come if it is in progress."""
    with frame.look() as reader:
        record = _run(frame, reader, run_id)
        plan, order = reader.plans.of_run(run_id), reader.orders.of_run(run_id)
        progress = next((each for each in reader.progress() if each.run == run_id), None)
        beside = {
            "outcomes": reader.operation_counts(run_id),
            "plan": plan.id if plan is not None else None,
            "order": order.id if order is not None else None,
            "progress": document.progress_document(progress) if progress is not None else None,
        }
    return json(request, document.run_document(record) | beside)


@routes.post("/runs/{run_id}/cancel", responses=answers(WholeRun, 404, 409), response_model=None)
def cancel(request: Request, frame: Framed, desk: Desked, operator: Operator, run_id: RunNumber) -> Response:
    """End a run that is in progress between two writes. Its connection goes on with its next time."""
    cancel_run(desk, run_id, operator.actor)
    return run(request, frame, run_id)


@routes.get("/runs/{run_id}/operations", responses=answers(Page[RunOperation], 304, 404), response_model=None)
def operations(
    request: Request,
    frame: Framed,
    run_id: RunNumber,
    kind: OperationKind | None = None,
    outcome: OutcomeStatus | Literal["planned", "sent"] | None = None,
    q: Annotated[str, Query(max_length=200, description="A part of a name, or of an id.")] = "",
    person: Annotated[str, Query(max_length=200, description="The same, of users alone.")] = "",
    group: Annotated[str, Query(max_length=200, description="The same, of groups alone.")] = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The operations of a run in the order of its plan, each with its outcome."""
    asked = OperationQuery(
        after=text_in(cursor) or "", kind=kind or "", outcome=outcome or "", text=q, person=person, group=group
    )
    with frame.look() as reader:
        _run(frame, reader, run_id)
        found = reader.find_operations(run_id, asked, limit + 1)
    return page(request, found, limit, document.operation_document, lambda each: each.operation_id)


def _run(frame: Frame, reader: StateReader, run_id: int) -> RunRecord:
    record = reader.run(run_id)
    if record is None:
        raise NoSuchThing(f"there is no run {run_id}")
    return as_it_is(reader, frame.shown.state, [record])[0]
