"""What is remembered from one reading to the next: users and groups as Graph gave them, and how far the changes go.

An entry is JSON under the key "user ID" or "group ID", ID being the object id. A user's entry is Graph's own object,
with the object id of the manager under `manager`. A group's entry holds Graph's object and the ids of its direct
members, by what they are. The watermark holds the links for the next rounds of changes.

A Revision is those entries on their way to what they are after this reading. Pure: rows in, entries out. Raise
source.py's _FORM when the form changes: what was remembered in another form is then not used.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from scim_bridge.model.identity import Kind
from scim_bridge.model.source import Memory
from scim_bridge.source.entra.property import MANAGER

GraphObject = dict[str, Any]
"""One object as a page of Graph shows it."""

USER_TYPE, GROUP_TYPE = "#microsoft.graph.user", "#microsoft.graph.group"
FACTS = "facts"
"""The key under which is remembered what concerns all entries together (excerpt.py)."""
_FEW = 20
"""Up to this many ids are looked for in an entry's text; for more of them every entry is read."""


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


class Revision:
    """Entries, moved on row by row. before: key → text as remembered, none for a reading of everything.

    Rows must come in Graph's order: the last one of an object holds. changed() gives the entries as they are now.
    """

    def __init__(self, before: Mapping[str, str]) -> None:
        self._before = before
        self._users: dict[str, GraphObject | None] = {}
        self._groups: dict[str, GroupEntry | None] = {}

    def knows(self, kind: Kind, object_id: str) -> bool:
        """Whether this object was remembered before."""
        return key_of(kind, object_id) in self._before

    def put_user(self, row: GraphObject) -> None:
        """A user as a row shows it, on top of what was known."""
        object_id = row["id"]
        known = self._users.get(object_id)
        if known is None and object_id not in self._users and (text := self._before.get(key_of("user", object_id))):
            known = orjson.loads(text)
        self._users[object_id] = merged(known or {}, row)

    def put_group(self, row: GraphObject) -> None:
        """A group as a row shows it, with the changes of its members, on top of what was known."""
        group = self.group(row["id"]) or GroupEntry({})
        group.row = merged(group.row, row)
        for member in row.get("members@delta") or ():
            group.put(member)
        self._groups[row["id"]] = group

    def put_members(self, group_id: str, members: Iterable[GraphObject]) -> None:
        """Exactly these are a group's direct members. The group itself may not be known yet."""
        known = self.group(group_id)
        group = GroupEntry(known.row if known is not None else {})
        for member in members:
            group.put(member)
        self._groups[group_id] = group

    def put_member(self, group_id: str, member: GraphObject) -> None:
        """One more member of a group. A group that is not known is none of ours."""
        group = self.group(group_id)
        if group is not None:
            group.put(member)
            self._groups[group_id] = group

    def put_memberships(self, member: GraphObject, group_ids: Collection[str]) -> None:
        """Exactly these groups have it as a direct member."""
        for group_id in group_ids:
            self.put_member(group_id, member)
        self._drop({member["id"]}, but=group_ids)

    def remove(self, kind: Kind, object_id: str) -> None:
        """It is gone. What is not known is ignored: Graph tells of removals that we never saw arrive."""
        if kind == "user":
            self._users[object_id] = None
        else:
            self._groups[object_id] = None

    def forget_others(self, there: Mapping[Kind, Collection[str]]) -> None:
        """Everything that was remembered and is not there is gone."""
        for key in self._before:
            kind, object_id = kind_and_id(key)
            if key != FACTS and object_id not in there[kind]:
                self.remove(kind, object_id)

    def drop_members(self, gone: Collection[str]) -> None:
        """Take these out of every group: a deletion does not show as a change of the groups."""
        if gone:
            self._drop(gone)

    def group(self, object_id: str) -> GroupEntry | None:
        """A group as it is now, None if there is none."""
        if object_id in self._groups:
            return self._groups[object_id]
        text = self._before.get(key_of("group", object_id))
        return GroupEntry.read(text) if text is not None else None

    def changed(self) -> dict[str, str | None]:
        """Key → new entry, None for what is gone; only what differs from before."""
        after: dict[str, str | None] = {key_of("user", object_id): _text(row) for object_id, row in self._users.items()}
        after |= {
            key_of("group", object_id): group.text() if group is not None else None
            for object_id, group in self._groups.items()
        }
        return {key: text for key, text in after.items() if text != self._before.get(key)}

    def _drop(self, gone: Collection[str], but: Collection[str] = ()) -> None:
        """Take these out of all groups but some."""
        for group_id, group in self._groups.items():
            if group is not None and group_id not in but:
                group.drop(gone)
        for key, text in Memory("", self._before).beginning("group "):
            group_id = kind_and_id(key)[1]
            if group_id in self._groups or group_id in but:
                continue
            if len(gone) > _FEW or any(member in text for member in gone):
                remembered = GroupEntry.read(text)
                if remembered.drop(gone):
                    self._groups[group_id] = remembered


def _text(row: Mapping[str, Any] | None) -> str | None:
    return orjson.dumps(row).decode() if row is not None else None


def last_of_each(rows: Iterable[GraphObject]) -> dict[str, GraphObject]:
    """The last row of each object: what it came to, where a round tells of it several times."""
    return {row["id"]: row for row in rows}


@dataclass(frozen=True, slots=True)
class Assigned:
    """Object ids of the users and groups that an application is assigned to."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Watermark:
    """The links for the next rounds of changes ("" where there are none), and who was assigned, for looks."""

    users: str = ""
    groups: str = ""
    assigned: Assigned = field(default_factory=Assigned)

    @classmethod
    def read(cls, text: str) -> "Watermark":
        """The watermark that was remembered."""
        body = orjson.loads(text)
        assigned = Assigned(*(frozenset(body["assigned"][kind]) for kind in ("users", "groups")))
        return cls(body["users"], body["groups"], assigned)

    def text(self) -> str:
        """For the memory."""
        assigned = {"users": sorted(self.assigned.users), "groups": sorted(self.assigned.groups)}
        return orjson.dumps({"users": self.users, "groups": self.groups, "assigned": assigned}).decode()
