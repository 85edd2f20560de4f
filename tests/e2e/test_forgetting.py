"""`history.keep` from outside: the worker removes old runs, and what is older than the history is not undone."""

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest

from scim_bridge.config.settings import load
from scim_bridge.worker.forgetting import Forgetting
from scim_bridge.worker.loop import work
from tests.e2e.conftest import Cli
from tests.e2e.world import World, organization
from tests.waiting import PATIENCE

pytestmark = pytest.mark.state_file

_FORGOTTEN = """
INSERT INTO connections (name, paused_by, reason, failures, cause, quarantine_reason, forgotten_until)
SELECT 'corp', '', '', 0, '', '', max(ended) FROM runs
"""


def make_older(state: Path, days: int) -> None:
    """As if all that has happened until now had happened earlier."""
    columns = {"runs": ("started", "ended"), "operations": ("sent_at", "answered_at")}
    with closing(sqlite3.connect(state)) as database, database:
        for table, times in columns.items():
            for column in times:
                ago = f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '-{days} days')"
                database.execute(f"UPDATE {table} SET {column} = {ago} WHERE {column} IS NOT NULL")


def forget_all(world: World) -> None:
    settings = load(world.config)
    forgetting = Forgetting(settings)
    while forgetting.step():
        pass


def test_the_worker_removes_old_runs_while_it_waits(world: World, cli: Cli) -> None:
    world.write(organization(10, 2))
    assert [cli("sync").code for _ in range(3)] == [0, 0, 0]
    make_older(world.state, 401)
    settings, stop, told = load(world.config), threading.Event(), Queue[str]()
    forgetting = Forgetting(settings)
    done = threading.Event()

    def tidy() -> bool:
        if not (is_more := forgetting.step()):
            done.set()
        return is_more

    worker = threading.Thread(
        target=work, args=(settings.connections.values, settings.state, stop, told.put), kwargs={"tidy": tidy}
    )
    worker.start()
    try:
        assert "is done" in told.get(timeout=PATIENCE)
        assert done.wait(PATIENCE)
    finally:
        stop.set()
        worker.join()
    assert [run["id"] for run in cli("history", "--output", "json").json] == [4]


def test_what_a_run_looks_back_for_stays_however_short_the_keeping(world: World, cli: Cli) -> None:
    world.write(organization(10, 2))
    assert [cli("sync").code for _ in range(2)] == [0, 0]
    make_older(world.state, 1)
    assert cli("sync").code == 0
    Forgetting(replace(load(world.config), connections={})).step()
    text = world.config.read_text()
    world.config.write_text(f"history: {{keep: 1s}}\n{text}")
    forget_all(world)
    assert len(cli("history", "--output", "json").json) == 3
    make_older(world.state, 9)
    assert cli("sync").code == 0
    forget_all(world)
    assert len(cli("history", "--output", "json").json) == 1


def test_what_is_older_than_the_history_is_neither_undone_nor_applied(world: World, cli: Cli) -> None:
    people = organization(10, 2)
    world.write(people)
    assert cli("sync").code == 0
    people.users["u3"]["title"] = "Lead"
    world.write(people)
    saved = world.folder / "plan.json"
    assert cli("plan", "--out", str(saved)).code == 0
    assert cli("sync").code == 0
    with closing(sqlite3.connect(world.state)) as database, database:
        database.execute(_FORGOTTEN)
    said = cli("rollback", "2")
    assert said.code == 2
    assert "run 2 is too old to be undone" in said.err
    assert "history.keep" in said.err
    said = cli("apply", str(saved))
    assert said.code == 1
    assert "the history since then is not complete (history.keep)" in said.err
    assert not cli("plan", "--output", "json").json["operations"]
