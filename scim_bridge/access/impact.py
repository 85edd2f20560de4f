"""What a plan does to who may enter what: a reading as it would be once every operation has landed. Pure.

Assignments stay as they are: a plan changes people, groups and memberships alone. What a deleted user or group had
stays behind as an orphan and gives no one access.
"""

from collections.abc import Iterable
from dataclasses import replace

from scim_bridge.model.access import AccessReading, People, Person
from scim_bridge.model.identity import Kind
from scim_bridge.model.operation import Member, Operation

_ADDS = "add_members"


def after(reading: AccessReading, operations: Iterable[Operation]) -> AccessReading:
    """The reading as it would be after these operations, in their order. What is created has no id of AWS yet."""
    future = _Future(reading.people)
    for operation in operations:
        future.apply(operation)
    return replace(reading, people=future.people)


def new_id(kind: Kind, source_id: str) -> str:
    """What stands for the id of a resource that a plan creates."""
    return f"new {kind} {source_id}"


class _Future:
    """People, groups and members, changed operation by operation."""

    def __init__(self, people: People) -> None:
        self._users, self._groups = dict(people.users), dict(people.groups)
        self._members = {group: set(users) for group, users in people.members.items()}

    @property
    def people(self) -> People:
        """As it is now."""
        return People(self._users, self._groups, {group: frozenset(ids) for group, ids in self._members.items()})

    def apply(self, operation: Operation) -> None:
        """One operation. A membership of a group that has no assignment is not known, and gives nothing."""
        number = operation.target_id or new_id(operation.resource, operation.source_id or "")
        if operation.members:
            inside = self._members.get(number, set())
            ids = set(map(_id_of, operation.members))
            inside.difference_update(ids)
            if operation.kind == _ADDS:
                inside.update(ids)
        elif operation.is_delete:
            self._users.pop(number, None)
            self._groups.pop(number, None)
            for inside in self._members.values():
                inside.discard(number)
        elif operation.resource == "group":
            name = operation.changes.get("displayName", (None, self._groups.get(number, number)))[1]
            self._groups[number] = str(name)
        else:
            self._users[number] = self._changed(number, operation)

    def _changed(self, number: str, operation: Operation) -> Person:
        before = self._users.get(number, Person(number, operation.subject, operation.subject))
        new = {path: change[1] for path, change in operation.changes.items()}
        return Person(
            number,
            str(new.get("userName") or before.name),
            str(new.get("displayName") or before.display),
            bool(new.get("active", before.is_active)),
        )


def _id_of(member: Member) -> str:
    return member.target_id or new_id("user", member.source_id or "")
