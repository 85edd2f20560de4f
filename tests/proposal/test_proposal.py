"""What is proposed for a directory: the ready mapping made to fit, ways to match, and what a person should know.

Made to fit: without rules for what a directory lacks, and never with a door left open.
"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scim_bridge.config.secret import Secret
from scim_bridge.config.source import (
    CLOUDS,
    Bind,
    ClientSecret,
    EntraScope,
    EntraSettings,
    LdapSettings,
    LdapTls,
    Search,
    SourceSettings,
)
from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.ready import ready_mapping
from scim_bridge.mapping.selftest import run_tests
from scim_bridge.model.identity import AttributeType, Kind, Record, Snapshot
from scim_bridge.proposal.proposal import fitted, propose_for_directory, suggested_match, with_match
from scim_bridge.proposal.survey import Survey, profile
from tests.forms import FORMS, Attributes
from tests.organization import organization

FILE = Path("mapping.yaml")
SECRET = Secret("env:PASSWORD", Path("/srv"))
OPENLDAP = LdapSettings(
    urls=("ldaps://dc1.corp.example",),
    flavor="openldap",
    bind=Bind("simple", "cn=bridge", SECRET),
    tls=LdapTls(start=False, ca_file=None, cert_file=None, key_file=None, allow_plain=False),
    users=Search(("ou=people",), ""),
    groups=Search(("ou=groups",), "", "member"),
    reads_changes=True,
    page_size=500,
    timeout=timedelta(seconds=30),
)
ENTRA = EntraSettings(
    tenant="tenant",
    client="client",
    credential=ClientSecret(SECRET),
    scope=EntraScope(),
    cloud=CLOUDS["global"],
    reads_changes=True,
    page_size=500,
    timeout=timedelta(seconds=30),
)
SETTINGS: dict[str, SourceSettings] = {
    "openldap": OPENLDAP,
    "active-directory": replace(OPENLDAP, flavor="active-directory"),
    "entra-id": ENTRA,
}


def _survey(name: str, *more: Attributes) -> Survey:
    """An organization of ten people and two teams as such a directory shows it, and more records of users."""
    form, there = FORMS[name], organization(10, 2)
    people = [{"id": person.key} | form.person(person) for person in there.people.values()]
    users = tuple(Record(str(found["id"]), found, f"entry {found['id']}") for found in (*people, *more))
    teams = [{"id": team.key} | form.team(team) for team in there.teams.values()]
    groups = tuple(Record(str(found["id"]), found, f"entry {found['id']}") for found in teams)
    types: dict[Kind, dict[str, AttributeType]] = {"user": dict(form.users), "group": dict(form.groups)}
    profiles = (*profile("user", users, form.users), *profile("group", groups, form.groups))
    return Survey(Snapshot(users, groups, {}), types, profiles)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_directory_that_has_everything_gets_the_ready_mapping(name: str) -> None:
    proposal = propose_for_directory(FILE, SETTINGS[name], _survey(name), ("userName",), today="2027-03-13")
    ready = ready_mapping(f"{name}.yaml").read_text(encoding="utf-8")
    assert proposal.mapping == ready.replace(f"mappings/{name}.yaml", "mapping.yaml")
    assert proposal.notes == (
        "10 of the 10 users seen are in scope",
        "2 of the 2 groups seen are in scope",
        "10 users would be active, 0 inactive",
    )


def test_each_attribute_is_told_with_its_fill_rate_and_its_rules() -> None:
    without: Attributes = {"id": "p99", "mail": ["p99@corp.example"], "uid": ["p99"]}
    proposal = propose_for_directory(FILE, OPENLDAP, _survey("openldap", without), ("userName",), today="2027-03-13")
    rows = {
        row.attribute: (row.filled, row.distinct, row.used_for) for row in proposal.attributes if row.kind == "user"
    }
    assert rows["id"] == (100, 11, "id")
    assert rows["mail"] == (100, 11, "scope, userName, emails")
    assert rows["sn"][2] == "name.familyName, displayName"
    assert rows["sn"][0] == 90


def test_who_is_out_of_scope_or_would_wait_is_counted() -> None:
    machine: Attributes = {"id": "p98", "sAMAccountName": "PC1$", "userPrincipalName": "pc1@corp.example"}
    unread: Attributes = {"id": "p99", "sAMAccountName": "x", "userPrincipalName": "user.1@CORP.example"}
    survey = _survey("active-directory", machine, unread)
    proposal = propose_for_directory(FILE, SETTINGS["active-directory"], survey, ("userName",), today="2027-03-13")
    unsaid = "the rule for active failed: it gives '' where true or false is wanted"
    assert proposal.notes == (
        "11 of the 12 users seen are in scope",
        "2 of the 2 groups seen are in scope",
        "10 users would be active, 0 inactive",
        "1 of them would wait for a decision (`plan` counts them as held)",
        f"{unsaid} (1 record would wait: entry p99)",
    )


def test_an_address_is_a_way_to_find_people_only_if_most_have_one_of_their_own() -> None:
    assert suggested_match(_survey("entra-id"), "mail", "userPrincipalName") == ("userName", "emails")
    assert suggested_match(_survey("entra-id"), "mail", "mail") == ("userName",)
    assert suggested_match(_survey("entra-id"), "pager", "userPrincipalName") == ("userName",)
    shared: Attributes = {"id": "p99", "mail": "user.1@corp.example"}
    assert suggested_match(_survey("entra-id", shared), "mail", "userPrincipalName") == ("userName",)
    rooms: list[Attributes] = [{"id": "r1"}, {"id": "r2"}]
    assert suggested_match(_survey("entra-id", *rooms), "mail", "userPrincipalName") == ("userName",)


def test_the_way_to_find_people_is_written_into_the_mapping() -> None:
    proposal = propose_for_directory(FILE, ENTRA, _survey("entra-id"), ("userName", "emails"), today="2027-03-13")
    assert load_mapping(FILE, proposal.mapping).users.match == ("userName", "emails")


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
