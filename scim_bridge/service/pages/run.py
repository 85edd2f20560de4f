"""The list of runs, and one run with its operations, which a person can search, filter and take away."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from scim_bridge.model.order import Approval, PlacedOrder
from scim_bridge.model.run import OperationRecord, RunRecord
from scim_bridge.run.revocation import sessions_of_run
from scim_bridge.service import orders
from scim_bridge.service.auth.principal import Approver, Operator, require_viewer
from scim_bridge.service.orders import Desked
from scim_bridge.service.pages.download import attachment
from scim_bridge.service.pages.form import Note, back_to
from scim_bridge.service.pages.frame import Frame, Framed
from scim_bridge.state.liveness import as_it_is
from scim_bridge.state.operation_search import OperationQuery
from scim_bridge.state.reader import StateReader
from scim_bridge.view import words
from scim_bridge.view.attention import page_of
from scim_bridge.view.document import operation_document
from scim_bridge.view.impact import COLUMNS
from scim_bridge.view.kept_plan import view_kept
from scim_bridge.view.operation import kind_words, of_record
from scim_bridge.view.operation_csv import csv_of_records
from scim_bridge.view.progress import view_progress
from scim_bridge.view.run import view_run, view_runs
from scim_bridge.view.session import in_full

router = APIRouter(dependencies=[Depends(require_viewer)])
_PAGE, _BATCH = 100, 2_000
_RUN_DIGITS = 15
"""Longer than any run's number, and well within what SQLite holds as an integer."""
_LONGEST = 300
Text = Annotated[str, Query(max_length=_LONGEST)]


@router.api_route("/runs", methods=["GET", "HEAD"])
def runs(request: Request, frame: Framed, connection: Text = "") -> Response:
    """The last runs. connection: of this one alone."""
    with frame.look() as reader:
        found = view_runs(frame.runs(reader, connection or None, limit=_PAGE))
    return frame.render(request, "runs.html", runs=found, connection=connection)


def _query_of(q: Text = "", kind: Text = "", outcome: Text = "", after: Text = "") -> OperationQuery:
    """Which operations are asked for. after: the last one of the page before."""
    return OperationQuery(after=after, kind=kind, outcome=outcome, text=q.strip())


Asked = Annotated[OperationQuery, Depends(_query_of)]


@router.api_route("/runs/{run_id}", methods=["GET", "HEAD"])
def run(request: Request, frame: Framed, run_id: str, asked: Asked) -> Response:
    """One run with its operations, those that are asked for."""
    with frame.look() as reader:
        record = _found(frame, reader, run_id)
        counts = reader.operations_by(record.id)
        operations = reader.find_operations(record.id, asked, _PAGE + 1)
        portal = frame.shown.portal_session(record.connection)
        sessions = sessions_of_run(reader, record, lambda: portal)
        kept = reader.plans.of_run(record.id)
        is_outdated = kept is not None and bool(reader.orders.outdated([kept.id]))
        order = reader.orders.of_run(record.id)
        undone_by = reader.run(reader.undone.by(record.id) or 0)
        undoes = reader.undone.of(record.id) if record.command == "rollback" else None
        progress = [view_progress(p, None) for p in reader.progress() if p.run == record.id]
        cancelled_by = (
            order.handling.cancelled_by if order is not None else reader.schedule.cancelled_by(record.connection)
        )
    shown: dict[str, Any] = {
        "cancelled_by": cancelled_by if record.status == "running" else "",
        "outcomes": [of_record(each) for each in operations[:_PAGE]],
        "total": sum(counts.values()),
        "next": operations[_PAGE - 1].operation_id if len(operations) > _PAGE else "",
        "is_first": not asked.after,
        "sessions": in_full(sessions, record.ended) if sessions is not None else (),
        "kept": view_kept(kept, is_outdated=is_outdated) if kept is not None else None,
        "order": order,
        "undone_by": undone_by,
        "undoes": undoes,
        "progress": progress if record.status == "running" else [],
    }
    return frame.render(
        request,
        "run.html",
        run=view_run(record),
        access_columns=COLUMNS,
        kinds=_by(counts, 0, kind_words),
        outcomes_there=_by(counts, 1, lambda status: words.OPERATION_STATUS[status].said.words),
        asked={"q": asked.text, "kind": asked.kind, "outcome": asked.outcome},
        **shown,
    )


def _by(counts: dict[tuple[str, str], int], place: int, said: Any) -> list[tuple[str, str, int]]:
    """Key, words and number of each kind, or of each outcome."""
    found: dict[str, int] = {}
    for key, count in counts.items():
        found[key[place]] = found.get(key[place], 0) + count
    return [(key, said(key), count) for key, count in sorted(found.items())]


def _found(frame: Frame, reader: StateReader, run_id: str) -> RunRecord:
    is_number = run_id.isascii() and run_id.isdigit() and len(run_id) <= _RUN_DIGITS
    found = reader.run(int(run_id)) if is_number else None
    if found is None:
        raise HTTPException(404, f"There is no run {run_id[:_RUN_DIGITS]}.")
    return as_it_is(reader, frame.shown.state, [found])[0]


@router.get("/runs/{run_id}/operations.csv")
def operations_csv(frame: Framed, run_id: str, asked: Asked) -> Response:
    """The operations that are asked for, as CSV."""
    return _download(frame, run_id, asked, "csv")


@router.get("/runs/{run_id}/operations.json")
def operations_json(frame: Framed, run_id: str, asked: Asked) -> Response:
    """The operations that are asked for, as a list of JSON documents."""
    return _download(frame, run_id, asked, "json")


def _download(frame: Frame, run_id: str, asked: OperationQuery, form: str) -> Response:
    with frame.look() as reader:
        number = _found(frame, reader, run_id).id

    def body() -> Iterator[str | bytes]:
        with frame.look() as reader:
            records = _all(reader, number, asked)
            if form == "csv":
                yield from csv_of_records(records)
            else:
                yield from json_list(operation_document(record) for record in records)

    return attachment(body(), f"run-{number}-operations.{form}")


def _all(reader: StateReader, number: int, asked: OperationQuery) -> Iterator[OperationRecord]:
    """All operations that are asked for, a batch at a time."""
    while batch := reader.find_operations(number, asked, _BATCH):
        yield from batch
        asked = replace(asked, after=batch[-1].operation_id)


def json_list(documents: Iterator[Any]) -> Iterator[bytes]:
    """A JSON list, an element at a time."""
    begin = b"["
    for document in documents:
        yield begin + orjson.dumps(document)
        begin = b",\n"
    yield b"[]\n" if begin == b"[" else b"]\n"


@router.post("/runs/{run_id}/cancel")
def cancel(frame: Framed, desk: Desked, run_id: str, operator: Operator) -> Response:
    """End a run that is in progress between two writes."""
    with frame.look() as reader:
        record = _found(frame, reader, run_id)
    orders.cancel_run(desk, record.id, operator.actor)
    return back_to(f"/runs/{record.id}")


@router.post("/runs/{run_id}/rollback")
def rollback(frame: Framed, desk: Desked, run_id: str, approver: Approver, note: Note = "") -> Response:
    """Order that this run is undone."""
    with frame.look() as reader:
        record = _found(frame, reader, run_id)
    approval = Approval(note.strip())
    asked = PlacedOrder(connection=record.connection, kind="rollback", run=record.id, approval=approval)
    number = orders.place(desk, asked, approver.actor)
    return back_to(page_of(record.connection), order=number)
