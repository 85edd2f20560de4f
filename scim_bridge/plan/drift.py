"""What someone else changed on the target, attribute by attribute: where it differs from what we last applied there.

What is done about it is the policy's: `overwrite` lets the source win, `report` leaves it until the source changes it.
"""

from collections.abc import Mapping

from scim_bridge.model.identity import ACTIVE, EXTERNAL_ID, Value
from scim_bridge.model.operation import Change
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Link

_NEVER = (ACTIVE, EXTERNAL_ID)
"""`active: false` of ours is never left undone, and our externalId is how the resource is found again."""


def has_drifted(applied: Mapping[str, Value], path: str, change: Change) -> bool:
    """Whether the target shows something else than we last applied. What is to be empty is not on record as such."""
    shown, wanted = change
    if path not in applied:
        # An attribute that a rule clears is not on record, so "not applied" may mean "cleared". Without any record we
        # never wrote here, and nothing can have drifted.
        return bool(applied) and wanted is None and shown is not None
    return (applied[path] or None) != shown


def leaves_drift(policy: Policy, link: Link | None, *, is_relinked: bool) -> bool:
    """Whether the policy leaves drift of this resource as it is. Asked before anything else, for every value.

    link: None without a state, and for a resource that is only just adopted. is_relinked: the state was lost and the
    resource has our externalId, so no one knows who made a difference and it counts as drift; the differences of one
    that is only just adopted are what adoption is for.
    """
    return policy.drift == "report" and (link is not None or is_relinked)


def left_alone(changes: Mapping[str, Change], link: Link | None) -> list[str]:
    """The paths that are left then: drifted, and the source says what it said when we last applied it."""
    return [path for path, change in changes.items() if path not in _NEVER and _is_left(path, change, link)]


def _is_left(path: str, change: Change, link: Link | None) -> bool:
    if link is None:
        return True
    return has_drifted(link.applied, path, change) and (link.applied.get(path) or None) == change[1]
