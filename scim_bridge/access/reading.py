"""Reads who may enter what, whole: instance, people, accounts, permission sets, assignments, applications, roles.

What cannot be done without stops it (NotReadable); what may be missing is a warning of the reading. Order and number
of requests: assignments_reading.py; at most `access.requests_per_second` of each budget.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any

from scim_bridge.access.application_reading import read_applications, uses_of_all
from scim_bridge.access.assignments_reading import Asking, find_pairs, read_pairs
from scim_bridge.access.aws import AT_ONCE, Aws
from scim_bridge.access.organization_reading import read_accounts, read_instance, with_accounts_of
from scim_bridge.access.refusal import NotReadable
from scim_bridge.access.role_reading import read_roles, roles_of
from scim_bridge.access.set_reading import SetReader, Unread
from scim_bridge.model.access import AccessReading, Edge, People, PermissionSet, Person
from scim_bridge.model.assignment import Principal
from scim_bridge.model.protocol import Progress


def read_access(aws: Aws, now: datetime, progress: Progress) -> AccessReading:
    """Everything, now. Raises NotReadable, naming the action and what a policy needs for it."""
    unread = Unread()
    before = aws.requests
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asking = Asking(aws, pool, progress)
        instance, has_sets = read_instance(aws, unread)
        accounts = read_accounts(aws, unread)
        sets, edges = _assignments(asking, instance.arn, list(accounts), unread) if has_sets else ({}, frozenset())
        numbers = sorted({*accounts, *(edge.account for edge in edges)})
        roles = read_roles(asking, [{"account": number} for number in numbers], unread)
        applications, uses = read_applications(asking, instance.arn, unread, partial(uses_of_all, asking))
        named = {edge.principal for edge in (*edges, *roles)} | {use.principal for use in uses}
        people = _people(asking, instance.store, named, unread)
    return AccessReading(
        as_of=now,
        instance=instance,
        people=_with_those_missed(aws, instance.store, people, named),
        accounts=with_accounts_of(accounts, edges | roles),
        sets=sets | roles_of(roles),
        edges=edges | roles,
        applications=applications,
        uses=uses,
        tags=_tags(aws, instance.arn, unread),
        warnings=unread.warnings,
        requests=aws.requests - before,
    )


def _assignments(
    asking: Asking, instance: str, accounts: list[str], unread: Unread
) -> tuple[dict[str, PermissionSet], frozenset[Edge]]:
    arns = asking.aws.every("sso:ListPermissionSets", "PermissionSets", InstanceArn=instance)
    pairs = find_pairs(asking, instance, accounts, arns)
    edges = read_pairs(asking, instance, pairs)
    known = list(dict.fromkeys([*arns, *(arn for _, arn in pairs)]))
    return SetReader(asking.aws, instance, unread).read(asking, known), edges


def _people(asking: Asking, store: str, named: Iterable[Principal], unread: Unread) -> People:
    """Users and groups, and the members of those groups that have an assignment."""
    aws = asking.aws
    both: list[Callable[[], list[Any]]] = [
        lambda: aws.every("identitystore:ListUsers", "Users", IdentityStoreId=store),
        lambda: aws.every("identitystore:ListGroups", "Groups", IdentityStoreId=store),
    ]
    users, groups = asking.each("users and groups", both, _call)
    names = {group["GroupId"]: group.get("DisplayName", group["GroupId"]) for group in groups}
    wanted = sorted({who.id for who in named if who.kind == "group" and who.id in names})
    try:
        members = asking.each("groups", wanted, lambda group: _members(aws, store, group))
    except NotReadable as refused:
        if not refused.is_not_offered:
            raise
        # With Active Directory as the source AWS shows no memberships (IdentityStoreAPIReference).
        unread.note("Members of groups are not known", refused)
        members = [frozenset()] * len(wanted)
    return People({user["UserId"]: person_of(user) for user in users}, names, dict(zip(wanted, members, strict=True)))


def _call(read: Callable[[], list[Any]]) -> list[Any]:
    return read()


def _members(aws: Aws, store: str, group: str) -> frozenset[str]:
    call, asked = "identitystore:ListGroupMemberships", {"IdentityStoreId": store, "GroupId": group}
    return frozenset(row["MemberId"]["UserId"] for row in aws.every(call, "GroupMemberships", **asked))


def person_of(user: Mapping[str, Any]) -> Person:
    """A user as ListUsers and DescribeUser show it."""
    name = user.get("UserName", user["UserId"])
    return Person(user["UserId"], name, user.get("DisplayName", name), user.get("UserStatus", "ENABLED") == "ENABLED")


def _with_those_missed(aws: Aws, store: str, people: People, named: Iterable[Principal]) -> People:
    """The people with those whom the lists did not show yet: a list lags, so each one missing is asked for by id.

    Only one who is unknown then is gone, and an assignment to it is an orphan.
    """
    users, groups = dict(people.users), dict(people.groups)
    members = dict(people.members)
    for who in sorted(named):
        try:
            if who.kind == "user" and who.id not in users:
                users[who.id] = person_of(aws.ask("identitystore:DescribeUser", IdentityStoreId=store, UserId=who.id))
            elif who.kind == "group" and who.id not in groups:
                found = aws.ask("identitystore:DescribeGroup", IdentityStoreId=store, GroupId=who.id)
                groups[who.id], members[who.id] = found.get("DisplayName", who.id), _members(aws, store, who.id)
        except NotReadable as refused:
            if not refused.is_unknown:
                raise
    return People(users, groups, members)


def _tags(aws: Aws, instance: str, unread: Unread) -> dict[str, str]:
    """Attributes for access control: the session tag's key to where its value comes from. {} where they are off."""
    call = "sso:DescribeInstanceAccessControlAttributeConfiguration"
    try:
        found = aws.ask(call, InstanceArn=instance)
    except NotReadable as refused:
        if not refused.is_unknown:
            unread.note("Attributes for access control are not known", refused)
        return {}
    mapped = found.get("InstanceAccessControlAttributeConfiguration", {}).get("AccessControlAttributes", ())
    return {one["Key"]: one["Value"]["Source"][0] for one in mapped}
