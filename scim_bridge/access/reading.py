"""Reads who may enter what, whole: instance, people, accounts, permission sets, assignments, applications, roles.

What cannot be done without stops it (NotReadable); what may be missing is a warning of the reading. Order and number
of requests: assignments_reading.py; at most `access.requests_per_second` of each budget.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any

from scim_bridge.access.assignments_reading import Asking, find_pairs, principal, read_pairs
from scim_bridge.access.aws import AT_ONCE, Aws
from scim_bridge.access.instance import find_instance
from scim_bridge.access.refusal import NotReadable
from scim_bridge.access.set_reading import SetReader, Unread
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
from scim_bridge.model.protocol import Progress

_ROLE = Allowed("unknown", ("nothing known of this role",))
_DELEGATED_SERVICE = "sso.amazonaws.com"


def read_access(aws: Aws, now: datetime, progress: Progress) -> AccessReading:
    """Everything, now. Raises NotReadable, naming the action and what a policy needs for it."""
    unread = Unread()
    before = aws.requests
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asking = Asking(aws, pool, progress)
        instance, has_sets = _instance(aws, unread)
        accounts = _accounts(aws, unread)
        sets, edges = _assignments(asking, instance.arn, list(accounts), unread) if has_sets else ({}, frozenset())
        roles = _roles(asking, sorted({*accounts, *(edge.account for edge in edges)}), unread)
        sets |= {arn: PermissionSet(arn=arn, name=_role_name(arn), allowed=_ROLE, centrally=_ROLE, is_role=True)
                 for arn in {edge.permission_set for edge in roles}}  # fmt: skip
        applications, uses = _applications(asking, instance.arn, unread)
        named = {edge.principal for edge in (*edges, *roles)} | {use.principal for use in uses}
        people = _people(asking, instance.store, named)
    return AccessReading(
        as_of=now,
        instance=instance,
        people=_with_those_missed(aws, instance.store, people, named),
        accounts=accounts | {edge.account: Account(edge.account, edge.account) for edge in edges | roles
                             if edge.account not in accounts},
        sets=sets,
        edges=edges | roles,
        applications=applications,
        uses=uses,
        tags=_tags(aws, instance.arn, unread),
        warnings=unread.warnings,
        requests=aws.requests - before,
    )  # fmt: skip


def _instance(aws: Aws, unread: Unread) -> tuple[Instance, bool]:
    """The instance, and whether it has permission sets: one made without access to accounts has none."""
    found = find_instance(aws)
    management = delegated = ""
    try:
        management = aws.ask("organizations:DescribeOrganization")["Organization"]["MasterAccountId"]
    except NotReadable as refused:
        unread.note("The management account is not known", refused)
    try:
        asked = {"ServicePrincipal": _DELEGATED_SERVICE}
        listed = aws.every("organizations:ListDelegatedAdministrators", "DelegatedAdministrators", **asked)
        delegated = next((one["Id"] for one in listed), "")
    except NotReadable as refused:
        unread.note("A delegated administrator is not known", refused)
    has_sets = True
    try:
        has_sets = aws.ask("sso:DescribeInstance", InstanceArn=found["InstanceArn"]).get("PermissionSetsEnabled", True)
    except NotReadable as refused:
        unread.note("Whether the instance has permission sets is not known", refused)
    return Instance(found["InstanceArn"], found["IdentityStoreId"], management, delegated), has_sets


def _accounts(aws: Aws, unread: Unread) -> dict[str, Account]:
    """The accounts by id, {} if they may not be listed: the permission sets then say which accounts there are."""
    try:
        listed = aws.every("organizations:ListAccounts", "Accounts")
    except NotReadable as refused:
        unread.note("The names and states of accounts are not known", refused)
        return {}
    # Status was retired in September 2026 and may be absent; State says more. Neither: as good as active.
    return {one["Id"]: Account(one["Id"], one.get("Name", one["Id"]), one.get("State") or one.get("Status", "ACTIVE"))
            for one in listed}  # fmt: skip


def _assignments(
    asking: Asking, instance: str, accounts: list[str], unread: Unread
) -> tuple[dict[str, PermissionSet], frozenset[Edge]]:
    arns = asking.aws.every("sso:ListPermissionSets", "PermissionSets", InstanceArn=instance)
    pairs = find_pairs(asking, instance, accounts, arns)
    edges = read_pairs(asking, instance, pairs)
    known = list(dict.fromkeys([*arns, *(arn for _, arn in pairs)]))
    return SetReader(asking.aws, instance, unread).read(asking, known), edges


def _roles(asking: Asking, accounts: list[str], unread: Unread) -> frozenset[Edge]:
    """Entitlements of the account access manager: existing roles, a second kind of assignment (since 2026).

    An empty filter is not documented to list all of them, so that each account is asked about.
    """
    aws = asking.aws
    found: list[Edge] = []
    try:
        for one in aws.every("account-access:ListApplications", "applications"):
            for listed in asking.each("roles", accounts, partial(_entitled, aws, one["applicationArn"])):
                found += listed
    except NotReadable as refused:
        unread.note("Roles assigned through the account access manager are not known", refused)
    return frozenset(found)


def _entitled(aws: Aws, application: str, account: str) -> list[Edge]:
    asked = {"applicationArn": application, "filter": {"principalRole": {"account": account}}}
    rows = aws.every("account-access:ListEntitlements", "entitlements", **asked)
    return [_role_edge(row["entitlement"]["principalRole"]) for row in rows]


def _role_edge(row: Mapping[str, Any]) -> Edge:
    who = row["principal"]["identityCenter"]
    principal = TargetKey("group", who["groupId"]) if "groupId" in who else TargetKey("user", who["userId"])
    return Edge(row["account"], row["roleArn"], principal)


def _role_name(arn: str) -> str:
    return f"role {arn.partition(':role/')[2]}"


def _applications(asking: Asking, instance: str, unread: Unread) -> tuple[dict[str, Application], frozenset[Use]]:
    aws = asking.aws
    try:
        listed = aws.every("sso:ListApplications", "Applications", InstanceArn=instance)
        arns = [one["ApplicationArn"] for one in listed]
        required = asking.each("applications", arns, lambda arn: _is_required(aws, arn, unread))
        uses = asking.each("application assignments", arns, lambda arn: _uses(aws, arn))
    except NotReadable as refused:
        unread.note("Applications are not known", refused)
        return {}, frozenset()
    found = {one["ApplicationArn"]: Application(one["ApplicationArn"], one.get("Name", one["ApplicationArn"]),
                                                is_open=not needed, has_tile=_has_tile(one))
             for one, needed in zip(listed, required, strict=True)}  # fmt: skip
    return found, frozenset(use for some in uses for use in some)


def _is_required(aws: Aws, arn: str, unread: Unread) -> bool:
    call = "sso:GetApplicationAssignmentConfiguration"
    try:
        return bool(aws.ask(call, ApplicationArn=arn).get("AssignmentRequired", True))
    except NotReadable as refused:
        unread.note("Whether applications are open to all users is not known", refused)
        return True


def _uses(aws: Aws, arn: str) -> list[Use]:
    rows = aws.every("sso:ListApplicationAssignments", "ApplicationAssignments", ApplicationArn=arn)
    return [Use(arn, principal(row)) for row in rows]


def _has_tile(one: Mapping[str, Any]) -> bool:
    """Whether the portal shows it to those who have it."""
    portal = one.get("PortalOptions", {})
    return bool(one.get("Status", "ENABLED") == portal.get("Visibility", "ENABLED") == "ENABLED")


def _people(asking: Asking, store: str, named: Iterable[Principal]) -> People:
    """Users and groups, and the members of those groups that have an assignment."""
    aws = asking.aws
    both: list[Callable[[], list[Any]]] = [
        lambda: aws.every("identitystore:ListUsers", "Users", IdentityStoreId=store),
        lambda: aws.every("identitystore:ListGroups", "Groups", IdentityStoreId=store),
    ]
    users, groups = asking.each("users and groups", both, _call)
    names = {group["GroupId"]: group.get("DisplayName", group["GroupId"]) for group in groups}
    wanted = sorted({who.id for who in named if who.kind == "group" and who.id in names})
    members = asking.each("groups", wanted, lambda group: _members(aws, store, group))
    return People({user["UserId"]: _person(user) for user in users}, names, dict(zip(wanted, members, strict=True)))


def _call(read: Callable[[], list[Any]]) -> list[Any]:
    return read()


def _members(aws: Aws, store: str, group: str) -> frozenset[str]:
    call, asked = "identitystore:ListGroupMemberships", {"IdentityStoreId": store, "GroupId": group}
    return frozenset(row["MemberId"]["UserId"] for row in aws.every(call, "GroupMemberships", **asked))


def _person(user: Mapping[str, Any]) -> Person:
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
                users[who.id] = _person(aws.ask("identitystore:DescribeUser", IdentityStoreId=store, UserId=who.id))
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
