"""After a revocation: which sessions may still run, for how long at the latest, and the policy that stops them. Pure.

Where AWS's pages contradict each other, the worse case counts. Pages, all below
https://docs.aws.amazon.com/singlesignon/latest/userguide/:

- howtosessionduration: a role session lasts as long as the permission set says, 1 to 12 hours.
- user-interactive-sessions, 90-day-extended-session-duration: a portal session lasts 15 minutes to 90 days, 8 hours
  unless someone set it; no API tells. Amazon Q Developer and Kiro may have sessions of 90 days of their own.
- authconcept: who is deactivated cannot begin role sessions any more, at once. revoke-user-permissions: with a live
  portal session that user still can, until the assignments are gone. So while an assignment is left, the last role
  session may begin when the portal session ends.
- authconcept: sessions of applications end within 30 minutes; older copies of it say about 2 hours.
- prereqs-revoking-user-permissions: the deny statement by `identitystore:UserId`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from scim_bridge.access.role_pattern import role_pattern
from scim_bridge.model.access import AccessReading, Application, Edge, Person
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.session import ApplicationSession, How, Revoked, RoleSession, Sessions, UserSessions

PORTAL = timedelta(hours=8)
"""AWS's default, where no one said what is set."""
_LONGEST_ROLE = timedelta(hours=12)
"""Of a role of the account access manager: its own maximum is not read."""
_AFTER_DISABLING, _AFTER_REMOVAL = timedelta(hours=2), timedelta(minutes=30)
_EXTENDED = timedelta(days=90)
_WITH_EXTENDED = ("QDevProfile-", "KiroProfile-")
_VERSION = "2012-10-17"
_LITERALLY = str.maketrans({sign: f"${{{sign}}}" for sign in "*?$"})
"""How a policy writes its own signs where they are meant as they are (IAM user guide, reference_policies_variables)."""
_FOR_THOSE_WHO_LOSE: How = "loses access"


def sessions_after(reading: AccessReading, revoked: Revoked, portal: timedelta | None) -> Sessions:
    """What may still run of everyone from whom this is taken. portal: the length of portal sessions, None if unknown.

    It does not matter whether the reading is from before or after: memberships that are taken count as there before.
    """
    before, after = _Ways(reading, revoked.removed, had=True), _Ways(reading, revoked.removed, had=False)
    found = []
    for user_id in sorted(revoked.users & reading.people.users.keys()):
        user = reading.people.users[user_id]
        how: How = _FOR_THOSE_WHO_LOSE
        if user_id in revoked.deactivated | revoked.deleted:
            how = "deleted" if user_id in revoked.deleted else "deactivated"
            left = set(after.edges(user_id))
            found.append(_of_who_leaves(reading, user, how, before, left=left, portal=portal or PORTAL))
        else:
            found.append(_of_who_loses(reading, user, before, after))
    users = tuple(each for each in found if each.roles or each.applications or each.portal is not None)
    return Sessions(
        users=tuple(sorted(users, key=lambda each: each.user)),
        assumed_portal=PORTAL if portal is None and any(each.portal is not None for each in users) else None,
        deny=deny_policy(users),
        not_known=len(revoked.users - reading.people.users.keys()),
    )


def sessions_of(reading: AccessReading, users: Iterable[Person], portal: timedelta | None) -> Sessions:
    """What would still run of these users if they were deactivated now."""
    return sessions_after(reading, Revoked(deactivated=frozenset(user.id for user in users)), portal)


def together(parts: Iterable[Sessions]) -> Sessions:
    """Several answers as one, with one policy for everyone."""
    found = tuple(parts)
    users = tuple(each for part in found for each in part.users)
    assumed = next((part.assumed_portal for part in found if part.assumed_portal is not None), None)
    unknown = sum(part.not_known for part in found)
    return Sessions(users=users, assumed_portal=assumed, deny=deny_policy(users), not_known=unknown)


class _Ways:
    """Who reaches what in a reading. removed: memberships, (group, user), that count as there (had) or as gone."""

    def __init__(self, reading: AccessReading, removed: frozenset[tuple[str, str]], *, had: bool) -> None:
        self._reading = reading
        self._groups: dict[str, set[str]] = {}
        pairs = {(group, user) for group, members in reading.people.members.items() for user in members}
        for group, user in pairs | removed if had else pairs - removed:
            self._groups.setdefault(user, set()).add(group)
        self._edges: dict[TargetKey, list[Edge]] = {}
        for edge in reading.edges:
            if reading.accounts[edge.account].is_usable:
                self._edges.setdefault(edge.principal, []).append(edge)

    def edges(self, user_id: str) -> Iterator[Edge]:
        """Every assignment that reaches this user, whether active or not."""
        for principal in self._principals(user_id):
            yield from self._edges.get(principal, ())

    def doors(self, user_id: str) -> dict[tuple[str, str], Edge]:
        """The same by account and permission set."""
        return {(edge.account, edge.permission_set): edge for edge in self.edges(user_id)}

    def applications(self, user_id: str) -> set[str]:
        """ARNs of the applications that this user reaches."""
        mine = set(self._principals(user_id))
        shown = self._reading.applications.values()
        return {use.application for use in self._reading.uses if use.principal in mine} | {
            one.arn for one in shown if one.is_open
        }

    def _principals(self, user_id: str) -> Iterator[TargetKey]:
        yield TargetKey("user", user_id)
        for group in sorted(self._groups.get(user_id, ())):
            yield TargetKey("group", group)


def _of_who_leaves(
    reading: AccessReading, user: Person, how: How, ways: _Ways, *, left: set[Edge], portal: timedelta
) -> UserSessions:
    """Deactivated or deleted. What AWS lets a deleted user with a live portal session do is not documented."""
    renewable = {(edge.account, edge.permission_set) for edge in left}
    roles = [
        _role(reading, edge, renews=portal if door in renewable else None) for door, edge in ways.doors(user.id).items()
    ]
    used = (reading.applications[arn] for arn in ways.applications(user.id))
    return UserSessions(
        user=user.name,
        user_id=user.id,
        how=how,
        roles=_sorted(roles),
        applications=_applications(used, _AFTER_DISABLING),
        portal=portal,
    )


def _of_who_loses(reading: AccessReading, user: Person, before: _Ways, after: _Ways) -> UserSessions:
    """A user who stays active: what no other way opens any more. One who is inactive has nothing to lose."""
    kept = after.doors(user.id).keys() if user.is_active else before.doors(user.id).keys()
    roles = [_role(reading, edge) for door, edge in before.doors(user.id).items() if door not in kept]
    lost = before.applications(user.id) - after.applications(user.id) if user.is_active else set()
    return UserSessions(
        user=user.name,
        user_id=user.id,
        how=_FOR_THOSE_WHO_LOSE,
        roles=_sorted(roles),
        applications=_applications((reading.applications[arn] for arn in lost), _AFTER_REMOVAL),
        portal=None,
    )


def _role(reading: AccessReading, edge: Edge, renews: timedelta | None = None) -> RoleSession:
    """renews: for how long another session may begin, None if none may."""
    account, held = reading.accounts[edge.account], reading.sets[edge.permission_set]
    once = _LONGEST_ROLE if held.is_role else timedelta(seconds=held.seconds)
    return RoleSession(
        account=account.name,
        account_id=account.id,
        permission_set=held.name,
        lasts=once + (renews or timedelta()),
        is_renewable=renews is not None,
        is_management=account.id == reading.instance.management,
        role=role_pattern(reading.instance, account.id, held),
    )


def _sorted(roles: Iterable[RoleSession]) -> tuple[RoleSession, ...]:
    return tuple(sorted(roles, key=lambda each: (-each.lasts, each.account, each.permission_set, each.account_id)))


def _applications(used: Iterable[Application], usual: timedelta) -> tuple[ApplicationSession, ...]:
    sessions = [
        ApplicationSession(one.name, _EXTENDED if one.name.startswith(_WITH_EXTENDED) else usual) for one in used
    ]
    return tuple(sorted(sessions, key=lambda each: (-each.lasts, each.application)))


def deny_policy(users: Iterable[UserSessions]) -> dict[str, Any]:
    """The policy that AWS documents; {} where it has no one to name. Who leaves can do nothing by it, anywhere.

    Who loses only some access keeps the rest: for those it denies the roles that they have lost, and no others.
    """
    leaving: list[UserSessions] = []
    losing: dict[tuple[str, ...], list[UserSessions]] = {}
    for user in users:
        if user.how != _FOR_THOSE_WHO_LOSE:
            leaving.append(user)
        elif user.roles:
            losing.setdefault(tuple(sorted({role.role for role in user.roles})), []).append(user)
    statements = list(_denied("DenyRevokedUsers", leaving))
    for number, (roles, those) in enumerate(sorted(losing.items()), start=1):
        statements += _denied(f"DenyLostRoles{number}", those, {"ArnLike": {"aws:PrincipalArn": list(roles)}})
    return {"Version": _VERSION, "Statement": statements} if statements else {}


def _denied(
    name: str, users: Sequence[UserSessions], limited: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[dict[str, Any]]:
    """One statement for all of these, and the older form of it, by userName. limited: conditions that hold as well.

    AWS promises the key of the first one on the pages about revocation alone, and a rename defeats the second one.
    """
    named = sorted({(each.user_id, each.user) for each in users})
    if not named:
        return
    by_id = {"StringEquals": {"identitystore:UserId": [user_id for user_id, _ in named]}}
    by_name = {"StringLike": {"aws:userid": [f"*:{name.translate(_LITERALLY)}" for _, name in named]}}
    for sid, who in ((name, by_id), (f"{name}ByName", by_name)):
        yield {"Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {**who, **limited}}
