"""What is remembered from one reading to the next: users and groups as Google shows them, by their ids.

An entry is JSON under the key "user ID" or "group ID". It holds nothing that changes at every look, so an entry that is
other than it was is a change. Under names without a blank is what concerns all entries together: facts that an entry
alone does not say, and the hashes by which is seen what is as it was (stretch.py). Raise source.py's _FORM when the
form changes.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson

from scim_bridge.model.identity import Kind
from scim_bridge.source.google.listing import Row

FACTS, STRETCHES, LISTS = "facts", "stretches", "lists"
"""The keys under which is remembered what concerns all entries together."""
OF_ALL = frozenset({FACTS, STRETCHES, LISTS})


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """row: as Google shows the group. users, groups: ids of its direct members here; outside: who is from elsewhere.

    is_everyone: all users of the account are members, new ones too.
    """

    row: Mapping[str, Any]
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    is_everyone: bool = False

    def text(self) -> str:
        """As it is remembered."""
        return _text([self.row, self.users, self.groups, self.outside, self.is_everyone])

    @classmethod
    def read(cls, text: str) -> "GroupEntry":
        """What is remembered."""
        row, users, groups, outside, is_everyone = orjson.loads(text)
        return cls(row, tuple(users), tuple(groups), tuple(outside), is_everyone)


@dataclass(frozen=True, slots=True)
class Facts:
    """everyone: ids of the groups that all users are in. reached: ids of those in the scope, if it names groups."""

    everyone: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()

    def text(self) -> str:
        """As they are remembered."""
        return _text([self.everyone, self.reached])

    @classmethod
    def read(cls, text: str) -> "Facts":
        """What is remembered."""
        everyone, reached = orjson.loads(text)
        return cls(tuple(everyone), tuple(reached))


def user_text(row: Row, is_found: bool) -> str:
    """The entry of a user. is_found: whether the scope's query finds the user; True where there is none."""
    return _text([row, is_found])


def user_of(text: str) -> tuple[Row, bool]:
    """The row and whether the query finds it."""
    row, is_found = orjson.loads(text)
    return row, is_found


def key_of(kind: Kind, object_id: str) -> str:
    """The key of an entry."""
    return f"{kind} {object_id}"


def kind_and_id(key: str) -> tuple[Kind, str]:
    """What a key names."""
    kind, _, object_id = key.partition(" ")
    return cast("Kind", kind), object_id


def ids_of(keys: Iterable[str], kind: Kind) -> set[str]:
    """The ids of one kind among keys."""
    start = f"{kind} "
    return {key[len(start) :] for key in keys if key.startswith(start)}


def group_entry(
    row: Row, members: list[Row], people: Mapping[str, str], groups: Container[str], customers: Container[str]
) -> GroupEntry:
    """Who is what is decided by id alone: status may be missing, and an address may be an alias, or a stranger's.

    people: id → the same id, of all users; groups: ids of all groups; customers: ids that stand for all users of the
    listing (type CUSTOMER, without an address).
    """
    users: dict[str, None] = {}
    inside: dict[str, None] = {}
    outside: dict[str, None] = {}
    is_everyone = False
    for member in members:
        member_id = member.get("id") or ""
        if (found := people.get(member_id)) is not None:
            users[found] = None
        elif member_id in groups:
            inside[member_id] = None
        elif member.get("type") == "CUSTOMER" and member_id in customers:
            is_everyone = True
        else:
            outside[str(member.get("email") or member_id)] = None
    return GroupEntry(row, tuple(sorted(users)), tuple(sorted(inside)), tuple(sorted(outside)), is_everyone)


def _text(body: Any) -> str:
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()
