"""Memberships as lists in a column, and as rows that name users and groups otherwise than by id."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.config.source import CsvSettings, MemberFile, MemberList
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import Snapshot
from scim_bridge.source.csv_file import CsvSource
from tests.applying import asked
from tests.remembering import remembered

TODAY = "2027-03-13"
GROUPS = 'id,name\ng,Dev\nh,Ops\ni,"Sales, EMEA"\n'


def _source(folder: Path, users: str, members: MemberFile | MemberList, groups: str = GROUPS) -> CsvSource:
    (folder / "users.csv").write_text(users, encoding="utf-8")
    (folder / "groups.csv").write_text(groups, encoding="utf-8")
    from_users = not groups
    files = CsvSettings(
        users=folder / "users.csv",
        groups=None if from_users else folder / "groups.csv",
        members=members,
        groups_from_users=from_users,
    )
    return CsvSource(files, "id", "id", still_for=0)


def _read(folder: Path, users: str, members: MemberFile | MemberList, groups: str = GROUPS) -> Snapshot:
    return _source(folder, users, members, groups).read(TODAY).snapshot


def _problem(folder: Path, users: str, members: MemberFile | MemberList, groups: str = GROUPS) -> str:
    with pytest.raises(SourceUnreadable) as refused:
        _read(folder, users, members, groups)
    return refused.value.problems[0]


BY_NAME = MemberList("user", "Groups", by="name")


def test_names_may_differ_in_case_and_what_is_a_name_as_a_whole_is_one(tmp_path: Path) -> None:
    shown = _read(tmp_path, 'id,Groups\n1,"DEV;ops"\n2,"Sales, EMEA"\n3,\n', BY_NAME)
    assert shown.members == {"g": (("1",), ()), "h": (("1",), ()), "i": (("2",), ())}
    assert shown.warnings == ()


def test_a_name_that_is_unknown_or_stands_twice_is_noted(tmp_path: Path) -> None:
    shown = _read(tmp_path, "id,Groups\n1,Dev;QA;Dev\n", BY_NAME)
    assert shown.members == {"g": (("1",), ())}
    assert [(n.kind, n.detail) for n in shown.warnings] == [
        ("unknown_member", "users.csv, line 2: there is no group whose name is 'QA'; the name was dropped")
    ]


@pytest.mark.parametrize(("mark", "told"), [(";", ";"), ("|", "|"), ("\n", "a line break"), (",", ",")])
def test_the_separator_is_the_one_that_the_column_uses(tmp_path: Path, mark: str, told: str) -> None:
    assert set(_read(tmp_path, f'id,Groups\n1,"Dev{mark}Ops"\n', BY_NAME).members) == {"g", "h"}
    if mark != ";":
        problem = _problem(tmp_path, f'id,Groups\n1,"Dev{mark}Ops"\n2,Dev;Ops\n', BY_NAME)
        assert problem.startswith(f"users.csv, column Groups: its lists use ; and {told} (")
        assert "write which of them separates two names" in problem


def test_a_declared_separator_is_the_only_one(tmp_path: Path) -> None:
    members = MemberList("user", "Groups", ";", "name")
    assert set(_read(tmp_path, 'id,Groups\n1,"Sales, EMEA;Dev"\n', members).members) == {"g", "i"}


def test_columns_that_are_not_there_are_named(tmp_path: Path) -> None:
    assert _problem(tmp_path, "id,Teams\n1,Dev\n", BY_NAME) == (
        "users.csv, line 1: there is no column 'Groups' (there are: id, Teams)"
    )
    assert _problem(tmp_path, "id,Groups\n1,Dev\n", BY_NAME, "id,title\ng,Dev\n") == (
        "groups.csv, line 1: there is no column 'name' (there are: id, title)"
    )


def test_groups_made_of_names_keep_their_id_whatever_spelling_prevails(tmp_path: Path) -> None:
    members = MemberList("user", "Groups")
    one = _read(tmp_path, "id,Groups\n1,Dev\n2,dev;Ops\n3,Dev\n", members, "")
    other = _read(tmp_path, "id,Groups\n1,DEV\n2,DEV;Ops\n3,Dev\n", members, "")
    assert [(g.id, g.attributes["name"]) for g in one.groups] == [("dev", "Dev"), ("ops", "Ops")]
    assert [(g.id, g.attributes["name"]) for g in other.groups] == [("dev", "DEV"), ("ops", "Ops")]
    assert one.members == other.members == {"dev": (("1", "2", "3"), ()), "ops": (("2",), ())}


def test_a_type_may_be_written_in_capitals(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("Group,Who,Type\nDev,1,USER\nOps,Dev,GROUP\n", encoding="utf-8")
    members = MemberFile(path=tmp_path / "m.csv", group="Group", member="Who", type="Type", group_by="name")
    assert _read(tmp_path, "id\n1\n", members).members == {"g": (("1",), ()), "h": ((), ("g",))}


layouts = st.sampled_from(
    [
        MemberList("user", "Groups", ";"),
        MemberList("user", "Names", by="name"),
        MemberList("group", "Members", "|"),
        MemberList("group", "Mails", by="mail"),
        None,
    ]
)
pairs = st.sets(st.tuples(st.sampled_from("ghi"), st.sampled_from("1234")), max_size=12)


def _put(folder: Path, inside: set[tuple[str, str]]) -> None:
    users = "id,mail,Groups,Names\n" + "".join(
        f"{u},{u}@x,{';'.join(g for g, m in sorted(inside) if m == u)},"
        f"{';'.join(f'Team {g}' for g, m in sorted(inside) if m == u)}\n"
        for u in "1234"
    )
    groups = "id,name,Members,Mails\n" + "".join(
        f"{g},Team {g},{'|'.join(m for x, m in sorted(inside) if x == g)},"
        f"{';'.join(f'{m}@X' for x, m in sorted(inside) if x == g)}\n"
        for g in "ghi"
    )
    rows = "group_id,member_id\n" + "".join(f"{g},{u}\n" for g, u in sorted(inside))
    for name, text in (("users", users), ("groups", groups), ("members", rows)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")


@given(layouts, pairs, pairs)
def test_every_layout_shows_the_same_whole_and_when_looked_at_again(
    tmp_path_factory: pytest.TempPathFactory,
    layout: MemberList | None,
    before: set[tuple[str, str]],
    after: set[tuple[str, str]],
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    members = layout or MemberFile(path=folder / "members.csv")
    source = CsvSource(
        CsvSettings(users=folder / "users.csv", groups=folder / "groups.csv", members=members), "id", "id", still_for=0
    )
    _put(folder, before)
    reading = source.read(TODAY)
    assert _pairs(reading.snapshot) == before
    _put(folder, after)
    found = asked(source, remembered(None, reading), reading.snapshot, [("user", "1"), ("group", "g")])
    assert _pairs(found) == after


def _pairs(shown: Snapshot) -> set[tuple[str, str]]:
    return {(group, user) for group, (users, _) in shown.members.items() for user in users}


@pytest.mark.parametrize(
    ("written", "members"),
    [
        ("inetOrgPerson", (("1",), ())),
        ("#microsoft.graph.user", (("1",), ())),
        ("top;person;organizationalPerson;user", (("1",), ())),
        ("Group", ((), ("1",))),
        ("#Microsoft.Graph.Group", ((), ("1",))),
        ("top;group", ((), ("1",))),
    ],
)
def test_a_type_may_be_an_object_class(tmp_path: Path, written: str, members: object) -> None:
    shown = _rows_of_type(tmp_path, written)
    assert (shown.members, shown.warnings) == ({"g": members}, ())


@pytest.mark.parametrize(
    "written",
    [
        "computer",
        "top;person;user;computer",
        "msDS-GroupManagedServiceAccount",
        "foreignSecurityPrincipal",
        "contact",
        "#microsoft.graph.device",
        "#microsoft.graph.servicePrincipal",
        "orgContact",
        "CUSTOMER",
        "External",
    ],
)
def test_a_member_that_is_never_provisioned_is_dropped_and_noted(tmp_path: Path, written: str) -> None:
    shown = _rows_of_type(tmp_path, written)
    assert shown.members == {}
    assert [(notice.kind, notice.detail) for notice in shown.warnings] == [
        ("unknown_member", f"m.csv, line 2: the member is not a user or a group ({written}); the row was dropped")
    ]


def test_a_type_that_is_not_known_refuses_the_file(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("group_id,member_id,Class\ng,1,robot\n", encoding="utf-8")
    members = MemberFile(path=tmp_path / "m.csv", type="Class")
    assert _problem(tmp_path, "id\n1\n", members) == "m.csv, line 2, column 3: Class 'robot' is neither user nor group"


def _rows_of_type(folder: Path, written: str) -> Snapshot:
    """One row of this type in a group, whose member is both a user and a group."""
    (folder / "m.csv").write_text(f"group_id,member_id,Class\ng,1,{written}\n", encoding="utf-8")
    return _read(folder, "id\n1\n", MemberFile(path=folder / "m.csv", type="Class"), "id,name\ng,Dev\n1,Ops\n")


def test_a_group_in_a_group_is_found_by_what_members_are_called(tmp_path: Path) -> None:
    text = "Group,Member,type\nDev,1,user\nDev,h,group\nOps,Sales,group\n"
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    members = MemberFile(path=tmp_path / "m.csv", group="Group", member="Member", type="type", group_by="name")
    groups = "id,name\ng,Dev\nh,Ops\ni,Sales\n"
    source = _source(tmp_path, "id\n1\n", members, groups)
    shown = source.read(TODAY).snapshot
    assert (shown.members, shown.warnings) == ({"g": (("1",), ("h",)), "h": ((), ("i",))}, ())
    memory = remembered(None, source.read(TODAY))
    assert asked(source, memory, shown, [("group", "g"), ("group", "h")]).members == shown.members


def test_an_empty_cell_names_no_user(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("group_id,Mail\ng,\ng,a@corp.example\n", encoding="utf-8")
    members = MemberFile(path=tmp_path / "m.csv", member="Mail", member_by="mail")
    shown = _read(tmp_path, "id,mail\n1,\n2,a@corp.example\n", members)
    assert shown.members == {"g": (("2",), ())}
