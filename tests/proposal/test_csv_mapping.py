"""A mapping that is written for a file's own columns: it compiles, passes its tests, and does what they say."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.mapping.compiled import CompiledMapping, compile_mapping
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.record import map_records
from scim_bridge.mapping.selftest import run_tests
from scim_bridge.model.identity import Record, Snapshot, Value
from scim_bridge.model.remembered import LastApplied
from scim_bridge.model.text import normal
from scim_bridge.proposal.columns import Cells
from scim_bridge.proposal.csv_mapping import csv_mapping
from scim_bridge.proposal.headers import ROLES
from scim_bridge.proposal.standing import standing

FILE = Path("mapping.yaml")
OPTIONAL = tuple(role for role in ROLES["user"] if role not in ("id", "login"))
SEEN = {"status": ["Active", "Left"], "enabled": ["yes", "no"], "disabled": ["yes", "no"], "leaves": ["2027-03-13", ""]}
GROUPS = {"id": "gid", "name": "label"}
HEADERS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), min_size=1).map(normal)


def _text(users: Mapping[str, str], groups: Mapping[str, str] | None = None, *more: str) -> str:
    """The mapping of a file in whose columns the usual things stand."""
    cells = Cells(standing(users, {users[role]: cells for role, cells in SEEN.items() if role in users}))
    return csv_mapping("mapping.yaml", users, groups, ("userName", *more), cells)


def _compiled(users: Mapping[str, str], groups: Mapping[str, str] | None = None) -> CompiledMapping:
    mapping = load_mapping(FILE, _text(users, groups))
    assert [result.failures for result in run_tests(mapping)] == [()] * len(mapping.tests)
    return compile_mapping(
        mapping, dict.fromkeys(users.values(), "string"), dict.fromkeys((groups or {}).values(), "string")
    )


def _mapped(users: Mapping[str, str], cells: Mapping[str, str]) -> Mapping[str, Value]:
    record = {users[role]: text for role, text in cells.items()}
    attributes = dict.fromkeys(users.values(), "") | record
    snapshot = Snapshot((Record(attributes[users["id"]], attributes, "users.csv, line 2"),), (), {})
    (desired,) = map_records(snapshot, _compiled(users), "2027-03-13", LastApplied()).users
    assert desired.flaws == ()
    return desired.attributes


@given(
    roles=st.sets(st.sampled_from(OPTIONAL)),
    headers=st.lists(HEADERS.filter(bool), min_size=17, max_size=17, unique=True),
    has_groups=st.booleans(),
)
def test_whatever_the_columns_are_called_the_mapping_passes_its_own_tests(
    roles: set[str],
    headers: list[str],
    has_groups: bool,
) -> None:
    users = dict(zip(("id", "login", *sorted(roles)), headers, strict=False))
    _compiled(users, {"id": headers[-2], "name": headers[-1]} if has_groups else None)


@pytest.mark.parametrize(
    "header", [":", "4", "000000", "a: b", "#", "a #b", "-", "'", '"', "a:", "\\", "{x}", "null", "\u0085", "a\nb"]
)
def test_a_column_whose_name_means_something_to_yaml_is_quoted_wherever_it_stands(header: str) -> None:
    for role in ("status", "enabled", "disabled", "leaves", "display"):
        _compiled({"id": "n", "login": "l", role: header})


@pytest.mark.parametrize("shared", [("id", "login"), ("login", "mail"), ("id", "mail")])
def test_one_column_may_serve_twice(shared: tuple[str, str]) -> None:
    users = {"id": "n", "login": "l", "mail": "m", "display": "d"}
    _compiled(users | dict.fromkeys(shared, "one"), {"id": "g", "name": "g"})


@pytest.mark.parametrize(
    ("header", "whole", "given_name", "family_name"),
    [
        ("氏名", "佐藤 花子", "花子", "佐藤"),
        ("氏名", "佐藤　花子", "花子", "佐藤"),
        ("氏名", "ワン メイ リン", "メイ リン", "ワン"),
        ("full name", "Mary Ann O'Neil", "Mary Ann", "O'Neil"),
        ("full name", "Hanako  Sato", "Hanako", "Sato"),
        ("full name", "Teller", "Teller", "Teller"),
        ("氏名", "受付", "受付", "受付"),
    ],
)
def test_a_whole_name_is_taken_apart_as_its_header_writes_it(
    header: str, whole: str, given_name: str, family_name: str
) -> None:
    users = {"id": "id", "login": "login", "display": header}
    mapped = _mapped(users, {"id": "1", "login": "a@corp.example", "display": whole})
    assert (mapped["name.givenName"], mapped["name.familyName"]) == (given_name, family_name)
    assert mapped["displayName"] == whole


def test_a_display_name_is_put_together_in_the_order_of_its_language() -> None:
    cells = {"id": "1", "login": "a@corp.example", "given": "花子", "family": "佐藤"}
    japanese = {"id": "id", "login": "login", "given": "名", "family": "姓"}
    assert _mapped(japanese, cells)["displayName"] == "佐藤 花子"
    english = {"id": "id", "login": "login", "given": "given", "family": "family"}
    assert _mapped(english, cells)["displayName"] == "花子 佐藤"


@pytest.mark.parametrize(
    ("cells", "is_active"),
    [
        ({"enabled": "yes", "disabled": "no", "leaves": ""}, True),
        ({"enabled": "yes", "disabled": "no", "leaves": "2027-03-13"}, True),
        ({"enabled": "yes", "disabled": "no", "leaves": "2027-03-12"}, False),
        ({"enabled": "yes", "disabled": "yes", "leaves": ""}, False),
        ({"enabled": "no", "disabled": "no", "leaves": ""}, False),
    ],
)
def test_who_may_sign_in_is_said_by_all_columns_together(cells: dict[str, str], is_active: bool) -> None:
    users = {"id": "id", "login": "login", "enabled": "在籍", "disabled": "停止", "leaves": "退職日"}
    assert _mapped(users, {"id": "1", "login": "a@corp.example"} | cells)["active"] is is_active


def test_without_a_column_that_says_who_has_left_the_file_says_what_that_means() -> None:
    text = _text({"id": "id", "login": "login"})
    assert text.startswith("# WARNING: no column was found that says who has left. Every user in the file would be")
    assert "    # active: there is no rule, so every user in the file is active" in text
    assert "groups:" not in text


def test_a_first_day_gives_a_scope_that_only_waits_to_be_taken() -> None:
    users = {"id": "id", "login": "login", "starts": "入社日"}
    text = _text(users)
    assert "  # or, no user earlier than two weeks before the first day:\n  # scope: " in text
    taken = text.replace("  scope:", "  # scope:", 1).replace("first day:\n  # scope:", "first day:\n  scope:")
    mapping = load_mapping(FILE, taken)
    assert [result.failures for result in run_tests(mapping)] == [()] * len(mapping.tests)
    compiled = compile_mapping(mapping, dict.fromkeys(users.values(), "string"), {})
    days = {"late": "2027-03-28", "soon": "2027-03-27", "long ago": "2020/4/1", "unknown": ""}
    people = tuple(Record(name, {"id": name, "login": name, "入社日": day}, name) for name, day in days.items())
    found = map_records(Snapshot(people, (), {}), compiled, "2027-03-13", LastApplied())
    assert [one.source_id for one in found.out_of_scope] == ["late"]


def test_a_last_day_says_in_the_file_when_the_door_is_shut() -> None:
    text = _text({"id": "id", "login": "login", "leaves": "退職日"})
    (line,) = (line for line in text.splitlines() if line.startswith("    active:"))
    assert line.endswith("  # inactive from the day after the last one")


def test_no_line_of_rules_is_hard_to_read() -> None:
    users = {role: f"{number} 列名" for number, role in enumerate(ROLES["user"])}
    text = _text(users, GROUPS, "emails").split("\ntests:")[0]
    assert [line for line in text.splitlines() if len(line) > 120] == []
