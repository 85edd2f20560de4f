"""Names in CSV memberships that several records have: no one is a member by them, and it is said who it may be."""

import os
import time
from pathlib import Path

import pytest

from scim_bridge.config.source import CsvSettings, MemberFile, MemberList
from scim_bridge.model.identity import Kind, Snapshot
from scim_bridge.source.csv_file import CsvSource
from tests.applying import asked
from tests.remembering import remembered

TODAY = "2027-03-13"
USERS = "id,name,groups\n1,Sato,Dev;Ops\n2,sato,\n3,Ito,Dev\n"
GROUPS = "id,name,people\n7,Dev,Sato;Ito\n8,dev,\n9,Ops,Sato\n"
ROWS = "group,member\nOps,SATO\nDev,Ito\nOps,Ito\n"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        os.utime(path, (time.time() - 60,) * 2)


def source(folder: Path, members: MemberFile | MemberList) -> CsvSource:
    settings = CsvSettings(
        users=folder / "users.csv", groups=folder / "groups.csv", members=members, encoding="auto", delimiter="auto"
    )
    return CsvSource(settings, "id", "id", still_for=0)


def doubts(shown: Snapshot) -> list[tuple[str, set[str], set[str]]]:
    return [(a.reference, set(a.groups), set(a.users)) for a in shown.ambiguous]


def by_rows(folder: Path) -> MemberFile:
    return MemberFile(
        path=folder / "members.csv", group="group", member="member", type=None, group_by="name", member_by="name"
    )


def test_rows_by_name_leave_open_which_user_and_which_group_is_meant(tmp_path: Path) -> None:
    write(tmp_path, users=USERS, groups=GROUPS, members=ROWS)
    shown = source(tmp_path, by_rows(tmp_path)).read(TODAY).snapshot
    assert shown.members == {"9": (("3",), ())}
    assert shown.warnings == ()
    assert doubts(shown) == [("SATO", {"9"}, {"1", "2"}), ("Dev", {"7", "8"}, {"3"})]
    assert shown.ambiguous[0].detail == (
        "members.csv, line 2: user whose name is 'SATO' fits 2 users: 1 (users.csv, line 2); 2 (users.csv, line 3)"
    )


@pytest.mark.parametrize(
    ("of", "column", "expected"),
    [
        ("user", "groups", [("Dev", {"7", "8"}, {"1", "3"})]),
        ("group", "people", [("Sato", {"7", "9"}, {"1", "2"})]),
    ],
)
def test_lists_by_name_do_so_too(
    tmp_path: Path, of: Kind, column: str, expected: list[tuple[str, set[str], set[str]]]
) -> None:
    write(tmp_path, users=USERS, groups=GROUPS)
    shown = source(tmp_path, MemberList(of, column, "auto", "name")).read(TODAY).snapshot
    assert doubts(shown) == expected
    assert shown.warnings == ()


def test_a_look_sees_a_name_become_ambiguous_and_clear_again(tmp_path: Path) -> None:
    plain = USERS.replace("2,sato", "2,Ono")
    write(tmp_path, users=plain, groups=GROUPS, members=ROWS)
    opened = source(tmp_path, by_rows(tmp_path))
    reading = opened.read(TODAY)
    memory = remembered(None, reading)
    assert reading.snapshot.members["9"] == (("1", "3"), ())
    write(tmp_path, users=USERS)
    shown = asked(opened, memory, reading.snapshot, [("user", "2")])
    assert shown.members == {"9": (("3",), ())}
    assert doubts(shown)[0] == ("SATO", {"9"}, {"1", "2"})
    write(tmp_path, users=plain)
    assert asked(opened, memory, reading.snapshot, [("user", "2")]).members["9"] == (("1", "3"), ())
