"""A state copied from a file to a server and back: every row, or nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, select
from sqlmodel import SQLModel

from scim_bridge.errors import Busy, Misconfigured
from scim_bridge.model.actor import Actor
from scim_bridge.model.audit import verify
from scim_bridge.model.state_address import ServerAddress, StateAddress
from scim_bridge.state.copy import copy_state
from scim_bridge.state.database import open_database
from scim_bridge.state.reader import utc_now
from scim_bridge.state.writer import State
from tests.postgres_server import the_server
from tests.state.conftest import HERE, Desk, begin, conflict, done, operation, pair

pytestmark = pytest.mark.state_file

NOW = utc_now()


@pytest.fixture
def empty() -> Iterator[ServerAddress]:
    address = the_server().state()
    yield address
    the_server().give_back(address)


@pytest.fixture
def lived_in(desk: Desk) -> Path:
    """A state in which something of most kinds has happened."""
    desk.run(pair("7", title="部長"), pair("g", kind="group"), conflicts=(conflict("c-1"),))
    with desk.open() as state:
        sent = operation(1, "create_user", "8", userName="8")
        journal = begin(state, sent)
        journal.begin(sent)
        journal.end(sent, done(sent))
        state.pause("lab", Actor("ann"), "Umzug")
        state.tokens.make("ci", "viewer", None, Actor("ann"))
    return desk.path


def counts(address: StateAddress) -> dict[str, int]:
    engine = open_database(address)
    with engine.connect() as database:
        tables = SQLModel.metadata.sorted_tables
        found = {each.name: database.execute(select(func.count()).select_from(each)).scalar_one() for each in tables}
    engine.dispose()
    return {name: count for name, count in found.items() if count}


def test_a_state_goes_to_a_server_and_comes_back_the_same(lived_in: Path, empty: ServerAddress, tmp_path: Path) -> None:
    copied = copy_state(lived_in, empty, NOW)
    assert copied == counts(lived_in) == {k: v for k, v in counts(empty).items() if k != "leases"}
    with State(empty) as there:
        assert verify(there.reader.audit()).broken == ""
        assert list(there.reader.known("corp", HERE).users) == ["7", "8"]
        numbers = [run.id for run in there.reader.runs()]
        assert there.begin_run("corp", HERE, "sync") == max(numbers) + 1
        there.pause("corp", Actor("ann"), "")
    back = tmp_path / "back.db"
    copy_state(empty, back, NOW)
    with State(back) as here:
        assert verify(here.reader.audit()).broken == ""
        assert here.begin_run("corp", HERE, "sync") == max(numbers) + 2


def test_a_place_that_is_not_empty_is_refused_and_left_alone(lived_in: Path, empty: ServerAddress) -> None:
    with State(empty) as there:
        there.pause("other", Actor("ann"), "")
    before = counts(empty)
    with pytest.raises(Misconfigured, match=r"there is a state in .* already"):
        copy_state(lived_in, empty, NOW)
    assert counts(empty) == before


def test_nothing_is_copied_from_where_nothing_is_nor_onto_itself(lived_in: Path, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"there is no state in .*none\.db yet"):
        copy_state(tmp_path / "none.db", tmp_path / "other.db", NOW)
    with pytest.raises(Misconfigured, match="where the state is already"):
        copy_state(lived_in, lived_in, NOW)


def test_a_run_in_progress_is_not_torn_apart(lived_in: Path, empty: ServerAddress) -> None:
    with State(lived_in) as state, state.lock("corp"), pytest.raises(Busy, match="connection corp is being synced"):
        copy_state(lived_in, empty, NOW)


@pytest.mark.parametrize("statement", ["links", "SELECT operations"])
def test_who_is_interrupted_leaves_an_empty_place(lived_in: Path, empty: ServerAddress, statement: str) -> None:
    """Once while rows are copied, once while they are compared."""

    def interrupt(_conn: object, _cursor: object, text: str, *_: object) -> None:
        if text.startswith(("SELECT", "INSERT")) and statement in text and "ORDER BY" in text:
            raise KeyboardInterrupt

    event.listen(Engine, "before_cursor_execute", interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            copy_state(lived_in, empty, NOW)
    finally:
        event.remove(Engine, "before_cursor_execute", interrupt)
    assert counts(empty) == {}
    assert copy_state(lived_in, empty, NOW)["links"] == 3
