"""Reads again what is assigned to a few users and groups: two requests for each, whatever the organization's size.

For a plan that goes by an older reading: what it changes is asked about now, all else is as it was read.
"""

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from scim_bridge.access.assignments_reading import Asking, edges, principal
from scim_bridge.access.aws import AT_ONCE, Aws
from scim_bridge.access.instance import find_instance
from scim_bridge.access.refusal import NotReadable
from scim_bridge.access.set_reading import SetReader, Unread
from scim_bridge.model.access import Renewed, Use
from scim_bridge.model.assignment import Principal
from scim_bridge.model.protocol import Progress


def read_principals(aws: Aws, who: Sequence[Principal], known: Collection[str], progress: Progress) -> Renewed:
    """What is assigned to each of these directly. known: ARNs of the permission sets that need not be read again.

    Raises NotReadable: these calls may be denied to an account where the whole can be read.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asking = Asking(aws, pool, progress)
        instance = find_instance(aws)["InstanceArn"]
        rows = _rows(asking, instance, who, "sso:ListAccountAssignmentsForPrincipal", "AccountAssignments")
        found = frozenset(edges(rows))
        used = _rows(asking, instance, who, "sso:ListApplicationAssignmentsForPrincipal", "ApplicationAssignments")
        arns = sorted({edge.permission_set for edge in found} - set(known))
        sets = SetReader(aws, instance, Unread()).read(asking, arns)
    return Renewed(frozenset(who), found, frozenset(Use(row["ApplicationArn"], principal(row)) for row in used), sets)


def _rows(asking: Asking, instance: str, who: Sequence[Principal], call: str, name: str) -> list[dict[str, str]]:
    """The rows of each under its own id. AWS's answer for a user may name the user's groups too, asked for apart."""

    def rows(one: Principal) -> Iterable[dict[str, str]]:
        asked = {"InstanceArn": instance, "PrincipalId": one.id, "PrincipalType": one.kind.upper()}
        try:
            return [row for row in asking.aws.every(call, name, **asked) if row["PrincipalId"] == one.id]
        except NotReadable as refused:
            if refused.is_unknown:
                return []
            raise

    return [row for found in asking.each("assignments", who, rows) for row in found]
