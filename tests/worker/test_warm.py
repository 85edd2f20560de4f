"""A process may carry out one run after the other. What one leaves behind, the next one must not notice."""

import os
import signal
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from scim_bridge.config.settings import ConnectionSettings, load
from scim_bridge.errors import StateUnusable
from scim_bridge.model.run import RunRecord
from scim_bridge.run.lifecycle import put_death_on_record
from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import State
from scim_bridge.worker import one_run, runs_here
from scim_bridge.worker.one_run import run_apart
from scim_bridge.worker.run_process import RunProcess
from scim_bridge.worker.runs_here import RunsHere
from scim_bridge.worker.task import Carried, Task
from scim_bridge.worker.warm import Warm
from tests.e2e.world import People, World, organization
from tests.waiting import PATIENCE, until

_DEAD = (
    "the process of the run ended with exit code 1; the next run goes on from there. If you did not end it, check "
    "whether the machine ran out of memory"
)


def _runs(world: World) -> list[RunRecord]:
    """The newest first."""
    reader = open_reader(world.state)
    try:
        return reader.runs("corp", 100)
    finally:
        reader.close()


def _pids(world: World) -> list[int]:
    """Of the processes of its runs, the oldest first."""
    return [run.pid for run in reversed(_runs(world))]


def _corp(world: World) -> ConnectionSettings:
    return load(world.config).connection("corp")


def _sync(world: World) -> str:
    return run_apart(Task(_corp(world), world.state), threading.Event())


def more(count: int) -> People:
    """The directory of `warm`, and so many others."""
    people = organization(6, 1)
    for number in range(count):
        people.add(f"n{number}")
    return people


@pytest.fixture
def warm(world: World) -> int:
    """A process that has carried out a run, and waits: its number."""
    world.write(organization(6, 1))
    while not one_run._WARM._idle:
        _sync(world)
    _sync(world)
    return _pids(world)[-1]


def test_runs_that_come_soon_are_carried_out_by_one_process(world: World, warm: int) -> None:
    people = more(2)
    world.write(people)
    assert "2 users created" in _sync(world)
    world.assert_equal_to(people)
    assert _pids(world)[-2:] == [warm] * 2


def test_a_process_waits_only_where_runs_come_soon(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one connection that is synced every five minutes, none waits."""
    world.write(organization(6, 1))
    times = count(0, 300)
    monkeypatch.setattr(one_run, "_WARM", Warm(lambda: float(next(times))))
    for _ in range(2):
        _sync(world)
        with pytest.raises(ProcessLookupError):
            os.kill(_pids(world)[-1], 0)
    assert len(set(_pids(world))) == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_ends_while_it_waits_is_no_failure(world: World, warm: int, number: signal.Signals) -> None:
    os.kill(warm, number)
    assert "is done" in _sync(world)
    assert _pids(world)[-1] != warm
    assert {run.status for run in _runs(world)} == {"done"}


def test_a_process_that_is_killed_in_a_later_run_has_failed_in_that_run(world: World, warm: int) -> None:
    people = more(3)
    world.write(people)
    world.sandbox.fail(Fault("hold_before", "POST", "Users"))
    told: list[str] = []
    worker = threading.Thread(target=lambda: told.append(_sync(world)))
    worker.start()
    world.sandbox.wait_held(seconds=PATIENCE)
    os.kill(warm, signal.SIGKILL)
    world.sandbox.fail()
    world.sandbox.go_on()
    worker.join()
    assert "was ended by a signal (Killed)" in told[0]
    assert [run.status for run in _runs(world)][:2] == ["failed", "done"]
    assert "is done" in _sync(world)
    world.assert_equal_to(people)


def test_a_death_before_the_run_has_begun_is_on_record_beside_the_runs_that_the_process_had_done(
    world: World, warm: int
) -> None:
    with State(world.state) as state:
        put_death_on_record(_corp(world), state, (warm, datetime.now(UTC)), _DEAD)
    assert [(run.status, run.result.detail) for run in _runs(world)][:2] == [("failed", _DEAD), ("done", "")]


def test_a_later_run_is_told_to_stop_as_the_first_is(world: World, warm: int) -> None:
    world.write(more(14))
    world.sandbox.fail(Fault("hold_before", "POST", "Users"))
    stop, told = threading.Event(), list[str]()
    worker = threading.Thread(target=lambda: told.append(run_apart(Task(_corp(world), world.state), stop)))
    worker.start()
    world.sandbox.wait_held(seconds=PATIENCE)
    stop.set()
    world.sandbox.fail()
    world.sandbox.go_on()
    worker.join()
    assert (_runs(world)[0].status, _runs(world)[0].pid) == ("interrupted", warm)
    assert len(world.held()["users"]) < 20
    with pytest.raises(ProcessLookupError):
        os.kill(warm, 0)


def test_processes_that_wait_end_with_the_worker(world: World, warm: int) -> None:
    """One that is killed closes their stdin."""
    del world
    (process,) = one_run._WARM._idle
    process._to_it.close()
    until(lambda: process.is_over)
    assert process.pid == warm


def test_runs_of_other_connections_in_one_process_see_nothing_of_each_other(
    world: World, warm: int, tmp_path: Path
) -> None:
    """Another endpoint, token, directory, mapping and state, in turns; each with the same names and ids of users."""
    (tmp_path / "other").mkdir()
    with Sandbox() as sandbox:
        other = World(tmp_path / "other", sandbox)
        other.configure()
        mapping = other.folder / "csv.yaml"
        text = mapping.read_text().replace("title: title", "title: dept").replace("title: Engineer", "title: 開発部")
        mapping.write_text(text)
        mine, theirs = organization(6, 1), organization(6, 2, seed=2)
        for size in range(2):
            mine.add(f"n{size}")
            theirs.add(f"n{size + 1}", title="other")
            for each, people in ((world, mine), (other, theirs)):
                each.write(people)
                assert "is done" in _sync(each)
        world.assert_equal_to(mine)
        for user in theirs.users.values():
            user["title"] = user["dept"]
        other.assert_equal_to(theirs)
        assert {sandbox.counts.invalid, world.sandbox.counts.invalid} == {0}
        assert {*_pids(world)[1:], *_pids(other)} == {warm}


def test_a_mapping_that_has_changed_counts_in_the_next_run(world: World, warm: int) -> None:
    mapping = world.folder / "csv.yaml"
    mapping.write_text(mapping.read_text().replace("title:", 'title: \'"Dr. " +', 1))
    assert "csv.yaml" in _sync(world)
    world.configure()
    assert "is done" in _sync(world)
    assert _pids(world)[-2:] == [warm] * 2


@pytest.mark.state_file
def test_tables_of_a_newer_program_are_seen_by_one_who_has_the_state_open(world: World) -> None:
    kept = KeptOpen(world.state)
    assert kept.checked() is kept.checked()
    with closing(sqlite3.connect(world.state)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StateUnusable, match="was written by a newer scim-bridge"):
        kept.checked()
    kept.close()


@pytest.mark.parametrize(("grown", "carried", "goes_on"), [
    (10.0, Carried("done"), True),
    (100.0, Carried("done"), False),
    (10.0, Carried("the program failed", is_fault=True), False),
])  # fmt: skip
def test_a_process_ends_when_it_has_grown_and_when_the_program_has_failed(
    grown: float, carried: Carried, goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = iter([50.0, 50.0 + grown])
    monkeypatch.setattr(runs_here, "_held", lambda: next(held))
    here = RunsHere(answers=-1)
    assert here.may_go_on(carried) is goes_on


def test_a_process_of_a_program_that_was_replaced_carries_out_no_other_run(
    world: World, warm: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scim_bridge.worker.warm._program", lambda: ((1, 2), (3, 4)))
    assert "is done" in _sync(world)
    assert _pids(world)[-1] != warm


def test_whatever_prints_something_in_a_process_of_runs_it_is_no_answer() -> None:
    process = RunProcess()
    assert process.carry_out(b"not a task", threading.Event(), 1.0) is None
    assert process.end(PATIENCE) == 1
    assert not process.has_begun
