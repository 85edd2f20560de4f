"""How memberships are laid out: the columns of a file of memberships, and what separates the names in a list."""

from collections.abc import Mapping, Sequence

import pytest

from scim_bridge.model.identity import Kind, Record, Snapshot
from scim_bridge.proposal.columns import Columns, guess
from scim_bridge.proposal.memberships import (
    FileLayout,
    ListLayout,
    Reference,
    file_layout,
    list_layouts,
    nothing_found,
    separator,
)
from scim_bridge.proposal.survey import MemberTable, Survey, profile

Rows = Sequence[Mapping[str, str]]
USERS = [
    {"id": "U1", "login": "ann@corp.example", "given": "Ann", "family": "Lee", "mail": "Ann@corp.example"},
    {"id": "U2", "login": "bob@corp.example", "given": "Bob", "family": "Ito", "mail": "Bob@corp.example"},
]
GROUPS = [{"id": "G1", "name": "Dev", "security": "True"}, {"id": "G2", "name": "Ops", "security": "False"}]


def _survey(users: Rows, groups: Rows = ()) -> tuple[Survey, Columns]:
    def records(rows: Rows) -> tuple[Record, ...]:
        return tuple(Record("", dict(row), f"line {number}") for number, row in enumerate(rows, 2))

    seen = Snapshot(records(users), records(groups), {})
    names: dict[Kind, list[str]] = {"user": list(users[0]), "group": list(groups[0]) if groups else []}
    profiles = (*profile("user", seen.users, names["user"]), *profile("group", seen.groups, names["group"]))
    survey = Survey(seen, {kind: dict.fromkeys(found, "string") for kind, found in names.items()}, profiles)
    return survey, guess(survey)


def _layout(header: str, *rows: str, users: Rows = USERS, groups: Rows = GROUPS) -> FileLayout:
    table = MemberTable("members.csv", tuple(header.split(",")), [row.split(",") for row in rows])
    return file_layout(table, *_survey(users, groups))


def test_ids_are_taken_before_names_where_a_file_has_both() -> None:
    found = _layout("Team,Team key,Login,Key", "Dev,G1,ann@corp.example,U1", "Ops,G2,bob@corp.example,U2")
    assert found == FileLayout(Reference("Team key", "id"), Reference("Key", "id"), "")


def test_ids_of_other_records_are_not_taken() -> None:
    found = _layout("group,member,added by", "Dev,ann@corp.example,U2", "Ops,bob@corp.example,U2")
    assert found == FileLayout(Reference("group", "name"), Reference("member", "login"), "")


def test_groups_and_computers_do_not_count_against_the_column_of_users() -> None:
    rows = ("Dev,alee,user", "Dev,ops,group", "Dev,PC1$,computer", "Dev,PC2$,computer")
    users = [{"SamAccountName": "alee", "GivenName": "Ann"}, {"SamAccountName": "bito", "GivenName": "Bob"}]
    found = _layout("Group,SamAccountName,objectClass", *rows, users=users)
    assert found == FileLayout(Reference("Group", "name"), Reference("SamAccountName", "id"), "objectClass")


@pytest.mark.parametrize("header", ["objectClass", "ObjectType", "@odata.type", "Member Type", "種別", "Was"])
def test_a_column_of_types_is_known_by_its_header_or_its_values(header: str) -> None:
    rows = ("Dev,U1,#microsoft.graph.user", "Ops,G1,#microsoft.graph.group", "Ops,D1,#microsoft.graph.device")
    assert _layout(f"group,member,{header}", *rows).type == header


def test_a_yes_or_a_no_names_no_group() -> None:
    """Entra ID's download of the members of one group, in which nothing names it."""
    found = _layout("id,isUser,isGroup", "U1,True,False", "U2,True,False")
    assert found.group is None


def test_an_id_that_is_an_address_may_be_in_another_case() -> None:
    users = [{"Email": "ann@corp.example"}, {"Email": "bob@corp.example"}]
    found = _layout("group,member", "Dev,ANN@corp.example", "Ops,Bob@corp.example", users=users)
    assert found.member == Reference("member", "Email")


@pytest.mark.parametrize(
    "header",
    [
        *(
            "権限グループ",
            "アクセスグループ",
            "セキュリティグループ",
            "AWS権限グループ",
            "Benutzergruppen",
            "AD-Gruppen",
        ),
        *("Berechtigungsgruppen", "Sicherheitsgruppen", "AdGruppen", "user groups", "Security Groups", "memberOf"),
        *("access_groups", "AWS groups", "Group Memberships", "userGroups"),
    ],
)
def test_a_column_of_groups_is_known_by_its_header(header: str) -> None:
    survey, columns = _survey([{**USERS[0], header: "Dev;Ops"}, {**USERS[1], header: ""}])
    assert list(list_layouts(survey, columns)) == [ListLayout("users", header, "id", "auto")]


def test_where_nothing_lists_groups_columns_that_may_are_named() -> None:
    survey, _ = _survey([{**USERS[0], "Primary role": "Dev", "Shoe size": "42"}])
    assert "name the column with --list-column (look at Primary role), or the files with --groups" in nothing_found(
        survey
    )


@pytest.mark.parametrize(
    ("lists", "mark"),
    [
        (["Dev"], "auto"),
        (["Dev;Ops", "Dev"], "auto"),
        (["Dev / Ops", "Dev"], " / "),
        (["開発者、全社"], "、"),
        (["開発者・管理者", "開発者"], "・"),
        (["データ・サイエンス", "開発者"], "auto"),
        (["dev/admin", "dev"], "/"),
        (["CN=Dev,OU=Groups,DC=corp", "CN=Ops,OU=Groups,DC=corp"], ";"),
        (["CN=Dev,DC=corp|CN=Ops,DC=corp"], "|"),
    ],
)
def test_what_separates_two_names(lists: list[str], mark: str) -> None:
    assert separator(lists, set(), "id") == mark
