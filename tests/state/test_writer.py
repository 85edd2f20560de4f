"""Runs from their first line to their last, and what is remembered of them."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest

from scim_bridge.errors import StateUnusable
from scim_bridge.model.actor import Actor
from scim_bridge.model.effect import Lost, Removed, Shrunk
from scim_bridge.model.identity import SourceCounts
from scim_bridge.model.plan import Bookkeeping, Trip, Verdict
from scim_bridge.model.traffic import Traffic
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import Ending, State
from tests.state.conftest import DONE, ELSEWHERE, HERE, MORNING, SHOWN, Desk, begin, conflict, operation, pair

TRIP = Trip(
    limit="deactivate",
    counted=212,
    base=1840,
    allowed="10%",
    sentence="212 of 1,840 would be deactivated",
    effects=frozenset({Lost("deactivate", "t-1"), Removed("t-2", "t-g")}),
)


def test_a_run_is_remembered_as_it_was(state: State, desk: Desk) -> None:
    run_id = state.begin_run("corp", HERE, "apply")
    running = state.reader.run(run_id)
    desk.clock.pass_by(seconds=90)
    ending = Ending(
        status="failed",
        detail="the token expired",
        summary={"create_user": 2},
        counts={"users": (3, 4)},
        traffic=Traffic(17),
        verdict=Verdict((TRIP,)),
        approved_by="k",
    )
    state.finish(run_id, ending, (conflict("c-1"),))
    run = state.reader.run(run_id)
    assert running is not None
    assert run is not None
    assert (running.status, running.started, running.ended) == ("running", MORNING, None)
    assert (running.host, running.pid) == (os.uname().nodename, os.getpid())
    assert (run.connection, run.command, run.status, run.result.detail) == (
        "corp",
        "apply",
        "failed",
        "the token expired",
    )
    assert (run.started, run.ended) == (MORNING, MORNING + timedelta(seconds=90))
    assert (run.result.summary, run.result.counts, run.result.requests) == ({"create_user": 2}, {"users": (3, 4)}, 17)
    assert (run.result.conflicts, run.result.guard, run.approved_by) == (1, (TRIP.sentence,), "k")


def test_runs_are_listed_the_newest_first_for_one_connection_or_all(desk: Desk) -> None:
    numbers = [desk.run(connection=name) for name in ("corp", "lab", "corp")]
    with desk.open() as state:
        assert [run.id for run in state.reader.runs()] == numbers[::-1]
        assert [run.id for run in state.reader.runs("corp")] == [numbers[2], numbers[0]]
        assert [run.id for run in state.reader.runs(limit=1)] == [numbers[2]]
        assert state.reader.run(99) is None
        assert state.reader.connections() == ["corp", "lab"]


def test_operations_come_in_the_order_of_the_plan_page_by_page(state: State) -> None:
    steps = [operation(n, "update_user", str(n), f"t-{n}", title="x") for n in range(1, 13)]
    journal = begin(state, *steps)
    assert [o.operation_id for o in state.reader.operations(journal.run_id, limit=3, offset=9)] == [
        "op-000010",
        "op-000011",
        "op-000012",
    ]


def test_times_keep_their_zone_however_they_were_given(state: State, desk: Desk) -> None:
    desk.clock.at = datetime(2027, 3, 13, 18, 0, tzinfo=timezone(timedelta(hours=9)))
    run = state.reader.run(state.begin_run("corp", HERE, "sync"))
    assert run is not None
    assert (run.started, run.started.tzinfo) == (MORNING, UTC)


def test_a_connection_without_a_run_is_fresh(state: State) -> None:
    known = state.reader.known("corp", HERE)
    assert (known.is_fresh, known.has_applied, known.earlier.counts, known.of("user")) == (True, False, None, {})


def test_a_run_that_only_failed_leaves_the_connection_fresh(state: State) -> None:
    state.finish(state.begin_run("corp", HERE, "sync"), Ending(status="failed", detail="the source is empty"))
    assert state.reader.known("corp", HERE).is_fresh


def test_a_run_that_the_guard_stopped_leaves_the_connection_fresh(state: State) -> None:
    state.finish(state.begin_run("corp", HERE, "sync"), Ending(status="stopped_by_guard"), (conflict("c-1"),))
    assert state.reader.known("corp", HERE).is_fresh


def test_a_run_that_was_cut_has_begun_but_has_applied_nothing_to_its_end(state: State) -> None:
    begin(state)
    known = state.reader.known("corp", HERE)
    assert (known.is_fresh, known.has_applied, known.earlier.counts) == (False, False, None)


def test_after_a_plan_applied_to_its_end_names_are_no_longer_adopted(desk: Desk) -> None:
    desk.run(ending=Ending(status="failed", detail="the endpoint went away"))
    with desk.open() as state:
        assert not state.reader.known("corp", HERE).has_applied
    desk.run()
    desk.run(ending=Ending(status="failed", detail="the endpoint went away"))
    with desk.open() as state:
        known = state.reader.known("corp", HERE)
    assert (known.is_fresh, known.has_applied, known.earlier.counts) == (False, True, SHOWN)


@pytest.mark.parametrize("is_relinking", [True, False])
def test_a_relinking_run_that_was_cut_does_not_let_the_next_one_adopt_by_name(state: State, is_relinking: bool) -> None:
    run_id = state.begin_run("corp", HERE, "sync")
    state.begin_applying(run_id, "a plan", (), is_relinking=is_relinking)
    assert state.reader.known("corp", HERE).has_applied is is_relinking
    state.finish(run_id, Ending(status="failed", detail="the token expired"), (), Bookkeeping())
    assert state.reader.known("corp", HERE).has_applied is is_relinking


def test_the_source_is_compared_with_the_last_run_that_ended_well(desk: Desk) -> None:
    desk.run()
    with desk.open() as state:
        run_id = state.begin_run("corp", HERE, "sync")
        state.begin_applying(run_id, "a plan", ())
        state.finish(run_id, Ending(status="failed"), (), Bookkeeping(counts=SourceCounts(1, 1, 1)))
        assert state.reader.known("corp", HERE).earlier.counts == SHOWN


def test_another_tenant_begins_afresh_and_the_first_one_is_kept(desk: Desk) -> None:
    desk.run(pair("7"))
    with desk.open() as state:
        known = state.reader.known("corp", ELSEWHERE)
        assert (known.is_fresh, known.has_applied, known.users, known.earlier.counts) == (True, False, {}, None)
    desk.run(pair("7", "t-other"), endpoint=ELSEWHERE)
    with desk.open() as state:
        assert state.reader.known("corp", HERE).users["7"].target_id == "t-7"
        assert state.reader.known("corp", ELSEWHERE).users["7"].target_id == "t-other"


@pytest.mark.state_file
def test_what_an_earlier_version_kept_of_a_tripped_plan_is_read(desk: Desk) -> None:
    desk.run()
    kept = (
        '[{"limit": "shrink_source", "counted": 29, "base": 40, "allowed": "20%", "sentence": "the source shows 11", '
        '"items": ["shrink memberships 11", "deactivate t-1", "remove t-2 from t-g"]}]'
    )
    with sqlite3.connect(desk.path) as database:
        row = ("corp", 1, kept, "2027-03-13 09:00:00.000000")
        database.execute("INSERT INTO tripped_plans (connection, run_id, trips, kept) VALUES (?, ?, ?, ?)", row)
    with desk.open() as state:
        tripped = state.reader.tripped("corp")
    assert tripped is not None
    assert tripped[1][0].effects == {Shrunk("memberships", 11), Lost("deactivate", "t-1"), Removed("t-2", "t-g")}


def test_a_tripped_plan_is_kept_until_it_is_overtaken(state: State) -> None:
    later = Trip(
        limit="delete",
        counted=3,
        base=3,
        allowed="5%",
        sentence="3 groups would be emptied",
        effects=frozenset({Lost("empty", "t-g")}),
    )
    state.keep_trip(4, "corp", Verdict((TRIP,)))
    assert state.reader.tripped("corp") == (4, (TRIP,))
    state.keep_trip(5, "corp", Verdict((TRIP, later)))
    assert state.reader.tripped("corp") == (5, (TRIP, later))
    assert state.reader.tripped("lab") is None
    state.forget_trip("corp")
    assert state.reader.tripped("corp") is None


@pytest.mark.state_file
def test_an_approval_is_used_once_and_recorded_with_who_and_when(state: State, desk: Desk) -> None:
    state.keep_trip(4, "corp", Verdict((TRIP,)))
    state.keep_trip(5, "lab", Verdict((TRIP,)))
    state.use_approval(6, "corp", Actor("k.suzuki"))
    assert state.reader.tripped("corp") is None
    assert state.reader.tripped("lab") is not None
    with closing(sqlite3.connect(desk.path)) as database:
        rows = database.execute("SELECT connection, run_id, tripped_run_id, who, given FROM approvals").fetchall()
    assert rows == [("corp", 6, 4, "k.suzuki", "2027-03-13 09:00:00.000000")]


def test_a_conflict_keeps_its_first_sighting_and_moves_its_last(desk: Desk) -> None:
    for _ in range(3):
        desk.run(conflicts=(conflict("c-1"),))
    with desk.open() as state:
        [record] = state.reader.conflicts("corp")
    assert (record.first_seen, record.last_seen) == (MORNING, MORNING + timedelta(minutes=10))
    assert (record.conflict.subjects, record.conflict.remedy, record.closed) == (("佐藤",), "Rename one of them.", None)


def test_a_conflict_that_a_run_no_longer_sees_is_closed_and_opens_again(desk: Desk) -> None:
    desk.run(conflicts=(conflict("c-1"), conflict("c-2")))
    desk.run(conflicts=(conflict("c-2"),), connection="lab")
    desk.run(conflicts=(conflict("c-2"),))
    reader = open_reader(desk.path)
    assert [c.conflict.key for c in reader.conflicts("corp")] == ["c-2"]
    assert [c.closed for c in reader.conflicts("corp", only_open=False)] == [MORNING + timedelta(minutes=10), None]
    assert [(c.connection, c.conflict.key) for c in reader.conflicts()] == [("corp", "c-2"), ("lab", "c-2")]
    reader.close()
    desk.run(conflicts=(conflict("c-1"),))
    with desk.open() as state:
        assert [(c.conflict.key, c.first_seen) for c in state.reader.conflicts("corp")] == [("c-1", MORNING)]


def test_a_run_that_saw_nothing_closes_no_conflict(state: State) -> None:
    state.finish(state.begin_run("corp", HERE, "sync"), DONE, (conflict("c-1"),))
    state.finish(state.begin_run("corp", HERE, "sync"), Ending(status="failed", detail="the source is empty"))
    assert [c.conflict.key for c in state.reader.conflicts()] == ["c-1"]


def test_whoever_left_while_there_was_no_state_is_listed_even_if_the_run_is_cut(state: State) -> None:
    lost = conflict("c-1", "unclaimed", "t-9")
    state.begin_applying(state.begin_run("corp", HERE, "sync"), "a plan", (lost, conflict("c-2")))
    assert state.reader.known("corp", HERE).unclaimed == {"t-9"}
    state.finish(state.begin_run("corp", HERE, "sync"), DONE, ())
    assert state.reader.known("corp", HERE).unclaimed == frozenset()


@pytest.mark.state_file
def test_a_failure_in_the_middle_of_the_last_line_leaves_nothing_of_it(state: State, desk: Desk) -> None:
    run_id = state.begin_run("corp", HERE, "sync")
    with closing(sqlite3.connect(desk.path)) as database, database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON links BEGIN SELECT RAISE(FAIL, 'disk is full'); END")
    with pytest.raises(StateUnusable, match=r"could not be written \(disk is full\)"):
        state.finish(run_id, DONE, (conflict("c-1"),), Bookkeeping(paired=(pair("7"),)))
    run = state.reader.run(run_id)
    assert run is not None
    assert run.status == "running"
    assert state.reader.conflicts() == []
