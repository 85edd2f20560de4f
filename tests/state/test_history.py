"""Old history is forgotten piece by piece; what a plan goes by stays, and what may be missing is on record."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from scim_bridge.model.actor import Actor
from scim_bridge.model.order import OrderEnd, PlacedOrder
from scim_bridge.model.plan import Trip, Verdict
from scim_bridge.model.run import Command, RunStatus
from scim_bridge.model.shadow import Difference
from scim_bridge.state.aftermath import Aftermath
from scim_bridge.state.writer import Ending, State
from tests.state.conftest import ELSEWHERE, HERE, Desk, begin, done, operation


def forget(desk: Desk, connection: str = "corp", *, days: float = 400, most: int = 2_000) -> int:
    """Forget all of it; how many pieces that took."""
    pieces = 0
    with desk.open() as state:
        before = desk.clock.at - timedelta(days=days)
        while state.forget_some(connection, before, most):
            pieces += 1
    return pieces


def kept(desk: Desk) -> list[int]:
    with desk.open() as state:
        return sorted(run.id for run in state.reader.runs(limit=1_000))


def sent(desk: Desk, count: int = 1, *, status: str = "done") -> int:
    """A run that sent so many operations."""
    with desk.open() as state:
        operations = [operation(n, "update_user", f"u{n}", f"t-u{n}", title="x") for n in range(count)]
        journal = begin(state, *operations)
        for each in operations:
            journal.begin(each)
            if status == "done":
                journal.end(each, done(each))
        state.finish(journal.run_id, Ending(status="done", is_complete=True))
    desk.clock.pass_by(minutes=5)
    return journal.run_id


def ended(desk: Desk, status: RunStatus, *, command: Command = "sync", of_one: bool = False, where: str = HERE) -> int:
    """A run that sent nothing."""
    with desk.open() as state:
        run_id = state.begin_run("corp", where, command, of_one=of_one)
        state.finish(run_id, Ending(status=status))
    desk.clock.pass_by(minutes=5)
    return run_id


def test_runs_older_than_the_keeping_are_forgotten_with_their_operations(desk: Desk) -> None:
    old = [sent(desk, 3), desk.run(), desk.run()]
    desk.clock.pass_by(days=401)
    young = [desk.run(), sent(desk)]
    assert forget(desk) == 1
    assert kept(desk) == young
    with desk.open() as state:
        assert state.reader.operations(old[0]) == []
        assert len(state.reader.operations(young[1])) == 1


def test_the_last_run_stays_whatever_its_age_and_so_does_the_last_applied_one(desk: Desk) -> None:
    desk.run()
    applied = sent(desk)
    desk.clock.pass_by(days=1)
    failed, of_one = ended(desk, "failed"), ended(desk, "done", of_one=True)
    desk.clock.pass_by(days=900)
    forget(desk)
    assert kept(desk) == [applied, failed, of_one]


def test_of_a_tenant_that_was_left_behind_the_last_runs_stay(desk: Desk) -> None:
    desk.run(endpoint=ELSEWHERE)
    last_there = desk.run(endpoint=ELSEWHERE)
    desk.clock.pass_by(days=900)
    here = desk.run()
    forget(desk)
    assert kept(desk) == [last_there, here]


def test_operations_of_unknown_outcome_stay(desk: Desk) -> None:
    unsure = sent(desk, status="no answer")
    desk.run()
    desk.clock.pass_by(days=900)
    last = desk.run()
    forget(desk)
    assert kept(desk) == [unsure, last]


def test_a_plan_that_waits_for_approval_stays(desk: Desk) -> None:
    with desk.open() as state:
        tripped = state.begin_run("corp", HERE, "sync")
        trip = Trip(limit="deactivate", sentence="too many", counted=9, base=10, allowed="1")
        state.keep_trip(tripped, "corp", Verdict((trip,)))
        state.finish(tripped, Ending(status="stopped_by_guard"))
    desk.run()
    desk.clock.pass_by(days=900)
    last = desk.run()
    forget(desk)
    assert kept(desk) == [tripped, last]


def in_shadow(state: State, *differences: str) -> int:
    run_id = state.begin_run("corp", HERE, "sync")
    found = tuple(Difference(key=key, kind="update_user", subject=key, reason="", change={}) for key in differences)
    aftermath = Aftermath(again=frozenset(), is_settled=False, differences=found)
    state.finish(run_id, Ending(status="shadow"), aftermath=aftermath)
    return run_id


@pytest.mark.state_file
def test_a_shadow_that_goes_on_keeps_its_trend_and_one_that_is_over_does_not(desk: Desk) -> None:
    with desk.open() as state:
        in_shadow(state, "a", "b"), in_shadow(state, "a")
    desk.clock.pass_by(days=1)
    desk.run()
    desk.clock.pass_by(days=1)
    with desk.open() as state:
        going_on = [in_shadow(state, "c", "d"), in_shadow(state, "c")]
        before = state.reader.shadow("corp", desk.clock.at)
        assert before.count == 2
    desk.clock.pass_by(days=900)
    wrote = 3
    forget(desk)
    assert kept(desk) == [wrote, *going_on]
    with desk.open() as state:
        after = state.reader.shadow("corp", desk.clock.at.replace(year=2020))
    assert (after.count, after.began) == (before.count, before.began)
    assert sorted(each.key for each in after.lasting) == ["c", "d"]
    with closing(sqlite3.connect(desk.path)) as database:
        assert database.execute("SELECT count(*) FROM shadow_differences WHERE difference_key = 'b'").fetchone() == (0,)


def test_each_piece_is_small_and_the_oldest_comes_first(desk: Desk) -> None:
    old = [sent(desk, 25), sent(desk, 5)]
    desk.clock.pass_by(days=401)
    desk.run()
    with desk.open() as state:
        before = desk.clock.at - timedelta(days=400)
        assert state.forget_some("corp", before, 10)
        assert [len(state.reader.operations(run_id)) for run_id in old] == [15, 5]
        assert state.reader.run(old[0]) is not None
    assert forget(desk, most=10) == 3


def test_what_may_be_missing_is_on_record_for_who_would_undo_an_old_run(desk: Desk) -> None:
    with desk.open() as state:
        assert state.reader.forgotten_until("corp") is None
    sent(desk)
    until = desk.clock.at
    desk.clock.pass_by(days=401)
    desk.run()
    forget(desk)
    with desk.open() as state:
        forgotten = state.reader.forgotten_until("corp")
        assert forgotten is not None and forgotten < until
        assert state.reader.forgotten_until("other") is None


def test_an_order_goes_with_the_run_that_carried_it_out_and_an_open_one_stays(desk: Desk) -> None:
    with desk.open() as state:
        sync = PlacedOrder(connection="corp", kind="sync")
        carried, failed, waiting = (state.orders.place(sync, Actor("ann")) for _ in range(3))
        run = state.begin_run("corp", HERE, "sync", order_id=carried)
        state.finish(run, Ending(status="done"))
        for number in (carried, failed):
            state.orders.take(number, "worker")
            state.orders.end(number, OrderEnd(status="done", sentence="done"))
    desk.clock.pass_by(days=401)
    forget(desk)
    with desk.open() as state:
        assert [order.id for order in state.reader.orders.latest(9)] == [waiting, carried]  # the last run stays
    desk.run()
    forget(desk)
    with desk.open() as state:
        assert [order.id for order in state.reader.orders.latest(9)] == [waiting]


def test_a_connection_forgets_its_own_history_only(desk: Desk) -> None:
    others = [desk.run(connection="other"), desk.run(connection="other")]
    desk.run()
    desk.clock.pass_by(days=401)
    mine = desk.run()
    forget(desk)
    assert kept(desk) == [*others, mine]


@pytest.fixture(autouse=True)
def whole(desk: Desk) -> Iterator[None]:
    """Whatever was forgotten, nothing is left that points nowhere."""
    yield
    with closing(sqlite3.connect(desk.path)) as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
