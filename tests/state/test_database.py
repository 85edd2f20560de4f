"""Opening the state: private, migrated once and whole, and in one sentence when it cannot be used."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import QueuePool, create_engine

from scim_bridge.errors import StateUnusable
from scim_bridge.model.actor import Actor
from scim_bridge.model.operation import Outcome
from scim_bridge.state import database, schema, sqlite_file
from scim_bridge.state.reader import open_reader
from scim_bridge.state.transaction import reading
from scim_bridge.state.writer import State
from tests.state.conftest import HERE, Desk, pair

NEXT = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{schema.HEAD}", None, None


def upgrade() -> None:
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
"""


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The migrations of a later program: one more than ours."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for file in ("env.py", *(f"versions/{file.name}" for file in schema.MIGRATIONS.glob("versions/*.py"))):
        (folder / file).write_text((schema.MIGRATIONS / file).read_text())
    (folder / "versions/9999_later.py").write_text(NEXT)
    return folder


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def test_the_models_and_the_migrations_agree(desk: Desk) -> None:
    desk.open().__exit__(None, None, None)
    engine = database.open_database(desk.path)
    config = schema.alembic_config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.check(config)
    engine.dispose()


def test_the_newest_migration_is_the_one_the_program_expects(desk: Desk) -> None:
    script = ScriptDirectory.from_config(schema.alembic_config())
    assert script.get_heads() == [schema.HEAD]


@pytest.mark.state_file
def test_nobody_else_may_read_the_state_whatever_the_umask(desk: Desk) -> None:
    with umask(0), desk.open() as state:
        state.begin_run("corp", HERE, "sync")
        modes = {file.name: file.stat().st_mode & 0o777 for file in desk.path.parent.iterdir()}
    assert {"bridge.db", "bridge.db-wal", "bridge.db-shm"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_looking_at_a_state_that_does_not_exist_creates_nothing(desk: Desk) -> None:
    reader = open_reader(desk.path)
    assert reader.known("corp", HERE).is_fresh
    assert (reader.runs(), reader.conflicts(), reader.connections(), reader.operations(1)) == ([], [], [], [])
    assert (reader.run(1), reader.tripped("corp"), reader.operation_counts(1)) == (None, None, {})
    assert list(desk.path.parent.iterdir()) == []


@pytest.mark.state_file
def test_an_older_state_is_copied_and_brought_up_to_date(desk: Desk, later: Path) -> None:
    desk.run(pair("7"))
    with umask(0):
        sqlite_file.migrate(desk.path, later, "9999")
    copy = desk.path.with_name("bridge.db.before-9999")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert "later" in tables(desk.path)
    assert "later" not in tables(copy)
    with State(copy) as before:
        assert list(before.reader.known("corp", HERE).users) == ["7"]


@pytest.mark.state_file
def test_the_copy_holds_what_is_still_in_the_write_ahead_log(desk: Desk, later: Path) -> None:
    with desk.open() as state:
        state.begin_run("corp", HERE, "sync")
        sqlite_file.migrate(desk.path, later, "9999")
    with State(desk.path.with_name("bridge.db.before-9999")) as before:
        assert len(before.reader.runs()) == 1


@pytest.mark.state_file
def test_a_migration_that_fails_halfway_leaves_the_state_as_it_was(desk: Desk, later: Path) -> None:
    desk.run(pair("7"))
    file = later / "versions/9999_later.py"
    file.write_text(NEXT + '    op.execute("INSERT INTO nowhere VALUES (1)")\n')
    with pytest.raises(Exception, match="no such table: nowhere"):
        sqlite_file.migrate(desk.path, later, "9999")
    assert "later" not in tables(desk.path)
    with desk.open() as state:
        assert list(state.reader.known("corp", HERE).users) == ["7"]


@pytest.mark.state_file
def test_a_newer_state_is_refused_and_left_alone(desk: Desk, later: Path) -> None:
    desk.run(pair("7"))
    sqlite_file.migrate(desk.path, later, "9999")
    for opening in (desk.open, lambda: open_reader(desk.path)):
        with pytest.raises(StateUnusable, match=r"was written by a newer scim-bridge\. Use that version"):
            opening()
    assert sqlite_file.current_revision(desk.path) == "9999"


def test_a_state_that_is_up_to_date_is_not_copied(desk: Desk) -> None:
    for _ in range(2):
        desk.run(pair("7"))
    assert not list(desk.path.parent.glob("*before*"))


@pytest.mark.state_file
def test_a_file_that_is_no_database_is_refused(desk: Desk) -> None:
    desk.path.write_text("userName,active\n" * 100)
    with pytest.raises(StateUnusable, match=r"is not a usable state file \(file is not a database\)\. Move it away"):
        desk.open()


@pytest.mark.state_file
def test_the_database_of_another_program_is_refused_and_left_alone(desk: Desk) -> None:
    execute(desk.path, "CREATE TABLE invoices (id INTEGER)")
    with pytest.raises(StateUnusable, match="is the database of another program"):
        desk.open()
    assert tables(desk.path) == {"invoices"}


@pytest.mark.state_file
def test_a_folder_that_is_missing_and_a_folder_in_place_of_the_file_are_named(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none" / "bridge.db", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(StateUnusable, match=rf"{path} cannot be used \({reason}\)\. Check its folder\."):
            State(path)


@pytest.mark.state_file
def test_a_state_that_is_locked_is_not_called_broken(desk: Desk) -> None:
    with pytest.raises(StateUnusable, match=r"\(database is locked\)") as refused, sqlite_file._in_words(desk.path):
        raise sqlite3.OperationalError("database is locked")
    assert "Move it away" not in str(refused.value)


@pytest.mark.state_file
def test_a_table_that_went_missing_is_one_sentence(desk: Desk) -> None:
    with desk.open() as state:
        run_id = state.begin_run("corp", HERE, "sync")
        execute(desk.path, "DROP TABLE links")
        execute(desk.path, "DROP TABLE operations")
        with pytest.raises(StateUnusable, match=r"could not be read \(no such table: links\)"):
            state.reader.known("corp", HERE)
        with pytest.raises(StateUnusable, match=r"could not be read \(no such table: operations\)"):
            state.reader.operation_counts(run_id)
        with pytest.raises(StateUnusable, match=r"could not be written \(no such table: operations\)"):
            state.begin_applying(run_id, "a plan", ()).end_unsent([Outcome(operation_id="op-1", status="not_sent")])


_LOOK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(*(name for (name,) in connection.execute("SELECT name FROM connections")))
connection.close()
"""


def _other_process_sees(path: Path) -> str:
    """The names of connections, as another process reads them. It tidies up at its end unless it sees a lock."""
    return subprocess.run((sys.executable, "-c", _LOOK, path), check=True, capture_output=True, text=True).stdout


@pytest.mark.state_file
def test_a_state_that_is_opened_once_more_keeps_the_locks_of_who_writes_to_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with State(path) as run:
        run.pause("first", Actor("ann"), "")
        # In the same process: the pages, say, or a command's look at the past.
        with State(path):
            pass
        assert "first" in _other_process_sees(path)
        run.pause("second", Actor("ann"), "")
        assert "second" in _other_process_sees(path)
    assert "second" in _other_process_sees(path)


def test_who_finds_no_session_free_gets_to_know_it_in_a_sentence() -> None:
    """Slow downloads have one each until their last byte is read."""
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.01)
    with (
        reading(engine),
        pytest.raises(StateUnusable, match="all sessions of this process with the database are in use"),
        reading(engine),
    ):
        pass
    engine.dispose()
