"""Attributes by path ↔ SCIM bodies (RFC 7643, RFC 7644 §3.5.2), in the form Identity Center takes (design.md §6.10)."""

from collections.abc import Iterable, Mapping
from typing import Any

from scim_bridge.model.identity import Existing, Kind, Value
from scim_bridge.model.operation import Change

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_CORE: Mapping[Kind, str] = {
    "user": "urn:ietf:params:scim:schemas:core:2.0:User",
    "group": "urn:ietf:params:scim:schemas:core:2.0:Group",
}
_PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_LISTS = ("emails", "phoneNumbers")


def _places(holder: str, *keys: str) -> dict[str, str]:
    return {key: holder + key for key in keys}


# An answer's keys → paths, one table for each object inside a resource. profileUrl is not among them: it is never
# shown back; roles neither: they cannot be changed (identity_center.py).
_SHOWN = _places(
    "", "userName", "externalId", "displayName", "nickName", "title", "userType", "preferredLanguage", "locale",
    "timezone",
)  # fmt: skip
_SHOWN_NAME = _places(
    "name.", "formatted", "givenName", "familyName", "middleName", "honorificPrefix", "honorificSuffix"
)
_SHOWN_ADDRESS = _places("addresses.", "formatted", "streetAddress", "locality", "region", "postalCode", "country")
_SHOWN_ENTERPRISE = _places("enterprise.", "employeeNumber", "costCenter", "organization", "division", "department")
_SHOWN_EMAIL = {"value": "emails"}
_SHOWN_PHONE = {"value": "phoneNumbers"}
_SHOWN_MANAGER = {"value": "enterprise.manager"}


def to_resource(kind: Kind, attributes: Mapping[str, Value]) -> dict[str, Any]:
    """The body of a create. attributes: path → value, without empty ones."""
    body: dict[str, Any] = {"schemas": [_CORE[kind]]}
    for path, value in attributes.items():
        holder, _, part = path.partition(".")
        if holder == "enterprise":
            if ENTERPRISE not in body:
                body["schemas"].append(ENTERPRISE)
            body.setdefault(ENTERPRISE, {})[part] = {"value": value} if part == "manager" else value
        elif holder == "addresses":
            body.setdefault("addresses", [{"type": "work"}])[0][part] = value
        elif part:
            body.setdefault(holder, {})[part] = value
        else:
            body[path] = _listed(path, value) if path in _LISTS else value
    return body


def to_patch(changes: Mapping[str, Change]) -> dict[str, Any]:
    """The body of a PATCH: one operation an attribute, each with its path; the address whole, as it comes in parts."""
    operations: list[dict[str, Any]] = []
    address: dict[str, Value] = {}
    for path, (_, new) in changes.items():
        if path.startswith("addresses."):
            if new is not None:
                address[path.removeprefix("addresses.")] = new
        elif new is None:
            operations.append({"op": "remove", "path": _wire_path(path)})
        else:
            operations.append({"op": "replace", "path": _wire_path(path), "value": _wire_value(path, new)})
    if any(path.startswith("addresses.") for path in changes):
        if address:
            whole: list[dict[str, Value]] = [{"type": "work", **address}]
            operations.append({"op": "replace", "path": "addresses", "value": whole})
        else:
            operations.append({"op": "remove", "path": "addresses"})
    return {"schemas": [_PATCH_OP], "Operations": operations}


def to_member_patch(op: str, user_ids: Iterable[str]) -> dict[str, Any]:
    """The body that adds or removes members: a value list, the only form AWS documents for both."""
    members = [{"value": user_id} for user_id in user_ids]
    return {"schemas": [_PATCH_OP], "Operations": [{"op": op, "path": "members", "value": members}]}


def _wire_path(path: str) -> str:
    return f"{ENTERPRISE}:{path.removeprefix('enterprise.')}" if path.startswith("enterprise.") else path


def _wire_value(path: str, value: Value) -> Any:
    if path == "enterprise.manager":
        return {"value": value}
    return _listed(path, value) if path in _LISTS else value


def _listed(path: str, value: Value) -> list[dict[str, Any]]:
    entry: dict[str, Any] = {"value": value, "type": "work"}
    return [entry | {"primary": True}] if path == "emails" else [entry]


def from_resource(kind: Kind, body: Mapping[str, Any]) -> Existing:
    """A resource as an answer shows it: of several values the first; what is absent, empty or no text is left out.

    `active` may come as text, as in the documented examples; a user shown without it counts as active, so that a
    leaver is shut out all the same.
    """
    attributes: dict[str, Value] = {}
    _take(attributes, body, _SHOWN)
    if kind == "user":
        active = body.get("active", True)
        attributes["active"] = active if isinstance(active, bool) else str(active).lower() != "false"
        _take(attributes, body.get("name"), _SHOWN_NAME)
        _take(attributes, _first(body.get("emails")), _SHOWN_EMAIL)
        _take(attributes, _first(body.get("phoneNumbers")), _SHOWN_PHONE)
        _take(attributes, _first(body.get("addresses")), _SHOWN_ADDRESS)
        enterprise = body.get(ENTERPRISE)
        if isinstance(enterprise, dict):
            _take(attributes, enterprise, _SHOWN_ENTERPRISE)
            _take(attributes, enterprise.get("manager"), _SHOWN_MANAGER)
    return Existing(kind, str(body["id"]), attributes)


def _take(attributes: dict[str, Value], shown: Any, places: Mapping[str, str]) -> None:
    """Put the texts of one object where they belong: its key → path. What is no object holds nothing."""
    if isinstance(shown, dict):
        for key, value in shown.items():
            path = places.get(key)
            if path is not None and value and isinstance(value, str):
                attributes[path] = value


def _first(values: Any) -> Any:
    return values[0] if values and isinstance(values, list) else None
