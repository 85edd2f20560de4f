"""What is remembered from one reading to the next: users and groups as records need them, by their ids.

An entry is JSON under the key "user ID" or "group ID". It holds nothing that changes at every look, so an entry that is
other than it was is a change. Raise source.py's _FORM when the form changes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson

from scim_bridge.model.identity import Kind
from scim_bridge.source.google.listing import Row
from scim_bridge.source.google.user import MANAGER, Selection, attributes_of, by_address, manager_address


@dataclass(frozen=True, slots=True)
class UserEntry:
    """attributes: of the record. unit: path of the organizational unit. manager: the address that names the manager.

    is_found: whether the scope's query finds the user; True where there is none.
    """

    attributes: Mapping[str, Any]
    unit: str
    manager: str
    is_found: bool


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """row: as Google shows the group. users, groups: ids of its direct members here; outside: who is from elsewhere."""

    row: Mapping[str, Any]
    users: tuple[str, ...]
    groups: tuple[str, ...]
    outside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """Everything that was read, by id."""

    users: Mapping[str, UserEntry]
    groups: Mapping[str, GroupEntry]

    def texts(self) -> dict[str, str]:
        """As they are remembered."""
        found = {key_of("user", user_id): _text(_user(entry)) for user_id, entry in self.users.items()}
        return found | {key_of("group", group_id): _text(_group(entry)) for group_id, entry in self.groups.items()}

    @classmethod
    def read(cls, texts: Mapping[str, str]) -> "Entries":
        """What is remembered."""
        users: dict[str, UserEntry] = {}
        groups: dict[str, GroupEntry] = {}
        for key, text in texts.items():
            kind, object_id = kind_and_id(key)
            body = orjson.loads(text)
            if kind == "user":
                users[object_id] = UserEntry(body["attributes"], body["unit"], body["manager"], body["is_found"])
            else:
                parts = (tuple(body[name]) for name in ("users", "groups", "outside"))
                groups[object_id] = GroupEntry(body["row"], *parts)
        return cls(users, groups)


def key_of(kind: Kind, object_id: str) -> str:
    """The key of an entry."""
    return f"{kind} {object_id}"


def kind_and_id(key: str) -> tuple[Kind, str]:
    """What a key names."""
    kind, _, object_id = key.partition(" ")
    return cast("Kind", kind), object_id


def entries_of(
    users: Iterable[Row],
    groups: Iterable[Row],
    members: Mapping[str, list[Row]],
    chosen: Selection,
    found: frozenset[str] | None,
) -> Entries:
    """Rows as they came → entries. members: by group, without those that are gone. found: by the query, None = all."""
    users = list(users)
    addresses = by_address(users)
    people = {
        row["id"]: UserEntry(
            attributes_of(row, chosen, addresses),
            str(row.get("orgUnitPath", "")),
            manager_address(row) if MANAGER in chosen.names else "",
            found is None or row["id"] in found,
        )
        for row in users
    }
    there = {row["id"]: row for row in groups if row["id"] in members}
    everyone = dict.fromkeys((str(row.get("customerId", "")) for row in users), tuple(sorted(people)))
    return Entries(
        people,
        {key: _sorted_out(row, members[key], people, there, everyone) for key, row in there.items()},
    )


def _sorted_out(
    row: Row,
    members: list[Row],
    people: Mapping[str, UserEntry],
    groups: Mapping[str, Row],
    everyone: Mapping[str, tuple[str, ...]],
) -> GroupEntry:
    """Who is what is decided by id alone: status may be missing, and an address may be an alias, or a stranger's.

    everyone: by the customer's id, which stands for all in the listing (type CUSTOMER, without an address).
    """
    users: dict[str, None] = {}
    inside: dict[str, None] = {}
    outside: dict[str, None] = {}
    for member in members:
        member_id = str(member.get("id", ""))
        if member.get("type") == "CUSTOMER" and member_id in everyone:
            users |= dict.fromkeys(everyone[member_id])
        elif member_id in people:
            users[member_id] = None
        elif member_id in groups:
            inside[member_id] = None
        else:
            outside[str(member.get("email") or member_id)] = None
    return GroupEntry(row, tuple(sorted(users)), tuple(sorted(inside)), tuple(sorted(outside)))


def _user(entry: UserEntry) -> dict[str, Any]:
    return {
        "attributes": entry.attributes,
        "unit": entry.unit,
        "manager": entry.manager,
        "is_found": entry.is_found,
    }


def _group(entry: GroupEntry) -> dict[str, Any]:
    return {"row": entry.row, "users": entry.users, "groups": entry.groups, "outside": entry.outside}


def _text(body: Mapping[str, Any]) -> str:
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()
