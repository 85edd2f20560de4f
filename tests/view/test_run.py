"""A run as people see it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scim_bridge.model.run import RunRecord, RunResult
from scim_bridge.view.run import view_run, view_runs

NOON = datetime(2027, 3, 13, 12, tzinfo=UTC)
DONE = RunRecord(
    id=7,
    connection="corp",
    command="sync",
    status="done",
    started=NOON,
    ended=NOON + timedelta(seconds=90),
    host="host",
    pid=42,
    result=RunResult(
        summary={"deactivate_user": 2, "held": 1, "failed": 0}, counts={"users": (10, 12), "groups": (3, 3)}
    ),
)


def with_result(record: RunRecord, **fields: Any) -> RunRecord:
    return replace(record, result=replace(record.result, **fields))


def test_what_was_done_is_told_and_held_ones_are_no_deed() -> None:
    view = view_run(DONE)
    assert view.result.changed == ("2 users deactivated",)
    assert (view.took, view.status.words, view.kind) == ("1 min 30 s", "done", "sync")


def test_a_run_with_nothing_to_do_says_so() -> None:
    assert view_run(with_result(DONE, summary={})).told == "nothing to do"


def test_done_is_not_well_while_somebody_has_something_to_look_at() -> None:
    waiting = view_run(with_result(DONE, conflicts=2, summary={"failed": 1})).status
    assert (waiting.words, waiting.sign, waiting.tone) == ("done, 1 failed, 2 conflicts", "!", "wait")


def test_a_run_that_the_guard_stopped_changed_nothing_whatever_it_had_planned() -> None:
    assert view_run(replace(DONE, status="stopped_by_guard")).result.changed == ()


def test_what_was_asked_for_is_told_and_who_approved_a_limit() -> None:
    one = replace(DONE, of_one=True, approved_by="sato@host")
    assert view_run(one).kind == "sync --only"
    assert view_run(with_result(replace(one, of_one=False), guard=("4 of 10 would be",))).kind == "sync, approved"
    assert (
        view_run(with_result(replace(one, of_one=False, status="stopped_by_guard"), guard=("4 of 10",))).kind == "sync"
    )


def test_sides_that_differ_are_explained_and_equal_ones_are_not() -> None:
    assert view_run(DONE).why_sides_differ.startswith("The two sides can differ")
    assert view_run(with_result(DONE, counts={"users": (10, 10)})).why_sides_differ == ""


def test_what_is_still_running_has_no_length_and_several_keep_their_order() -> None:
    running = replace(DONE, id=8, status="running", ended=None)
    assert [(run.id, run.took != "") for run in view_runs([running, DONE])] == [(8, False), (7, True)]


def test_a_list_of_runs_names_the_first_limit_and_how_many_more() -> None:
    limits = ("4 of 10 users would be deactivated", "3 of 9 groups would be deleted", "2 of 2 left")
    stopped = replace(DONE, status="stopped_by_guard")
    assert view_run(with_result(stopped, guard=limits)).in_short == f"{limits[0]}, and 2 more limits"
    assert view_run(with_result(stopped, guard=limits[:1])).in_short == limits[0]
    assert view_run(DONE).in_short == view_run(DONE).told
