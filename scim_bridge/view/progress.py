"""How far a run in progress has come, in words."""

from dataclasses import dataclass
from datetime import datetime

from scim_bridge.model.progress import RunProgress
from scim_bridge.view import words
from scim_bridge.view.translation import _


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressView:
    """One run. step: what it does now. done, total: for a bar; total is None while it is unknown.

    pace: how quick it is, beside the ceiling; left: how long the step takes at this pace, "" while that is unknown.
    """

    run: int
    step: str
    done: int
    total: int | None
    pace: str
    left: str
    requests: int
    noted: datetime


def view_progress(progress: RunProgress, ceiling: float | None) -> ProgressView:
    """The view. ceiling: requests a second that the configuration permits, None for `auto`."""
    pace = ""
    if progress.pace is not None:
        quick = f"{progress.pace:.1f}" if progress.pace < 10 else f"{progress.pace:,.0f}"
        pace = (
            _("%(pace)s a second (ceiling %(ceiling)s requests a second)", pace=quick, ceiling=f"{ceiling:g}")
            if ceiling is not None
            else _("%(pace)s a second (ceiling found by itself)", pace=quick)
        )
    return ProgressView(
        run=progress.run,
        step=_(progress.step),
        done=progress.done,
        total=progress.total,
        pace=pace,
        left=_("%(span)s left in this step", span=words.span(progress.left)) if progress.left is not None else "",
        requests=progress.requests,
        noted=progress.noted,
    )
