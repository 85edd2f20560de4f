"""The worker: what is due runs, a change of files makes a run due once it has settled, a quarantine keeps it away."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from queue import Queue
from time import sleep

import pytest

from scim_bridge.config.settings import ConnectionSettings, load
from scim_bridge.model.actor import Actor
from scim_bridge.sandbox.fault import Fault
from scim_bridge.source import fingerprint_of
from scim_bridge.state.schedule import Planned
from scim_bridge.state.writer import State
from scim_bridge.worker import loop
from scim_bridge.worker.file_look import FileLook
from tests.e2e.conftest import Cli
from tests.e2e.process import start
from tests.e2e.world import World, organization
from tests.waiting import PATIENCE, until
from tests.worker.carrying import synced

ANN = Actor("ann@corp.example", "page")


@pytest.fixture
def connection(world: World, cli: Cli) -> ConnectionSettings:
    world.write(organization(40, 2))
    assert cli("sync").code == 0
    return load(world.config).connection("corp")


def _row(connection: ConnectionSettings, run_with: str = "", worker: str = "") -> dict[str, Planned]:
    now = connection.every + datetime(2027, 3, 13, tzinfo=UTC)
    name = connection.name
    return {name: Planned(connection=name, next_due=now, run_with=run_with, worker=worker, since=None, cancelled_by="")}


def test_changed_files_make_a_run_due_when_they_have_settled(connection: ConnectionSettings, world: World) -> None:
    files = FileLook()

    def look(**row: str) -> bool:
        return bool(list(files.changed([connection], _row(connection, **row))))

    assert [look(), look()] == [False, True]
    now = fingerprint_of(connection.source)
    assert [look(run_with=now), look(run_with=now)] == [False, False]
    people = organization(40, 2)
    people.users["u3"]["title"] = "half"
    world.write(people)
    assert not look(run_with=now)
    people.users["u3"]["title"] = "whole"
    world.write(people)
    assert [look(run_with=now), look(run_with=now, worker="w1")] == [False, False]
    assert [look(run_with=now), look(run_with=now)] == [True, False], "once, whatever another worker's copy holds"


def test_a_change_is_synced_long_before_the_schedule_would(
    connection: ConnectionSettings,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "_LOOK_EVERY", 0.05)
    assert connection.every >= timedelta(minutes=5)
    stop, told = threading.Event(), Queue[str]()
    worker = threading.Thread(target=loop.work, args=(lambda: [connection], world.state, stop, told.put))
    worker.start()
    try:
        told.get(timeout=PATIENCE)
        people = organization(40, 2)
        people.users["u3"]["enabled"] = "false"
        aside = World(world.folder / "aside", world.sandbox)
        aside.folder.mkdir()
        aside.write(people)
        (aside.folder / "users.csv").replace(world.folder / "users.csv")  # at once: no half of it is ever seen
        told.get(timeout=PATIENCE)
    finally:
        stop.set()
        worker.join()
    assert world.held()["users"]["u3"]["active"] is False
    assert told.empty()


def test_what_the_guard_stopped_stays_stopped_until_a_person_acts(
    connection: ConnectionSettings,
    world: World,
    cli: Cli,
) -> None:
    people = organization(40, 2)
    for number in range(10):
        people.users[f"u{number}"]["enabled"] = "false"
    world.write(people)
    assert "was stopped by the guard" in synced(connection, world)
    world.sandbox.forget_requests()
    assert "quarantined since" in synced(connection, world)
    assert world.sandbox.counts.total == 0
    assert cli("sync", "--approve").code == 0
    assert "is done" in synced(connection, world)


def test_a_refused_token_is_not_tried_every_time(connection: ConnectionSettings, world: World) -> None:
    world.configure(token="the-wrong-one")
    wrong = load(world.config).connection("corp")
    assert "refuses the token" in synced(wrong, world)
    world.sandbox.forget_requests()
    assert "tried again every hour" in synced(wrong, world)
    assert world.sandbox.counts.total == 0


def test_a_source_that_cannot_be_opened_is_a_failed_run_and_in_the_end_a_quarantine(
    connection: ConnectionSettings, world: World, cli: Cli
) -> None:
    groups = world.folder / "groups.csv"
    aside = groups.rename(world.folder / "groups.off")
    before = world.held()
    for _ in range(6):
        assert "groups.csv: there is no such file" in synced(connection, world)
    last = cli("history", "--output", "json").json[0]
    assert (last["status"], "groups.csv: there is no such file" in last["detail"]) == ("failed", True)
    said = synced(connection, world)
    assert "quarantine" in said
    assert "groups.csv: there is no such file" in said
    assert world.held() == before
    aside.rename(groups)
    assert cli("sync").code == 0
    assert "is done" in synced(connection, world)


def test_in_shadow_the_schedule_goes_by_how_often_the_target_may_be_read(
    connection: ConnectionSettings, world: World
) -> None:
    shadow = replace(connection, shadow=True)
    slow = replace(shadow, target=replace(shadow.target, requests_per_second=0.1))
    with State(world.state) as state:

        def pause(of: ConnectionSettings) -> timedelta | None:
            return loop._pause_after(of, state, 0)

        assert pause(connection) == timedelta(minutes=5)
        assert pause(shadow) == timedelta(minutes=15)
        assert pause(slow) == timedelta(seconds=2000), "4 requests at 2 % of 0.1 a second"
        assert pause(replace(slow, every=timedelta(hours=2))) == timedelta(hours=2)
        assert loop._pause_after(connection, state, 1) is None, "no run has ended since that one"


def test_in_shadow_a_changed_file_waits_for_the_schedule(connection: ConnectionSettings) -> None:
    files, shadow = FileLook(), replace(connection, shadow=True)
    assert not any(list(files.changed([shadow], _row(shadow))) for _ in range(3))


@contextmanager
def _working(world: World, connections: list[ConnectionSettings], runs_at_once: int = 1) -> Iterator[Queue[str]]:
    """A worker that goes on in this process; what it says."""
    stop, told = threading.Event(), Queue[str]()
    settings = {"runs_at_once": runs_at_once}
    worker = threading.Thread(
        target=loop.work, args=(lambda: connections, world.state, stop, told.put), kwargs=settings
    )
    worker.start()
    try:
        yield told
    finally:
        world.sandbox.fail()
        world.sandbox.go_on()
        stop.set()
        worker.join()


def test_a_slow_connection_keeps_no_other_one_waiting(world: World) -> None:
    world.write(organization(20, 2))
    corp = load(world.config).connection("corp")
    world.sandbox.fail(Fault("hold_before", "POST", "Users"))
    with _working(world, [corp, replace(corp, name="lab", shadow=True)], runs_at_once=2) as told:
        world.sandbox.wait_held(seconds=PATIENCE)
        assert told.get(timeout=PATIENCE).startswith("lab: run")
        with State(world.state) as state:
            until(lambda: len([row for row in state.schedule.all() if row.worker]) == 1)
            assert {row.connection: bool(row.worker) for row in state.schedule.all()} == {"corp": True, "lab": False}


def test_a_run_of_the_schedule_that_is_cancelled_ends_and_waits_for_its_next_time(world: World) -> None:
    world.write(organization(20, 2))
    corp = load(world.config).connection("corp")
    world.sandbox.fail(Fault("hold_before", "POST", "Users"))
    with _working(world, [corp]) as told, State(world.state) as state:
        world.sandbox.wait_held(seconds=PATIENCE)
        run = state.reader.runs("corp")[0]
        assert state.schedule.cancel("corp", ANN, run.id)
        sleep(2)  # until the worker has looked
        world.sandbox.fail()
        world.sandbox.go_on()
        told.get(timeout=PATIENCE)
        until(lambda: not state.schedule.all()[0].worker)
        (row,) = state.schedule.all()
        found = state.reader.run(run.id)
        assert found is not None
        assert found.status == "interrupted"
        assert found.result.detail.startswith("cancelled by ann@corp.example: stopped as asked; ")
        assert row.next_due > found.started + timedelta(minutes=4), "it is not begun again at once"
        assert "cancel" in [entry.action for entry in state.reader.latest_audit(5)]
    assert 0 < len(world.held()["users"]) < 20


def test_what_a_worker_that_was_killed_had_in_hand_is_run_by_another(world: World) -> None:
    people = organization(20, 2)
    world.write(people)
    world.sandbox.fail(Fault("hold_before", "POST", "Users"))
    worker = start(world, "work")
    world.sandbox.wait_held(seconds=PATIENCE)
    with State(world.state) as state:
        (row,), (before,) = state.schedule.all(), state.workers.all()
        assert (row.worker, before.pid) == (before.name, worker.pid)
    os.kill(worker.pid, signal.SIGKILL)
    world.sandbox.fail()
    world.sandbox.go_on()
    worker.communicate()
    with _working(world, [load(world.config).connection("corp")]) as told:
        assert "it is due again" in told.get(timeout=PATIENCE)
        assert "is done" in told.get(timeout=PATIENCE)
        with State(world.state) as state:
            assert [each.name for each in state.workers.all()] != [before.name]
    world.assert_equal_to(people)


def test_one_worker_more_leaves_the_schedule_as_it_is_and_one_alone_begins_at_once(
    connection: ConnectionSettings, world: World
) -> None:
    with _working(world, [connection]) as told:
        assert "is done" in told.get(timeout=PATIENCE)
        with State(world.state) as state:
            until(lambda: not state.schedule.all()[0].worker)
            due = state.schedule.all()[0].next_due
            with _working(world, [connection]) as other:
                until(lambda: len(state.workers.all()) == 2)
                sleep(0.5)
                assert (other.empty(), state.schedule.all()[0].next_due) == (True, due)
            until(lambda: len(state.workers.all()) == 1)
    with _working(world, [connection]) as told:
        assert "is done" in told.get(timeout=PATIENCE)
