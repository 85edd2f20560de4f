"""How each kind of directory shows the same people and teams (tests/organization.py), attribute by attribute."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scim_bridge.model.identity import AttributeType
from tests.organization import Person, Team

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


def _google_person(person: Person) -> Attributes:
    names = {"givenName": person.given, "familyName": person.family, "fullName": person.display, "displayName": ""}
    return _present(
        {
            "primaryEmail": person.mail.title(),
            "email": person.mail,
            "name": names,
            "accountEnabled": person.is_active,
            "organization": {"title": person.title, "department": person.department},
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
    lists: Attributes = {name: [value] for name, value in several.items() if value}
    return _present(lists | {"displayName": person.display, "manager": person.manager})


def _ds389_person(person: Person) -> Attributes:
    found = {name: value for name, value in _openldap_person(person).items() if name != "employeeType"}
    return found if person.is_active else {**found, "nsAccountLock": ["TRUE"]}


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
    "google-workspace": Form(
        _google_person,
        lambda team: {"name": team.name, "email": f"{team.key}@corp.example"},
        _texts("id primaryEmail email manager")
        | {"name": "dyn", "accountEnabled": "dyn", "organization": "dyn", "isGuestUser": "dyn"},
        _texts("id name email"),
    ),
    "active-directory": Form(
        _ad_person,
        lambda team: {"cn": team.name, "groupType": "-2147483646"},
        _texts("id sAMAccountName userPrincipalName givenName sn displayName mail title department manager")
        | {"accountEnabled": "dyn"},
        _texts("id cn groupType isCriticalSystemObject"),
    ),
    "389-ds": Form(
        _ds389_person,
        lambda team: {"cn": [team.name]},
        _lists("uid cn givenName sn mail nsAccountLock title departmentNumber") | _texts("id displayName manager"),
        _texts("id") | _lists("cn"),
    ),
    "openldap": Form(
        _openldap_person,
        lambda team: {"cn": [team.name]},
        _lists("uid cn givenName sn mail employeeType title departmentNumber") | _texts("id displayName manager"),
        _texts("id") | _lists("cn"),
    ),
}
