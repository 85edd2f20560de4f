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
from scim_bridge.model.source import Memory, SourceChanges, SourceReading
from scim_bridge.model.text import folded, normal
from scim_bridge.source.csv_file import CsvSource
from scim_bridge.source.kept_file import FOLDING
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


def follower_of(folder: Path, users: str | bytes, piece: int = 24, **changes: Any) -> Applying:
    (folder / "users.csv").write_bytes(users.encode() if isinstance(users, str) else users)
    files = CsvSettings(users=folder / "users.csv", **changes)
    follower = Applying(CsvSource(files, "id", "id", still_for=0, piece=piece), TODAY)
    follower.begin()
    return follower


def ids_of(found: SourceChanges | SourceReading) -> set[str]:
    assert isinstance(found, SourceChanges)
    return {key.id for key in found.records}


MANY = [f"u{number},Engineer\r\n" for number in range(400)]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("place", [0, 200, 400])
def test_only_the_row_that_came_is_shown_wherever_it_stands(tmp_path: Path, codec: str, place: int) -> None:
    head = "id,役職\r\n"
    follower = follower_of(tmp_path, (head + "".join(MANY)).encode(codec))
    changed = [*MANY[:place], "new,部長\r\n", *MANY[place:]]
    (tmp_path / "users.csv").write_bytes((head + "".join(changed)).encode(codec))
    assert ids_of(follower.follow()) == {"new"}


def test_files_that_hold_the_same_as_before_show_and_teach_nothing(tmp_path: Path) -> None:
    follower = follower_of(tmp_path, "id,title\n1,Lead\n")
    found = follower.follow()
    assert ids_of(found) == set()
    assert found.learned is not None
    assert found.learned.entries == {}


def test_rows_in_another_order_are_no_changes(tmp_path: Path) -> None:
    follower = follower_of(tmp_path, "id,title\n1,a\n2,b\n3,c\n")
    (tmp_path / "users.csv").write_text("id,title\n3,c\n1,a\n2,b\n")
    assert ids_of(follower.follow()) == set()


def test_a_row_that_goes_on_where_the_file_ended_is_another_row(tmp_path: Path) -> None:
    follower = follower_of(tmp_path, "id,title\n1,Lead\n2,Eng", piece=1)
    (tmp_path / "users.csv").write_text("id,title\n1,Lead\n2,Engineer\n3,")
    assert ids_of(follower.follow()) == {"2", "3"}
    assert follower.shown.plain() == Shown.of(follower.source.read(TODAY).snapshot).plain()


def test_quoted_lines_that_look_like_rows_are_none(tmp_path: Path) -> None:
    follower = follower_of(tmp_path, 'id,title\n1,"a\n2,b\n3,c"\n2,d\n', piece=1)
    (tmp_path / "users.csv").write_text('id,title\n1,"a\n2,x\n3,c"\n2,d\n')
    assert ids_of(follower.follow()) == {"1"}
    (tmp_path / "users.csv").write_text("id,title\n1,a\n2,x\n3,c\n4,d\n")
    follower.follow()
    assert follower.shown.plain() == Shown.of(follower.source.read(TODAY).snapshot).plain()


@pytest.mark.parametrize(
    ("users", "why"),
    [
        ("id,title,more\n1,Lead,\n", "the header of users.csv has changed"),
        ("id,title\n1.23457E+11,Lead\n", "a spreadsheet seems to have changed values"),
    ],
)
def test_what_rows_do_not_say_leads_to_a_whole_reading_that_says_why(tmp_path: Path, users: str, why: str) -> None:
    follower = follower_of(tmp_path, "id,title\n1,Lead\n")
    (tmp_path / "users.csv").write_text(users)
    found = follower.follow()
    assert isinstance(found, SourceReading)
    assert follower.whole == why


def test_a_file_of_which_much_has_changed_is_read_whole(tmp_path: Path) -> None:
    rows = [f"u{number},Engineer\n" for number in range(30_000)]
    follower = follower_of(tmp_path, "id,title\n" + "".join(rows), piece=1 << 13)
    (tmp_path / "users.csv").write_text("id,title\n" + "".join(rows).replace("Engineer", "Lead"))
    follower.follow()
    assert follower.whole == "more than a quarter of the rows of users.csv have changed"


@pytest.mark.parametrize(
    "users",
    ["id,title\n", "id,title\n1,Lead\nTotal,1\n", "id,title\n1,Lead\nid,title\n", "id,title\n1\n", 'id,title\n1,"x\n'],
    ids=["empty", "total", "header again", "cut", "open quote"],
)
def test_a_broken_file_is_refused_as_a_whole_reading_refuses_it(tmp_path: Path, users: str) -> None:
    follower = follower_of(tmp_path, "id,title\n1,Lead\n2,Engineer\n")
    (tmp_path / "users.csv").write_text(users)
    expected = whole(follower.source)
    try:
        follower.follow()
    except SourceUnreadable as refused:
        assert refused.problems == expected
    else:
        assert follower.shown.plain() == expected  # an empty source is refused by whoever reads it


def test_every_character_that_is_compared_as_ascii_is_known_as_such() -> None:
    """Else a name that is written with one would not be looked for where it stands."""
    for number in (*range(0x80, 0xD800), *range(0xE000, 0x110000)):
        sign = chr(number)
        is_ascii = any(any(map(str.isascii, form(f"|{sign}|")[1:-1])) for form in (normal, folded))
        assert is_ascii == bool(FOLDING.search(sign)), hex(number)


@pytest.mark.parametrize(
    ("encoding", "stored"), [("auto", "utf-8"), ("auto", "utf-8-sig"), ("auto", "utf-16"), ("cp932", "cp932")]
)
def test_the_columns_of_a_file_that_begins_as_before_are_told_by_its_beginning(
    tmp_path: Path, encoding: str, stored: str
) -> None:
    users = tmp_path / "users.csv"
    put(tmp_path / "groups.csv", ("id", "name"), [])
    users.write_text("id,名,mail\n1,営業,a@corp.example\n", encoding=stored)
    files = source(tmp_path, None, encoding=encoding)
    entries = files.read(TODAY).learned.entries  # type: ignore[union-attr]
    memory = Memory("", {key: entry for key, entry in entries.items() if entry is not None})
    # What is wrong further below is found by who reads it: here nothing but the beginning is.
    users.write_text("id,名,mail\n" + '1,"never ends', encoding=stored)
    assert list(files.attributes("user", memory)) == ["id", "名", "mail"]
    users.write_text("id,mail\n1,a@corp.example\n", encoding=stored)
    assert list(files.attributes("user", memory)) == ["id", "mail"]
    users.write_text("id,mail\n" + "1,a\n営業,b\n日計,5\n合計,5\n", encoding="euc_jp")
    with pytest.raises(SourceUnreadable):
        files.attributes("user", memory)
