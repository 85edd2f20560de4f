"""What a user or group may hold: names, patterns, lengths, required attributes (docs/identity-center.md §4)."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

import regex

from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.refusal import Refusal, invalid, too_many

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"

_NO_SPACE = regex.compile(r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+")
_TEXT = regex.compile(r"[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r\u0020\u00A0\u3000]+")
_GROUP_NAME = regex.compile(r"[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r\u0020\u00A0]+")
_DOUBTFUL = frozenset("<>;:%")
RESERVED = frozenset({"administrator", "awsadministrators"})

STRINGS = ("displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone")
NAME = ("formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")
ADDRESS = ("formatted", "streetAddress", "locality", "region", "postalCode", "country")
LISTS: Mapping[str, tuple[str, ...]] = {
    "emails": ("value", "type", "primary"),
    "phoneNumbers": ("value", "type", "primary"),
    "roles": ("value", "type", "primary"),
    "addresses": (*ADDRESS, "type", "primary"),
}
ENTERPRISE_STRINGS = ("employeeNumber", "costCenter", "organization", "division", "department")
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_READ_ONLY = frozenset({"id", "meta"})
USER_KEYS = frozenset({"schemas", "userName", "externalId", "name", "active", ENTERPRISE, *STRINGS, *LISTS})


def check_user(body: Mapping[str, Any], knobs: Knobs, before: Mapping[str, Any] = _NOTHING) -> dict[str, Any]:
    """The user as it is stored. Raises Refusal for whatever the endpoint would not take.

    before: what is stored of the user; strict_text is for the attributes that change.
    """
    user = _known(body, USER_KEYS, knobs)
    user.pop("schemas", None)
    lenient = replace(knobs, strict_text=False)
    rules = {key: lenient if user.get(key) == before.get(key) else knobs for key in USER_KEYS}
    check_name(user.get("userName"), "userName", rules["userName"])
    if "externalId" in user:
        check_external_id(user["externalId"])
    user["name"] = _checked_person(user.get("name"), rules["name"])
    if not user.get("displayName"):
        raise invalid("displayName is required")
    for key in STRINGS:
        if key in user:
            check_text(user[key], key, rules[key])
    user["active"] = user.get("active", knobs.active_by_default)
    if not isinstance(user["active"], bool):  # its text is documented for PATCH alone
        raise invalid("active is neither true nor false")
    for key, parts in LISTS.items():
        if key in user:
            user[key] = check_list(user[key], key, parts, rules[key])
    if ENTERPRISE in user:
        user[ENTERPRISE] = _checked_enterprise(user[ENTERPRISE], rules[ENTERPRISE])
    user.pop("profileUrl", None)  # accepted and never shown, as in the documented example
    return {key: value for key, value in user.items() if value not in ([], {})}


def check_group(body: Mapping[str, Any], knobs: Knobs) -> dict[str, Any]:
    """The group as it is stored, `members` left in for the caller: a list, if it is there."""
    group = _known(body, frozenset({"schemas", "displayName", "externalId", "members"}), knobs)
    group.pop("schemas", None)
    check_name(group.get("displayName"), "displayName", knobs)
    if "externalId" in group:
        check_external_id(group["externalId"])
    if not isinstance(group.get("members", []), list):
        raise invalid("members is not a list")
    return group


def _known(body: Mapping[str, Any], keys: frozenset[str], knobs: Knobs) -> dict[str, Any]:
    if knobs.read_only_attribute == "refuse" and not _READ_ONLY.isdisjoint(body):
        raise invalid("id and meta are not the client's to set")
    return known_parts({key: value for key, value in body.items() if key not in _READ_ONLY}, keys, "", knobs)


def known_parts(value: Mapping[str, Any], keys: Collection[str], parent: str, knobs: Knobs) -> dict[str, Any]:
    """What is supported of an object. Raises a 400 for the rest unless it is ignored. parent: "emails.", or ""."""
    unknown = next((key for key in value if key not in keys), None)
    if unknown is not None and knobs.unsupported_attribute == "refuse":
        raise invalid(f"{parent}{unknown} is not supported")
    return {key: content for key, content in value.items() if key in keys}


def check_name(value: Any, key: Literal["userName", "displayName"], knobs: Knobs) -> None:
    """A unique name, a user's or a group's: present, of the right form, not reserved."""
    longest, pattern = (128, _NO_SPACE) if key == "userName" else (1024, _GROUP_NAME)
    if not isinstance(value, str) or not value:
        raise invalid(f"{key} is required")
    if len(value) > longest or not pattern.fullmatch(value):
        raise _constraint(key, pattern)
    _refuse_doubtful(value, key, knobs)
    if value.casefold() in RESERVED:
        raise invalid(f"{key} {value} is reserved")


def check_external_id(value: Any) -> None:
    """1 to 256 characters, no spaces, none of `<>;:%`."""
    if not isinstance(value, str) or not 1 <= len(value) <= 256 or not _NO_SPACE.fullmatch(value):
        raise invalid("externalId does not have the right form")
    if not _DOUBTFUL.isdisjoint(value):
        raise invalid("externalId holds one of < > ; : %")


def check_text(value: Any, key: str, knobs: Knobs) -> None:
    """Any other text: 1 to 1,024 characters, no control characters."""
    if not isinstance(value, str):
        raise invalid(f"{key} is not text")
    if not 1 <= len(value) <= 1024 or not _TEXT.fullmatch(value):
        raise _constraint(key, _TEXT)
    _refuse_doubtful(value, key, knobs)


def _refuse_doubtful(value: str, key: str, knobs: Knobs) -> None:
    if knobs.strict_text and not _DOUBTFUL.isdisjoint(value):
        raise invalid(f"{key} holds one of < > ; : %")


def _constraint(key: str, pattern: Any) -> Refusal:
    detail = (
        f"1 validation error(s) detected: Value at '{key}' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {pattern.pattern}"
    )
    return Refusal(400, detail, f"{key} does not have the right form")


def truth(value: Any) -> bool:
    """A boolean, or its text as in the documented deactivation example of PATCH."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise invalid("active is neither true nor false")


def _checked_person(name: Any, knobs: Knobs) -> dict[str, Any]:
    if not isinstance(name, dict):
        raise invalid("name is required")
    known = known_parts(name, NAME, "name.", knobs)
    for key in ("givenName", "familyName"):
        if not known.get(key):
            raise invalid(f"name.{key} is required")
    for key, value in known.items():
        check_text(value, f"name.{key}", knobs)
    return known


def check_list(value: Any, key: str, parts: tuple[str, ...], knobs: Knobs) -> list[dict[str, Any]]:
    """A multi-valued attribute with its one value."""
    if not isinstance(value, list):
        raise invalid(f"{key} is not a list")
    if len(value) > 1:
        raise too_many(key)
    return [_checked_entry(entry, key, parts, knobs) for entry in value]


def _checked_entry(entry: Any, key: str, parts: tuple[str, ...], knobs: Knobs) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise invalid(f"an entry of {key} is not an object")
    known = known_parts(entry, parts, f"{key}.", knobs)
    for part, content in known.items():
        if part != "primary":
            check_text(content, f"{key}.{part}", knobs)
        elif not isinstance(content, bool):
            raise invalid(f"{key}.primary is neither true nor false")
    if key != "addresses" and not known.get("value"):
        raise invalid(f"{key}.value is required")
    if key == "emails" and known.get("primary") is not True:
        raise invalid("the email must be primary")
    return known


def _checked_enterprise(value: Any, knobs: Knobs) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid("the enterprise extension is not an object")
    kept = known_parts(value, (*ENTERPRISE_STRINGS, "manager"), "", knobs)
    for key in ENTERPRISE_STRINGS:
        if key in kept:
            check_text(kept[key], key, knobs)
    if "manager" in kept:
        kept["manager"] = _checked_manager(kept["manager"], knobs)
    return {key: content for key, content in kept.items() if content}


def _checked_manager(value: Any, knobs: Knobs) -> dict[str, Any]:
    """The manager's value; `$ref` is accepted and not kept, so with nothing else there is no manager."""
    known = known_parts(value, ("value", "$ref"), "manager.", knobs) if isinstance(value, dict) else {}
    if not known:
        raise invalid("manager is not an object with a value")
    if "$ref" in known:
        check_text(known.pop("$ref"), "manager.$ref", replace(knobs, strict_text=False))  # an address has its colons
    if "value" in known:
        check_text(known["value"], "manager.value", knobs)
    return known
