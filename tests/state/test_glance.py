"""Which run tells how a connection is: never an order that was refused before it sent anything."""

from typing import Any

import pytest

from scim_bridge.model.run import Command
from scim_bridge.plan.plan_file import operation_bytes
from scim_bridge.state.writer import Ending
from tests.service.seed import tripping_plan
from tests.state.conftest import HERE, Desk

FAILED = Ending(status="failed", detail="no user is called b.sato")


def judged(desk: Desk) -> tuple[int | None, int | None]:
    """The newest run, and the one that tells how the connection is."""
    with desk.open() as state:
        glance = state.reader.glances()["corp"]
        assert state.reader.glances("corp") == {"corp": glance}
        assert state.reader.glances("lab") == {}
    newest, telling = (run.id if run is not None else None for run in (glance.last, glance.judged))
    return newest, telling


def later(desk: Desk, command: Command, ending: Ending = FAILED, *, of_one: bool = False, sends: bool = False) -> int:
    """One more run."""
    with desk.open() as state:
        run_id = state.begin_run("corp", HERE, command, of_one=of_one)
        if sends:
            operation = tripping_plan().operations[0]
            journal = state.begin_applying(run_id, "plan", ())
            journal.record([(operation, operation_bytes(operation))])
            journal.begin(operation)
        state.finish(run_id, ending)
    return run_id


@pytest.mark.parametrize(
    "order", [{"command": "sync", "of_one": True}, {"command": "apply"}, {"command": "rollback"}], ids=str
)
def test_a_refused_order_says_nothing_of_the_connection_and_one_that_sent_does(
    order: dict[str, Any], desk: Desk
) -> None:
    everyone = desk.run()
    refused = later(desk, **order)
    assert judged(desk) == (refused, everyone)
    sent = later(desk, **order, sends=True)
    assert judged(desk) == (sent, sent)
    silent = later(desk, **order, ending=Ending(status="failed", detail="no answer", cause="target"))
    assert judged(desk) == (silent, silent)


def test_before_anyone_was_looked_at_a_refused_order_leaves_it_open(desk: Desk) -> None:
    refused = later(desk, "sync", of_one=True)
    assert judged(desk) == (refused, None)


def test_while_the_guard_holds_the_schedule_it_is_the_run_that_was_stopped(desk: Desk) -> None:
    stopped = desk.run(ending=Ending(status="stopped_by_guard", verdict=tripping_plan().verdict))
    later(desk, "apply")
    failed = later(desk, "sync")
    assert judged(desk) == (failed, stopped)
    done = desk.run()
    assert judged(desk) == (done, done)
