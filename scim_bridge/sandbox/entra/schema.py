"""What each kind of directory object has, and which application permission opens it.

learn.microsoft.com/graph/api/resources/user, …/group; learn.microsoft.com/graph/permissions-reference
"""

from collections.abc import Iterable
from typing import Any, Literal, get_args

Kind = Literal["user", "group", "device", "orgContact", "servicePrincipal"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_USER_DEFAULT = (
    "businessPhones displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage surname "
    "userPrincipalName id"
)
_USER_MORE = (
    "accountEnabled ageGroup assignedLicenses city companyName consentProvidedForMinor country createdDateTime "
    "creationType deletedDateTime department employeeHireDate employeeId employeeLeaveDateTime employeeOrgData "
    "employeeType externalUserState externalUserStateChangeDateTime faxNumber identities imAddresses isResourceAccount "
    "lastPasswordChangeDateTime legalAgeGroupClassification mailNickname onPremisesDistinguishedName "
    "onPremisesDomainName onPremisesExtensionAttributes onPremisesImmutableId onPremisesLastSyncDateTime "
    "onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled onPremisesUserPrincipalName "
    "otherMails passwordPolicies postalCode proxyAddresses securityIdentifier showInAddressList state streetAddress "
    "usageLocation userType"
)
_GROUP_DEFAULT = (
    "id deletedDateTime classification createdDateTime description displayName expirationDateTime groupTypes "
    "isAssignableToRole mail mailEnabled mailNickname membershipRule membershipRuleProcessingState "
    "onPremisesDomainName onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesSamAccountName "
    "onPremisesSecurityIdentifier onPremisesSyncEnabled preferredDataLocation preferredLanguage proxyAddresses "
    "renewedDateTime securityEnabled securityIdentifier theme visibility"
)
DEFAULTS: dict[Kind, tuple[str, ...]] = {
    "user": tuple(_USER_DEFAULT.split()),
    "group": tuple(_GROUP_DEFAULT.split()),
    "device": ("id", "displayName", "deviceId", "accountEnabled", "operatingSystem"),
    "orgContact": ("id", "displayName", "mail", "givenName", "surname", "companyName"),
    "servicePrincipal": ("id", "appId", "displayName", "accountEnabled", "servicePrincipalType", "appRoles"),
}
"""What an answer shows without $select."""
PROPERTIES: dict[Kind, frozenset[str]] = {
    kind: frozenset(names) | (frozenset(_USER_MORE.split()) if kind == "user" else {"deletedDateTime"})
    for kind, names in DEFAULTS.items()
}
_ELSEWHERE = (
    "aboutMe birthday hireDate interests mailboxSettings mySite pastProjects preferredName responsibilities schools "
    "skills"
)
_COLLECTIONS = "appRoles assignedLicenses businessPhones groupTypes identities imAddresses otherMails proxyAddresses"
ELSEWHERE = frozenset(_ELSEWHERE.split())
"""Properties of a user that are kept outside the directory: 501 on a list, refused by a delta."""
BASIC = frozenset({"id", "displayName", "givenName", "surname", "mail", "userPrincipalName"})
"""All that User.ReadBasic.All shows."""
COLLECTIONS = frozenset(_COLLECTIONS.split())
"""Properties that are empty lists, not null, when an object does not have them."""
RELATIONS: dict[Kind, frozenset[str]] = {"user": frozenset({"manager"}), "group": frozenset({"members"})}
"""Relations that a delta may select."""

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
"""By call, the least first: any one of these."""
_READS: dict[Kind, str] = {
    "user": "users",
    "group": "groups",
    "device": "devices",
    "orgContact": "contacts",
    "servicePrincipal": "servicePrincipals",
}
HIDDEN_MEMBERS = frozenset({"Member.Read.Hidden"})
"""Needed beside what opens the call, whatever that is (learn.microsoft.com/graph/api/group-list-members)."""


def is_extension(name: str) -> bool:
    """Whether a name is a directory extension (extension_<application>_<name>) or a schema extension (ext…_<name>)."""
    return name.startswith("ext") and "_" in name


def check_written(kind: Kind, properties: dict[str, Any]) -> None:
    """Raises ValueError for a property that objects of this kind do not have: a typing slip in a test."""
    for name in properties:
        if name not in PROPERTIES[kind] and not is_extension(name):
            raise ValueError(f"a {kind} has no property {name}")


def absent(name: str) -> Any:
    """What a list shows for a property that an object does not have."""
    return [] if name in COLLECTIONS else None


def may_read(kind: Kind, roles: Iterable[str]) -> bool:
    """Whether objects of this kind show their properties. If not, they come with type and id alone."""
    return not NEEDED[_READS[kind]].isdisjoint(roles)
