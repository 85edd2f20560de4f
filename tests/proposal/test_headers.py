"""Which column holds what, by the headers that people's systems really write."""

import pytest

from scim_bridge.model.identity import Kind
from scim_bridge.proposal.headers import ROLES, roles_of


def test_the_headers_of_the_ready_mapping_are_known() -> None:
    headers = ["id", "login", "given", "family", "display", "mail", "enabled", "title", "dept", "manager"]
    assert roles_of(headers, "user") == dict(zip(headers, headers, strict=True))


def test_the_headers_of_a_japanese_personnel_system_are_known() -> None:
    headers = ["社員番号", "氏名", "姓", "名", "メールアドレス", "所属", "役職", "有効", "退職日", "上長 社員番号"]
    assert roles_of(headers, "user") == {
        "id": "社員番号",
        "given": "名",
        "family": "姓",
        "display": "氏名",
        "mail": "メールアドレス",
        "enabled": "有効",
        "leaves": "退職日",
        "title": "役職",
        "dept": "所属",
        "manager": "上長 社員番号",
    }


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("User name [userPrincipalName] Required", "login"),
        ("First name [givenName]", "given"),
        ("Block sign in (Yes/No) [accountEnabled] Required", "disabled"),
        ("accountEnabled", "enabled"),
        ("First Name [Required]", "given"),
        ("Email Address [Required]", "mail"),
        ("E-Mail", "mail"),
        ("ｅメール", "mail"),
        ("emails[0].value", "mail"),
        ('emails[type eq "work"].value', "mail"),
        ("USER_NAME", "login"),
        ("Employee No.", "id"),
        ("ＩＤ", "id"),
        ("Job Title", "title"),
        ("Job", "title"),
        ("Start Date", "starts"),
        ("入社日", "starts"),
        ("Team", "dept"),
        ("退職フラグ", "disabled"),
    ],
)
def test_a_header_is_known_however_it_is_written(header: str, role: str) -> None:
    assert roles_of([header], "user") == {role: header}


def test_no_column_has_two_roles() -> None:
    assert roles_of(["user_id", "id"], "user") == {"id": "id", "login": "user_id"}
    assert roles_of(["user_id"], "user") == {"id": "user_id"}


def test_a_header_that_means_nothing_here_is_left_alone() -> None:
    assert roles_of(["内線", "cost", "", "…", "["], "user") == {}


def test_of_two_columns_with_one_name_the_first_is_taken() -> None:
    assert roles_of(["E-Mail", "email"], "user") == {"mail": "E-Mail"}


def test_the_headers_of_groups_are_known() -> None:
    assert roles_of(["グループID", "グループ名"], "group") == {"id": "グループID", "name": "グループ名"}


@pytest.mark.parametrize("kind", ROLES)
def test_every_header_in_the_lists_is_written_as_it_is_compared(kind: Kind) -> None:
    for role, names in ROLES[kind].items():
        for name in names:
            assert name in roles_of([name], kind).values(), (role, name)
