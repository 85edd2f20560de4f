"""What the application must be allowed to do, and the sentence that says so when it is not.

Least first, from the "Permissions" table of each call (https://learn.microsoft.com/graph/permissions-reference).
"""

from dataclasses import dataclass

from scim_bridge.errors import CredentialsRefused


@dataclass(frozen=True, slots=True)
class Permission:
    """An application permission of Graph. lets: what it allows. or_any_of: greater ones that allow it as well."""

    name: str
    lets: str
    or_any_of: tuple[str, ...] = ()

    def is_granted(self, roles: frozenset[str]) -> bool:
        """Whether a token with these roles has it."""
        return not roles.isdisjoint((self.name, *self.or_any_of))


_WHOLE = ("Directory.Read.All", "Directory.ReadWrite.All")
READ_USERS = Permission("User.Read.All", "read users", ("User.ReadWrite.All", *_WHOLE))
READ_GROUPS = Permission(
    "GroupMember.Read.All",
    "read groups and their members",
    ("GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", *_WHOLE),
)
READ_ASSIGNMENTS = Permission(
    "Application.Read.All",
    "read who is assigned to an application",
    ("Application.ReadWrite.All", *_WHOLE),
)
READ_HIDDEN = Permission("Member.Read.Hidden", "read the members of groups that hide them")


class PermissionMissing(CredentialsRefused):
    """The application signs in, but may not do this."""


def refused(missing: tuple[Permission, ...], said: str, client: str) -> PermissionMissing:
    """The sentence that names what is missing and the consent that is needed. said: what Graph answered."""
    lets = " and to ".join(permission.lets for permission in missing)
    names = " and ".join(permission.name for permission in missing)
    who = f"application {client}" if client else "the managed identity"
    return PermissionMissing(
        f"{who} is not allowed to {lets} ({said}): it lacks {names}",
        f"Add {names} (application permission of Microsoft Graph) to the app registration, and let an administrator "
        "grant consent to it.",
    )
