"""What the overview calls a connection, for every way in which its last run can have ended."""

from datetime import timedelta
from typing import Any

import pytest

from scim_bridge.model.glance import Glance
from scim_bridge.model.run import Pause, Quarantine
from scim_bridge.view.connection import ConnectionView, Situation, by_urgency, view_connection
from tests.view.test_terminal import NOON, run


def health(last: Any, conflicts: int = 0, every: int | None = None, unsuccessful: int = 0) -> ConnectionView:
    rhythm = timedelta(minutes=every) if every is not None else None
    return view_connection(
        Situation(
            glance=Glance(connection="corp", last=last, judged=last, conflicts=conflicts, unsuccessful=unsuccessful),
            every=rhythm,
            now=NOON + timedelta(minutes=16),
        )
    )


def stopped(**why: Any) -> ConnectionView:
    glance = Glance(connection="corp", judged=run(status="failed"), **why)
    return view_connection(Situation(glance=glance, every=None, now=NOON))


def test_a_schedule_that_does_nothing_says_why_and_how_it_goes_on() -> None:
    paused = stopped(pause=Pause(NOON, "b.sato", "change freeze"))
    assert (paused.health.key, paused.commands) == ("paused", ("scim-bridge resume corp",))
    assert paused.sentence == f"Paused since {NOON:%Y-%m-%d %H:%M} UTC by b.sato: change freeze."
    by_itself = stopped(quarantine=Quarantine(NOON, "credentials", "the token was refused.", NOON))
    assert (by_itself.health.key, by_itself.commands[-1]) == ("quarantined", "scim-bridge resume corp")
    assert by_itself.sentence.endswith("tried again every hour: the token was refused.")


@pytest.mark.parametrize(
    ("view", "expected", "needs_you"),
    [
        (health(None), "never_run", False),
        (health(run()), "in_sync", False),
        (health(run(), conflicts=1), "conflicts", True),
        (health(run(), unsuccessful=1), "pending", True),
        (health(run(), conflicts=1, unsuccessful=1), "pending", True),
        (health(run(status="running", ended=None)), "running", False),
        (health(run(status="interrupted")), "interrupted", True),
        (health(run(status="failed")), "failed", True),
        (health(run(status="stopped_by_guard")), "blocked", True),
        (health(run(), every=5), "overdue", True),
        (health(run(), every=6), "in_sync", False),
        (health(run(status="running", ended=None), every=5), "overdue", True),
        (health(run(status="failed"), every=5), "failed", True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_most_urgent_thing_is_what_is_said(view: ConnectionView, expected: str, needs_you: bool) -> None:
    assert (view.health.key, view.needs_you) == (expected, needs_you)
    assert view.sentence.endswith(".")
    assert bool(view.commands) == (expected not in ("in_sync", "running"))


def test_the_most_urgent_stands_first_and_the_rest_keep_their_order() -> None:
    views = [health(run()), health(None), health(run(), conflicts=1), health(run(status="failed")), health(run())]
    assert [v.health.key for v in by_urgency(views)] == ["failed", "conflicts", "never_run", "in_sync", "in_sync"]


def test_what_the_guard_stopped_is_said_first_whatever_failed_since() -> None:
    waiting = Quarantine(NOON, "guard", "stopped before the first write: 4 of 8.", NOON)
    for failed in (run(status="failed"), run(status="failed", cause="source")):
        view = view_connection(
            Situation(glance=Glance(connection="corp", judged=failed, quarantine=waiting), every=None, now=NOON)
        )
        assert (view.health.key, view.commands[-1]) == ("blocked", "scim-bridge sync corp --approve")
    assert stopped(quarantine=waiting, pause=Pause(NOON, "b.sato", "")).health.key == "paused"
