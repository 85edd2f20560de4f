"""Killed in the middle and run again: the same end, nothing twice. Real processes, a real SIGKILL."""

import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.world import World, organization

PROGRAM = (sys.executable, "-m", "scim_bridge.cli.main")


def _start(world: World, *arguments: str) -> subprocess.Popen[str]:
    command = (*PROGRAM, "--config", str(world.config), *arguments)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _wait_for_writes(world: World, count: int) -> None:
    deadline = time.monotonic() + 30
    while world.sandbox.counts.writes < count:
        assert time.monotonic() < deadline, "the process never got that far"
        time.sleep(0.002)


@pytest.mark.parametrize("writes", [1, 30, 95])
def test_a_sync_that_is_killed_is_finished_by_the_next_one(world: World, cli: Cli, writes: int) -> None:
    people = organization(80, 12)
    world.write(people)
    world.configure(requests_per_second=150)
    process = _start(world, "sync")
    _wait_for_writes(world, writes)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    world.configure()
    said = cli("sync")
    assert said.code == 0, said.err
    world.assert_equal_to(people)
    created = [r for r in world.sandbox.requests if r.method == "POST" and r.status == 201]
    assert len(created) == 80 + 12
    assert [run["status"] for run in cli("history", "--output", "json").json] == ["done", "interrupted"]
    world.sandbox.forget_requests()
    assert cli("sync").code == 0
    assert world.sandbox.counts.writes == 0


def test_a_saved_plan_that_is_killed_goes_on_by_its_journal(world: World, cli: Cli) -> None:
    people = organization(60, 8)
    world.write(people)
    plan = world.folder / "plan.json"
    assert cli("plan", "--out", str(plan)).code == 0
    world.configure(requests_per_second=150)
    process = _start(world, "apply", str(plan))
    _wait_for_writes(world, 50)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    world.configure()
    said = cli("apply", str(plan))
    assert said.code == 0, said.err
    world.assert_equal_to(people)
    assert len([r for r in world.sandbox.requests if r.method == "POST" and r.status == 201]) == 60 + 8


def test_a_second_sync_while_one_runs_says_who_is_at_it(world: World, cli: Cli) -> None:
    world.write(organization(60, 5))
    world.configure(requests_per_second=40)
    process = _start(world, "sync")
    _wait_for_writes(world, 1)
    said = cli("sync")
    assert said.code == 1
    assert f"connection corp is being synced by process {process.pid} on " in said.err
    assert cli("plan").code == 0
    process.kill()
    process.communicate()


def test_the_worker_syncs_serves_its_pages_and_stops_when_asked(world: World, cli: Cli) -> None:
    import httpx

    people = organization(10, 2)
    world.write(people)
    process = _start(world, "run")
    assert process.stderr is not None
    url = process.stderr.readline().removeprefix("pages: ").strip()
    time_stamp, _, line = process.stderr.readline().partition(" ")
    assert datetime.fromisoformat(time_stamp).tzinfo == UTC
    assert re.fullmatch(r"corp: run 1 is done: \d+ users created, .*; 0 conflicts waiting\n", line), line
    assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
    assert "corp" in httpx.get(url).text
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=15)
    assert (process.returncode, err) == (0, "stopped\n")
    world.assert_equal_to(people)


def test_a_run_whose_process_was_killed_is_not_called_running(world: World, cli: Cli) -> None:
    world.write(organization(60, 5))
    world.configure(requests_per_second=40)
    process = _start(world, "sync")
    _wait_for_writes(world, 1)
    assert "… running" in cli("history").out
    process.kill()
    process.communicate()
    assert "! interrupted" in cli("history").out
    told = "cut off (the process is gone); the next run goes on from there"
    assert told in cli("history").out
    assert told in cli("show", "1").out
