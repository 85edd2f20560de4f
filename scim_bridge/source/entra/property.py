"""The properties of Graph's users and groups: how a mapping may name them, their types, the smallest `$select`.

From https://learn.microsoft.com/graph/api/resources/user and …/group. Left out are those that a list or a delta query
cannot give (aboutMe, skills, mailboxSettings …: answered 501) and those that need permissions of their own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from scim_bridge.model.identity import AttributeType, Kind
from scim_bridge.model.source import Wanted

ID = "id"
MANAGER = "manager"
"""Of a user: no property but a relationship; the source id that it leads to."""

_TEXT: Mapping[Kind, str] = {
    "user": """
        id ageGroup city companyName consentProvidedForMinor country createdDateTime creationType deletedDateTime
        department displayName employeeHireDate employeeId employeeType externalUserState
        externalUserStateChangeDateTime faxNumber givenName jobTitle lastPasswordChangeDateTime
        legalAgeGroupClassification mail mailNickname mobilePhone officeLocation onPremisesDistinguishedName
        onPremisesDomainName onPremisesImmutableId onPremisesLastSyncDateTime onPremisesSamAccountName
        onPremisesSecurityIdentifier onPremisesUserPrincipalName passwordPolicies postalCode preferredDataLocation
        preferredLanguage refreshTokensValidFromDateTime securityIdentifier signInSessionsValidFromDateTime state
        streetAddress surname usageLocation userPrincipalName userType
    """,
    "group": """
        id classification createdDateTime deletedDateTime description displayName expirationDateTime mail mailNickname
        membershipRule membershipRuleProcessingState onPremisesDomainName onPremisesLastSyncDateTime
        onPremisesNetBiosName onPremisesSamAccountName onPremisesSecurityIdentifier preferredDataLocation
        preferredLanguage renewedDateTime securityIdentifier theme uniqueName visibility
    """,
}
_TEXTS: Mapping[Kind, str] = {
    "user": "businessPhones imAddresses otherMails proxyAddresses",
    "group": "creationOptions groupTypes proxyAddresses resourceBehaviorOptions resourceProvisioningOptions",
}
_OTHER: Mapping[Kind, str] = {
    "user": """
        accountEnabled assignedLicenses assignedPlans authorizationInfo employeeOrgData identities
        isManagementRestricted isResourceAccount onPremisesExtensionAttributes onPremisesProvisioningErrors
        onPremisesSyncEnabled provisionedPlans serviceProvisioningErrors showInAddressList
    """,
    "group": """
        assignedLabels assignedLicenses hasMembersWithLicenseErrors isAssignableToRole isManagementRestricted
        licenseProcessingState mailEnabled onPremisesProvisioningErrors onPremisesSyncEnabled securityEnabled
        serviceProvisioningErrors
    """,
}
_EVERYTHING: Mapping[Kind, str] = {
    "user": """
        id userPrincipalName mail otherMails mailNickname displayName givenName surname accountEnabled userType
        externalUserState employeeId employeeType employeeOrgData department companyName jobTitle mobilePhone
        businessPhones officeLocation streetAddress city state postalCode country preferredLanguage usageLocation
        onPremisesImmutableId onPremisesSamAccountName onPremisesUserPrincipalName onPremisesSyncEnabled
        onPremisesExtensionAttributes createdDateTime
    """,
    "group": """
        id displayName description mail mailNickname mailEnabled securityEnabled groupTypes membershipRule visibility
        isAssignableToRole onPremisesSamAccountName onPremisesSecurityIdentifier
    """,
}
"""What is read when a rule goes through all of a record's attributes."""

OBJECTS: Mapping[str, Mapping[str, str]] = {
    "employeeOrgData": {"costCenter": "", "division": ""},
    "onPremisesExtensionAttributes": {f"extensionAttribute{number}": "" for number in range(1, 16)},
}
"""Objects whose members are all texts. A record always has them, with "" for what Graph leaves out, so that a rule may
say `employeeOrgData.costCenter` of everyone."""


def _types(kind: Kind) -> dict[str, AttributeType]:
    types: dict[str, AttributeType] = dict.fromkeys(_TEXT[kind].split(), "string")
    types |= dict.fromkeys(_TEXTS[kind].split(), "strings")
    types |= dict.fromkeys(_OTHER[kind].split(), "dyn")
    return types | ({MANAGER: "string"} if kind == "user" else {})


TYPES: Mapping[Kind, Mapping[str, AttributeType]] = {"user": _types("user"), "group": _types("group")}
"""Every documented property, and what the source adds."""

_EXTENSION = re.compile(r"[A-Za-z][A-Za-z0-9]*_\w+")
"""A directory extension (extension_<application id>_name) or a schema extension (ext8chars_name, domain_name)."""
_DYN: AttributeType = "dyn"
_SELECTABLE = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is read of one kind. anchor: the attribute that is a record's id. has_manager: so is the relationship."""

    kind: Kind
    anchor: str
    properties: tuple[str, ...]
    has_manager: bool

    @property
    def types(self) -> Mapping[str, AttributeType]:
        """The names that rules may use: the documented ones, and extensions that they speak of.

        Anything else is not a name for a rule, so the compiler finds a typing error; a property that is
        not known here is reached by source["its name"].
        """
        extensions = [name for name in self.properties if _EXTENSION.fullmatch(name)]
        return {**TYPES[self.kind], **dict.fromkeys(extensions, _DYN)}


def selection(kind: Kind, wanted: Wanted) -> Selection:
    """The smallest selection that gives these rules what they use, object id included."""
    names = wanted.names | {wanted.id, ID} | (set(_EVERYTHING[kind].split()) if wanted.is_all else set())
    properties = sorted(name for name in names if name != MANAGER and _SELECTABLE.fullmatch(name))
    return Selection(kind, wanted.id, tuple(properties), kind == "user" and MANAGER in names)
