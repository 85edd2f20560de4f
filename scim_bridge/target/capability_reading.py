"""What any SCIM server says of itself (RFC 7643 §5, §7) → capabilities: its ServiceProviderConfig and its Schemas.

Attributes that it does not list, never shows, or does not let us change have no place there: they would be sent again
on every run, or be wrong forever. What a server leaves unsaid has the value that RFC 7643 §2.2 gives it.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from scim_bridge.errors import Hold, Stop
from scim_bridge.model.capabilities import Capabilities, Characteristic, Uniqueness
from scim_bridge.model.identity import ACTIVE, DISPLAY_NAME, EXTERNAL_ID, MANAGER, USER_NAME, Kind
from scim_bridge.model.scim_attribute import Holder, keys
from scim_bridge.target.client import ScimClient
from scim_bridge.target.wire import CORE, ENTERPRISE

_Attribute = Mapping[str, Any]
_OBJECTS: tuple[Holder, ...] = ("name", "addresses")
_TEXTS = ("string", "reference")
_CHANGES = 100
_ATTEMPTS = 3
_ANY_LENGTH = sys.maxsize
"""No schema says how long a value may be: the server itself refuses what is too long."""
_EXTERNAL_ID = Characteristic(required=True, max_length=_ANY_LENGTH, uniqueness="exact")
"""A common attribute (RFC 7643 §3.1), so no schema has to list it. Ours are unique even if the server does not care."""

_PAGE = 100
"""Asked for where a server allows as many."""


def read_capabilities(client: ScimClient) -> Capabilities:
    """Ask the server: two requests, three attempts each, since a person may be waiting (`check`).

    Raises Stop if it does not say what it can hold, or cannot hold what every directory has.
    """
    try:
        config = client.get("ServiceProviderConfig", needs="patch", attempts=_ATTEMPTS).body
        schemas = client.get("Schemas", needs="Resources", attempts=_ATTEMPTS).body["Resources"]
    except Hold as refusal:
        raise Stop(
            f"the target does not say what it can hold ({refusal.what})",
            "Check that target.url is the base of a SCIM 2.0 endpoint, the part before /Users.",
        ) from None
    return capabilities_of(config, schemas)


def capabilities_of(config: Mapping[str, Any], schemas: list[dict[str, Any]]) -> Capabilities:
    """The capabilities in a ServiceProviderConfig (RFC 7643 §5) and the Resources of a list of Schemas (RFC 7643 §7).

    Raises Stop if users, groups, userName, a group's displayName or members have no place.
    """
    # A schema's URN is written in any case (RFC 7644 §3.10).
    by_id = {str(s.get("id", "")).lower(): _by_name(s.get("attributes")) for s in schemas if isinstance(s, dict)}
    user, group = by_id.get(CORE["user"].lower()), by_id.get(CORE["group"].lower())
    if not user or not group:
        missing = "User" if not user else "Group"
        raise Stop(f"the target lists no schema for {missing}", "It must hold users and groups as in RFC 7643.")
    members = group.get("members", {})
    shows_members = members.get("returned", "default") in ("always", "default") if members else False
    if not shows_members:
        # A filter on groups.value or members.value may find no one instead of being refused (seen with scim2-server),
        # and anyone who is not seen in a group would stay in it forever.
        raise Stop(
            "the target does not show groups with their members, so memberships could not be compared",
            "If the server has a setting for it, let it return members by default.",
        )
    users = dict(_user_places(user, by_id.get(ENTERPRISE.lower(), {})))
    groups = {EXTERNAL_ID: _EXTERNAL_ID} | {
        path: replace(place, required=True) for path, place in _places(group, "", (DISPLAY_NAME,))
    }
    for kind, places, path in (("User", users, USER_NAME), ("Group", groups, DISPLAY_NAME)):
        if path not in places:
            raise Stop(f"the target does not let {path} of {kind} be set", "It must, as in RFC 7643.")
    attributes: dict[Kind, dict[str, Characteristic]] = {"user": users, "group": groups}
    # A server that cuts pages silently at its own maximum is asked for no more than that.
    most = config.get("filter", {}).get("maxResults") if isinstance(config.get("filter"), dict) else None
    # No schema says how many changes a PATCH may hold, so the number that Identity Center takes serves here too.
    return Capabilities(
        attributes=attributes,
        changes_per_patch=_CHANGES,
        can_patch=_is_supported(config, "patch"),
        can_filter=_is_supported(config, "filter"),
        pages_by_cursor=_offers_cursor(config),
        page=min(_PAGE, most) if isinstance(most, int) and most > 0 else _PAGE,
        shows_members=True,
        removes_by_filter=True,
    )


def _by_name(attributes: Any) -> dict[str, _Attribute]:
    return {a["name"]: a for a in attributes or () if isinstance(a, dict) and isinstance(a.get("name"), str)}


def _is_supported(config: Mapping[str, Any], feature: str) -> bool:
    said = config.get(feature)
    return isinstance(said, dict) and said.get("supported") is True


def _offers_cursor(config: Mapping[str, Any]) -> bool:
    """RFC 9865 §4."""
    said = config.get("pagination")
    return isinstance(said, dict) and said.get("cursor") is True


def _user_places(
    core: Mapping[str, _Attribute], enterprise: Mapping[str, _Attribute]
) -> Iterator[tuple[str, Characteristic]]:
    yield EXTERNAL_ID, _EXTERNAL_ID
    yield from _places(core, "")
    # `active` has a place only where it can be set: else it would be sent again on every run.
    if ACTIVE in core and _is_ours_to_set(core[ACTIVE]):
        yield ACTIVE, Characteristic(is_boolean=True)
    # A list is written as one entry with a `value`: list and sub-attribute must both be ours to set.
    for path in keys("", "list"):
        value = _by_name(core.get(path, {}).get("subAttributes")).get("value")
        if value is not None and _is_ours_to_set(core[path]) and _is_ours_to_set(value):
            yield path, _characteristic(path, value, required=bool(core[path].get("required")))
    for holder in _OBJECTS:
        if _is_ours_to_set(core.get(holder, {"mutability": "readOnly"})):
            parts = _by_name(core[holder].get("subAttributes"))
            yield from _places(parts, holder, required=bool(core[holder].get("required")))
    yield from _places(enterprise, "enterprise")
    manager = enterprise.get("manager", {})
    if "value" in _by_name(manager.get("subAttributes")) and _is_ours_to_set(manager):
        yield MANAGER, Characteristic(max_length=_ANY_LENGTH)


def _places(
    attributes: Mapping[str, _Attribute], holder: Holder, names: tuple[str, ...] = (), *, required: bool = True
) -> Iterator[tuple[str, Characteristic]]:
    """Those of these single texts that the server has. required: whether what they are part of is."""
    for name in names or keys(holder):
        said = attributes.get(name)
        if said and said.get("type", "string") in _TEXTS and not said.get("multiValued") and _is_ours_to_set(said):
            path = f"{holder}.{name}" if holder else name
            yield path, _characteristic(path, said, required=required and bool(said.get("required")))


def _is_ours_to_set(said: _Attribute) -> bool:
    """It can be changed at any time, and is shown without being asked for."""
    return said.get("mutability", "readWrite") == "readWrite" and said.get("returned", "default") in (
        "always",
        "default",
    )


def _characteristic(path: str, said: _Attribute, *, required: bool) -> Characteristic:
    uniqueness: Uniqueness = "none"
    if path == USER_NAME or said.get("uniqueness", "none") != "none":  # userName is, by RFC 7643 §4.1.1
        uniqueness = "exact" if said.get("caseExact") else "folded"
    return Characteristic(required=required or path == USER_NAME, max_length=_ANY_LENGTH, uniqueness=uniqueness)
