"""Who is assigned to an application (learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto)."""

import uuid
from collections.abc import Callable, Sequence

from scim_bridge.sandbox.entra.shown import Row
from scim_bridge.sandbox.entra.store import Entry, Store

_NAMESPACE = uuid.UUID("6d0a5b0e-63a7-4c5d-a6b4-94c4a3f5f0aa")
_TYPES = {"user": "User", "group": "Group", "servicePrincipal": "ServicePrincipal"}


def assignments(store: Store, resource: Entry) -> tuple[Sequence[str], Callable[[Entry], Row]]:
    """The principals in sorted order, and what shows the assignment of one of them."""
    assigned = store.assigned.get(resource.id, {})

    def show(principal: Entry) -> Row:
        return {
            "id": str(uuid.uuid5(_NAMESPACE, f"{resource.id} {principal.id}")),
            "deletedDateTime": None,
            "appRoleId": assigned[principal.id],
            "createdDateTime": principal.properties.get("createdDateTime"),
            "principalDisplayName": principal.properties.get("displayName"),
            "principalId": principal.id,
            "principalType": _TYPES[principal.kind],
            "resourceDisplayName": resource.properties.get("displayName"),
            "resourceId": resource.id,
        }

    return sorted(assigned), show
