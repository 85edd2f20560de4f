"""Which application permission opens which call, the least first (learn.microsoft.com/graph/permissions-reference)."""

from collections.abc import Iterable

from scim_bridge.sandbox.entra.refusal import denied
from scim_bridge.sandbox.entra.schema import Kind

_DIRECTORY = frozenset({"Directory.Read.All", "Directory.ReadWrite.All"})
FULL_USERS = frozenset({"User.Read.All", "User.ReadWrite.All"}) | _DIRECTORY
"""Without one of these, a user shows the basic properties only."""
_GROUPS = frozenset({"Group.Read.All", "Group.ReadWrite.All"}) | _DIRECTORY
NEEDED: dict[str, frozenset[str]] = {
    "users": FULL_USERS | {"User.ReadBasic.All"},
    "users/delta": FULL_USERS,
    "manager": FULL_USERS,
    "deleted users": FULL_USERS,
    "groups": _GROUPS | {"GroupMember.Read.All", "GroupMember.ReadWrite.All"},
    "deleted groups": _GROUPS,
    "servicePrincipals": frozenset({"Application.Read.All", "Application.ReadWrite.All"}) | _DIRECTORY,
    "devices": frozenset({"Device.Read.All", "Device.ReadWrite.All"}) | _DIRECTORY,
    "contacts": frozenset({"OrgContact.Read.All"}) | _DIRECTORY,
}
"""By call: any one of these."""
_READS: dict[Kind, str] = {
    "user": "users",
    "group": "groups",
    "device": "devices",
    "orgContact": "contacts",
    "servicePrincipal": "servicePrincipals",
}
HIDDEN_MEMBERS = frozenset({"Member.Read.Hidden"})
"""Needed beside what opens the call, whatever that is (learn.microsoft.com/graph/api/group-list-members)."""


def require(call: str, roles: Iterable[str]) -> None:
    """Raises a 403 if none of the roles opens this call."""
    if NEEDED[call].isdisjoint(roles):
        raise denied()


def may_read(kind: Kind, roles: Iterable[str]) -> bool:
    """Whether objects of this kind show their properties. If not, they come with type and id alone."""
    return not NEEDED[_READS[kind]].isdisjoint(roles)
