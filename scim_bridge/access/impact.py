"""What a plan does to who may enter what: a reading as it would be once every operation has landed. Pure.

Assignments stay as they are: a plan changes people, groups and memberships alone. What a deleted user or group had
stays behind as an orphan and gives no one access. A reading may be a part: those whom a plan touches, and what reaches
them, are enough, for no one else gains or loses anything.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from scim_bridge.access.graph import Way, account_ways, application_ways
from scim_bridge.access.seat import price_of, takes_seat
from scim_bridge.model.access import AccessReading, AccessRow, ApplicationRow, Cause, People, Person, Step
from scim_bridge.model.identity import ACTIVE, USER_NAME
from scim_bridge.model.impact import LEVELS, Admin, Impact, Seats, TagChange, new_id
from scim_bridge.model.operation import Member, Operation

_ADDS = "add_members"
_BECOMES = 2
"""Of LEVELS the first ones: who is an administrator, and who can become one."""
Door = tuple[str, str, str]
"""User id, account id and name of the permission set; or user id, ARN of an application, and ""."""
Doors = Mapping[Door, list[Way]]


def impact_of(before: AccessReading, operations: Iterable[Operation], prices: Mapping[str, float]) -> Impact:
    """The difference between access now and once these have landed. prices: how the name of an application begins →
    what one user costs a month.

    A pair counts once, in however many ways someone has it; one that is kept in another way is neither gained nor lost.
    """
    steps = tuple(operations)
    later = after(before, steps)
    old, new = _doors(before), _doors(later)
    why = _Reasons.of(steps, before)
    lost = (Step(ways[0].row, _causes(map(why.lost, ways))) for door, ways in old.items() if door not in new)
    gained = (Step(ways[0].row, _causes(map(why.gained, ways))) for door, ways in new.items() if door not in old)
    then, now = _worst(old), _worst(new)
    within = {user_id for user_id, account in now}
    return Impact(
        read_at=before.as_of,
        gained=_privileged_first(gained),
        lost=_privileged_first(lost),
        admins_gained=_admins(now, then, _BECOMES),
        admins_lost=_admins(then, now, 1),
        session_tags=tuple(_tags(before, steps, within)),
        seats=tuple(_seats(before, old, new, prices)),
        renamed=tuple(sorted({o.subject for o in steps if _is_renamed(o) and o.target_id in within})),
        warnings=before.warnings,
    )


def after(reading: AccessReading, operations: Iterable[Operation]) -> AccessReading:
    """The reading as it would be after these operations, in their order. What is created has no id of AWS yet."""
    future = _Future(reading.people)
    for operation in operations:
        future.apply(operation)
    return replace(reading, people=future.people)


def concerned(operations: Iterable[Operation]) -> frozenset[str]:
    """Ids of the users whom these are about, what stands for those who are created among them."""
    found = set()
    for operation in operations:
        found |= {_id_of(member) for member in operation.members}
        if operation.resource == "user":
            found.add(_number(operation))
    return frozenset(found)


def _number(operation: Operation) -> str:
    return operation.target_id or new_id(operation.resource, operation.source_id or "")


def _id_of(member: Member) -> str:
    return member.target_id or new_id("user", member.source_id or "")


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
        number = _number(operation)
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
            str(new.get(USER_NAME) or before.name),
            str(new.get("displayName") or before.display),
            bool(new.get(ACTIVE, before.is_active)),
        )


def _doors(reading: AccessReading) -> dict[Door, list[Way]]:
    """What each user can enter, with the ways there."""
    doors: dict[Door, list[Way]] = defaultdict(list)
    for way in (*account_ways(reading), *application_ways(reading)):
        row = way.row
        if isinstance(row, AccessRow):
            doors[row.user_id, row.account_id, row.permission_set].append(way)
        else:
            doors[row.user_id or "", row.arn, ""].append(way)
    return doors


def _causes(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    return tuple(dict.fromkeys(causes))


@dataclass(frozen=True, slots=True)
class _Reasons:
    """What a plan does, by those it is about."""

    user: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    added: set[tuple[str, str]] = field(default_factory=set)
    were_in: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, operations: Iterable[Operation], before: AccessReading) -> "_Reasons":
        """The reasons that a plan gives."""
        why = cls(were_in={person.id for person in before.people.users.values() if person.is_active})
        for operation in operations:
            number = _number(operation)
            if operation.members and operation.kind == _ADDS:
                why.added.update((number, _id_of(member)) for member in operation.members)
            elif operation.resource == "group" and operation.is_delete:
                why.deleted.add(number)
            elif operation.resource == "user":
                why.user[number] = _said(operation) or why.user.get(number, "")
        return why

    def lost(self, way: Way) -> Cause:
        """Why a way ends: the first thing on it that does."""
        told = self.user.get(way.row.user_id or "")
        if told:
            return Cause(told)
        if way.principal.id in self.deleted:
            return Cause(f"the group {way.row.via} is deleted")
        return Cause(f"removed from {way.row.via}")

    def gained(self, way: Way) -> Cause:
        """Why a way begins. Who is created comes in by a group."""
        user_id = way.row.user_id or ""
        is_added = (way.principal.id, user_id) in self.added
        if is_added and (user_id in self.were_in or user_id not in self.user):
            return Cause(f"added to {way.row.via}")
        told = self.user.get(user_id, "")
        return Cause(f"{told} and added to {way.row.via}" if is_added else told)


def _said(operation: Operation) -> str:
    """What an operation does to whether a user may sign in, "" for nothing."""
    if operation.is_delete:
        return "the user is deleted"
    if operation.is_create:
        return "the user is created"
    old, new = operation.changes.get(ACTIVE, (None, None))
    if old == new:
        return ""
    return "the user is activated" if new else "the user is deactivated"


def _privileged_first(steps: Iterable[Step]) -> tuple[Step, ...]:
    """User by user, those with the most privileged one first; of a user likewise."""
    found = list(steps)
    ranks: dict[str, int] = {}
    for step in found:
        user = step.row.user or ""
        ranks[user] = min(_rank(step), ranks.get(user, len(LEVELS)))

    def place(step: Step) -> tuple[int, str, int, str, str]:
        row = step.row
        user = row.user or ""
        where = (row.account, row.permission_set) if isinstance(row, AccessRow) else (row.application, "")
        return ranks[user], user, _rank(step), *where

    return tuple(sorted(found, key=place))


def _rank(step: Step) -> int:
    return LEVELS.index(step.row.level) if isinstance(step.row, AccessRow) else len(LEVELS)


Held = Mapping[tuple[str, str], AccessRow]
"""User id and account id → the most privileged that the user has there."""


def _worst(doors: Doors) -> Held:
    found: dict[tuple[str, str], AccessRow] = {}
    for ways in doors.values():
        row = ways[0].row
        if isinstance(row, AccessRow):
            held = found.get((row.user_id, row.account_id))
            if held is None or LEVELS.index(row.level) < LEVELS.index(held.level):
                found[row.user_id, row.account_id] = row
    return found


def _admins(some: Held, others: Held, most: int) -> tuple[Admin, ...]:
    """Those of some who hold one of the `most` worst levels, and hold a lesser one, or none, in others."""
    found = []
    for where, row in some.items():
        rank, other = LEVELS.index(row.level), others.get(where)
        if rank < most and (other is None or LEVELS.index(other.level) > rank):
            found.append(
                Admin(
                    user=row.user,
                    user_id=row.user_id,
                    account=row.account,
                    account_id=row.account_id,
                    level=row.level,
                )
            )
    return tuple(sorted(found, key=lambda one: (LEVELS.index(one.level), one.user, one.account, one.account_id)))


def _is_renamed(operation: Operation) -> bool:
    return operation.resource == "user" and operation.renamed_to is not None


_TEMPLATE = re.compile(r"^\$\{path:(.+)\}$")
_OF_LIST = re.compile(r"\[[^\]]*\]")


def tag_path(source: str) -> str:
    """The attribute from which a session tag comes, as changes name it; "" for a form that is not known.

    ${path:enterprise.costCenter}, ${path:emails[primary eq true].value}
    (singlesignon/latest/userguide/attributesforaccesscontrol.html).
    """
    found = _TEMPLATE.match(source.strip())
    return _OF_LIST.sub("", found[1]).removesuffix(".value") if found else ""


def _tags(before: AccessReading, operations: Iterable[Operation], within: set[str]) -> Iterator[TagChange]:
    """Session tags whose value changes, for users who are there and have a way into an account after the plan."""
    changed: dict[str, dict[str, tuple[str, object, object]]] = defaultdict(dict)
    for operation in operations:
        if operation.resource == "user" and not operation.is_create and operation.target_id in within:
            for path, (old, new) in operation.changes.items():
                if old != new:
                    changed[path.lower()][operation.target_id] = (operation.subject, old, new)
    for key, source in sorted(before.tags.items()):
        path = tag_path(source)
        users = changed.get(path.lower(), {})
        if users:
            yield TagChange(key, path, tuple(sorted(users.values(), key=lambda one: one[0])))


def _seats(before: AccessReading, old: Doors, new: Doors, prices: Mapping[str, float]) -> Iterator[Seats]:
    """Users who come to an application that is paid for each of them, and who leave it, application by application."""
    then, now = _users_of_applications(old), _users_of_applications(new)
    for arn, application in sorted(before.applications.items(), key=lambda pair: pair[1].name):
        if not takes_seat(application.name, prices):
            continue
        gained, lost = _names(now, then, arn), _names(then, now, arn)
        if gained or lost:
            yield Seats(application.name, gained, lost, price_of(application.name, prices))


def _users_of_applications(doors: Doors) -> dict[str, dict[str, str]]:
    """ARN → user id → name."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for ways in doors.values():
        row = ways[0].row
        if isinstance(row, ApplicationRow) and row.user_id is not None:
            found[row.arn][row.user_id] = row.user or ""
    return found


def _names(some: Mapping[str, Mapping[str, str]], others: Mapping[str, Mapping[str, str]], arn: str) -> tuple[str, ...]:
    left = others.get(arn, {})
    return tuple(sorted(name for user_id, name in some.get(arn, {}).items() if user_id not in left))
