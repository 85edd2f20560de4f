"""A ready mapping is made to fit: without rules for what a directory lacks, and never with a door left open."""

from pathlib import Path

import pytest

from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.ready import ready_mapping
from scim_bridge.mapping.selftest import run_tests
from scim_bridge.model.identity import AttributeType, Kind
from scim_bridge.proposal.ready import fitted, with_match

READY = ready_mapping("openldap.yaml")
TEXT = READY.read_text(encoding="utf-8")
USERS: dict[str, AttributeType] = {
    **dict.fromkeys(("uid", "cn", "givenName", "sn", "mail", "employeeType", "title", "departmentNumber"), "strings"),
    **dict.fromkeys(("id", "displayName", "manager"), "string"),
}


def _fitted(*without: str) -> tuple[str, list[str]]:
    users = {name: kind for name, kind in USERS.items() if name not in without}
    types: dict[Kind, dict[str, AttributeType]] = {"user": users, "group": {"id": "string", "cn": "strings"}}
    return fitted(TEXT, load_mapping(READY), types)


def test_where_all_attributes_are_there_the_text_stays_as_it_is() -> None:
    assert _fitted() == (TEXT, [])


def test_a_rule_for_what_a_directory_lacks_goes_with_what_the_tests_expect_of_it() -> None:
    text, notes = _fitted("title", "departmentNumber")
    mapping = load_mapping(Path("mapping.yaml"), text)
    assert {"title", "enterprise.department"}.isdisjoint(rule.path for rule in mapping.users.attributes)
    assert all(result.passed for result in run_tests(mapping))
    assert len(mapping.tests) == len(load_mapping(READY).tests)
    assert notes == [
        "users have no attribute title, so there is no rule for title",
        "users have no attribute departmentNumber, so there is no rule for enterprise.department",
    ]


def test_comments_survive() -> None:
    text, _ = _fitted("title")
    kept = [line for line in TEXT.splitlines() if "# " in line and "first(title)" not in line]
    assert [line for line in kept if line not in text.splitlines()] == []


@pytest.mark.parametrize(
    ("without", "sentence"),
    [
        ("uid", "users of this directory have no attribute uid, by which openldap.yaml has scope"),
        ("employeeType", "users of this directory have no attribute employeeType, by which openldap.yaml has active"),
        ("sn", "users of this directory have no attribute sn, by which openldap.yaml has name.familyName"),
    ],
)
def test_a_rule_that_shuts_a_door_is_never_left_out(without: str, sentence: str) -> None:
    with pytest.raises(Misconfigured) as refusal:
        _fitted(without)
    assert sentence in str(refusal.value)


def test_people_are_matched_as_was_answered() -> None:
    text = with_match(TEXT, load_mapping(READY).users, ("userName", "emails"))
    mapping = load_mapping(Path("mapping.yaml"), text)
    assert (mapping.users.match, mapping.groups.match) == (("userName", "emails"), ("displayName",))
