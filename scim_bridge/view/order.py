"""An order as people see it: what was asked for, by whom, and how it ended."""

from dataclasses import dataclass
from datetime import datetime

from scim_bridge.model.order import OrderRecord
from scim_bridge.view.translation import _
from scim_bridge.view.words import Status, listing, printable

ORDER_STATUS = {
    "waiting": Status("waiting", "waiting", "·", "quiet"),
    "running": Status("running", "running", "…", "quiet"),
    "done": Status("done", "done", "✓", "good"),
    "refused": Status("refused", "refused", "✗", "bad"),
    "failed": Status("failed", "failed", "✗", "bad"),
    "cancelled": Status("cancelled", "cancelled", "·", "quiet"),
}
BEING_CANCELLED = Status("running", "being cancelled", "…", "quiet")
ORDER_WORDS = {
    "sync": "sync",
    "plan": "plan",
    "verify": "full verify",
    "only": "sync of some",
    "rollback": "rollback",
    "apply": "apply a plan",
    "test_sign_in": "test of both sign-ins",
    "compare_mapping": "comparison of a mapping",
    "switch_report": "switch report",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """One order. about: whom or what, "" for the connection. run, plan: what came of it. sentence: how it ended."""

    id: int
    connection: str
    words: str
    about: str
    who: str
    at: datetime
    status: Status
    sentence: str
    is_open: bool
    may_cancel: bool
    run: int | None
    plan: int | None


def view_order(record: OrderRecord) -> OrderView:
    """One order."""
    placed, end = record.placed, record.end
    return OrderView(
        id=record.id,
        connection=placed.connection,
        words=_(ORDER_WORDS[placed.kind]),
        about=_about(record),
        who=printable(record.by.name),
        at=record.at,
        status=(BEING_CANCELLED if record.is_being_cancelled else ORDER_STATUS[record.status]).said,
        sentence=printable(end.sentence) if end is not None else "",
        is_open=record.is_open,
        may_cancel=record.may_be_cancelled,
        run=end.run if end is not None and end.run is not None else record.run,
        plan=(end.plan if end is not None else None) or placed.plan,
    )


def _about(record: OrderRecord) -> str:
    placed = record.placed
    if placed.plan is not None:
        return _("plan %(id)s", id=str(placed.plan))
    if placed.run is not None:
        return _("run %(id)s", id=str(placed.run))
    return listing([printable(name) for name in placed.subjects])
