"""Reads what one user has, by principal: some ten requests and one for each group, whatever the organization's size.

The whole costs a request for each pair of account and permission set (assignments_reading.py), so that this is the
cheaper way for one user. It shows no orphans, and nothing of it is kept.
"""

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from scim_bridge.access.application_reading import read_applications
from scim_bridge.access.assignments_reading import Asking, edges, principal
from scim_bridge.access.aws import AT_ONCE, Aws
from scim_bridge.access.organization_reading import read_accounts, read_instance, with_accounts_of
from scim_bridge.access.reading import person_of
from scim_bridge.access.refusal import NotReadable
from scim_bridge.access.role_reading import read_roles, roles_of
from scim_bridge.access.set_reading import SetReader, Unread
from scim_bridge.model.access import AccessReading, Edge, People, Person, Use
from scim_bridge.model.assignment import Principal
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.protocol import Progress

_ID = re.compile(r"([0-9a-f]{10}-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def read_user(aws: Aws, named: str, now: datetime, progress: Progress) -> AccessReading | None:
    """What the user with this userName or id has; None if no user has it.

    Raises NotReadable: these calls may be denied to an account where the whole can be read.
    """
    unread, before = Unread(), aws.requests
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asking = Asking(aws, pool, progress)
        instance, has_sets = read_instance(aws, unread)
        user = _find(aws, instance.store, named.strip())
        if user is None:
            return None
        groups = _groups_of(asking, instance.store, user)
        who = [TargetKey("user", user.id), *(TargetKey("group", group) for group in groups)]
        found = _edges(asking, instance.arn, who) if has_sets else frozenset()
        roles = read_roles(asking, [{"principal": {"identityCenter": _named(one)}} for one in who], unread)
        arns = sorted({edge.permission_set for edge in found})
        sets = SetReader(aws, instance.arn, unread).read(asking, arns)
        applications, uses = read_applications(asking, instance.arn, unread, lambda _: _uses(asking, instance.arn, who))
    return AccessReading(
        as_of=now,
        instance=instance,
        people=People({user.id: user}, groups, {group: frozenset({user.id}) for group in groups}),
        accounts=with_accounts_of(read_accounts(aws, unread), found | roles),
        sets=sets | roles_of(roles),
        edges=found | roles,
        applications=applications,
        uses=uses,
        warnings=unread.warnings,
        requests=aws.requests - before,
    )


def _find(aws: Aws, store: str, named: str) -> Person | None:
    try:
        user_id = named
        if not _ID.fullmatch(named):
            how = {"UniqueAttribute": {"AttributePath": "userName", "AttributeValue": named}}
            user_id = aws.ask("identitystore:GetUserId", IdentityStoreId=store, AlternateIdentifier=how)["UserId"]
        return person_of(aws.ask("identitystore:DescribeUser", IdentityStoreId=store, UserId=user_id))
    except NotReadable as refused:
        if refused.is_unknown:
            return None
        raise


def _groups_of(asking: Asking, store: str, user: Person) -> dict[str, str]:
    """The user's groups: id → name."""
    call, member = "identitystore:ListGroupMembershipsForMember", {"UserId": user.id}
    rows = asking.aws.every(call, "GroupMemberships", IdentityStoreId=store, MemberId=member)
    ids = sorted({row["GroupId"] for row in rows})

    def described(group: str) -> dict[str, Any]:
        return dict(asking.aws.ask("identitystore:DescribeGroup", IdentityStoreId=store, GroupId=group))

    names = asking.each("groups", ids, described)
    return {group: about.get("DisplayName", group) for group, about in zip(ids, names, strict=True)}


def _named(who: Principal) -> dict[str, str]:
    return {"userId" if who.kind == "user" else "groupId": who.id}


def _edges(asking: Asking, instance: str, who: Sequence[Principal]) -> frozenset[Edge]:
    rows = _by_principal(asking, instance, who, "sso:ListAccountAssignmentsForPrincipal", "AccountAssignments")
    return frozenset(edges(rows))


def _uses(asking: Asking, instance: str, who: Sequence[Principal]) -> list[Use]:
    call, name = "sso:ListApplicationAssignmentsForPrincipal", "ApplicationAssignments"
    return [Use(row["ApplicationArn"], principal(row)) for row in _by_principal(asking, instance, who, call, name)]


def _by_principal(
    asking: Asking, instance: str, who: Sequence[Principal], call: str, name: str
) -> Iterable[dict[str, str]]:
    """The rows of a user and of the groups. AWS's answer for a user has those of the groups too, under their ids.

    That is not documented (seen by several), so that the groups are asked for themselves unless it has some.
    """

    def rows(one: Principal) -> list[dict[str, str]]:
        asked = {"InstanceArn": instance, "PrincipalId": one.id, "PrincipalType": one.kind.upper()}
        return asking.aws.every(call, name, **asked)

    user, *groups = who
    found = rows(user)
    if any(row["PrincipalType"] == "GROUP" for row in found):
        return found
    return [*found, *(row for some in asking.each(name, groups, rows) for row in some)]
