"""Orders are carried out by the worker: at once, beside the schedule, and to their end even if a worker dies."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import sleep

import pytest

from scim_bridge.config.settings import ConnectionSettings, load
from scim_bridge.model.actor import Actor
from scim_bridge.model.order import OrderRecord, PlacedOrder
from scim_bridge.sandbox.fault import Fault
from scim_bridge.state.lock import lock
from scim_bridge.state.writer import State
from scim_bridge.worker.loop import work
from scim_bridge.worker.order_lane import OrderLane
from scim_bridge.worker.roll import Roll
from scim_bridge.worker.turn import Turns
from tests.e2e.conftest import Cli
from tests.e2e.process import start
from tests.e2e.world import World, organization
from tests.waiting import PATIENCE, until

ANN = Actor("ann@corp.example", "page")


@contextmanager
def _working(world: World) -> Iterator[State]:
    """The lane of orders at work, without a schedule."""
    stop = threading.Event()
    connection = load(world.config).connection("corp")
    roll, turns = Roll(world.state), Turns()
    lane = OrderLane(lambda: [connection], world.state, turns, stop, tell=lambda _: None, roll=roll)
    with State(world.state) as state, roll.present(), lane:
        try:
            yield state
        finally:
            stop.set()


def _place(state: State, kind: str, **about: object) -> int:
    return state.orders.place(PlacedOrder(connection="corp", kind=kind, **about), ANN)  # type: ignore[arg-type]


def _ended(state: State, number: int) -> OrderRecord:
    def order() -> OrderRecord:
        found = state.orders.one(number)
        assert found is not None
        return found

    until(lambda: not order().is_open)
    return order()


def test_who_is_named_does_not_wait_for_the_end_of_a_run(world: World, cli: Cli) -> None:
    people = organization(20, 2)
    world.write(people)
    with _working(world) as state:
        world.sandbox.fail(Fault("hold_before", "POST", "Users"))
        sync = _place(state, "sync")
        world.sandbox.wait_held(seconds=PATIENCE)
        urgent = _place(state, "only", subjects=("u19@corp.example",))
        until(lambda: (state.orders.one(urgent) or pytest.fail()).in_inbox is not None)
        world.sandbox.fail()
        world.sandbox.go_on()
        found = _ended(state, urgent)
        assert found.end is not None
        assert "inside the run in progress" in found.end.sentence
        assert _ended(state, sync).status == "done"
    # The manager may not have been on the target when the named user was created: that reference follows now.
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_an_order_in_the_hand_of_a_worker_that_was_killed_is_carried_out_by_the_next(world: World) -> None:
    people = organization(20, 2)
    world.write(people)
    with State(world.state) as state:
        number = _place(state, "plan")  # kept before any worker is there
        sync = _place(state, "sync")
        world.sandbox.fail(Fault("hold_before", "POST", "Users"))
        worker = start(world, "run")
        world.sandbox.wait_held(seconds=PATIENCE)
        os.kill(worker.pid, signal.SIGKILL)
        world.sandbox.fail()
        world.sandbox.go_on()
        worker.communicate()
    with _working(world) as state:
        assert _ended(state, number).status == "done"
        assert _ended(state, sync).status == "done"
        world.assert_equal_to(people)


def test_a_plan_waits_for_the_sync_that_was_ordered_before_it(world: World) -> None:
    world.write(organization(6, 1))
    with _working(world) as state:
        with lock(world.state, "corp", datetime.now(UTC)):  # a run that a command has begun
            sync, plan = _place(state, "sync"), _place(state, "plan")
            _ended(state, _place(state, "test_sign_in"))
            statuses = [order.status for order in state.orders.these([sync, plan])]
            assert statuses == ["waiting", "waiting"]
        planned, synced = _ended(state, plan), _ended(state, sync)
    assert (planned.status, synced.status) == ("done", "done")
    assert planned.begun is not None
    assert synced.ended is not None
    assert synced.ended <= planned.begun


def test_a_rollback_that_was_cut_is_not_begun_again(world: World, cli: Cli) -> None:
    world.write(organization(6, 1))
    assert cli("sync").code == 0
    with State(world.state) as state:
        number = _place(state, "rollback", run=1)
        assert state.orders.take(number, "a worker that is dead")
    with _working(world) as state:
        found = _ended(state, number)
        assert found.end is not None
        assert (found.status, found.end.exit_code) == ("failed", 1)
        assert "the worker ended while it carried this order out" in found.end.sentence


def test_an_order_that_is_cancelled_ends_between_two_writes_and_is_not_begun_again(world: World) -> None:
    world.write(organization(20, 2))
    world.sandbox.fail(Fault("hold_before", "POST", "Users"))
    with _working(world) as state:
        number = _place(state, "sync")
        world.sandbox.wait_held(seconds=PATIENCE)
        assert state.orders.cancel(number, ANN)
        order = state.orders.one(number)
        assert order is not None
        assert (order.status, order.is_being_cancelled, order.may_be_cancelled) == ("running", True, False)
        assert not state.orders.cancel(number, ANN), "once"
        sleep(1)  # until the worker has looked
        world.sandbox.fail()
        world.sandbox.go_on()
        found = _ended(state, number)
        run = state.reader.runs("corp")[0]
        assert found.end is not None
        sentence = f"cancelled by ann@corp.example; run {run.id} shows what was sent until then"
        assert (found.status, found.end.sentence) == ("cancelled", sentence)
        assert run.result.detail.startswith("cancelled by ann@corp.example: stopped as asked; ")
        assert state.orders.open() == []


def test_an_order_that_was_cancelled_is_not_begun_again_by_the_next_worker(world: World) -> None:
    world.write(organization(6, 1))
    with State(world.state) as state:
        numbers = [_place(state, "sync"), _place(state, "rollback", run=1)]
        assert all(state.orders.take(number, "a worker that is dead") for number in numbers)
        assert all(state.orders.cancel(number, ANN) for number in numbers)
    with _working(world) as state:
        assert {_ended(state, number).status for number in numbers} == {"cancelled"}
        assert state.reader.runs("corp") == []


def test_an_order_for_a_connection_that_is_not_configured_is_refused(world: World) -> None:
    world.write(organization(2, 1))
    with _working(world) as state:
        number = state.orders.place(PlacedOrder(connection="gone", kind="sync"), ANN)
        found = _ended(state, number)
        assert found.end is not None
        assert (found.status, found.end.exit_code) == ("refused", 2)


def test_schedule_and_orders_never_have_two_runs_of_one_connection(world: World) -> None:
    people = organization(20, 2)
    world.write(people)
    connection: ConnectionSettings = load(world.config).connection("corp")
    stop = threading.Event()
    said: list[str] = []
    world.sandbox.fail(Fault("hold_before", "POST", "Users"))
    worker = threading.Thread(target=work, args=(lambda: [connection], world.state, stop, said.append))
    worker.start()
    try:
        world.sandbox.wait_held(seconds=PATIENCE)  # the run of the schedule
        with State(world.state) as state:
            plan = _place(state, "plan")
            number = _place(state, "sync")
            assert _ended(state, plan).status == "done"  # reads only, so it does not wait
            assert (state.orders.one(number) or pytest.fail()).status == "waiting"
            world.sandbox.fail()
            world.sandbox.go_on()
            assert _ended(state, number).status == "done"
            assert [run.status for run in state.reader.runs("corp")] == ["done", "done"]
    finally:
        world.sandbox.fail()
        world.sandbox.go_on()
        stop.set()
        worker.join()
    assert not any("is being synced" in line for line in said)
