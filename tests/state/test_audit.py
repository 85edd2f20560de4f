"""Who did what is added in the transaction of what was done, by one at a time, and never changed."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from scim_bridge.model.actor import Actor
from scim_bridge.model.audit import verify
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import State
from tests.state.conftest import HERE, Desk, conflict

ANN = Actor("ann", "page", "192.0.2.7")


def told(state: State) -> list[tuple[str, str, str, str]]:
    return [(each.action, each.connection, each.subject, each.detail) for each in state.reader.audit()]


def test_each_thing_that_a_person_does_is_one_entry(state: State) -> None:
    state.pause("corp", ANN, "a migration")
    assert state.resume("corp", ANN)
    assert not state.resume("corp", ANN)
    run_id = state.begin_run("corp", HERE, "sync", by=ANN)
    state.begin_run("corp", HERE, "sync")
    state.ask("corp", ["b.sato", "k.suzuki"], ANN)
    state.use_approval(run_id, "corp", ANN, "12 of 20 users would be deactivated")
    assert told(state) == [
        ("pause", "corp", "", "a migration"),
        ("resume", "corp", "", ""),
        ("sync", "corp", f"run {run_id}", ""),
        ("sync --only", "corp", "", "b.sato, k.suzuki"),
        ("approve", "corp", f"run {run_id}", "12 of 20 users would be deactivated"),
    ]
    assert {entry.actor for entry in state.reader.audit()} == {ANN}
    assert verify(state.reader.audit()).broken == ""


def test_a_decision_about_a_conflict_that_is_not_open_is_no_entry(state: State) -> None:
    run_id = state.begin_run("corp", HERE, "sync")
    state.begin_applying(run_id, "plan", (conflict("c-1"),))
    assert state.resolve("corp", "c-1", "link", ANN, target_id="t-1", note="the same person")
    assert not state.resolve("corp", "c-2", "ignore", ANN)
    assert told(state) == [("resolve", "corp", "c-1", "link t-1; the same person")]


def test_what_is_rolled_back_was_not_done(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("scim_bridge.state.writer.note", fail)
    with pytest.raises(RuntimeError):
        state.pause("corp", ANN, "")
    assert state.reader.pause("corp") is None


def test_many_at_once_make_one_chain(desk: Desk) -> None:
    def act(number: int) -> None:
        with desk.open() as state:
            for _ in range(10):
                state.note(Actor(f"user{number}"), "sync", connection="corp")

    desk.open().__exit__(None, None, None)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(act, range(4)))
    found = verify(open_reader(desk.path).audit())
    assert (found.entries, found.broken) == (40, "")


@pytest.mark.state_file
@pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'x'", "DELETE FROM audit"])
def test_no_statement_changes_or_removes_an_entry(desk: Desk, statement: str) -> None:
    with desk.open() as state:
        state.note(ANN, "sync")
    with (
        closing(sqlite3.connect(desk.path)) as database,
        pytest.raises(sqlite3.IntegrityError, match=r"an entry of the audit is never (changed|removed)"),
    ):
        database.execute(statement)


def test_the_last_ones_page_by_page(state: State) -> None:
    for number in range(5):
        state.note(ANN, "sync", connection="corp" if number % 2 else "labs")
    assert [each.number for each in state.reader.latest_audit(2)] == [5, 4]
    assert [each.number for each in state.reader.latest_audit(2, before=4)] == [3, 2]
    assert [each.number for each in state.reader.latest_audit(9, connection="labs")] == [5, 3, 1]
