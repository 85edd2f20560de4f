"""Killed in the middle and run again: the same end, nothing twice. Real processes, a real SIGKILL."""

import re
import signal
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scim_bridge.sandbox.fault import Fault, FaultKind
from tests.e2e.conftest import Cli
from tests.e2e.process import held, start
from tests.e2e.world import World, organization
from tests.waiting import PATIENCE

HOLDING: tuple[FaultKind, ...] = ("hold_before", "hold_after")
# Nothing applied yet or everything but the answer; at the first write, among the users, among the memberships.
MOMENTS = [
    Fault(kind, method, path, skip=skip)
    for kind in HOLDING
    for method, path, skip in (("POST", "Users", 0), ("POST", "Users", 29), ("PATCH", "Groups", 2))
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda m: f"{m.kind} {m.method} {m.path} {m.skip}")
def test_a_sync_that_is_killed_is_finished_by_the_next_one(world: World, cli: Cli, moment: Fault) -> None:
    people = organization(80, 12)
    world.write(people)
    with held(world, replace(moment), "sync"):
        pass
    said = cli("sync")
    assert said.code == 0, said.err
    world.assert_equal_to(people)
    created = [r for r in world.sandbox.requests if r.method == "POST" and r.status == 201]
    assert len(created) == 80 + 12
    assert [run["status"] for run in cli("history", "--output", "json").json] == ["done", "interrupted"]
    world.sandbox.forget_requests()
    assert cli("sync").code == 0
    assert world.sandbox.counts.writes == 0


@pytest.mark.parametrize("kind", HOLDING)
def test_a_saved_plan_that_is_killed_goes_on_by_its_journal(world: World, cli: Cli, kind: FaultKind) -> None:
    people = organization(60, 8)
    world.write(people)
    plan = world.folder / "plan.json"
    assert cli("plan", "--out", str(plan)).code == 0
    with held(world, Fault(kind, "POST", "Users", skip=49), "apply", str(plan)):
        pass
    said = cli("apply", str(plan))
    assert said.code == 0, said.err
    world.assert_equal_to(people)
    assert len([r for r in world.sandbox.requests if r.method == "POST" and r.status == 201]) == 60 + 8


def test_a_second_sync_while_one_runs_says_who_is_at_it(world: World, cli: Cli) -> None:
    world.write(organization(60, 5))
    with held(world, Fault("hold_before", "POST", "Users"), "sync") as process:
        said = cli("sync")
        assert said.code == 1
        assert f"connection corp is being synced by process {process.pid} on " in said.err
        assert cli("plan").code == 0


def test_the_worker_syncs_serves_its_pages_and_stops_when_asked(world: World, cli: Cli) -> None:
    import httpx

    people = organization(10, 2)
    world.write(people)
    process = start(world, "run")
    assert process.stderr is not None
    url = process.stderr.readline().removeprefix("pages: ").strip()
    link = process.stderr.readline().removeprefix("sign in, once and within 15 minutes: ").strip()
    time_stamp, _, line = process.stderr.readline().partition(" ")
    assert datetime.fromisoformat(time_stamp).tzinfo == UTC
    assert re.fullmatch(r"corp: run 1 is done: \d+ users created, .*; 0 conflicts waiting\n", line), line
    assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{url}/readyz").json() == {"status": "ready"}
    with httpx.Client(follow_redirects=True) as browser:
        page = browser.get(link)
        assert (str(page.url), "corp" in page.text) == (f"{url}/", True)
        assert browser.get(f"{url}/runs/1").status_code == 200
    assert httpx.get(link).status_code == 403
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "stopped\n")
    world.assert_equal_to(people)


def test_a_run_whose_process_was_killed_is_not_called_running(world: World, cli: Cli) -> None:
    world.write(organization(60, 5))
    with held(world, Fault("hold_before", "POST", "Users"), "sync"):
        assert "… running" in cli("history").out
    assert "! interrupted" in cli("history").out
    told = "interrupted (the process is gone); the next run goes on from there"
    assert told in cli("history").out
    assert told in cli("show", "1").out
