"""The sample organization in the forms of other directories: entries of LDAP, objects of Graph, rows of Google.

The CSV files are the original; ids are made from theirs, so that they are the same each time.
"""

import base64
import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

FOLDER = Path(__file__).parent
SUFFIX = "dc=corp,dc=example"
_NAMESPACE = UUID("6a1f9a52-3f0e-4d5c-9d0e-5c1b6f6f7a10")
Row = Mapping[str, str]


def _rows(name: str) -> list[Row]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def unique_id(key: str) -> str:
    """The id that another directory gives the user or group with this id in the files."""
    return str(uuid5(_NAMESPACE, key))


def as_ldif() -> str:
    """People under ou=people, groups (groupOfNames) under ou=groups, for slapadd (RFC 2849; entryUUID is RFC 4530)."""
    users, groups, members = _rows("users.csv"), _rows("groups.csv"), _rows("members.csv")
    names = {row["id"]: f"uid={row['id']},ou=people,{SUFFIX}" for row in users}
    names |= {row["id"]: f"cn={row['name']},ou=groups,{SUFFIX}" for row in groups}
    entries = [_entry(SUFFIX, objectClass=["dcObject", "organization"], dc=["corp"], o=["Corp"])]
    entries += [
        _entry(f"ou={unit},{SUFFIX}", objectClass=["organizationalUnit"], ou=[unit]) for unit in ("people", "groups")
    ]
    entries += [_person(row, names) for row in users]
    for row in groups:
        inside = [names[m["member_id"]] for m in members if m["group_id"] == row["id"]]
        group_id = unique_id(row["id"])
        entries.append(
            _entry(
                names[row["id"]],
                objectClass=["groupOfNames"],
                cn=[row["name"]],
                member=inside,
                entryUUID=[group_id],
            )
        )
    return "\n".join(entries)


def _person(row: Row, names: Mapping[str, str]) -> str:
    return _entry(
        names[row["id"]],
        objectClass=["inetOrgPerson"],
        entryUUID=[unique_id(row["id"])],
        uid=[row["id"]],
        cn=[row["display"]],
        sn=[row["family"]],
        givenName=[row["given"]],
        displayName=[row["display"]],
        mail=list(dict.fromkeys((row["login"], row["mail"]))),
        employeeType=["employee" if row["enabled"] == "true" else "inactive"],
        title=[row["title"]],
        departmentNumber=[row["dept"]],
        manager=[names.get(row["manager"], "")],
    )


def _entry(name: str, **attributes: Iterable[str]) -> str:
    return "".join(_lines("dn", [name])) + "".join(
        line for attribute, values in attributes.items() for line in _lines(attribute, values)
    )


def _lines(attribute: str, values: Iterable[str]) -> Iterator[str]:
    """Values in base64, which any text may be (RFC 2849); empty ones left out."""
    return (f"{attribute}:: {base64.b64encode(value.encode()).decode()}\n" for value in values if value)


def as_graph() -> dict[str, Any]:
    """Users and groups as Graph's objects, as the emulator takes them; the mail is the sign-in name, unique there."""
    members = _rows("members.csv")
    return {
        "users": [_graph_user(row) for row in _rows("users.csv")],
        "groups": [
            {
                "id": unique_id(row["id"]),
                "displayName": row["name"],
                "securityEnabled": True,
                "mailEnabled": False,
                "groupTypes": [],
                "members": [unique_id(m["member_id"]) for m in members if m["group_id"] == row["id"]],
            }
            for row in _rows("groups.csv")
        ],
    }


def _graph_user(row: Row) -> dict[str, Any]:
    return {
        "id": unique_id(row["id"]),
        "userPrincipalName": row["mail"],
        "mail": row["mail"],
        "givenName": row["given"],
        "surname": row["family"],
        "displayName": row["display"],
        "accountEnabled": row["enabled"] == "true",
        "userType": "Member",
        "jobTitle": row["title"] or None,
        "department": row["dept"] or None,
        "manager": unique_id(row["manager"]) if row["manager"] else None,
    }


def as_google() -> dict[str, Any]:
    """Users and groups as rows of Google's Directory API, as the emulator takes them."""
    users, members = _rows("users.csv"), _rows("members.csv")
    addresses = {row["id"]: row["mail"] for row in users}
    return {
        "users": [_google_user(row, addresses) for row in users],
        "groups": [
            {
                "id": unique_id(row["id"]),
                "email": f"{row['id'].lower()}@corp.example",
                "name": row["name"],
                "members": [unique_id(m["member_id"]) for m in members if m["group_id"] == row["id"]],
            }
            for row in _rows("groups.csv")
        ],
    }


def _google_user(row: Row, addresses: Mapping[str, str]) -> dict[str, Any]:
    manager = addresses.get(row["manager"])
    organization = {"title": row["title"], "department": row["dept"], "primary": True}
    return {
        "id": unique_id(row["id"]),
        "primaryEmail": row["mail"],
        "name": {"givenName": row["given"], "familyName": row["family"], "displayName": row["display"]},
        "suspended": row["enabled"] != "true",
        "orgUnitPath": "/Staff",
        "organizations": [{name: value for name, value in organization.items() if value}],
        "relations": [{"type": "manager", "value": manager}] if manager else None,
    }
