"""The applications of an instance, and who is assigned to them: all users, where no assignment is required."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from scim_bridge.access.assignments_reading import Asking, principal
from scim_bridge.access.aws import Aws
from scim_bridge.access.refusal import NotReadable
from scim_bridge.access.set_reading import Unread
from scim_bridge.model.access import Application, Use

UsesOf = Callable[[Sequence[str]], Iterable[Use]]
"""Who is assigned to applications, given their ARNs."""


def read_applications(
    asking: Asking, instance: str, unread: Unread, uses_of: UsesOf
) -> tuple[dict[str, Application], frozenset[Use]]:
    """The applications by ARN, and the assignments that uses_of finds."""
    aws = asking.aws
    try:
        listed = aws.every("sso:ListApplications", "Applications", InstanceArn=instance)
        arns = [one["ApplicationArn"] for one in listed]
        required = asking.each("applications", arns, lambda arn: _is_required(aws, arn, unread))
        uses = frozenset(uses_of(arns))
    except NotReadable as refused:
        unread.note("Applications are not known", refused)
        return {}, frozenset()
    found = {
        arn: Application(arn, one.get("Name", arn), is_open=not needed, has_tile=_has_tile(one))
        for arn, one, needed in zip(arns, listed, required, strict=True)
    }
    return found, uses


def uses_of_all(asking: Asking, arns: Sequence[str]) -> list[Use]:
    """Every assignment to these applications."""
    found = asking.each("application assignments", arns, partial(_uses, asking.aws))
    return [use for some in found for use in some]


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
