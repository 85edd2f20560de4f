"""The mappings that come with scim-bridge: each keeps its promises, and the same people come out of each the same."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from scim_bridge.mapping.compiled import compile_mapping
from scim_bridge.mapping.document import load_mapping
from scim_bridge.mapping.record import map_records
from scim_bridge.mapping.selftest import run_tests
from scim_bridge.model.identity import MANAGER, AttributeType, Desired, Directory, Record, Snapshot
from tests.mapping.rules import TODAY, written
from tests.organization import Organization, Person, Team, organization

READY = Path(__file__).parents[2] / "mappings"
NAMES = ("csv", "entra-id", "active-directory", "openldap")
Attributes = dict[str, object]


def _present(attributes: Attributes) -> Attributes:
    """As a directory shows an entry: what has no value is not there."""
    return {name: value for name, value in attributes.items() if value not in ("", [])}


def _csv_person(person: Person) -> Attributes:
    return {
        "login": person.mail.title(),
        "given": person.given,
        "family": person.family,
        "display": person.display,
        "mail": person.mail,
        "enabled": "true" if person.is_active else "false",
        "title": person.title,
        "dept": person.department,
        "manager": person.manager,
    }


def _entra_person(person: Person) -> Attributes:
    return _present(
        {
            "userPrincipalName": person.mail.title(),
            "givenName": person.given,
            "surname": person.family,
            "displayName": person.display,
            "mail": person.mail,
            "accountEnabled": person.is_active,
            "userType": "Member",
            "jobTitle": person.title,
            "department": person.department,
            "manager": person.manager,
        }
    )


def _ad_person(person: Person) -> Attributes:
    return _present(
        {
            "sAMAccountName": person.login,
            "userPrincipalName": person.mail.title(),
            "givenName": person.given,
            "sn": person.family,
            "displayName": person.display,
            "mail": person.mail,
            "accountEnabled": person.is_active,
            "title": person.title,
            "department": person.department,
            "manager": person.manager,
        }
    )


def _openldap_person(person: Person) -> Attributes:
    several = {
        "uid": person.login,
        "cn": person.display,
        "givenName": person.given,
        "sn": person.family,
        "mail": person.mail,
        "employeeType": "Employee" if person.is_active else "Inactive",
        "title": person.title,
        "departmentNumber": person.department,
    }
    single = {"displayName": person.display, "manager": person.manager}
    return _present({name: [value] for name, value in several.items() if value} | single)


def _texts(names: str) -> dict[str, AttributeType]:
    return dict.fromkeys(names.split(), "string")


def _lists(names: str) -> dict[str, AttributeType]:
    return dict.fromkeys(names.split(), "strings")


@dataclass(frozen=True)
class Form:
    """How one kind of source shows people and teams. users, groups: its attributes with their types."""

    person: Callable[[Person], Attributes]
    team: Callable[[Team], Attributes]
    users: Mapping[str, AttributeType]
    groups: Mapping[str, AttributeType]


FORMS = {
    "csv": Form(
        _csv_person,
        lambda team: {"name": team.name},
        _texts("id login given family display mail enabled title dept manager"),
        _texts("id name"),
    ),
    "entra-id": Form(
        _entra_person,
        lambda team: {"displayName": team.name, "securityEnabled": True},
        _texts("id userPrincipalName givenName surname displayName mail userType jobTitle department manager")
        | {"accountEnabled": "dyn"},
        _texts("id displayName") | {"securityEnabled": "dyn"},
    ),
    "active-directory": Form(
        _ad_person,
        lambda team: {"cn": team.name, "groupType": "-2147483646"},
        _texts("id sAMAccountName userPrincipalName givenName sn displayName mail title department manager")
        | {"accountEnabled": "dyn"},
        _texts("id cn groupType isCriticalSystemObject"),
    ),
    "openldap": Form(
        _openldap_person,
        lambda team: {"cn": [team.name]},
        _lists("uid cn givenName sn mail employeeType title departmentNumber") | _texts("id displayName manager"),
        _texts("id") | _lists("cn"),
    ),
}


def _prefixed(prefix: str, attributes: Attributes) -> Attributes:
    """Ids are each system's own, and so is the manager, who is named by one."""
    manager = attributes.get("manager")
    return attributes | ({"manager": f"{prefix}{manager}"} if manager else {})


def _desired(name: str, there: Organization) -> Directory:
    """The organization as this kind of source shows it, mapped by the ready mapping."""
    form, prefix = FORMS[name], f"{name}:"
    users = [
        Record(f"{prefix}{p.key}", {"id": f"{prefix}{p.key}"} | _prefixed(prefix, form.person(p)), name)
        for p in there.people.values()
    ]
    groups = [Record(f"{prefix}{t.key}", {"id": f"{prefix}{t.key}"} | form.team(t), name) for t in there.teams.values()]
    members = {
        f"{prefix}{t.key}": (tuple(f"{prefix}{p}" for p in t.users), tuple(f"{prefix}{i}" for i in t.teams))
        for t in there.teams.values()
    }
    mapping = compile_mapping(load_mapping(READY / f"{name}.yaml"), form.users, form.groups)
    return map_records(Snapshot(tuple(users), tuple(groups), members), mapping, TODAY)


def _key(source_id: str) -> str:
    return source_id.partition(":")[2]


def _without_ids(directory: Directory) -> object:
    """Everything desired, by whom it is about; the manager by who that is."""

    def shown(desired: Desired) -> object:
        assert desired.flaws == ()
        manager = {MANAGER: _key(str(desired.attributes.get(MANAGER, "")))} if desired.kind == "user" else {}
        return {path: value for path, value in desired.attributes.items() if path != "externalId"} | manager

    return (
        {_key(user.source_id): shown(user) for user in directory.users},
        {_key(group.source_id): shown(group) for group in directory.groups},
        {_key(group): {_key(user) for user in users} for group, users in directory.members.items()},
        directory.out_of_scope,
    )


@pytest.mark.parametrize("name", NAMES[1:])
def test_the_same_people_are_desired_the_same_whatever_directory_shows_them(name: str) -> None:
    there = organization(60, 9)
    for key in ("p3", "p4"):
        there.people[key].is_active = False
    assert _without_ids(_desired(name, there)) == _without_ids(_desired("csv", there))


def test_there_is_a_mapping_for_every_kind_of_source_and_no_other() -> None:
    assert {path.stem for path in READY.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_ready_mapping_passes_its_tests(name: str) -> None:
    results = run_tests(load_mapping(READY / f"{name}.yaml"))
    assert [result.failures for result in results] == [()] * len(results)


def _rules(name: str) -> list[int]:
    """The lines with a rule: those of attributes and scopes."""
    lines = (READY / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    rules = lines[: lines.index("tests:")]
    return [
        at
        for at, line in enumerate(rules)
        if re.match(r" +(scope|active|title|emails|userName|displayName|name\.\w+|enterprise\.\w+): ", line)
    ]


@pytest.mark.parametrize(
    ("name", "line"), [pytest.param(n, at, id=f"{n}.yaml line {at + 1}") for n in NAMES for at in _rules(n)]
)
def test_a_rule_of_a_ready_mapping_that_breaks_is_noticed(tmp_path: Path, name: str, line: int) -> None:
    lines = (READY / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    begin, key, _ = lines[line].partition(lines[line].split(":")[0].strip())
    lines[line] = f"{begin}{key}: " + {"active": "'false'", "scope": "'true'"}.get(key, "'\"wrong\"'")
    assert not all(result.passed for result in run_tests(load_mapping(written(tmp_path, "\n".join(lines)))))
