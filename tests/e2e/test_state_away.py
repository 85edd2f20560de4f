"""The database is away: a run ends at its next journal entry and sends nothing that is not on record; all goes on."""

import signal
from collections.abc import Iterator
from time import monotonic

import pytest

from scim_bridge.model.state_address import ServerAddress
from scim_bridge.sandbox.fault import Fault
from scim_bridge.state.lock import is_held
from scim_bridge.state.reader import open_reader
from tests.e2e.conftest import Cli
from tests.e2e.process import start
from tests.e2e.world import World, organization
from tests.postgres_server import Postgres, the_server
from tests.waiting import PATIENCE, until


@pytest.fixture
def server() -> Iterator[Postgres]:
    shared = the_server()
    yield shared
    shared.start()


@pytest.fixture
def address(server: Postgres, world: World) -> ServerAddress:
    """Of the state that the world's configuration names."""
    made = server.empty()
    text = world.config.read_text()
    world.config.write_text(text.replace(text.splitlines()[0], f"state: {made.shown}").replace("5m", "2s"))
    return made


def test_a_run_stops_with_one_sentence_and_the_next_one_finishes_it(
    world: World, cli: Cli, server: Postgres, address: ServerAddress
) -> None:
    people = organization(40, 6)
    world.write(people)
    world.sandbox.fail(Fault("hold_before", "POST", "Users", skip=9))
    process = start(world, "sync")
    world.sandbox.wait_held(seconds=PATIENCE)
    server.stop()
    on_their_way = world.sandbox.counts.writes
    world.sandbox.fail()
    world.sandbox.go_on()
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, err
    said = [line for line in err.splitlines() if line.startswith("scim-bridge: ")]
    assert len(said) == 1 and "Traceback" not in err
    assert said[0].startswith("scim-bridge: the state in ")
    assert said[0].endswith("Look at the database server; the next run goes on from there.")
    # What was under way when the server went is all that arrived; each of them was on record before.
    assert world.sandbox.counts.writes - on_their_way <= 64
    arrived = {r.body["userName"] for r in world.sandbox.requests if r.method == "POST" and r.path.endswith("Users")}
    away = cli("history")
    assert away.code == 1 and "cannot be used" in away.err
    server.start()
    reader = open_reader(address)
    begun = {each.subject for each in reader.operations(1) if each.sent_at is not None}
    assert arrived <= begun
    said_again = cli("sync")
    assert said_again.code == 0, said_again.err
    world.assert_equal_to(people)
    created = [r for r in world.sandbox.requests if r.method == "POST" and r.status == 201]
    assert len(created) == 40 + 6
    assert [run["status"] for run in cli("history", "--output", "json").json] == ["done", "interrupted"]


def test_the_service_goes_on_by_itself_when_the_server_is_back(
    world: World, server: Postgres, address: ServerAddress
) -> None:
    people = organization(5, 1)
    world.write(people)
    process = start(world, "run")
    try:
        until(lambda: _has_run(address))
        server.stop()
        people.add("new")
        world.write(people)
        server.start()
        until(lambda: len(world.sandbox.state()["users"]) == 6)
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    world.assert_equal_to(people)


def _has_run(address: ServerAddress) -> bool:
    reader = open_reader(address)
    found = [run for run in reader.runs() if run.status == "done"]
    reader.close()
    return bool(found)


@pytest.mark.slow
def test_a_stopped_process_is_taken_over_within_a_minute_and_sends_nothing_when_it_wakes_up(
    world: World, cli: Cli, address: ServerAddress
) -> None:
    people = organization(40, 6)
    world.write(people)
    world.sandbox.fail(Fault("hold_before", "POST", "Users", skip=9))
    process = start(world, "sync")
    world.sandbox.wait_held(seconds=PATIENCE)
    process.send_signal(signal.SIGSTOP)
    stopped = monotonic()
    busy = cli("sync")
    assert busy.code == 1 and f"being synced by process {process.pid} on " in busy.err
    until(lambda: not is_held(address, "corp"))
    assert monotonic() - stopped < 60
    world.sandbox.fail()
    world.sandbox.go_on()
    said = cli("sync")
    assert said.code == 0, said.err
    before = world.sandbox.counts.writes
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and "Traceback" not in err
    assert "the state in " in err or "another process has taken over connection corp" in err
    assert world.sandbox.counts.writes == before
    world.assert_equal_to(people)
    assert len([r for r in world.sandbox.requests if r.method == "POST" and r.status == 201]) == 40 + 6
    assert [run["status"] for run in cli("history", "--output", "json").json] == ["done", "interrupted"]
