"""A few identities of CSV files, looked at again after everything was read."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import Kind, Snapshot
from tests.organization import organization
from tests.source.files import put, source


def _as_sets(snapshot: Snapshot) -> tuple[object, ...]:
    users = {record.id: record.attributes for record in snapshot.users}
    groups = {record.id: record.attributes for record in snapshot.groups}
    return users, groups, {g: (set(u), set(n)) for g, (u, n) in snapshot.members.items()}


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_whoever_changed_is_shown_as_a_whole_reading_shows_them(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: int
) -> None:
    folder, there = tmp_path_factory.mktemp("csv"), organization(8, 4, seed)
    put(there, folder)
    files = source(folder)
    files.read("2027-03-13")
    before = set(there.people) | set(there.teams)
    there.churn(Random(seed), steps)
    put(there, folder)
    everybody: list[tuple[Kind, str]] = [("user", key) for key in before | set(there.people)]
    everybody += [("group", key) for key in before | set(there.teams)]
    assert _as_sets(files.look("2027-03-13", None, everybody).snapshot) == _as_sets(
        source(folder).read("2027-03-13").snapshot
    )


def test_whoever_is_not_named_stays_as_last_read(tmp_path: Path) -> None:
    there = organization(4, 1)
    put(there, tmp_path)
    files = source(tmp_path)
    files.read("2027-03-13")
    there.people["p1"].title, there.people["p2"].title = "seen", "not seen"
    put(there, tmp_path)
    titles = {u.id: u.attributes["title"] for u in files.look("2027-03-13", None, [("user", "p1")]).snapshot.users}
    assert (titles["p1"], titles["p2"] == "not seen") == ("seen", False)


def test_a_file_that_was_broken_meanwhile_refuses_the_look(tmp_path: Path) -> None:
    put(organization(4, 1), tmp_path)
    files = source(tmp_path)
    files.read("2027-03-13")
    with (tmp_path / "users.csv").open("a", encoding="utf-8") as file:
        file.write("p9,too,few\n")
    with pytest.raises(SourceUnreadable, match=r"users\.csv, line 6, column 4: 3 cells where the header has 10"):
        files.look("2027-03-13", None, [("user", "p1")])


def test_a_broken_row_about_somebody_else_refuses_the_look_too(tmp_path: Path) -> None:
    put(organization(4, 1), tmp_path)
    files = source(tmp_path)
    files.read("2027-03-13")
    with (tmp_path / "members.csv").open("a", encoding="utf-8") as file:
        file.write("t5,p1,robot\n")
    with pytest.raises(SourceUnreadable, match=r"column 3: member_type 'robot' is neither user nor group"):
        files.look("2027-03-13", None, [("user", "p2")])


def test_files_that_show_nobody_any_more_are_not_believed(tmp_path: Path) -> None:
    put(organization(4, 1), tmp_path)
    files = source(tmp_path)
    files.read("2027-03-13")
    (tmp_path / "users.csv").write_text("id,login\n", encoding="utf-8")
    with pytest.raises(SourceUnreadable, match=r"users\.csv: it shows no user at all"):
        files.look("2027-03-13", None, [("user", "p1")])


def test_users_and_groups_may_be_named_by_an_iterator(tmp_path: Path) -> None:
    there = organization(4, 1)
    put(there, tmp_path)
    files = source(tmp_path)
    files.read("2027-03-13")
    (team,) = there.teams.values()
    team.users = {"p4"}
    put(there, tmp_path)
    wanted: list[tuple[Kind, str]] = [("user", "p1"), ("group", team.key)]
    assert files.look("2027-03-13", None, iter(wanted)).snapshot.members[team.key] == (("p4",), ())
