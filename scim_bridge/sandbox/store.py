"""Users, groups and memberships in memory, with what must be unique, in an order that stays the same for paging."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Literal

from scim_bridge.sandbox.cloud import Cloud
from scim_bridge.sandbox.refusal import Refusal, duplicate, not_found
from scim_bridge.sandbox.schema import ENTERPRISE, GROUP, USER

Kind = Literal["User", "Group"]


@dataclass(slots=True, kw_only=True)
class Resource:
    """One user or group. attributes: as the wire has them, without id and meta.

    born: seconds, for visibility. hidden_until: likewise; before that no PATCH sees it.
    """

    id: str
    position: int
    attributes: dict[str, Any]
    created: str
    modified: str
    born: float
    hidden_until: float = 0.0
    revision: int = 1


class Shelf:
    """All resources of one kind. Positions only grow, so a cursor is a position."""

    def __init__(self, *, case_exact: bool) -> None:
        self.by_id: dict[str, Resource] = {}
        self.order: list[str | None] = []
        self.taken: dict[str, dict[str, str]] = {}
        self.case_exact = case_exact

    def key(self, attribute: str, value: str) -> str:
        """A unique value in the form in which two are compared; externalId is always exact."""
        return value if self.case_exact or attribute == "externalId" else value.casefold()

    def find(self, attribute: str, value: str) -> Resource | None:
        """The resource that holds a unique value."""
        found = self.taken.get(attribute, {}).get(self.key(attribute, value))
        return self.by_id[found] if found is not None else None

    def claim(self, resource_id: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        """Change which unique values a resource holds. Raises a 409 and changes nothing if one is another's."""
        keys = {attribute: self.key(attribute, value) for attribute, value in new.items()}
        for attribute, key in keys.items():
            if self.taken.get(attribute, {}).get(key, resource_id) != resource_id:
                raise duplicate(attribute)
        for attribute, value in old.items():
            self.taken[attribute].pop(self.key(attribute, value), None)
        for attribute, key in keys.items():
            self.taken.setdefault(attribute, {})[key] = resource_id

    def after(self, position: int) -> Iterator[Resource]:
        """Resources in order, from a position on."""
        for index in range(position, len(self.order)):
            resource_id = self.order[index]
            if resource_id is not None:
                yield self.by_id[resource_id]


def unique_values(attributes: Mapping[str, Any], kind: Kind) -> dict[str, str]:
    """What only one resource may hold: for users userName, primary email, externalId; for groups name, externalId."""
    names = ("userName", "externalId") if kind == "User" else ("displayName", "externalId")
    values = {name: attributes[name] for name in names if name in attributes}
    if attributes.get("emails"):
        values["emails"] = attributes["emails"][0]["value"]
    return values


class Content:
    """Users, groups and who is in which: what lists and filters read."""

    def __init__(self, *, case_exact: bool) -> None:
        self.users = Shelf(case_exact=case_exact)
        self.groups = Shelf(case_exact=case_exact)
        self.members: dict[str, set[str]] = {}
        self.groups_of: dict[str, set[str]] = {}

    def shelf(self, kind: Kind) -> Shelf:
        """Users or groups."""
        return self.users if kind == "User" else self.groups

    def add_member(self, group_id: str, user_id: str) -> None:
        """Put a user in; nothing happens if the user is in already."""
        self.members.setdefault(group_id, set()).add(user_id)
        self.groups_of.setdefault(user_id, set()).add(group_id)

    def remove_member(self, group_id: str, user_id: str) -> None:
        """Take a user out; nothing happens if the user is not in."""
        self.members.get(group_id, set()).discard(user_id)
        self.groups_of.get(user_id, set()).discard(group_id)

    def forget_memberships(self, kind: Kind, resource_id: str) -> None:
        """Drop the memberships of a resource that is deleted."""
        if kind == "Group":
            for user_id in self.members.pop(resource_id, ()):
                self.groups_of[user_id].discard(resource_id)
        else:
            for group_id in self.groups_of.pop(resource_id, ()):
                self.members[group_id].discard(resource_id)


@dataclass(frozen=True, slots=True)
class Change:
    """One write to the store. kind "Member": id is the group's, user_id the user's, resource None.

    resource: a copy as it is after the write; None = deleted, for a membership: see is_member.
    """

    kind: Kind | Literal["Member"]
    id: str
    resource: Resource | None = None
    user_id: str = ""
    is_member: bool = False


class Store(Content):
    """The whole identity store. now: wall clock; random: where ids come from. cloud: what AWS holds beside.

    watcher: hears of every write, and whether readers see it at once (as what is seeded).
    """

    def __init__(self, now: Callable[[], datetime], random: Random, *, case_exact: bool = False) -> None:
        super().__init__(case_exact=case_exact)
        self.now = now
        self.cloud = Cloud()
        self.watcher: Callable[[Change, bool], None] | None = None
        self._random = random
        self._is_at_once = False

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Writes inside are seen by lists at once, whatever their lag."""
        self._is_at_once = True
        try:
            yield
        finally:
            self._is_at_once = False

    def set_case(self, *, case_exact: bool) -> None:
        """From now on compare with or without regard to case.

        Raises ValueError and changes nothing if two resources differ by case alone.
        """
        twins: dict[Kind, Shelf] = {"User": Shelf(case_exact=case_exact), "Group": Shelf(case_exact=case_exact)}
        for kind, twin in twins.items():
            for resource in self.shelf(kind).by_id.values():
                values = unique_values(resource.attributes, kind)
                try:
                    twin.claim(resource.id, {}, values)
                except Refusal:
                    raise ValueError(
                        f"another {kind} differs from {', '.join(values.values())} by case alone"
                    ) from None
        for kind, twin in twins.items():
            self.shelf(kind).taken, self.shelf(kind).case_exact = twin.taken, case_exact

    def _tell(self, change: Change) -> None:
        if self.watcher is not None:
            self.watcher(change, self._is_at_once)

    def get(self, kind: Kind, resource_id: str) -> Resource:
        """The resource, or a 404."""
        resource = self.shelf(kind).by_id.get(resource_id)
        if resource is None:
            raise not_found(f"{kind} {resource_id}")
        return resource

    def create(self, kind: Kind, attributes: dict[str, Any]) -> Resource:
        """Add a resource that has been checked; a 409 if a unique value is taken."""
        shelf = self.shelf(kind)
        resource_id = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        shelf.claim(resource_id, {}, unique_values(attributes, kind))
        now = self.now()
        stamp = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        resource = Resource(
            id=resource_id,
            position=len(shelf.order),
            attributes=attributes,
            created=stamp,
            modified=stamp,
            born=now.timestamp(),
        )
        shelf.order.append(resource_id)
        shelf.by_id[resource_id] = resource
        if kind == "Group":
            self.members[resource_id] = set()
        self._tell(Change(kind, resource_id, copy(resource)))
        return resource

    def change(self, kind: Kind, resource: Resource, attributes: dict[str, Any]) -> None:
        """Give a resource other attributes, checked before; a 409 changes nothing."""
        old, new = unique_values(resource.attributes, kind), unique_values(attributes, kind)
        self.shelf(kind).claim(resource.id, old, new)
        resource.attributes = attributes
        resource.modified = f"{self.now():%Y-%m-%dT%H:%M:%SZ}"
        resource.revision += 1
        self._tell(Change(kind, resource.id, copy(resource)))

    def delete(self, kind: Kind, resource_id: str, *, with_assignments: bool) -> None:
        """Remove a resource and its memberships. Assignments stay behind, orphaned, unless asked otherwise."""
        resource = self.get(kind, resource_id)
        shelf = self.shelf(kind)
        shelf.claim(resource_id, unique_values(resource.attributes, kind), {})
        del shelf.by_id[resource_id]
        shelf.order[resource.position] = None
        self.forget_memberships(kind, resource_id)
        self._tell(Change(kind, resource_id))
        if with_assignments:
            self.cloud.forget(resource_id)

    def add_member(self, group_id: str, user_id: str) -> None:
        """Put a user in; nothing happens if the user is in already."""
        super().add_member(group_id, user_id)
        self._tell(Change("Member", group_id, user_id=user_id, is_member=True))

    def remove_member(self, group_id: str, user_id: str) -> None:
        """Take a user out; nothing happens if the user is not in."""
        super().remove_member(group_id, user_id)
        self._tell(Change("Member", group_id, user_id=user_id))


def shown(resource: Resource, kind: Kind) -> dict[str, Any]:
    """A resource as answers show it. Members are never shown."""
    urns = [GROUP] if kind == "Group" else [USER, ENTERPRISE] if ENTERPRISE in resource.attributes else [USER]
    meta = {"resourceType": kind, "created": resource.created, "lastModified": resource.modified}
    body = {"id": resource.id, **resource.attributes, "meta": meta, "schemas": urns}
    return body | {"members": []} if kind == "Group" else body
