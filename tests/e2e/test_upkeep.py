"""What the manual says of years of running: a newer state, a copy of a state in use, a new token. Each as written.

An older state is brought up to date in tests/state/test_database.py; what a restored copy knows is in test_restore.py.
"""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from scim_bridge.sandbox.app import Identity
from scim_bridge.state.writer import State
from tests.e2e.conftest import Cli
from tests.e2e.world import World, organization

MANUAL = Path(__file__).parents[2] / "docs" / "operations.md"


def _copy_as_the_manual_says(world: World, to: Path) -> None:
    """The command of the manual, with the paths of this test."""
    command = re.search(r'^python3 -c "(import sqlite3; .*)"$', MANUAL.read_text(encoding="utf-8"), re.MULTILINE)
    assert command is not None
    program = command[1].replace("/data/scim-bridge.db", str(world.state)).replace("/backup/scim-bridge.db", str(to))
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_state_in_use_is_copied_and_put_back(world: World, cli: Cli, tmp_path: Path) -> None:
    people = organization(8, 1)
    world.write(people)
    assert cli("sync").code == 0
    copy = tmp_path / "copy.db"
    with State(world.state) as state:  # open, and its last words are in the write-ahead log
        run = state.begin_run("corp", "elsewhere", "sync")
        _copy_as_the_manual_says(world, copy)
        with State(copy) as copied:
            assert copied.reader.run(run) is not None
    for file in world.folder.glob("scim-bridge.db*"):
        file.unlink()
    copy.rename(world.state)
    world.sandbox.forget_requests()
    assert cli("sync", "--full", "--after-restore").code == 0
    assert world.sandbox.counts.writes == 0


@pytest.mark.parametrize("command", ["sync", "plan", "history", "check", "serve", "work", "run"])
def test_a_state_of_a_newer_version_is_refused_in_one_sentence(world: World, cli: Cli, command: str) -> None:
    world.write(organization(3, 1))
    with State(world.state):
        pass
    with closing(sqlite3.connect(world.state)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    before = world.state.read_bytes()
    said = cli(command)
    refusal = "was written by a newer scim-bridge. Use that version, or a newer one."
    assert (said.code, refusal in said.err + said.out) == (1, True)
    assert (world.state.read_bytes(), world.sandbox.counts.writes) == (before, 0)


def test_a_new_token_counts_from_the_next_request_on(world: World, cli: Cli) -> None:
    people = organization(4, 1)
    world.write(people)
    token = world.folder / "token"
    token.write_text(world.sandbox.token)
    world.configure(token="file:token")
    assert cli("sync").code == 0
    world.sandbox.app.identity = Identity(tokens=("the-second-one",))
    assert cli("sync").code == 1  # the first one is deleted too early
    token.write_text("the-second-one\n")
    people.users["u1"]["title"] = "Lead"
    world.write(people)
    assert cli("sync").code == 0  # lifts the quarantine as well
    world.assert_equal_to(people)
