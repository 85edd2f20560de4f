"""Users and groups of the Directory API: how a mapping may name what they hold, and what is decoded of it.

From developers.google.com/workspace/admin/directory/reference/rest/v1/users and …/groups. Left out are those that
change at every look (lastLoginTime, etag): a rule over them would never come to rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scim_bridge.model.identity import AttributeType, Kind
from scim_bridge.model.source import Wanted

ID, MANAGER, ACTIVE = "id", "manager", "accountEnabled"
_TEXTS: Mapping[Kind, str] = {
    "user": """
        id primaryEmail orgUnitPath recoveryEmail recoveryPhone suspensionReason suspensionTime archivalTime
        creationTime deletionTime customerId
    """,
    "group": "id email name description",
}
_LISTS: Mapping[Kind, str] = {"user": "aliases nonEditableAliases", "group": "aliases nonEditableAliases"}
_OTHER: Mapping[Kind, str] = {
    "user": """
        name suspended archived isAdmin isDelegatedAdmin isEnrolledIn2Sv isEnforcedIn2Sv isMailboxSetup agreedToTerms
        changePasswordAtNextLogin includeInGlobalAddressList ipWhitelisted isGuestUser emails organizations relations
        phones addresses externalIds locations languages keywords gender ims websites notes posixAccounts sshPublicKeys
    """,
    "group": "adminCreated",
}
_DECODED: Mapping[str, AttributeType] = {MANAGER: "string", ACTIVE: "dyn", "email": "string", "organization": "dyn"}
"""What the source adds to a user: the manager's source id, neither suspended nor archived, the primary address and the
primary organization."""
_FROM: Mapping[str, tuple[str, ...]] = {
    MANAGER: ("relations",),
    ACTIVE: ("suspended", "archived"),
    "email": ("primaryEmail",),
    "organization": ("organizations",),
}
"""What each of these is decoded from."""
_ALWAYS = ("id", "primaryEmail", "aliases", "nonEditableAliases", "orgUnitPath", "customerId")
"""For managers, who are named by their addresses, for the scope, and for groups with all users in them."""
_PARTS: Mapping[str, tuple[str, ...]] = {
    "name": ("givenName", "familyName", "fullName", "displayName"),
    "organization": ("name", "title", "department", "costCenter", "description", "domain", "location", "symbol"),
}
"""A record always has these objects with all their parts, "" for what Google leaves out, so that a rule may say
`organization.department` of everyone."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is read of users. anchor: the attribute that is a record's id. names: what the records hold.

    schemas: custom schemas whose fields are read, None = all.
    """

    anchor: str
    names: frozenset[str]
    schemas: frozenset[str] | None

    @property
    def fields(self) -> str:
        """What is asked for of a user, for `fields`."""
        asked = {*_ALWAYS, *(part for name in self.names for part in _FROM.get(name, (name,)) if "." not in name)}
        known = set(_names("user"))
        return ",".join(sorted({name for name in asked if name in known} | {"customSchemas"}))

    @property
    def projection(self) -> dict[str, str]:
        """Which custom fields come with a user."""
        if self.schemas is None:
            return {"projection": "full"}
        if self.schemas:
            return {"projection": "custom", "customFieldMask": ",".join(sorted(self.schemas))}
        return {"projection": "basic"}


def selection(wanted: Wanted) -> Selection:
    """The smallest selection that gives these rules what they use. A name with a dot is a custom field's."""
    custom = {name for name in wanted.names if "." in name}
    known = {*_names("user"), *_DECODED}
    names = known if wanted.is_all else (wanted.names | {wanted.id}) & known
    return Selection(
        wanted.id,
        frozenset(names | custom | {ID}),
        None if wanted.is_all else frozenset(name.partition(".")[0] for name in custom),
    )


def types(kind: Kind) -> dict[str, AttributeType]:
    """The names that rules may use; a custom field is reached by source["Schema.field"]."""
    found: dict[str, AttributeType] = dict.fromkeys(_TEXTS[kind].split(), "string")
    found |= dict.fromkeys(_LISTS[kind].split(), "strings")
    found |= dict.fromkeys(_OTHER[kind].split(), "dyn")
    return {**found, **(_DECODED if kind == "user" else {})}


def _names(kind: Kind) -> list[str]:
    return [*_TEXTS[kind].split(), *_LISTS[kind].split(), *_OTHER[kind].split()]


def addresses_of(row: Mapping[str, Any]) -> list[str]:
    """The addresses of a user in small letters, the primary one first."""
    others = (*(row.get("aliases") or ()), *(row.get("nonEditableAliases") or ()))
    return [str(row.get("primaryEmail", "")).casefold(), *map(str.casefold, others)]


def attributes_of(row: Mapping[str, Any], chosen: Selection, manager: str | None) -> dict[str, Any]:
    """What a user's record holds. manager: the id of the manager, None if the account has no such user."""
    whole = {**row, **_custom(row.get("customSchemas")), **_decoded(row), MANAGER: manager}
    return {name: value for name, value in whole.items() if value is not None and _is_read(name, chosen)}


def _is_read(name: str, chosen: Selection) -> bool:
    return name in chosen.names or (chosen.schemas is None and "." in name)


def _decoded(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"email": row.get("primaryEmail")}
    if isinstance(row.get("name", {}), dict):
        found["name"] = {**dict.fromkeys(_PARTS["name"], ""), **row.get("name", {})}
    found["organization"] = {**dict.fromkeys(_PARTS["organization"], ""), **_primary(row.get("organizations"))}
    # Where either flag is missing, nothing says that the account is open: the record is held, never taken for active.
    flags = row.get("suspended"), row.get("archived")
    if True in flags:
        found[ACTIVE] = False
    elif flags == (False, False):
        found[ACTIVE] = True
    return found


def manager_address(row: Mapping[str, Any]) -> str:
    """The address by which a user's manager is named, "" if there is none."""
    for one in row.get("relations") or ():
        if isinstance(one, dict) and one.get("type") == "manager":
            return str(one.get("value", "")).strip()
    return ""


def _primary(organizations: Any) -> dict[str, Any]:
    """The primary one of several, else the first."""
    several = [one for one in organizations or () if isinstance(one, dict)]
    found = next((one for one in several if one.get("primary")), several[0] if several else {})
    return {name: value for name, value in found.items() if value is not None}


def _custom(schemas: Any) -> dict[str, Any]:
    """Custom fields by "Schema.field"; one of several values is the list of them."""
    found = {}
    for schema, fields in (schemas or {}).items():
        for name, value in fields.items() if isinstance(fields, dict) else ():
            several = isinstance(value, list)
            found[f"{schema}.{name}"] = [_value(one) for one in value] if several else value
    return found


def _value(one: Any) -> Any:
    return one.get("value") if isinstance(one, dict) else one
