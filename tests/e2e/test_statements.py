"""No statement of a run about some, nor of explain, reads a table that grows with the directory from end to end.

SQLite, which is given no statistics, finds the same way through small tables as through large ones.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from scim_bridge.run import few_planned
from tests.e2e.conftest import Cli
from tests.e2e.world import People, World, organization

pytestmark = pytest.mark.state_file

GROWING = ("records", "claims", "direct_members", "resources", "held_values", "memberships", "links", "source_entries")
TELLING = ("rowid=", "source_id=", "target_id=", "value=", "row=", "_row=", "name=", "manager=", "entry_key=")
"""Columns by which few rows are found. Of one connection, one endpoint or one kind there are as many as the directory
has."""
OF_FEW = ("ix_records_choosing", "ix_records_outside")
"""Indexes of few rows."""
COUNTED = ("SELECT count(", "SELECT resources.kind, count(")
"""Up to so many of the bases of the limits, and how much the target holds, are counted by the database."""
ASKED_FOR_ONE = "SELECT links.kind FROM links WHERE links.endpoint = ? AND links.connection != ?"
"""Whether another connection has linked anything on this target: few columns of an index."""


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the database, with its parameters (of many, those of the first)."""
    found: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        _, _, text, parameters, _, are_many = given
        found.append((text, parameters[0] if are_many else parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def steps(world: World, asked: list[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    """Each statement with each step of the way that SQLite finds for it."""
    each = {(" ".join(text.split()), "group" in given and "user" not in given): given for text, given in asked}
    with closing(sqlite3.connect(world.folder / "scim-bridge.db")) as database:
        for (text, of_groups), parameters in each.items():
            if text.startswith(("SELECT", "UPDATE", "DELETE")) and not text.startswith((*COUNTED, ASKED_FOR_ONE)):
                for row in database.execute(f"EXPLAIN QUERY PLAN {text}", parameters):
                    # All groups may be looked through, where groups have changed: there are far fewer than users.
                    if not (of_groups and "kind=?" in row[3]):
                        yield text, row[3]


def reads_all(step: str) -> bool:
    words = step.split()
    names = {"m": "records", "g": "records", "u": "resources"}  # as state/lookup.py calls them
    if words[0] not in ("SCAN", "SEARCH") or names.get(words[1], words[1]) not in GROWING:
        return False
    return not any(column in step for column in TELLING) and not any(index in step for index in OF_FEW)


def _title(people: People) -> None:
    people.users["u3"]["title"] = "Another"


def _leaver(people: People) -> None:
    _leave(people, "u39")


def _leave(people: People, user: str) -> None:
    del people.users[user]
    people.members = [each for each in people.members if each[1] != user]


def _member(people: People) -> None:
    people.members.append(("g1", next(u for u in people.users if ("g1", u, "user") not in people.members), "user"))


def _nested(people: People) -> None:
    people.members.append(("g2", "g5", "group"))


def _renamed(people: People) -> None:
    people.groups["g4"] = "Called otherwise"


def _many(people: People) -> None:
    """Of whatever is asked for one, several are asked for at once: SQLite may go another way then."""
    for user in ("u1", "u2", "u3", "u4"):
        people.users[user]["title"] = "Another"
    for user in ("u37", "u38", "u39"):
        _leave(people, user)
    for _ in range(3):
        _member(people)
    _nested(people)


@pytest.mark.parametrize("change", [None, _title, _leaver, _member, _nested, _renamed, _many])
def test_a_run_about_some_reads_no_table_from_end_to_end(
    world: World, cli: Cli, change: Callable[[People], None] | None
) -> None:
    people = organization(40, 6)
    world.write(people)
    assert [cli("sync").code, cli("sync").code] == [0, 0]
    if change is not None:
        change(people)
        world.write(people)
    with statements() as asked:
        assert "had to be looked at" in cli("sync").err
    assert [found for found in steps(world, asked) if reads_all(found[1])] == []


def test_explain_reads_no_table_from_end_to_end(world: World, cli: Cli) -> None:
    world.write(organization(40, 6))
    assert [cli("sync").code, cli("sync").code] == [0, 0]
    with statements() as asked:
        assert cli("explain", "u3").code == 0
    assert asked
    assert [found for found in steps(world, asked) if reads_all(found[1])] == []


@pytest.mark.parametrize("leavers", [1, 5])
def test_of_how_many_a_few_are_is_counted_only_as_far_as_the_limits_need(
    world: World, cli: Cli, leavers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(few_planned, "_ENOUGH", 20)
    people = organization(40, 6)
    world.write(people)
    assert [cli("sync").code, cli("sync").code] == [0, 0]
    for number in range(leavers):
        _leave(people, f"u{39 - number}")
    world.write(people)
    with statements() as asked:
        found = cli("sync")
    counted = [text for text, _ in asked if text.startswith("SELECT count(") and "target_id IN" not in text]
    is_all = [text for text in counted if "FROM resources" in text and "LIMIT" not in text]
    if leavers == 1:
        assert found.code == 0
        assert len(is_all) == 1  # how many memberships the target holds, for the history
    else:  # of twenty that would be too many, of all it is as well
        assert "5 of 40 active managed users would be deactivated" in found.out + found.err
        assert len(is_all) > 3
