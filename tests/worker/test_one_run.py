"""A scheduled run is a process of its own: it takes its memory with it, and dies and stops as any run does."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

import pytest

from scim_bridge.config.settings import load
from scim_bridge.model.run import RunRecord
from scim_bridge.sandbox.fault import Fault
from scim_bridge.state.lock import is_held
from scim_bridge.state.reader import open_reader
from scim_bridge.worker import one_run
from scim_bridge.worker.one_run import run_apart
from scim_bridge.worker.task import Task
from scim_bridge.worker.warm import Warm
from tests.e2e.conftest import Cli
from tests.e2e.process import start
from tests.e2e.world import World, organization
from tests.waiting import PATIENCE, until
from tests.worker.carrying import synced

_GATE = Fault("hold_before", "POST", "Users")


def _last(world: World) -> RunRecord:
    reader = open_reader(world.state)
    try:
        return reader.runs("corp", 1)[0]
    finally:
        reader.close()


@contextmanager
def _running(world: World, stop: threading.Event) -> Iterator["Queue[str]"]:
    """A run of the worker whose first write waits at the gate. Gives the queue that its line will come to."""
    told = Queue[str]()
    connection = load(world.config).connection("corp")
    world.sandbox.fail(_GATE)
    worker = threading.Thread(target=lambda: told.put(synced(connection, world, stop)))
    worker.start()
    try:
        world.sandbox.wait_held(seconds=PATIENCE)
        yield told
    finally:
        world.sandbox.fail()
        world.sandbox.go_on()
        worker.join()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_a_run_held_in_memory_is_gone_with_its_process(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other run comes soon (test_warm.py)."""
    monkeypatch.setattr(one_run, "_WARM", Warm())
    people = organization(20, 2)
    world.write(people)
    assert "run 1 is done" in synced(load(world.config).connection("corp"), world)
    world.assert_equal_to(people)
    assert _last(world).pid != os.getpid()
    assert not _is_alive(_last(world).pid)


def test_a_run_whose_process_is_killed_is_a_failed_run_and_the_next_one_goes_on(world: World, cli: Cli) -> None:
    people = organization(20, 2)
    world.write(people)
    stop = threading.Event()
    with _running(world, stop) as told:
        os.kill(_last(world).pid, signal.SIGKILL)
        assert "corp: the process of the run was ended by a signal (Killed)" in told.get(timeout=PATIENCE)
    assert (_last(world).status, _last(world).of_one) == ("failed", False)
    assert "ran out of memory" in cli("history").out
    assert "is done" in synced(load(world.config).connection("corp"), world, stop)
    world.assert_equal_to(people)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, None])
def test_a_run_that_is_told_to_stop_ends_between_two_writes(world: World, number: signal.Signals | None) -> None:
    """None: the worker is told. A number: the process itself, as a service manager does that ends a whole group."""
    world.write(organization(20, 2))
    stop = threading.Event()
    with _running(world, stop) as told:
        if number is None:
            stop.set()
        else:
            os.kill(_last(world).pid, number)
        world.sandbox.fail()
        world.sandbox.go_on()
        assert "corp: run 1 is done: " in told.get(timeout=PATIENCE)
    assert _last(world).status == "interrupted"
    assert "stopped as asked" in _last(world).result.detail
    assert len(world.held()["users"]) < 20


def test_a_run_that_does_not_end_when_told_is_killed_and_what_is_in_doubt_is_looked_at(world: World, cli: Cli) -> None:
    """The endpoint has carried the request out, and never answers."""
    people = organization(20, 2)
    world.write(people)
    world.sandbox.fail(Fault("hold_after", "POST", "Users"))
    stop, told = threading.Event(), Queue[str]()
    task = Task(load(world.config).connection("corp"), world.state)
    worker = threading.Thread(target=lambda: told.put(run_apart(task, stop, grace=0.5)))
    worker.start()
    world.sandbox.wait_held(seconds=PATIENCE)
    stop.set()
    assert told.get(timeout=PATIENCE) == "corp: the process of the run has ended; the next run goes on from there."
    worker.join()
    assert not _is_alive(_last(world).pid)
    world.sandbox.fail()
    world.sandbox.go_on()
    assert cli("sync").code == 0
    world.assert_equal_to(people)
    created = [request for request in world.sandbox.requests if request.method == "POST" and request.status == 201]
    assert len(created) == 22


def test_a_run_does_not_outlive_a_worker_that_was_killed(world: World, cli: Cli) -> None:
    people = organization(20, 2)
    world.write(people)
    world.sandbox.fail(_GATE)
    worker = start(world, "run")
    world.sandbox.wait_held(seconds=PATIENCE)
    worker.kill()
    world.sandbox.fail()
    world.sandbox.go_on()
    worker.communicate()
    until(lambda: not is_held(world.state, "corp"))
    assert _last(world).status == "interrupted"
    assert cli("sync").code == 0
    world.assert_equal_to(people)
