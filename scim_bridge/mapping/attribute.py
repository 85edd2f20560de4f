"""The attribute paths a mapping may have rules for (docs/design.md §4), and what their rules must yield."""

from scim_bridge.model.identity import Kind

_NAME = ("formatted", "givenName", "familyName", "middleName", "honorificPrefix", "honorificSuffix")
_ADDRESS = ("formatted", "streetAddress", "locality", "region", "postalCode", "country")
_ENTERPRISE = ("employeeNumber", "costCenter", "organization", "division", "department", "manager")
_PLAIN = (
    "userName",
    "displayName",
    "nickName",
    "profileUrl",
    "title",
    "userType",
    "preferredLanguage",
    "locale",
    "timezone",
    "active",
    "emails",
    "phoneNumbers",
    "roles",
)
PATHS: dict[Kind, tuple[str, ...]] = {
    "user": (
        *_PLAIN,
        *(f"name.{part}" for part in _NAME),
        *(f"addresses.{part}" for part in _ADDRESS),
        *(f"enterprise.{part}" for part in _ENTERPRISE),
    ),
    "group": ("displayName",),
}
REQUIRED: dict[Kind, tuple[str, ...]] = {
    "user": ("userName", "name.givenName", "name.familyName", "displayName"),
    "group": ("displayName",),
}
"""Attributes that every target wants: a mapping without a rule for one of them could provision no one."""

MATCHABLE: dict[Kind, tuple[str, ...]] = {"user": ("userName", "emails"), "group": ("displayName",)}
"""Attributes by which a record may be matched with a resource that no one manages yet."""
