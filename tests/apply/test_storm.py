"""Every fault of the emulator at once: what the engine and the client leave behind is what was asked for."""

from dataclasses import replace
from time import monotonic, sleep

import httpx
import pytest

from scim_bridge.apply.engine import Ground, Work, apply
from scim_bridge.model.operation import Member, Outcome
from scim_bridge.sandbox.app import Identity
from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.target.client import ScimClient
from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import Patience
from scim_bridge.target.scim import ScimTarget
from tests.apply.test_engine import Notes, _group, _members, _user
from tests.waiting import PATIENCE

STORM = (
    Fault(kind="throttle", chance=0.03, retry_after=0),
    Fault(kind="throttle_after", chance=0.03),
    Fault(kind="error", chance=0.03),
    Fault(kind="error_after", chance=0.03, status=500),
    Fault(kind="refuse_after", method="PATCH", path="Groups", chance=0.2),
    Fault(kind="html", chance=0.02, status=502),
    Fault(kind="html", chance=0.02, status=200),
    Fault(kind="garbage", chance=0.03),
    Fault(kind="truncated", chance=0.03),
    Fault(kind="slow", chance=0.03, seconds=0.05),
    Fault(kind="hang_before", chance=0.01),
    Fault(kind="hang_after", chance=0.01),
    Fault(kind="cut_before", chance=0.03),
    Fault(kind="cut_after", chance=0.03),
    Fault(kind="invisible", method="POST", chance=0.5),
)


def _target(sandbox: Sandbox, read: float) -> ScimTarget:
    patience = Patience(wait=lambda seconds: Patience().wait(seconds / 5))
    timeout = httpx.Timeout(5, read=read)
    # A hundred times as fast: one request in twenty is throttled here, whatever the pace, and so it stays low.
    rate = Rate(100_000, lambda: 100 * monotonic(), lambda seconds: sleep(seconds / 100))
    return ScimTarget(ScimClient(sandbox.url, lambda: sandbox.token, rate, patience, timeout=timeout))


@pytest.mark.parametrize("seed", range(3))
def test_everything_lands_once_whatever_happens_on_the_way(seed: int) -> None:
    names = [f"u{number}" for number in range(60)]
    teams = {"g0": names[:50], "g1": names[30:], "g2": names[::7]}
    adds = [
        replace(_members("add_members", team, *[Member(name, None, name) for name in part]), id=f"{team} {start}")
        for team, members in teams.items()
        for start in range(0, len(members), 10)
        if (part := members[start : start + 10])
    ]
    operations = [*map(_user, names), *map(_group, teams), *adds]
    with Sandbox(Knobs(rate=None), Identity(seed=seed)) as sandbox, _target(sandbox, 2.0) as target:
        sandbox.fail(*STORM)
        applied = apply(operations, target, Notes(), Ground(), Work())
        assert applied.stopped is None
        assert {outcome.status for outcome in applied.outcomes} == {"done"}, _told(applied.outcomes)
        state = sandbox.state()
    ids = {user["id"]: user["userName"] for user in state["users"]}
    held = {group["displayName"]: {ids[user] for user in state["members"][group["id"]]} for group in state["groups"]}
    assert sorted(ids.values()) == sorted(names)
    assert held == {team: set(members) for team, members in teams.items()}


def test_who_hangs_keeps_nobody_else_waiting() -> None:
    """Eight creates are not answered before the hundred others are done."""
    with Sandbox(Knobs(rate=None)) as sandbox, _target(sandbox, PATIENCE) as target:
        sandbox.fail(Fault(kind="hold_before", method="POST", left=8))
        many = [_user(f"u{number}") for number in range(108)]

        def progress(step: str, done: int, total: int | None) -> None:
            if done == 100:
                sandbox.go_on()

        applied = apply(many, target, Notes(), Ground(), Work(progress=progress))
        assert applied.has_succeeded
        assert len(sandbox.state()["users"]) == 108
        assert sandbox.counts.writes == 108, "one of them was given up and sent again"


def _told(outcomes: tuple[Outcome, ...]) -> list[str]:
    return [outcome.detail for outcome in outcomes if outcome.status != "done"]
