"""The properties that each kind of directory object has (learn.microsoft.com/graph/api/resources/user, …/group)."""

from typing import Any, Literal, get_args

from scim_bridge.sandbox.entra.refusal import GraphRefusal, bad_request

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


def is_extension(name: str) -> bool:
    """Whether a name is a directory extension (extension_<application>_<name>) or a schema extension (ext…_<name>)."""
    return name.startswith("ext") and "_" in name


def check_written(kind: Kind, properties: dict[str, Any]) -> None:
    """Raises ValueError for a property that objects of this kind do not have: a typing slip in a test."""
    for name in properties:
        if name not in PROPERTIES[kind] and not is_extension(name):
            raise ValueError(f"a {kind} has no property {name}")


def unknown(kind: Kind, name: str) -> GraphRefusal:
    """The refusal of a name that the schema does not know."""
    return bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.")


def absent(name: str) -> Any:
    """What a list shows for a property that an object does not have."""
    return [] if name in COLLECTIONS else None
