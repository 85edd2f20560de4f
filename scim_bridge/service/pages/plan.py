"""A kept plan: what it would do, what limits say of it, and the decision to apply exactly that, or not."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response

from scim_bridge.model.kept_plan import KeptPlan
from scim_bridge.model.order import Approval, PlacedOrder
from scim_bridge.service import orders
from scim_bridge.service.auth.principal import Approver, require_viewer
from scim_bridge.service.pages.desk import Desked, Note, back_to
from scim_bridge.service.pages.frame import Framed, PageNumber
from scim_bridge.service.pages.run import Filtered, attachment
from scim_bridge.state.reader import StateReader
from scim_bridge.view.attention import page_of
from scim_bridge.view.impact import COLUMNS
from scim_bridge.view.kept_plan import view_kept
from scim_bridge.view.operation_csv import csv_of_documents
from scim_bridge.view.plan_document import fitting, plan_page

router = APIRouter(dependencies=[Depends(require_viewer)])
_PAGE = 100


@router.api_route("/plans/{number}", methods=["GET", "HEAD"])
def plan(request: Request, frame: Framed, number: int, wanted: Filtered, page: PageNumber = 1) -> Response:
    """One kept plan, with the operations that are asked for."""
    with frame.look() as reader:
        kept, document = _found(reader, number)
    shown = plan_page(document, wanted, (page - 1) * _PAGE, _PAGE)
    return frame.render(
        request,
        "plan.html",
        kept=view_kept(kept),
        plan=shown,
        access_columns=COLUMNS,
        asked={"q": wanted.text, "kind": wanted.kind},
        page=page,
        pages=max(1, -(-shown.found // _PAGE)),
    )


def _found(reader: StateReader, number: int) -> tuple[KeptPlan, Mapping[str, Any]]:
    kept, document = reader.plans.one(number), reader.plans.document(number)
    if kept is None or document is None:
        raise HTTPException(404, f"There is no kept plan {number}.")
    return kept, orjson.loads(document)


@router.get("/plans/{number}/plan.json")
def plan_json(frame: Framed, number: int) -> Response:
    """The plan, as `plan --out` would have written it: `scim-bridge apply` takes it."""
    with frame.look() as reader:
        document = reader.plans.document(number)
    if document is None:
        raise HTTPException(404, f"There is no kept plan {number}.")
    return attachment(iter([document]), f"plan-{number}.json")


@router.get("/plans/{number}/operations.csv")
def plan_csv(frame: Framed, number: int, wanted: Filtered) -> Response:
    """The operations that are asked for, as CSV."""
    with frame.look() as reader:
        _, document = _found(reader, number)
    return attachment(csv_of_documents(fitting(document, wanted)), f"plan-{number}-operations.csv")


@router.post("/plans/{number}/apply")
def apply(
    frame: Framed,
    desk: Desked,
    number: int,
    approver: Approver,
    note: Note = "",
    is_last_admin: Annotated[bool, Form()] = False,
) -> Response:
    """Order that exactly this plan is applied; of one that limits stopped, with an approval."""
    with frame.look() as reader:
        kept = reader.plans.one(number)
    if kept is None:
        raise HTTPException(404, f"There is no kept plan {number}.")
    approval = Approval(note.strip(), is_last_admin=is_last_admin) if kept.is_stopped else None
    asked = PlacedOrder(connection=kept.connection, kind="apply", plan=number, approval=approval)
    return back_to(page_of(kept.connection), order=orders.place(desk, asked, approver.actor))


@router.post("/plans/{number}/decline")
def decline(desk: Desked, number: int, approver: Approver, note: Note = "") -> Response:
    """Decide against this plan."""
    orders.decline(desk, number, approver.actor, note.strip())
    return back_to(f"/plans/{number}")
