"""Attributes by path ↔ SCIM bodies (RFC 7643, RFC 7644 §3.5), in the forms Identity Center takes. Pure.

One email, phone number, role and address each, the email marked as primary; every PATCH operation about one attribute,
always with its path (docs/identity-center.md §2.2, §2.6, §7.3).
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from sys import intern
from typing import Any

from scim_bridge.model.identity import EXTERNAL_ID, MANAGER, Existing, Kind, Value
from scim_bridge.model.operation import Change
from scim_bridge.model.scim_attribute import ATTRIBUTES, Holder, keys

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE: Mapping[Kind, str] = {
    "user": "urn:ietf:params:scim:schemas:core:2.0:User",
    "group": "urn:ietf:params:scim:schemas:core:2.0:Group",
}
_PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_USER = ATTRIBUTES["user"]


def _places(holder: Holder) -> dict[str, str]:
    """Key → path of each text of this holder."""
    return {key: f"{holder}.{key}" if holder else key for key in keys(holder)}


# An answer's keys → paths, one table for each object inside a resource.
_SHOWN = {EXTERNAL_ID: EXTERNAL_ID} | _places("")
_SHOWN_NAME = _places("name")
_SHOWN_ADDRESS = _places("addresses")
_SHOWN_ENTERPRISE = _places("enterprise")
_SHOWN_MANAGER = {"value": MANAGER}
_SHOWN_LISTS = tuple((key, {"value": key}) for key in keys("", "list"))


def to_resource(kind: Kind, attributes: Mapping[str, Value]) -> dict[str, Any]:
    """The body of a create. attributes: path → value, without empty ones."""
    body: dict[str, Any] = {"schemas": [CORE[kind]]}
    for path, value in attributes.items():
        holder, _, part = path.partition(".")
        if holder == "enterprise":
            if ENTERPRISE not in body:
                body["schemas"].append(ENTERPRISE)
            body.setdefault(ENTERPRISE, {})[part] = _wire_value(path, value)
        elif holder == "addresses":
            # Only one address fits. Its type is the one that Entra ID's provisioning sends.
            body.setdefault("addresses", [{"type": "work"}])[0][part] = value
        elif part:
            body.setdefault(holder, {})[part] = value
        else:
            body[path] = _wire_value(path, value)
    return body


def to_patch(changes: Mapping[str, Change]) -> dict[str, Any]:
    """The body of a PATCH (RFC 7644 §3.5.2): one operation an attribute, each with its path; the address whole.

    changes: path → (old, new), new None to remove. A path-less operation may hold one attribute only, so none is sent.
    """
    operations: list[dict[str, Any]] = []
    address: dict[str, Value] = {}
    for path, (_, new) in changes.items():
        if path.startswith("addresses."):
            if new is not None:
                address[path.removeprefix("addresses.")] = new
        elif new is None:
            # "" is refused (minimum length 1), so an attribute is cleared by removing it (docs/identity-center.md
            # §4.3).
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


def to_changed(shown: Mapping[str, Any], changes: Mapping[str, Change]) -> dict[str, Any]:
    """A resource as it was shown, with these changes: the body of a PUT. The address whole, as in to_patch."""
    # PUT wipes what it does not name, so the body begins with all that was shown, known to us or not.
    body = deepcopy(dict(shown))
    if any(path.startswith("addresses.") for path in changes):
        body.pop("addresses", None)
    for path, (_, new) in changes.items():
        holder, _, part = path.partition(".")
        if holder == "addresses":
            if new is not None:
                body.setdefault("addresses", [{"type": "work"}])[0][part] = new
        elif part:
            _put(body, ENTERPRISE if holder == "enterprise" else holder, part, path, new)
        elif new is None:
            body.pop(path, None)
        else:
            body[path] = _wire_value(path, new)
    schemas = [schema for schema in body.get("schemas", ()) if schema != ENTERPRISE]
    return body | {"schemas": [*schemas, ENTERPRISE] if ENTERPRISE in body else schemas}


def _put(body: dict[str, Any], holder: str, part: str, path: str, new: Value | None) -> None:
    """Set or take away one part of an object, and the object when it has none left."""
    inner = dict(body.get(holder) or {})
    inner.pop(part, None)
    if new is not None:
        inner[part] = _wire_value(path, new)
    body[holder] = inner
    if not inner:
        del body[holder]


def to_member_patch(op: str, user_ids: Iterable[str], *, by_filter: bool = False) -> dict[str, Any]:
    """The body that adds or removes members: a value list, the only form AWS documents for both.

    by_filter: remove by `members[value eq "id"]`, the form of RFC 7644 §3.5.2.2; servers refuse the other there.
    """
    if op == "remove" and by_filter:
        paths = (f'members[value eq "{user_id}"]' for user_id in user_ids)
        return {"schemas": [_PATCH_OP], "Operations": [{"op": "remove", "path": path} for path in paths]}
    members = [{"value": user_id} for user_id in user_ids]
    return {"schemas": [_PATCH_OP], "Operations": [{"op": op, "path": "members", "value": members}]}


def _wire_path(path: str) -> str:
    return f"{ENTERPRISE}:{path.removeprefix('enterprise.')}" if path.startswith("enterprise.") else path


def _wire_value(path: str, value: Value) -> Any:
    row = _USER.get(path)
    if row is None or row.form in ("text", "truth"):
        return value
    return {"value": value} if row.form == "reference" else [{"value": value, **(row.entry or {})}]


def from_resource(kind: Kind, body: Mapping[str, Any]) -> Existing:
    """A resource as an answer shows it: of several values the primary one, else the first.

    What is absent, empty or no text is left out.

    `active` may come as text, as in the documented examples; a user shown without it counts as active, so that a
    leaver is deactivated all the same.
    """
    attributes: dict[str, Value] = {}
    _take(attributes, body, _SHOWN)
    if kind == "user":
        active = body.get("active", True)
        attributes["active"] = active if isinstance(active, bool) else str(active).lower() != "false"
        _take(attributes, body.get("name"), _SHOWN_NAME)
        for path, places in _SHOWN_LISTS:
            _take(attributes, _main(body.get(path)), places)
        _take(attributes, _main(body.get("addresses")), _SHOWN_ADDRESS)
        enterprise = body.get(ENTERPRISE)
        if isinstance(enterprise, dict):
            _take(attributes, enterprise, _SHOWN_ENTERPRISE)
            _take(attributes, enterprise.get("manager"), _SHOWN_MANAGER)
    return Existing(kind, intern(str(body["id"])), attributes)


def _take(attributes: dict[str, Value], shown: Any, places: Mapping[str, str]) -> None:
    """Put the texts of one object where they belong: its key → path. What is not an object holds nothing."""
    if isinstance(shown, dict):
        for key, value in shown.items():
            path = places.get(key)
            if path is not None and value and isinstance(value, str):
                attributes[path] = value


def _main(values: Any) -> Any:
    if not values or not isinstance(values, list):
        return None
    if len(values) == 1:
        return values[0]
    return next((value for value in values if isinstance(value, dict) and value.get("primary") is True), values[0])
