"""The worker: what is due runs, a change of files makes a run due once it has settled, a quarantine keeps it away."""

import threading
from dataclasses import replace
from datetime import timedelta
from queue import Queue

import pytest

from scim_bridge.config.settings import ConnectionSettings, load
from scim_bridge.worker import loop
from scim_bridge.worker.loop import Due, followed, run_once
from tests.e2e.conftest import Cli
from tests.e2e.world import World, organization
from tests.waiting import PATIENCE


@pytest.fixture
def connection(world: World, cli: Cli) -> ConnectionSettings:
    world.write(organization(40, 2))
    assert cli("sync").code == 0
    return load(world.config).connection("corp")


def test_changed_files_make_a_run_due_when_they_have_settled(connection: ConnectionSettings, world: World) -> None:
    due = Due(connection, 0.0)
    assert [due.look(), due.look()] == [False, True]
    due.run_with = due.seen
    assert [due.look(), due.look()] == [False, False]
    people = organization(40, 2)
    people.users["u3"]["title"] = "half"
    world.write(people)
    assert not due.look()
    people.users["u3"]["title"] = "whole"
    world.write(people)
    assert [due.look(), due.look()] == [False, True]


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
    stop = threading.Event()
    assert "was stopped by the guard" in run_once(connection, world.state, stop)
    world.sandbox.forget_requests()
    assert "quarantined since" in run_once(connection, world.state, stop)
    assert world.sandbox.counts.total == 0
    assert cli("sync", "--approve").code == 0
    assert "is done" in run_once(connection, world.state, stop)


def test_a_refused_token_is_not_tried_every_time(connection: ConnectionSettings, world: World) -> None:
    world.configure(token="the-wrong-one")
    wrong = load(world.config).connection("corp")
    assert "refuses the token" in run_once(wrong, world.state, threading.Event())
    world.sandbox.forget_requests()
    assert "tried again every hour" in run_once(wrong, world.state, threading.Event())
    assert world.sandbox.counts.total == 0


def test_a_source_that_cannot_be_opened_is_a_failed_run_and_in_the_end_a_quarantine(
    connection: ConnectionSettings, world: World, cli: Cli
) -> None:
    groups = world.folder / "groups.csv"
    aside = groups.rename(world.folder / "groups.off")
    before = world.held()
    for _ in range(6):
        assert "groups.csv: there is no such file" in run_once(connection, world.state, threading.Event())
    last = cli("history", "--output", "json").json[0]
    assert (last["status"], "groups.csv: there is no such file" in last["detail"]) == ("failed", True)
    said = run_once(connection, world.state, threading.Event())
    assert "quarantine" in said
    assert "groups.csv: there is no such file" in said
    assert world.held() == before
    aside.rename(groups)
    assert cli("sync").code == 0
    assert "is done" in run_once(connection, world.state, threading.Event())


def test_in_shadow_the_schedule_goes_by_how_often_the_target_may_be_read(
    connection: ConnectionSettings, world: World
) -> None:
    assert loop._pause_after(connection, world.state) == timedelta(minutes=5)
    shadow = replace(connection, shadow=True)
    slow = replace(shadow, target=replace(shadow.target, requests_per_second=0.1))
    assert loop._pause_after(shadow, world.state) == timedelta(minutes=15)
    assert loop._pause_after(slow, world.state) == timedelta(seconds=2000), "4 requests at 2 % of 0.1 a second"
    assert loop._pause_after(replace(slow, every=timedelta(hours=2)), world.state) == timedelta(hours=2)
    assert loop._pause_after(slow, world.folder) == timedelta(hours=24)


def test_in_shadow_a_changed_file_waits_for_the_schedule(connection: ConnectionSettings) -> None:
    due = Due(replace(connection, shadow=True), 0.0)
    assert [due.look(), due.look(), due.look()] == [False, False, False]


def test_the_schedule_follows_the_configuration(connection: ConnectionSettings) -> None:
    lab, hour = replace(connection, name="lab"), timedelta(hours=1)
    dues = followed([], [connection, lab], 100.0)
    assert [(due.connection.name, due.at) for due in dues] == [("corp", 100.0), ("lab", 100.0)]
    dues[0].at, dues[1].at = 7_000.0, 400.0
    west = replace(connection, name="west")
    dues = followed(dues, [replace(connection, every=hour), west], 200.0)
    assert [(due.connection.name, due.connection.every, due.at) for due in dues] == [
        ("corp", hour, 200.0 + 3_600.0),
        ("west", connection.every, 200.0),
    ]
    assert followed(dues, [due.connection for due in dues], 300.0) == dues
