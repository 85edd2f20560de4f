"""Entitlements of the account access manager: existing roles, a second kind of assignment (IAM user guide, 2026)."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from scim_bridge.access.assignments_reading import Asking
from scim_bridge.access.aws import Aws
from scim_bridge.access.refusal import NotReadable
from scim_bridge.access.set_reading import Unread
from scim_bridge.model.access import Allowed, Edge, PermissionSet
from scim_bridge.model.identity import TargetKey

_ROLE = Allowed("unknown", ("nothing known of this role",))
Filter = Mapping[str, Any]
"""What entitlements are asked for: {"account": …} or {"principal": …}, as the API has it."""


def read_roles(asking: Asking, filters: Sequence[Filter], unread: Unread) -> frozenset[Edge]:
    """The entitlements that these filters show. An empty one is not documented to list all of them."""
    aws = asking.aws
    found: list[Edge] = []
    try:
        for one in aws.every("account-access:ListApplications", "applications"):
            for listed in asking.each("roles", filters, partial(_entitled, aws, one["applicationArn"])):
                found += listed
    except NotReadable as refused:
        unread.note("Roles assigned through the account access manager are not known", refused)
    return frozenset(found)


def roles_of(edges: frozenset[Edge]) -> dict[str, PermissionSet]:
    """The roles of these entitlements, by ARN. Their policies are the account's own, and not read."""
    arns = {edge.permission_set for edge in edges}
    return {
        arn: PermissionSet(arn=arn, name=_role_name(arn), allowed=_ROLE, centrally=_ROLE, is_role=True) for arn in arns
    }


def _entitled(aws: Aws, application: str, wanted: Filter) -> list[Edge]:
    asked = {"applicationArn": application, "filter": {"principalRole": dict(wanted)}}
    rows = aws.every("account-access:ListEntitlements", "entitlements", **asked)
    return [_role_edge(row["entitlement"]["principalRole"]) for row in rows]


def _role_edge(row: Mapping[str, Any]) -> Edge:
    who = row["principal"]["identityCenter"]
    principal = TargetKey("group", who["groupId"]) if "groupId" in who else TargetKey("user", who["userId"])
    return Edge(row["account"], row["roleArn"], principal)


def _role_name(arn: str) -> str:
    return f"role {arn.partition(':role/')[2]}"
