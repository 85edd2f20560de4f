"""The directory's content, who is in which group, and everything that ever changed, from which a delta is made.

Sequence numbers count changes from 1; the log names the object that each touched.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from scim_bridge.sandbox.entra.schema import KINDS, Kind, check_written, is_extension

Removal = Literal["changed", "deleted"]
"""Soft-deleted and can be restored, or gone for good: the words of @removed."""
Row = dict[str, Any]
"""An object as an answer shows it."""
DEFAULT_ACCESS = str(uuid.UUID(int=0))


@dataclass(slots=True, kw_only=True)
class Entry:
    """One directory object.

    properties: those that were ever set, id among them; None = cleared. born: the sequence number at which it was
    created or restored; changed: property (or "manager") to that of its last change after. member_log: (sequence
    number, member, whether it was added).
    """

    id: str
    kind: Kind
    properties: dict[str, Any]
    born: int
    changed: dict[str, int] = field(default_factory=dict)
    removed: Removal | None = None
    removed_at: int = 0
    manager: str | None = None
    former_manager: str | None = None
    members: dict[str, None] = field(default_factory=dict)
    member_log: list[tuple[int, str, bool]] = field(default_factory=list)


class Store:
    """All objects, by id. extensions: names of the registered ones. assigned: principals by service principal's id."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.order: dict[Kind, list[str]] = {kind: [] for kind in KINDS}
        self.log: list[str] = []
        self.extensions: set[str] = set()
        self.assigned: dict[str, dict[str, str]] = {}
        self.deletions_as_removals = False
        self._names: dict[str, str] = {}
        self._groups_of: dict[str, set[str]] = {}

    @property
    def sequence(self) -> int:
        """The number of the last change."""
        return len(self.log)

    def alive(self, object_id: str, kind: Kind | None = None) -> Entry | None:
        """The object, if it is there and not deleted."""
        entry = self.entries.get(object_id)
        return entry if entry and entry.removed is None and kind in (None, entry.kind) else None

    def named(self, name: str) -> Entry | None:
        """The user of this userPrincipalName, of whatever case."""
        found = self._names.get(name.casefold())
        return self.alive(found) if found else None

    def groups_of(self, object_id: str) -> Iterable[str]:
        """The groups that have it as a direct member."""
        return sorted(group for group in self._groups_of.get(object_id, ()) if self.alive(group))

    def put(self, kind: Kind, object_id: str, properties: dict[str, Any], defaults: dict[str, Any]) -> None:
        """Create (defaults first) or change an object. ValueError: unknown property, taken name, deleted object."""
        check_written(kind, properties)
        entry = self.entries.get(object_id)
        if entry is not None and entry.removed:
            raise ValueError(f"{object_id} is deleted; restore it, or take another id: none is given out twice")
        self._name(kind, object_id, entry, properties)
        self.extensions.update(name for name in properties if is_extension(name))
        number = self._touch(object_id)
        if entry is None:
            self.order[kind].append(object_id)
            content = {**defaults, **properties, "id": object_id}
            self.entries[object_id] = Entry(id=object_id, kind=kind, properties=content, born=number)
            return
        for name, value in properties.items():
            if entry.properties.get(name) != value:
                entry.changed[name] = number
                entry.properties[name] = value

    def remove(self, object_id: str, removal: Removal, now: str) -> None:
        """Delete an object, for a while or for good."""
        entry = self.entries[object_id]
        was_alive = entry.removed is None
        entry.removed, entry.removed_at = removal, self._touch(object_id)
        name = entry.properties.get("userPrincipalName")
        if was_alive and name is not None:
            self._names.pop(name.casefold(), None)
            # A deleted user's name is freed: the object keeps it behind its own id.
            entry.properties["userPrincipalName"] = object_id.replace("-", "") + name
        entry.properties["deletedDateTime"] = now
        if was_alive and self.deletions_as_removals:
            for group in self.groups_of(object_id):
                self.entries[group].member_log.append((self._touch(group), object_id, False))
        if removal == "deleted":
            self._forget_links(entry)

    def restore(self, object_id: str) -> None:
        """Bring back what was deleted for a while, with its id, its memberships and its manager."""
        entry = self.entries[object_id]
        if entry.removed != "changed":
            raise ValueError(f"{object_id} is not among the deleted items")
        name = entry.properties.get("userPrincipalName")
        if name is not None:
            entry.properties["userPrincipalName"] = name.removeprefix(object_id.replace("-", ""))
            self._name(entry.kind, object_id, None, entry.properties)
        entry.removed, entry.born = None, self._touch(object_id)
        entry.properties.pop("deletedDateTime", None)
        if self.deletions_as_removals:
            for group in self.groups_of(object_id):
                self.entries[group].member_log.append((self._touch(group), object_id, True))

    def add_member(self, group_id: str, member_id: str) -> None:
        """Make it a direct member; nothing happens if it is one."""
        group = self.entries[group_id]
        if member_id not in self.entries:
            raise KeyError(member_id)
        if member_id not in group.members:
            group.members[member_id] = None
            group.member_log.append((self._touch(group_id), member_id, True))
            self._groups_of.setdefault(member_id, set()).add(group_id)

    def remove_member(self, group_id: str, member_id: str) -> None:
        """End a direct membership; nothing happens if there is none."""
        group = self.entries[group_id]
        if member_id in group.members:
            del group.members[member_id]
            group.member_log.append((self._touch(group_id), member_id, False))
            self._groups_of[member_id].discard(group_id)

    def set_manager(self, user_id: str, manager_id: str | None) -> None:
        """Give a user a manager, or none."""
        entry = self.entries[user_id]
        if entry.manager != manager_id:
            entry.former_manager, entry.manager = entry.manager, manager_id
            entry.changed["manager"] = self._touch(user_id)

    def _forget_links(self, entry: Entry) -> None:
        for group in self._groups_of.pop(entry.id, ()):
            self.entries[group].members.pop(entry.id, None)
        for member in entry.members:
            self._groups_of[member].discard(entry.id)
        entry.members = {}
        for assigned in self.assigned.values():
            assigned.pop(entry.id, None)

    def _touch(self, object_id: str) -> int:
        self.log.append(object_id)
        return len(self.log)

    def _name(self, kind: Kind, object_id: str, entry: Entry | None, properties: dict[str, Any]) -> None:
        new = properties.get("userPrincipalName")
        if kind != "user" or new is None:
            return
        if self._names.get(new.casefold(), object_id) != object_id:
            raise ValueError(f"userPrincipalName {new} is another user's")
        if entry is not None and entry.removed is None and entry.properties.get("userPrincipalName"):
            self._names.pop(entry.properties["userPrincipalName"].casefold(), None)
        self._names[new.casefold()] = object_id


class Memberships:
    """Who is in a group, directly or through others, and the groups that someone is in, in sorted order.

    The last one is kept, since the pages of one large group are asked for in a row.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: tuple[tuple[str, str, int], list[str]] = (("", "", 0), [])

    def of(self, group: Entry, *, is_transitive: bool) -> Sequence[str]:
        """The members: users, groups, devices and so on; nested groups too, if transitive; none twice."""
        if not is_transitive:
            return self._sorted(group, "members", lambda: group.members)
        return self._sorted(group, "transitive members", lambda: self._reached(group.id, self._members_of))

    def groups_of(self, entry: Entry, *, is_transitive: bool) -> Sequence[str]:
        """The groups that it is in."""
        if not is_transitive:
            return self._sorted(entry, "groups", lambda: self._store.groups_of(entry.id))
        return self._sorted(entry, "transitive groups", lambda: self._reached(entry.id, self._store.groups_of))

    def _members_of(self, object_id: str) -> Iterable[str]:
        entry = self._store.alive(object_id)
        return entry.members if entry else ()

    def _reached(self, start: str, step: Callable[[str], Iterable[str]]) -> Iterable[str]:
        """Everything on the way from the start, without it, whatever circles there are."""
        reached = {start: None}
        waiting = [start]
        while waiting:
            for object_id in step(waiting.pop()):
                if object_id not in reached:
                    reached[object_id] = None
                    waiting.append(object_id)
        del reached[start]
        return reached

    def _sorted(self, entry: Entry, relation: str, ids: Callable[[], Iterable[str]]) -> list[str]:
        key = (entry.id, relation, self._store.sequence)
        if self._kept[0] != key:
            self._kept = (key, sorted(ids()))
        return self._kept[1]


def typed(kind: Kind, object_id: str) -> Row:
    """A reference: type and id."""
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": object_id}


def is_hidden(group: Entry) -> bool:
    """Whether a group's members show only to who may read hidden memberships."""
    return bool(group.properties.get("visibility") == "HiddenMembership")
