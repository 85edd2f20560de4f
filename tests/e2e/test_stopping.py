"""SIGTERM: no new write, what is under way is finished and on record, the end within ten seconds and with 0.

Real processes in the middle of a run, against a slow endpoint. A silent one is in tests/worker/test_one_run.py.
"""

import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import httpx

from scim_bridge.model.actor import Actor
from scim_bridge.model.order import PlacedOrder
from scim_bridge.sandbox.fault import Fault
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import State
from tests.e2e.conftest import Cli
from tests.e2e.process import start
from tests.e2e.world import World, organization
from tests.service.sign_in import signed_in
from tests.waiting import PATIENCE, until

MOST = 10.0
"""Seconds that Docker waits after SIGTERM."""
USERS, GROUPS = 30, 3


@contextmanager
def _started(world: World, command: str) -> Iterator["subprocess.Popen[str]"]:
    process = start(world, command)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _end(process: "subprocess.Popen[str]") -> float:
    """Stop it by SIGTERM. Gives the seconds that it took."""
    begun = monotonic()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said.splitlines()[-1], "Traceback" in said) == (0, "stopped", False)
    return monotonic() - begun


def _outcomes(world: World) -> Counter[str]:
    """Of the operations of the newest run: outcome → how many."""
    reader = open_reader(world.state)
    try:
        return Counter(operation.status for operation in reader.operations(reader.runs("corp", 1)[0].id))
    finally:
        reader.close()


def _assert_nothing_lost(world: World, cli: Cli, people: Any) -> None:
    """The next run finishes it; each user and group was created once."""
    world.sandbox.fail()
    world.sandbox.go_on()
    assert cli("sync").code == 0
    world.assert_equal_to(people)
    created = [request for request in world.sandbox.requests if request.method == "POST" and request.status == 201]
    assert len(created) == USERS + GROUPS


def test_what_is_under_way_is_finished_and_nothing_else_is_sent(world: World, cli: Cli) -> None:
    people = organization(USERS, GROUPS)
    world.write(people)
    world.sandbox.fail(Fault("slow", "POST", "Users", seconds=0.5))
    with _started(world, "run") as process:
        until(lambda: any(request.method == "POST" for request in world.sandbox.requests))
        assert _end(process) < MOST
    sent = [request for request in world.sandbox.requests if request.method == "POST"]
    assert 0 < len(sent) < USERS
    # Each that reached the endpoint is on record with its answer, and none is open. What waited for a turn has failed.
    ended = _outcomes(world)
    assert (ended["done"], set(ended) - {"failed"}) == (len(sent), {"done", "not_sent"})
    assert cli("history", "--output", "json").json[0]["status"] == "interrupted"
    _assert_nothing_lost(world, cli, people)


def test_pages_and_worker_are_two_processes_on_one_state(world: World, cli: Cli) -> None:
    """The service takes the order, the worker carries it out; an open stream keeps neither from its end."""
    people = organization(USERS, GROUPS)
    world.write(people)
    with _started(world, "serve") as serve:
        assert serve.stderr is not None
        url = serve.stderr.readline().removeprefix("pages: ").strip()
        assert serve.stderr.readline().startswith("sign in, once and within 15 minutes: ")
        assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
        with State(world.state) as state:
            number = state.orders.place(PlacedOrder(connection="corp", kind="verify"), Actor("ann", "page"))
        assert world.sandbox.counts.writes == 0  # the pages do not sync
        with (
            signed_in(url, world.state) as browser,
            browser.stream("GET", "/api/v1/events") as stream,
            _started(world, "work") as work,
        ):
            lines = stream.iter_lines()
            assert next(lines) == "retry: 2000"
            until(lambda: browser.get(f"/api/v1/orders/{number}").json()["status"] == "done")
            assert _end(work) < MOST
            assert _end(serve) < MOST
    world.assert_equal_to(people)
