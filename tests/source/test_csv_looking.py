"""A few identities of CSV files, asked about after everything was read."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import Kind, Snapshot
from scim_bridge.model.source import Memory
from scim_bridge.source.csv_file import CsvSource
from tests.applying import asked
from tests.organization import organization
from tests.remembering import remembered
from tests.source.files import put, source


def _as_sets(snapshot: Snapshot) -> tuple[object, ...]:
    users = {record.id: record.attributes for record in snapshot.users}
    groups = {record.id: record.attributes for record in snapshot.groups}
    return users, groups, {g: (set(u), set(n)) for g, (u, n) in snapshot.members.items()}


def _read(files: CsvSource) -> tuple[Snapshot, Memory]:
    reading = files.read("2027-03-13")
    return reading.snapshot, remembered(None, reading)


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_whoever_changed_is_shown_as_a_whole_reading_shows_them(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: int
) -> None:
    folder, there = tmp_path_factory.mktemp("csv"), organization(8, 4, seed)
    put(there, folder)
    files = source(folder)
    before, memory = _read(files)
    everybody = set(there.people), set(there.teams)
    there.churn(Random(seed), steps)
    put(there, folder)
    wanted: list[tuple[Kind, str]] = [("user", key) for key in everybody[0] | set(there.people)]
    wanted += [("group", key) for key in everybody[1] | set(there.teams)]
    now = _as_sets(source(folder).read("2027-03-13").snapshot)
    assert _as_sets(asked(files, memory, before, wanted)) == now
    # The files are looked through whole, so whoever else has changed is shown too.
    assert _as_sets(asked(files, memory, before, wanted[:1])) == now


def test_who_has_not_changed_is_shown_with_the_memberships(tmp_path: Path) -> None:
    there = organization(4, 2)
    put(there, tmp_path)
    files = source(tmp_path)
    before, memory = _read(files)
    assert _as_sets(asked(files, memory, Snapshot((), (), {}), [("user", "p1")]))[0] == {
        "p1": next(record.attributes for record in before.users if record.id == "p1")
    }


@pytest.mark.parametrize("is_remembered", [True, False])
def test_a_file_that_was_broken_meanwhile_refuses_the_answer(tmp_path: Path, is_remembered: bool) -> None:
    put(organization(4, 1), tmp_path)
    files = source(tmp_path)
    before, memory = _read(files)
    with (tmp_path / "users.csv").open("a", encoding="utf-8") as file:
        file.write("p9,too,few\n")
    with pytest.raises(SourceUnreadable, match=r"users\.csv, line 6, column 4: 3 cells where the header has 10"):
        asked(files, memory if is_remembered else None, before, [("user", "p1")])


def test_a_broken_row_about_somebody_else_refuses_the_answer_too(tmp_path: Path) -> None:
    put(organization(4, 1), tmp_path)
    files = source(tmp_path)
    before, memory = _read(files)
    with (tmp_path / "members.csv").open("a", encoding="utf-8") as file:
        file.write("t5,p1,robot\n")
    with pytest.raises(SourceUnreadable, match=r"column 3: member_type 'robot' is neither user nor group"):
        asked(files, memory, before, [("user", "p2")])


def test_users_and_groups_may_be_named_by_an_iterator(tmp_path: Path) -> None:
    there = organization(4, 1)
    put(there, tmp_path)
    files = source(tmp_path)
    before, memory = _read(files)
    (team,) = there.teams.values()
    team.users = {"p4"}
    put(there, tmp_path)
    wanted: list[tuple[Kind, str]] = [("user", "p1"), ("group", team.key)]
    assert asked(files, memory, before, iter(wanted)).members[team.key] == (("p4",), ())
