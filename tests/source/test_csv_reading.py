"""Directories as CSV: what is read, what is noted, and what makes a file untrustworthy."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.config.source import CsvSettings, MemberFile
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import Snapshot
from scim_bridge.model.text import trimmed
from scim_bridge.source.csv_file import CsvSource

TODAY = "2027-03-13"
USERS = "id,login\n1,a\n2,b\n"
GROUPS = "id,name\ng,dev\nh,ops\n"
MEMBERS = "group_id,member_id,member_type\ng,1,user\ng,h,group\nh,2,\n"


def _source(folder: Path, *files: str | bytes, encoding: str = "auto", delimiter: str = "auto") -> CsvSource:
    paths: list[Path | None] = []
    for name, content in zip(("users.csv", "groups.csv", "members.csv"), files, strict=False):
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths.append(path)
    users, groups, members = (*paths, None, None)[:3]
    assert users is not None
    memberships = MemberFile(path=members) if members is not None else None
    return CsvSource(
        CsvSettings(users=users, groups=groups, members=memberships, encoding=encoding, delimiter=delimiter),
        "id",
        "id",
        still_for=0,
    )


def _problems(source: CsvSource) -> tuple[str, ...]:
    with pytest.raises(SourceUnreadable) as refused:
        source.read(TODAY)
    return refused.value.problems


def test_users_groups_and_direct_members_are_read(tmp_path: Path) -> None:
    snapshot = _source(tmp_path, USERS, GROUPS, MEMBERS).read(TODAY).snapshot
    assert [(r.id, r.attributes["login"], r.place) for r in snapshot.users] == [
        ("1", "a", "users.csv, line 2"),
        ("2", "b", "users.csv, line 3"),
    ]
    assert snapshot.members == {"g": (("1",), ("h",)), "h": (("2",), ())}
    assert snapshot.warnings == ()


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_encoding_with_a_mark_is_recognized(tmp_path: Path, codec: str) -> None:
    snapshot = _source(tmp_path, "id,氏名\n1,髙﨑①\n".encode(codec)).read(TODAY).snapshot
    assert snapshot.users[0].attributes == {"id": "1", "氏名": "髙﨑①"}


def test_a_japanese_export_is_read_when_it_is_declared_and_never_guessed(tmp_path: Path) -> None:
    content = "id,氏名\n1,髙橋 表\n".encode("cp932")
    assert _source(tmp_path, content, encoding="cp932").read(TODAY).snapshot.users[0].attributes["氏名"] == "髙橋 表"
    told = _problems(_source(tmp_path, content))[0]
    assert told.startswith("users.csv, line 1: byte 3 is not UTF-8; it would decode as cp932")
    assert told.endswith("declare `encoding: cp932` (init: --encoding cp932)")


@pytest.mark.parametrize(
    ("text", "codec", "declared", "told"),
    [
        ("髙橋", "cp932", "shift_jis", "is not shift_jis; it would decode as cp932 ('髙橋') or cp1252 ("),
        ("Jörg", "cp1252", "auto", "it would decode as cp1252 ('Jörg'): if that is right, declare `encoding: cp1252`"),
        ("ｼﾞｮﾝ", "cp932", "auto", "it would decode as cp932 ('ｼﾞｮﾝ') or cp1252 ('¼Þ®Ý'): declare the one that is right"),
        ("田中", "euc_jp", "auto", "it would decode as euc_jp ('田中') or cp1252 ("),
        (
            "Ann",
            "utf-16-le",
            "auto",
            "it would decode as utf-16-le ('id'): if that is right, declare `encoding: utf-16-",
        ),
        ("花子", "utf-16-be", "auto", "it would decode as utf-16-be ("),
    ],
)
def test_encodings_that_fit_are_named_with_what_they_show(
    tmp_path: Path, text: str, codec: str, declared: str, told: str
) -> None:
    assert told in _problems(_source(tmp_path, f"id,x\n1,{text}\n".encode(codec), encoding=declared))[0]


@pytest.mark.parametrize(("codec", "encoding"), [("utf-8", "auto"), ("cp932", "cp932"), ("utf-16-le", "utf-16-le")])
def test_a_file_that_ends_in_the_middle_of_a_character_was_cut_short(tmp_path: Path, codec: str, encoding: str) -> None:
    told = _problems(_source(tmp_path, "id,x\n1,髙橋".encode(codec)[:-1], encoding=encoding))[0]
    assert told == "users.csv, line 2: the file ends in the middle of a character; it was cut short, export it again"


def test_a_file_that_is_utf_8_and_declared_otherwise_is_told_to_be_utf_8(tmp_path: Path) -> None:
    told = _problems(_source(tmp_path, "id,氏名\n1,花子\n".encode(), encoding="cp932"))[0]
    assert told.startswith(
        "users.csv, line 2: byte 17 is not cp932; but the file is valid UTF-8: declare `encoding: auto`"
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_of_the_header_is_found(tmp_path: Path, delimiter: str) -> None:
    assert (
        _source(tmp_path, USERS.replace(",", delimiter)).read(TODAY).snapshot
        == _source(tmp_path, USERS).read(TODAY).snapshot
    )


def test_cells_are_trimmed_blank_rows_left_out_and_line_breaks_kept(tmp_path: Path) -> None:
    snapshot = _source(tmp_path, 'id,note\n\u3000 1 ,"two\nlines"\n,\n2,x\n').read(TODAY).snapshot
    assert [(r.id, r.attributes["note"], r.place) for r in snapshot.users] == [
        ("1", "two\nlines", "users.csv, line 2"),
        ("2", "x", "users.csv, line 5"),
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "users.csv, line 1: there is no header"),
        ("login\na\n", "users.csv, line 1: there is no column 'id' (there are: login)"),
        ("id,,x\n", "users.csv, line 1, column 2: the header is empty"),
        ("id,x,x\n", "users.csv, line 1, column 3: header 'x' stands in column 2 already"),
        ("id,x\n1\n", "users.csv, line 2, column 2: '1' is not a record (1 cell where the header has 2)"),
        ("id,x\n1,2,3\n", "users.csv, line 2, column 3: 3 cells where the header has 2"),
        (
            'id,x\n1,"open\n2,b\n',
            "users.csv, line 2: a quotation mark opens here and never closes, or the file was cut short",
        ),
        ("id,x;y\n", "users.csv, line 1: the header uses , and ;; declare the delimiter (source.delimiter)"),
        ("id,x\n1,\x00\n", "users.csv, line 2: a NUL character, which no text holds; leave it out of the export"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    assert _problems(_source(tmp_path, content)) == (problem,)


def test_the_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    problems = _problems(_source(tmp_path, "id,x\n1\n2\n", "name\n", "group_id,member_id,member_type\ng,1,robot\n"))
    assert [problem.split(":")[0] for problem in problems] == [
        "users.csv, line 2, column 2",
        "users.csv, line 3, column 2",
        "groups.csv, line 1",
        "members.csv, line 2, column 3",
    ]


def test_a_bad_record_does_not_refuse_the_file(tmp_path: Path) -> None:
    members = "group_id,member_id\ng,1\ng,1\ng,9\nz,1\n"
    snapshot = _source(tmp_path, "id,login\n1,a\n1,b\n,c\n", GROUPS, members).read(TODAY).snapshot
    assert [record.id for record in snapshot.users] == ["1", "1", ""]
    assert snapshot.members == {"g": (("1",), ())}
    assert [(n.kind, n.detail) for n in snapshot.warnings] == [
        ("duplicate_membership", "members.csv, line 3: user 1 is in group g already; the row was dropped"),
        ("unknown_member", "members.csv, line 4: there is no user '9'; the row was dropped"),
        ("unknown_member", "members.csv, line 5: there is no group 'z'; the row was dropped"),
    ]


cells = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=8).map(trimmed)


@given(
    rows=st.lists(st.tuples(cells.filter(bool), cells, cells), max_size=8),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    delimiter=st.sampled_from(",;\t|"),
)
def test_whatever_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], codec: str, delimiter: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("id", "x", "y"), *rows])
    folder = tmp_path_factory.mktemp("csv")
    snapshot: Snapshot = _source(folder, text.getvalue().encode(codec), delimiter=delimiter).read(TODAY).snapshot
    assert [tuple(record.attributes.values()) for record in snapshot.users] == rows
