"""What has changed in CSV files: whatever their layout and whatever happened, it leads where a whole reading leads."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.config.source import CsvSettings, MemberFile, MemberList
from scim_bridge.errors import SourceUnreadable
from scim_bridge.source.csv_file import CsvSource
from tests.applying import Applying, Shown

TODAY = "2027-03-13"
IDS = st.sampled_from(["1", "2", "3", "é", "e\u0301", "A", "a", "7,7", 'q"q', "", " 1"])
NAMES = st.sampled_from(["ann", "Ann", "bob", "Straße", "STRASSE", "営業", "é.b", "E\u0301.b", 'x"y', "two\nlines", ""])
GROUPS = st.sampled_from(["g", "h", "i", "Gé", "Ge\u0301", ""])
TITLES = st.sampled_from(["", "Lead", "a, b", 'so "called"', "line\nline", "部長"])
TYPES = st.sampled_from(["user", "", "group", "User", "computer"])
USERS = ("id", "mail", "title", "groups")
Rows = list[tuple[str, ...]]


@st.composite
def lists(draw: Any, names: Any) -> str:
    return "|".join(draw(st.lists(names.filter(lambda name: "|" not in name), max_size=3)))


USER_ROWS = st.lists(st.tuples(IDS, NAMES, TITLES, lists(GROUPS)), min_size=1, max_size=8)
GROUP_ROWS = st.lists(st.tuples(GROUPS, NAMES, TITLES, lists(IDS)), max_size=5)
MEMBER_ROWS = st.lists(st.tuples(GROUPS, IDS, TYPES), max_size=14)
NAMED_ROWS = st.lists(st.tuples(NAMES, NAMES, TYPES), max_size=14)
LAYOUTS = (
    None,
    "rows",
    "named rows",
    "groups of users",
    "names of groups of users",
    "users of groups",
    "names of users of groups",
    "groups from users",
)


def put(path: Path, header: tuple[str, ...], rows: Rows) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    path.write_text(text.getvalue(), encoding="utf-8", newline="")


def source(folder: Path, layout: str | None, piece: int = 24, **changes: Any) -> CsvSource:
    """Pieces are tiny, so that a few rows are several."""
    members: MemberFile | MemberList | None = {
        None: None,
        "rows": MemberFile(path=folder / "members.csv"),
        "named rows": MemberFile(path=folder / "members.csv", group_by="name", member_by="mail"),
        "groups of users": MemberList("user", "groups", "|"),
        "names of groups of users": MemberList("user", "groups", "auto", "name"),
        "users of groups": MemberList("group", "users", "auto"),
        "names of users of groups": MemberList("group", "users", "|", "mail"),
        "groups from users": MemberList("user", "groups", "|"),
    }[layout]
    is_made = layout == "groups from users"
    groups = None if is_made else folder / "groups.csv"
    files = CsvSettings(
        users=folder / "users.csv", groups=groups, members=members, groups_from_users=is_made, delimiter=",", **changes
    )
    return CsvSource(files, "id", "id", still_for=0, piece=piece)


def put_all(folder: Path, rows: list[Any]) -> None:
    users, groups, members = rows
    put(folder / "users.csv", USERS, users)
    put(folder / "groups.csv", ("id", "name", "title", "users"), groups)
    put(folder / "members.csv", ("group_id", "member_id", "member_type"), members)


def edited(draw: Any, rows: Any, more: Any) -> Rows:
    """Some rows go, some change their place, and some of others come in between."""
    kept = [row for row in rows if draw(st.integers(0, 9)) > 1]
    for row in draw(more)[:3]:
        kept.insert(draw(st.integers(0, len(kept))), row)
    return draw(st.permutations(kept)) if draw(st.integers(0, 9)) == 0 else kept


def whole(reader: CsvSource) -> Any:
    try:
        return Shown.of(reader.read(TODAY).snapshot).plain()
    except SourceUnreadable as refused:
        return refused.problems


@pytest.mark.parametrize("layout", LAYOUTS)
@given(data=st.data())
def test_changes_lead_where_everything_leads(
    tmp_path_factory: pytest.TempPathFactory, layout: str | None, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    member_rows = NAMED_ROWS if layout == "named rows" else MEMBER_ROWS
    rows: list[Any] = [data.draw(USER_ROWS), data.draw(GROUP_ROWS), data.draw(member_rows)]
    put_all(folder, rows)
    follower = Applying(source(folder, layout), TODAY)
    try:
        follower.begin()
    except SourceUnreadable:
        return
    for _ in range(3):
        rows = [edited(data.draw, *each) for each in zip(rows, (USER_ROWS, GROUP_ROWS, member_rows), strict=True)]
        put_all(folder, rows)
        expected = whole(source(folder, layout))
        try:
            follower.follow()
        except SourceUnreadable as refused:
            assert refused.problems == expected
            return
        assert follower.shown.plain() == expected
