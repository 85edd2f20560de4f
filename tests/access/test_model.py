"""Who may enter which account, from memberships and assignments; and the data file, refused by line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.access.model import AccessModel, AccessRow, Assignment, access_rows, load_access
from scim_bridge.errors import Misconfigured

SAMPLE = Path(__file__).parents[2] / "scim_bridge" / "sample" / "access.yaml"
GOOD = """\
accounts:
  "111": 開発アカウント
  "222": 本番アカウント
permission_sets:
  管理者権限セット: [AdministratorAccess, billing]
assignments:
  - {group: 管理者グループ, accounts: [開発アカウント, 本番アカウント], permission_set: 管理者権限セット}
"""
ACCOUNTS = '  "111": 開発アカウント\n  "222": 本番アカウント\n'


def load(folder: Path, text: str) -> AccessModel:
    file = folder / "access.yaml"
    file.write_text(text, encoding="utf-8")
    return load_access(file)


def test_every_way_in_has_a_line_of_its_own_with_every_cell_filled(tmp_path: Path) -> None:
    rows = access_rows(load(tmp_path, GOOD), {"管理者グループ": ["ユーザーB", "ユーザーC"]})
    told = "AdministratorAccess; billing"
    assert rows == tuple(
        AccessRow(user, "管理者グループ", account, "管理者権限セット", told)
        for user in ("ユーザーB", "ユーザーC")
        for account in ("本番アカウント", "開発アカウント")
    )


def test_a_group_that_nobody_is_in_gives_no_line(tmp_path: Path) -> None:
    model = load(tmp_path, GOOD)
    assert access_rows(model, {"管理者グループ": []}) == ()
    assert access_rows(model, {"開発者グループ": ["ユーザーA"]}) == ()


def test_what_is_assigned_twice_is_told_once() -> None:
    twice = (Assignment("g", ("a", "a"), "p"), Assignment("g", ("a",), "p"))
    assert len(access_rows(AccessModel({"1": "a"}, {"p": ("read",)}, twice), {"g": ["u", "u"]})) == 1


names = st.sampled_from(["a", "b", "c"])


@given(
    assignments=st.lists(st.builds(Assignment, names, st.lists(names, max_size=3).map(tuple), names), max_size=4),
    members=st.dictionaries(names, st.lists(names, max_size=3)),
)
def test_a_line_is_there_exactly_where_an_assignment_meets_a_member(
    assignments: list[Assignment], members: dict[str, list[str]]
) -> None:
    model = AccessModel({n: n for n in "abc"}, {n: (f"may {n}",) for n in "abc"}, tuple(assignments))
    rows = access_rows(model, members)
    found = {(row.user, row.group, row.account, row.permission_set) for row in rows}
    assert len(found) == len(rows)
    for user in "abc":
        for given_ in assignments:
            for account in "abc":
                is_meant = user in members.get(given_.group, []) and account in given_.accounts
                if is_meant:
                    assert (user, given_.group, account, given_.permission_set) in found
    for user, group, account, permission_set in found:
        assert user in members[group]
        assert any(a.group == group and account in a.accounts and a.permission_set == permission_set
                   for a in assignments)  # fmt: skip
    assert all(all((r.user, r.group, r.account, r.permission_set, r.allows)) for r in rows)


def test_the_sample_organization_can_be_read() -> None:
    model = load_access(SAMPLE)
    assert list(model.accounts.values()) == ["開発アカウント", "本番アカウント", "監査アカウント"]
    assert {a.group for a in model.assignments} == {"開発者グループ", "管理者グループ", "監査グループ"}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("accounts:", "acounts:", "access.yaml, line 1: acounts: there is no such key (did you mean accounts?)."),
        (
            "[開発アカウント, 本",
            "[開発アカウンと, 本",
            "line 7: assignments.0: there is no account '開発アカウンと' (did you mean 開発アカウント?).",
        ),
        ("permission_set: 管", "permission_set: X管", "line 7: assignments.0: there is no permission set 'X管理者権限"),
        ("[AdministratorAccess, billing]", "S3", "line 5: permission_sets.管理者権限セット: write a list"),
        ("[AdministratorAccess, billing]", "", "line 5: permission_sets.管理者権限セット: write a list"),
        ("accounts: [開発アカウント, 本番アカウント]", "accounts: x", "line 7: assignments.0.accounts: write a list"),
        ("{group: ", "{grupp: ", "line 7: assignments.0: an assignment has a group, accounts and a permission_set."),
        (ACCOUNTS, "  - 1\n", "line 1: accounts: write accounts as `name: …` lines."),
    ],
)  # fmt: skip
def test_a_slip_in_the_file_is_named_by_its_line(old: str, new: str, problem: str, tmp_path: Path) -> None:
    assert old in GOOD
    with pytest.raises(Misconfigured) as refused:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert any(problem in told for told in refused.value.problems), refused.value.problems


@pytest.mark.parametrize("written", ["7", "many", "{}", ""])
def test_assignments_that_are_no_list_are_refused_in_a_sentence(written: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="write assignments as a list"):
        load(tmp_path, GOOD[: GOOD.index("assignments:")] + f"assignments: {written}\n")


def test_every_slip_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as refused:
        load(tmp_path, GOOD.replace("[開発アカウント, 本", "[X, Y, 本"))
    assert len(refused.value.problems) == 2
