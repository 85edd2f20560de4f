"""Lines of CSV files that are not records, in words that fit."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.config.source import CsvSettings, MemberFile
from scim_bridge.errors import SourceUnreadable
from scim_bridge.source.csv_file import CsvSource
from scim_bridge.source.table import open_table
from tests.applying import asked
from tests.remembering import remembered

HEADER = "id,login,mail,manager"
ROW = "1,ann,ann@corp.example,"


def _problems(folder: Path, users: str, groups: str = "id,name\ng,Dev\n", members: str = "group_id,member_id\n") -> str:
    for name, text in (("users", users), ("groups", groups), ("members", members)):
        (folder / f"{name}.csv").write_bytes(text.encode())
    files = CsvSettings(
        users=folder / "users.csv", groups=folder / "groups.csv", members=MemberFile(path=folder / "members.csv")
    )
    source = CsvSource(files, "id", "id", still_for=0)
    with pytest.raises(SourceUnreadable) as refused:
        source.read("2027-03-13")
    return "\n".join(refused.value.problems)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"sep=;\n{HEADER}\n{ROW}\n", "line 1: 'sep=;' tells Excel the delimiter and is not the header; the header is"),
        (f"sep=,\n\n{HEADER}\n{ROW}\n", "line 1: 'sep=,' tells Excel the delimiter"),
        (f"#TYPE Selected.ADUser\n\n{HEADER}\n{ROW}\n", "(Export-Csv -NoTypeInformation)"),
        (f"#TYPE ADUser\nsep=,\n{HEADER}\n{ROW}\n", "(Export-Csv -NoTypeInformation)"),
        (f"#TYPE ADUser\nlogin,mail\n{ROW}\n", "line 2: there is no column 'id' (there are: login, mail)"),
        (f"#TYPE ADUser\n{HEADER}\n{ROW},\n", "line 3, column 5: 5 cells where the header has 4"),
        (f"sep=,\n{HEADER}\n{ROW}\n{HEADER}\n", "line 4: this row is a header again"),
        (f"sep=,\n{HEADER}\n{ROW}\nTotal,1,,\n", "line 4: 'Total, 1' is a total"),
        (f"version:v1.0,,,\n{HEADER}\n{ROW}\n", "line 1: 'version:v1.0' is not the header; the header is in line 2"),
        (
            f"社員一覧 2027年3月\n\n{HEADER}\n{ROW}\n",
            "line 1: '社員一覧 2027年3月' is not the header; the header is in line 3",
        ),
        (f"Users, as of; today\n{HEADER}\n{ROW}\n", "line 1: 'Users, as of; today' is not the header"),
        (f"\n{HEADER}\n{ROW}\n", "line 1: this line is blank and not the header; the header is in line 2"),
        (f"{HEADER}\n{ROW}\n\x1a", "line 3: the file ends with Ctrl-Z"),
        (f"{HEADER}\n{ROW}\x1a\r\n", "line 2: the file ends with Ctrl-Z"),
        (f"{HEADER}\n{ROW}\n(3 rows affected)\n", "line 3: '(3 rows affected)' is a total, not a record"),
        (f"{HEADER}\n{ROW}\n\n(1 Zeile)\n\nDone\n", "line 4, column 2: '(1 Zeile)' is not a record (1 cell where the"),
        (f"{HEADER}\n{ROW}\nTotal,1,,\n,,,\n", "line 3: 'Total, 1' is a total, not a record"),
        (f"{HEADER}\n{ROW}\n合計,1,,\n", "line 3: '合計, 1' is a total"),
        (f"{HEADER}\n{ROW}\nTotal: 1\n", "line 3: 'Total: 1' is a total"),
        (f"{HEADER}\n--,-----,----,-------\n{ROW}\n", "line 2: this row is a line of dashes, not a record"),
        (f"{HEADER}\n{ROW},\n", "line 2, column 5: 5 cells where the header has 4: the row ends with ','"),
        (
            f"{HEADER}\n{ROW}\n2,bo",
            "line 3, column 3: the file ends in the middle of this row (2 cells where the header",
        ),
        (f'{HEADER}\n{ROW}\n2,"bo', "line 3: a quotation mark opens here and never closes, or the file was cut short"),
    ],
)
def test_what_is_not_a_record_is_said_in_words_that_fit(tmp_path: Path, text: str, sentence: str) -> None:
    told = _problems(tmp_path, text)
    assert sentence in told
    assert told.startswith("users.csv, line ")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("first", "delimiter"),
    [
        ("#TYPE Microsoft.ActiveDirectory.Management.ADUser", ","),
        ("#TYPE Selected.ADUser;;;", ";"),
        *((f"sep={it}", it) for it in ",;\t|"),
        ("sep=,,,,", ","),
    ],
)
def test_what_powershell_and_excel_write_above_the_header_is_passed_over(
    tmp_path: Path, first: str, delimiter: str, end: str
) -> None:
    header, row = (text.replace(",", delimiter) for text in (HEADER, ROW))
    (tmp_path / "users.csv").write_bytes(end.join((first, header, row, "")).encode())
    table = open_table(tmp_path / "users.csv", "auto", "auto", ["id", "login"])
    assert list(table.rows()) == [(3, ["1", "ann", "ann@corp.example", ""])]
    assert not table.problems


def test_the_delimiter_that_excel_is_told_settles_a_header_that_uses_two(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("sep=;\nid;Name, first\n1;Ann\n", encoding="utf-8")
    assert open_table(tmp_path / "users.csv", "auto", "auto", ["id"]).header == ("id", "Name, first")


@pytest.mark.parametrize(("first", "line"), [("", 3), ("sep=,\n", 4)])
def test_a_header_of_two_lines_counts_as_two(tmp_path: Path, first: str, line: int) -> None:
    (tmp_path / "users.csv").write_text(f'{first}id,login,"two\nlines"\n1,ann,\n', encoding="utf-8")
    assert list(open_table(tmp_path / "users.csv", "auto", "auto", ["id"]).rows()) == [(line, ["1", "ann", ""])]


AGAIN = "line 3: this row is a header again, not a record"


@pytest.mark.parametrize(
    "again",
    [
        HEADER,
        HEADER.upper(),
        f"\ufeff{HEADER}",
        HEADER.replace(",", " , "),
        "login,id,manager,mail",
        "id,login,mail,boss",
        HEADER.replace("login", "login\u200b"),
    ],
)
def test_a_header_in_the_middle_is_not_a_user(tmp_path: Path, again: str) -> None:
    assert AGAIN in _problems(tmp_path, f"{HEADER}\n{ROW}\n{again}\n2,bob,bob@corp.example,\n")


def test_a_header_in_the_middle_is_not_a_group_or_a_membership(tmp_path: Path) -> None:
    told = _problems(
        tmp_path,
        f"{HEADER}\n{ROW}\n",
        "id,name\ng,Dev\nid,name\nh,Ops\n",
        "group_id,member_id\ng,1\nGroup_ID,Member_ID\nh,1\n",
    )
    assert told.splitlines()[0].startswith(f"groups.csv, {AGAIN}")
    assert told.splitlines()[1].startswith(f"members.csv, {AGAIN}")


@pytest.mark.parametrize("file", ["users", "groups", "members"])
def test_a_look_at_one_user_refuses_a_header_in_the_middle_too(tmp_path: Path, file: str) -> None:
    texts = {"users": f"{HEADER}\n{ROW}\n", "groups": "id,name\ng,Dev\n", "members": "group_id,member_id\ng,1\n"}
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    files = CsvSettings(
        users=tmp_path / "users.csv", groups=tmp_path / "groups.csv", members=MemberFile(path=tmp_path / "members.csv")
    )
    source = CsvSource(files, "id", "id", still_for=0)
    reading = source.read("2027-03-13")
    (tmp_path / f"{file}.csv").write_text(texts[file] + texts[file], encoding="utf-8")
    with pytest.raises(SourceUnreadable, match="is a header again"):
        asked(source, remembered(None, reading), reading.snapshot, [("user", "9")])


@pytest.mark.parametrize(
    "row", ["title,ann,ann@corp.example,Manager", "id,ann,,", "-,ann,-,-", "total,Total Quality,,", "1,Mail,Manager,9"]
)
def test_a_record_that_only_looks_so_is_a_record(tmp_path: Path, row: str) -> None:
    (tmp_path / "users.csv").write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
    shown = CsvSource(CsvSettings(users=tmp_path / "users.csv"), "id", "id", still_for=0).read("2027-03-13").snapshot
    assert len(shown.users) == 1


def test_characters_that_nobody_sees_in_a_header_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("\ufeff\ufeffid,log\u200bin,Employee\u00a0ID,\u2060Pre\u0301nom\n", encoding="utf-8")
    assert open_table(path, "auto", "auto", ["login"]).header == ("id", "login", "Employee ID", "Prénom")


def test_characters_that_nobody_sees_are_shown_where_they_matter(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("id,login,login\u200b\n", encoding="utf-8")
    (told,) = open_table(path, "auto", "auto", ["id"]).problems
    assert told == r"users.csv, line 1, column 3: header 'login\u200b' stands in column 2 already"
    path.write_text("id,log\x07in\n", encoding="utf-8")
    (told,) = open_table(path, "auto", "auto", ["login"]).problems
    assert told == r"users.csv, line 1: there is no column 'login' (there are: id, 'log\x07in')"


NAMES = ["id", "login", "mail", "manager"]


@given(st.permutations(NAMES), st.lists(st.sampled_from([str.upper, str.title, str.lower]), min_size=4, max_size=4))
def test_a_header_is_one_in_any_case_and_order(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], cases: list[object]
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    again = ",".join(case(name) for case, name in zip(cases, names, strict=True))  # type: ignore[operator]
    assert AGAIN in _problems(folder, f"{HEADER}\n{ROW}\n{again}\n")
