"""What is remembered of a user or a group: as Graph gave it, as JSON, by a key that holds its object id.

A user's entry is Graph's own object, with the object id of the manager under `manager`. A group's entry holds Graph's
object and the ids of its direct members, by what they are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from scim_bridge.model.identity import Kind
from scim_bridge.source.entra.property import MANAGER

GraphObject = dict[str, Any]
"""One object as a page of Graph shows it."""

USER_TYPE, GROUP_TYPE = "#microsoft.graph.user", "#microsoft.graph.group"


def key_of(kind: Kind, object_id: str) -> str:
    """The key under which an object is remembered."""
    return f"{kind} {object_id}"


def kind_and_id(key: str) -> tuple[Kind, str]:
    """What a key says: kind and object id."""
    kind, _, object_id = key.partition(" ")
    return "user" if kind == "user" else "group", object_id


@dataclass(slots=True)
class GroupEntry:
    """A group and its direct members: ids of users, of groups, and of what is neither (devices, contacts …)."""

    row: GraphObject
    users: dict[str, None] = field(default_factory=dict)
    groups: dict[str, None] = field(default_factory=dict)
    others: dict[str, None] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> "GroupEntry":
        """The group of an entry."""
        body = orjson.loads(text)
        members = (dict.fromkeys(body[kind]) for kind in ("users", "groups", "others"))
        return cls(body["row"], *members)

    def text(self) -> str:
        """The entry of a group."""
        members = {"users": list(self.users), "groups": list(self.groups), "others": list(self.others)}
        return orjson.dumps({"row": self.row, **members}).decode()

    def put(self, member: GraphObject) -> None:
        """One member as members@delta or a listing of members shows it. One with @removed is taken out."""
        member_id = member["id"]
        if "@removed" in member:
            self.drop((member_id,))
            return
        by_type = {USER_TYPE: self.users, GROUP_TYPE: self.groups}
        by_type.get(member.get("@odata.type", ""), self.others)[member_id] = None

    def drop(self, members: Iterable[str]) -> bool:
        """Take these out, whatever they are. Whether any was in."""
        is_changed = False
        for member in members:
            for ids in (self.users, self.groups, self.others):
                if member in ids:
                    del ids[member]
                    is_changed = True
        return is_changed


def merged(before: Mapping[str, Any], row: GraphObject) -> GraphObject:
    """An object with what a row of a delta round says of it. What the row leaves out was never set, or has not changed.

    Annotations (@odata…, manager@delta, members@delta) are left out; the manager they tell is put in.
    """
    after = {**before, **{name: value for name, value in row.items() if "@" not in name}}
    if isinstance(expanded := row.get(MANAGER), dict):
        after[MANAGER] = expanded["id"]
    for change in row.get(f"{MANAGER}@delta") or ():
        if "@removed" not in change:
            after[MANAGER] = change["id"]
        elif after.get(MANAGER) == change["id"]:
            after[MANAGER] = None
    return after
