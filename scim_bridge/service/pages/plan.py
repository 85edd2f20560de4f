"""A kept plan: what it would do, what limits say of it, and the decision to apply exactly that, or not."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response

from scim_bridge.model.kept_plan import KeptPlan
from scim_bridge.model.order import Approval, PlacedOrder
from scim_bridge.service import orders
from scim_bridge.service.auth.principal import Approver, require_viewer
from scim_bridge.service.orders import Desked
from scim_bridge.service.pages.download import attachment
from scim_bridge.service.pages.form import Note, back_to
from scim_bridge.service.pages.frame import Framed
from scim_bridge.service.pages.run import Text
from scim_bridge.state.reader import StateReader
from scim_bridge.view.attention import page_of
from scim_bridge.view.impact import COLUMNS
from scim_bridge.view.kept_plan import view_kept
from scim_bridge.view.operation_csv import csv_of_documents
from scim_bridge.view.plan_document import Filter, operations_of
from scim_bridge.view.plan_page import plan_page

router = APIRouter(dependencies=[Depends(require_viewer)])
_PAGE = 100


def _filter(q: Text = "", kind: Text = "", after: Annotated[int, Query(ge=0)] = 0) -> Filter:
    """Which operations are asked for. after: how many are passed over."""
    return Filter(after=after, kind=kind, text=q.strip())


Wanted = Annotated[Filter, Depends(_filter)]


@router.api_route("/plans/{number}", methods=["GET", "HEAD"])
def plan(request: Request, frame: Framed, number: int, wanted: Wanted) -> Response:
    """One kept plan, with the operations that are asked for."""
    with frame.look() as reader:
        kept = _found(reader, number)
        is_outdated = bool(reader.orders.outdated([number]))
        outline = frame.outlines.of(reader.plans, kept)
        found = list(operations_of(reader.plans.pieces(number), wanted, _PAGE + 1))
    shown = plan_page(outline, found, _PAGE)
    return frame.render(
        request,
        "plan.html",
        kept=view_kept(kept, is_outdated=is_outdated),
        plan=shown,
        access_columns=COLUMNS,
        asked={"q": wanted.text, "kind": wanted.kind},
        total=sum(count for *_, count in shown.by_kind),
        is_first=not wanted.after,
    )


def _found(reader: StateReader, number: int) -> KeptPlan:
    kept = reader.plans.one(number)
    if kept is None:
        raise HTTPException(404, f"There is no kept plan {number}.")
    return kept


@router.get("/plans/{number}/plan.json")
def plan_json(frame: Framed, number: int) -> Response:
    """The plan, as `plan --out` would have written it: `scim-bridge apply` takes it."""
    with frame.look() as reader:
        _found(reader, number)
    return attachment(reader.plans.pieces(number), f"plan-{number}.json")


@router.get("/plans/{number}/operations.csv")
def plan_csv(frame: Framed, number: int, wanted: Wanted) -> Response:
    """The operations that are asked for, as CSV."""
    with frame.look() as reader:
        _found(reader, number)
    operations = (operation for _, operation in operations_of(reader.plans.pieces(number), wanted))
    return attachment(csv_of_documents(operations), f"plan-{number}-operations.csv")


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
        kept = _found(reader, number)
    approval = Approval(note.strip(), is_last_admin=is_last_admin) if kept.is_stopped else None
    asked = PlacedOrder(connection=kept.connection, kind="apply", plan=number, approval=approval)
    return back_to(page_of(kept.connection), order=orders.place(desk, asked, approver.actor))


@router.post("/plans/{number}/decline")
def decline(desk: Desked, number: int, approver: Approver, note: Note = "") -> Response:
    """Decide against this plan."""
    orders.decline(desk, number, approver.actor, note.strip())
    return back_to(f"/plans/{number}")
