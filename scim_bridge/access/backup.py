"""Assignments by names, so that they can be made again where ids are others: a file, and what is missing of it. Pure.

Only assignments themselves, under the principal that AWS names: what a user has through a group is the group's, and a
restore that made it the user's own would outlive every later change of the group.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from scim_bridge.errors import Misconfigured
from scim_bridge.model.access import AccessReading
from scim_bridge.model.assignment import Principal
from scim_bridge.model.identity import Kind, TargetKey
from scim_bridge.model.text import folded

VERSION = 1


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Saved(_Strict):
    """One assignment by names. application: with permission_set None; else account is the account's id."""

    kind: Literal["user", "group"]
    name: str
    account: str = ""
    permission_set: str = ""
    application: str = ""

    def __str__(self) -> str:
        what = f"application {self.application}" if self.application else f"{self.permission_set} on {self.account}"
        return f"{self.kind} {self.name}: {what}"


class _Document(_Strict):
    version: Literal[1]
    as_of: str
    instance: str
    accounts: dict[str, str]
    assignments: tuple[dict[str, Any], ...]
    not_saved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Backup:
    """What a file holds. not_saved: what it leaves out, each a sentence."""

    as_of: str
    assignments: frozenset[Saved]
    not_saved: tuple[str, ...] = ()


def backup_bytes(reading: AccessReading, as_of: str) -> bytes:
    """A reading's assignments as the file of `access export`, one a line."""
    saved, not_saved = saved_of(reading)
    head = {
        "version": VERSION,
        "as_of": as_of,
        "instance": reading.instance.arn,
        "accounts": {account.id: account.name for account in reading.accounts.values()},
    }
    listed = (one.model_dump(exclude_defaults=True) for one in sorted(saved, key=str))
    lines = b",\n  ".join(map(orjson.dumps, listed))
    body = b"\n  " + lines + b"\n " if lines else b""
    tail = orjson.dumps({"not_saved": not_saved})[1:]
    return orjson.dumps(head)[:-1] + b',\n "assignments": [' + body + b"],\n " + tail + b"\n"


def saved_of(reading: AccessReading) -> tuple[frozenset[Saved], list[str]]:
    """Every assignment by names, and what cannot be put in names: orphans, and roles, which are made elsewhere."""
    saved, not_saved = set(), []
    for edge in sorted(reading.edges):
        held, who = reading.sets[edge.permission_set], _name(reading, edge.principal)
        if who is None:
            not_saved.append(f"{held.name} on {edge.account}: its {edge.principal.kind} is gone ({edge.principal.id})")
        elif held.is_role:
            not_saved.append(f"{edge.principal.kind} {who}: {held.name} on {edge.account} (account access manager)")
        else:
            one = Saved(kind=edge.principal.kind, name=who, account=edge.account, permission_set=held.name)
            saved.add(one)
    for use in sorted(reading.uses):
        application, who = reading.applications[use.application].name, _name(reading, use.principal)
        if who is None:
            not_saved.append(f"application {application}: its {use.principal.kind} is gone ({use.principal.id})")
        else:
            saved.add(Saved(kind=use.principal.kind, name=who, application=application))
    return frozenset(saved), not_saved


def _name(reading: AccessReading, principal: Principal) -> str | None:
    if principal.kind == "group":
        return reading.people.groups.get(principal.id)
    user = reading.people.users.get(principal.id)
    return user.name if user is not None else None


def backup_of(name: str, content: bytes) -> Backup:
    """Read the file of `access export`. Raises Misconfigured, saying what does not fit."""
    try:
        read = _Document.model_validate_json(content)
        assignments = frozenset(Saved.model_validate(one) for one in read.assignments)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        problem = f"{name} is not a file of `access export` ({place}: {first['msg']})"
        raise Misconfigured(problem, "Write one with: scim-bridge access export FILE") from None
    return Backup(read.as_of, assignments, read.not_saved)


@dataclass(frozen=True, slots=True)
class ToMake:
    """An assignment that is missing, with the ids it has now."""

    saved: Saved
    principal: Principal
    arn: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class Restoration:
    """What a restore would do. missing: to be made. lost: what cannot be, each a sentence. more: not in the file."""

    missing: tuple[ToMake, ...]
    lost: tuple[str, ...]
    more: tuple[Saved, ...]
    there: int


def restoration(backup: Backup, now: AccessReading) -> Restoration:
    """What is missing of a file, with the ids that names have now. Names are compared without regard to case."""
    here, _ = saved_of(now)
    has = {_key(one): one for one in here}
    wanted = {_key(one): one for one in sorted(backup.assignments, key=str)}
    finder = _Finder(now)
    missing, lost = [], []
    for key, one in wanted.items():
        if key in has:
            continue
        found = finder.find(one)
        if isinstance(found, str):
            lost.append(f"{one} ({found})")
        else:
            missing.append(found)
    more = tuple(one for key, one in sorted(has.items()) if key not in wanted)
    return Restoration(tuple(missing), tuple(lost), more, len(wanted.keys() & has.keys()))


def _key(one: Saved) -> tuple[str, ...]:
    names = (one.name, one.account, one.permission_set, one.application)
    return (one.kind, *map(folded, names))


class _Finder:
    """Names to the ids that they have now; one that several have is found for none of them."""

    def __init__(self, now: AccessReading) -> None:
        self._now = now
        self._users = _by_name((user.name, user.id) for user in now.people.users.values())
        self._groups = _by_name((name, group) for group, name in now.people.groups.items())
        self._sets = _by_name((held.name, held.arn) for held in now.sets.values() if not held.is_role)
        self._applications = _by_name((one.name, one.arn) for one in now.applications.values())

    def find(self, one: Saved) -> ToMake | str:
        """What is to be made, or why it cannot be."""
        kind: Kind = one.kind
        principals = (self._users if kind == "user" else self._groups).get(folded(one.name), [])
        things = (self._applications if one.application else self._sets).get(
            folded(one.application or one.permission_set), []
        )
        thing = "application" if one.application else "permission set"
        for what, found in ((kind, principals), (thing, things)):
            if len(found) != 1:
                return f"there is no such {what} now" if not found else f"several have this {what}'s name now"
        if not one.application and one.account not in self._now.accounts:
            return "the account is not in the organization now"
        return ToMake(one, TargetKey(kind, principals[0]), things[0], one.account)


def _by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, identifier in pairs:
        found[folded(name)].append(identifier)
    return dict(found)
