"""Who may enter what: a reading's assignments, groups expanded. Pure.

One assignment is one edge, however often AWS shows it; a person's access is the union over the edges that reach them.
An inactive user has no way in, whatever they are assigned.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from scim_bridge.access.role_pattern import role_pattern
from scim_bridge.model.access import (
    ALL_USERS,
    AccessReading,
    AccessRow,
    Allowed,
    ApplicationRow,
    Edge,
    OrphanRow,
    Person,
)
from scim_bridge.model.assignment import Principal

Reached = tuple[Person, str | None]
"""A user, and the group through which an assignment reaches them, None for directly."""


def reached(reading: AccessReading, principal: Principal, *, active: bool = True) -> Iterator[Reached]:
    """The users whom an assignment to this principal reaches. active: false for inactive ones."""
    users, groups = reading.people.users, reading.people.groups
    ids: Iterable[str] = (principal.id,)
    via = None
    if principal.kind == "group":
        ids, via = reading.people.members.get(principal.id, ()), groups.get(principal.id)
        if via is None:
            return
    for user_id in ids:
        user = users.get(user_id)
        if user is not None and user.is_active is active:
            yield user, via


@dataclass(frozen=True, slots=True)
class Way:
    """One way in, and the assignment's user or group through which it leads."""

    row: AccessRow | ApplicationRow
    principal: Principal


def access_rows(reading: AccessReading, *, active: bool = True) -> list[AccessRow]:
    """Every way into an account that can be entered. Sorted by user, group, account and permission set."""
    rows = [way.row for way in account_ways(reading, active=active) if isinstance(way.row, AccessRow)]
    rows.sort(key=lambda r: (r.user, r.via or "", r.account, r.permission_set, r.account_id))
    return rows


def account_ways(reading: AccessReading, *, active: bool = True) -> Iterator[Way]:
    """The same in an order of its own, each with the assignment's user or group."""
    people: dict[Principal, list[Reached]] = {}
    for edge in sorted(reading.edges):
        if not reading.accounts[edge.account].is_usable:
            continue
        if edge.principal not in people:
            people[edge.principal] = list(reached(reading, edge.principal, active=active))
        row_of = rows_by(reading, edge)
        for user, via in people[edge.principal]:
            yield Way(row_of(user, via), edge.principal)


def rows_by(reading: AccessReading, edge: Edge) -> Callable[[Person, str | None], AccessRow]:
    """How an assignment becomes the row of a user: by the user, and the group through which it reaches them."""
    account, held = reading.accounts[edge.account], reading.sets[edge.permission_set]
    allowed = allowed_by(reading, edge)
    role = role_pattern(reading.instance, account.id, held)
    return lambda user, via: AccessRow(
        user=user.name,
        user_id=user.id,
        display=user.display,
        via=via,
        account=account.name,
        account_id=account.id,
        permission_set=held.name,
        allows=allowed.words,
        level=allowed.level,
        role=role,
    )


def allowed_by(reading: AccessReading, edge: Edge) -> Allowed:
    """What an assignment allows in its account."""
    held = reading.sets[edge.permission_set]
    return held.centrally if reading.instance.is_central(edge.account) else held.allowed


def application_rows(reading: AccessReading) -> list[ApplicationRow]:
    """Every way to an application; one that is open to all users has a row of its own."""
    rows = [way.row for way in application_ways(reading) if isinstance(way.row, ApplicationRow)]
    rows += [
        ApplicationRow(user=None, user_id=None, display=None, via=ALL_USERS, application=one.name, arn=one.arn)
        for one in reading.applications.values()
        if one.is_open
    ]
    return sorted(rows, key=lambda r: (r.user or "", r.application, r.via or "", r.arn))


def application_ways(reading: AccessReading) -> Iterator[Way]:
    """Every way to an application by an assignment."""
    for use in sorted(reading.uses):
        name = reading.applications[use.application].name
        for user, via in reached(reading, use.principal):
            row = ApplicationRow(
                user=user.name,
                user_id=user.id,
                display=user.display,
                via=via,
                application=name,
                arn=use.application,
            )
            yield Way(row, use.principal)


def orphan_rows(reading: AccessReading) -> list[OrphanRow]:
    """Assignments whose user or group is gone. They give no one access, and stay until someone removes them."""
    rows = [
        OrphanRow(
            kind=edge.principal.kind,
            principal_id=edge.principal.id,
            account=reading.accounts[edge.account].name,
            account_id=edge.account,
            permission_set=reading.sets[edge.permission_set].name,
        )
        for edge in reading.edges
        if _is_gone(reading, edge.principal)
    ]
    rows += [
        OrphanRow(
            kind=use.principal.kind,
            principal_id=use.principal.id,
            account=reading.applications[use.application].name,
            account_id=None,
            permission_set=None,
        )
        for use in reading.uses
        if _is_gone(reading, use.principal)
    ]
    return sorted(rows, key=lambda r: (r.kind, r.principal_id, r.account, r.permission_set or ""))


def _is_gone(reading: AccessReading, principal: Principal) -> bool:
    known = reading.people.users if principal.kind == "user" else reading.people.groups
    return principal.id not in known


def asleep(reading: AccessReading) -> dict[str, int]:
    """Inactive users who keep assignments, with how many ways in come back when they are activated again."""
    counts: dict[str, int] = defaultdict(int)
    for row in access_rows(reading, active=False):
        counts[row.user] += 1
    return dict(sorted(counts.items()))
