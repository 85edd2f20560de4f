"""An organization (tests/organization.py) as entries of OpenLDAP, and how a day's changes are made over a connection.

Names of members and managers are kept right by anyone who makes the change, as a careful administrator would.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from scim_bridge.model.identity import Snapshot
from tests.ldap_server import ADMIN, SUFFIX, Entry, add
from tests.organization import Organization, Person

Entries = dict[str, Entry]


def open_ldap_entries(organization: Organization) -> Entries:
    """Key → entry. Keys are in employeeNumber and businessCategory."""
    names = {key: _name(person) for key, person in organization.people.items()}
    names |= {key: f"cn={team.name},ou=groups,{SUFFIX}" for key, team in organization.teams.items()}
    found: Entries = {}
    for key, person in organization.people.items():
        found[key] = (
            names[key],
            {
                "objectClass": ["inetOrgPerson"],
                "uid": [person.login],
                "cn": [person.display],
                "sn": [person.family],
                "givenName": [person.given],
                "mail": [person.mail],
                "employeeNumber": [key],
                "employeeType": ["active" if person.is_active else "inactive"],
                "title": [person.title] if person.title else [],
                "departmentNumber": [person.department] if person.department else [],
                "manager": [names[person.manager]] if person.manager else [],
            },
        )
    for key, team in organization.teams.items():
        found[key] = (
            names[key],
            {
                "objectClass": ["groupOfNames"],
                "cn": [team.name],
                "businessCategory": [key],
                "member": [ADMIN, *sorted(names[member] for member in team.users | team.teams)],
            },
        )
    return found


def change(link: Any, before: Entries, after: Entries, later: Collection[str] = ("manager",)) -> None:
    """Make a server that holds one set of entries hold the other: joiners, renames and moves, changes, leavers.

    later: attributes that name entries which may not be there yet when this one is added.
    """
    import ldap

    for key in before.keys() & after.keys():
        old, new = before[key][0], after[key][0]
        if old != new:
            link.rename_s(old, new.split(",", 1)[0], new.split(",", 1)[1])
    bare = {key: (dn, {n: v for n, v in a.items() if n not in later}) for key, (dn, a) in after.items()}
    for key in sorted(after.keys() - before.keys(), key=lambda key: (key[0] == "t", key)):
        add(link, bare[key])
    for key, (dn, attributes) in after.items():
        was: Mapping[str, Any] = before[key][1] if key in before else bare[key][1]
        steps = [
            (ldap.MOD_REPLACE, name, [str(value).encode() for value in values] or None)
            for name, values in attributes.items()
            if values != was.get(name, []) and name != "objectClass"
        ]
        if steps:
            link.modify_s(dn, steps)
    for key in before.keys() - after.keys():
        link.delete_s(before[key][0])


def shown(snapshot: Snapshot, text: Callable[[object], str], user_key: str, group_key: str) -> dict[str, object]:
    """What a snapshot says of an organization, by its keys. text: a value of the source as one text."""
    keys = {record.id: text(record.attributes[user_key]) for record in snapshot.users}
    keys |= {record.id: text(record.attributes[group_key]) for record in snapshot.groups}
    people: dict[str, object] = {}
    for record in snapshot.users:
        manager = str(record.attributes.get("manager", ""))
        people[keys[record.id]] = text(record.attributes["sn"]), keys[manager] if manager else ""
    for record in snapshot.groups:
        direct = snapshot.members.get(record.id, ((), ()))
        people[keys[record.id]] = frozenset(keys[member] for part in direct for member in part)
    return people


def expected(organization: Organization) -> dict[str, object]:
    """The same of the organization itself."""
    people: dict[str, object] = {key: (person.family, person.manager) for key, person in organization.people.items()}
    return people | {key: frozenset(team.users | team.teams) for key, team in organization.teams.items()}


def _name(person: Person) -> str:
    return f"uid={person.login},ou={person.unit},{SUFFIX}"
