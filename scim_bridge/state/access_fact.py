"""A reading of who may enter what, as facts that can be compared one by one, and back. Pure.

A fact has a kind, a key and a value as JSON text. Keys are ids, so that a rename is a new value and not another fact.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from scim_bridge.model.access import (
    AccessReading,
    Account,
    Allowed,
    Application,
    Edge,
    Instance,
    People,
    PermissionSet,
    Person,
    Use,
)
from scim_bridge.model.assignment import Principal
from scim_bridge.model.identity import TargetKey

Fact = tuple[str, str]
"""Kind and key."""


def facts_of(reading: AccessReading) -> dict[Fact, str]:
    """Everything that a reading shows."""
    return {(kind, key): orjson.dumps(value).decode() for kind, key, value in _facts(reading)}


_NAMES = {"member": 1, "use": 1, "edge": 2}
"""Kind → how many words of the key come before the user, or the user or group that an assignment is to."""


def about(kind: str, key: str) -> str:
    """The id of a membership's user, or the principal of an assignment (kind and id), "" for any other fact."""
    return key.split(" ", _NAMES[kind])[-1] if kind in _NAMES else ""


def _facts(reading: AccessReading) -> Iterator[tuple[str, str, Any]]:
    at, people = reading.instance, reading.people
    yield "instance", at.arn, [at.store, at.management, at.delegated, at.region]
    for account in reading.accounts.values():
        yield "account", account.id, [account.name, account.state]
    for held in reading.sets.values():
        both = [[each.level, each.words] for each in (held.allowed, held.centrally)]
        yield "set", held.arn, [held.name, *both, held.seconds, held.limited_by, held.is_role]
    for edge in reading.edges:
        yield "edge", f"{edge.account} {edge.permission_set} {named(edge.principal)}", 1
    for application in reading.applications.values():
        yield "application", application.arn, [application.name, application.is_open, application.has_tile]
    for use in reading.uses:
        yield "use", f"{use.application} {named(use.principal)}", 1
    for user in people.users.values():
        yield "user", user.id, [user.name, user.display, user.is_active]
    for group, name in people.groups.items():
        yield "group", group, name
    for group, members in people.members.items():
        yield "expanded", group, 1
        for user_id in members:
            yield "member", f"{group} {user_id}", 1
    for tag, source in reading.tags.items():
        yield "tag", tag, source


def named(principal: Principal) -> str:
    """A principal as keys have it."""
    return f"{principal.kind} {principal.id}"


def reading_of(
    facts: Iterable[tuple[str, str, str]], as_of: datetime, warnings: Iterable[str], requests: int
) -> AccessReading:
    """The reading that these facts (kind, key, value) are of."""
    by_kind: dict[str, dict[str, Any]] = defaultdict(dict)
    for kind, key, value in facts:
        by_kind[kind][key] = orjson.loads(value)
    [(arn, about)] = by_kind["instance"].items()
    return AccessReading(
        as_of=as_of,
        instance=Instance(arn, *about),
        people=_people(by_kind),
        accounts={key: Account(key, *about) for key, about in by_kind["account"].items()},
        sets={key: _set(key, about) for key, about in by_kind["set"].items()},
        edges=frozenset(map(_edge, by_kind["edge"])),
        applications={key: Application(key, *about) for key, about in by_kind["application"].items()},
        uses=frozenset(map(_use, by_kind["use"])),
        tags=by_kind["tag"],
        warnings=tuple(warnings),
        requests=requests,
    )


def _people(by_kind: Mapping[str, Mapping[str, Any]]) -> People:
    members: dict[str, set[str]] = {group: set() for group in by_kind["expanded"]}
    for key in by_kind["member"]:
        group, _, user_id = key.partition(" ")
        members[group].add(user_id)
    users = {key: Person(key, *about) for key, about in by_kind["user"].items()}
    return People(users, by_kind["group"], {group: frozenset(ids) for group, ids in members.items()})


def _set(arn: str, about: list[Any]) -> PermissionSet:
    name, first, second, seconds, limited_by, is_role = about
    return PermissionSet(
        arn=arn,
        name=name,
        allowed=_allowed(first),
        centrally=_allowed(second),
        seconds=seconds,
        limited_by=limited_by,
        is_role=is_role,
    )


def _allowed(about: list[Any]) -> Allowed:
    return Allowed(about[0], tuple(about[1]))


def _edge(key: str) -> Edge:
    account, arn, kind, principal = key.split(" ")
    return Edge(account, arn, _principal(kind, principal))


def _use(key: str) -> Use:
    arn, kind, principal = key.split(" ")
    return Use(arn, _principal(kind, principal))


def _principal(kind: str, principal: str) -> Principal:
    return TargetKey("group" if kind == "group" else "user", principal)
