"""A kept plan in a list: what it would do, and whether it was applied or declined."""

from dataclasses import dataclass
from datetime import datetime

from scim_bridge.model.kept_plan import KeptPlan
from scim_bridge.view import words
from scim_bridge.view.translation import _
from scim_bridge.view.words import Status, printable


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlanView:
    """One plan. run: the run that the guard stopped. is_open: no one has applied or declined it.

    may_apply: neither is it empty, nor was it found out of date.
    """

    id: int
    connection: str
    run: int | None
    who: str
    made: datetime
    summary: str
    status: Status
    guard: tuple[str, ...]
    is_open: bool
    may_apply: bool
    applied_by: int | None
    note: str


def view_kept(plan: KeptPlan, *, is_outdated: bool) -> KeptPlanView:
    """One kept plan. is_outdated: an order to apply it was refused, because a side had changed."""
    status = _status(plan, is_outdated=is_outdated)
    return KeptPlanView(
        id=plan.id,
        connection=plan.connection,
        run=plan.run,
        who=printable(plan.by.name),
        made=plan.made,
        summary=words.summary(plan.summary),
        status=status,
        guard=tuple(map(printable, plan.guard)),
        is_open=plan.applied_by is None and not plan.declined_by,
        may_apply=status.key in ("stopped", "kept"),
        applied_by=plan.applied_by,
        note=printable(plan.note),
    )


def _status(plan: KeptPlan, *, is_outdated: bool) -> Status:
    if plan.applied_by is not None:
        return Status("applied", _("applied"), "✓", "good")
    if plan.declined_by:
        return Status("declined", _("declined by %(who)s", who=printable(plan.declined_by)), "·", "quiet")
    if is_outdated:
        return Status("outdated", _("out of date"), "✗", "quiet")
    if plan.is_empty:
        return Status("empty", _("nothing to do"), "·", "quiet")
    if plan.guard:
        return Status("stopped", _("waits for an approval"), "✗", "bad")
    return Status("kept", _("can be applied"), "○", "quiet")
