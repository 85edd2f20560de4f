"""Sessions that may outlive a revocation: whose, where, and for how long at the latest. Computed in access/."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from scim_bridge.model.operation import Operation
from scim_bridge.model.operation_kind import OperationKind

REVOKING: tuple[OperationKind, ...] = ("deactivate_user", "delete_user", "remove_members")
"""The kinds of operations that take access away. A group is emptied before it is deleted."""
How = Literal["deactivated", "deleted", "loses access"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """What takes access away, by target ids. removed: memberships, (group, user). names: of these users."""

    deactivated: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    removed: frozenset[tuple[str, str]] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def users(self) -> frozenset[str]:
        """Everyone from whom something is taken."""
        return self.deactivated | self.deleted | {user for _, user in self.removed}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSession:
    """A session of one permission set (or role) in one account. lasts: at the latest, from the revocation on.

    is_renewable: by one of AWS's pages, a user whose portal session lives may begin more of them, since an assignment
    is left. is_management: in the management account, which no service control policy reaches. role: its ARN, as a
    pattern.
    """

    account: str
    account_id: str
    permission_set: str
    lasts: timedelta
    is_renewable: bool
    is_management: bool
    role: str


@dataclass(frozen=True, slots=True)
class ApplicationSession:
    """A session of an application. lasts: at the latest, from the revocation on."""

    application: str
    lasts: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSessions:
    """What of one user may still run. portal: how long the access portal's session may, None if it does not matter."""

    user: str
    user_id: str
    how: How
    roles: tuple[RoleSession, ...]
    applications: tuple[ApplicationSession, ...]
    portal: timedelta | None

    @property
    def lasts(self) -> timedelta:
        """When the last session is over at the latest, from the revocation on."""
        roles, applications = (each.lasts for each in self.roles), (each.lasts for each in self.applications)
        return max([self.portal or timedelta(), *roles, *applications])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Those of everyone concerned. assumed_portal: the length of portal sessions that was used, as no one said it.

    deny: the policy that ends what they may do, for everyone at once; {} for no one. not_known: how many users lose
    something, and the reading that was looked at does not know them.
    """

    users: tuple[UserSessions, ...]
    assumed_portal: timedelta | None
    deny: Mapping[str, Any]
    not_known: int = 0

    @property
    def lasts(self) -> timedelta:
        """When the last of all is over at the latest, from the revocation on."""
        return max((each.lasts for each in self.users), default=timedelta())


def revoked_by(operations: Iterable[Operation]) -> Revoked:
    """What these operations take away. One without a target id has nothing to take."""
    deactivated, deleted, removed, names = set[str](), set[str](), set[tuple[str, str]](), dict[str, str]()
    for operation in operations:
        target_id = operation.target_id
        if target_id is None:
            continue
        if operation.kind == "remove_members":
            removed |= {(target_id, member.target_id) for member in operation.members if member.target_id}
            names |= {member.target_id: member.name for member in operation.members if member.target_id}
        elif operation.kind == "delete_user":
            deleted.add(target_id)
            names[target_id] = operation.subject
        elif operation.kind == "deactivate_user":
            deactivated.add(target_id)
            names[target_id] = operation.subject
    return Revoked(
        deactivated=frozenset(deactivated - deleted),
        deleted=frozenset(deleted),
        removed=frozenset(removed),
        names=names,
    )
