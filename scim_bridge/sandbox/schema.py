"""What a user or group may hold: names, patterns, lengths, required attributes (SCIM guide, limitations; API model)."""

from collections.abc import Mapping
from typing import Any

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
USER_KEYS = frozenset({"schemas", "userName", "externalId", "name", "active", ENTERPRISE, *STRINGS, *LISTS})


def check_user(body: Mapping[str, Any], knobs: Knobs) -> dict[str, Any]:
    """The user as it is stored. Raises Refusal for whatever the endpoint would not take."""
    user = _known(body, USER_KEYS, knobs)
    user.pop("schemas", None)
    check_name(user.get("userName"), "userName", 128, _NO_SPACE)
    if "externalId" in user:
        check_external_id(user["externalId"])
    _check_person(user.get("name"), knobs)
    if not user.get("displayName"):
        raise invalid("displayName is required")
    for key in STRINGS:
        if key in user:
            check_text(user[key], key, knobs)
    user["active"] = truth(user.get("active", knobs.active_by_default))
    for key, parts in LISTS.items():
        if key in user:
            user[key] = check_list(user[key], key, parts, knobs)
            if not user[key]:
                del user[key]
    if ENTERPRISE in user:
        user[ENTERPRISE] = _check_enterprise(user[ENTERPRISE], knobs)
        if not user[ENTERPRISE]:
            del user[ENTERPRISE]
    user.pop("profileUrl", None)  # accepted and never shown, as in the documented example
    return user


def check_group(body: Mapping[str, Any], knobs: Knobs) -> dict[str, Any]:
    """The group as it is stored, `members` left in for the caller."""
    group = _known(body, frozenset({"schemas", "displayName", "externalId", "members"}), knobs)
    group.pop("schemas", None)
    check_name(group.get("displayName"), "displayName", 1024, _GROUP_NAME)
    if "externalId" in group:
        check_external_id(group["externalId"])
    return group


def _known(body: Mapping[str, Any], keys: frozenset[str], knobs: Knobs) -> dict[str, Any]:
    unknown = [key for key in body if key not in keys]
    if unknown and knobs.unsupported_attribute == "refuse":
        raise invalid(f"{unknown[0]} is not supported")
    return {key: value for key, value in body.items() if key in keys}


def check_name(value: Any, key: str, longest: int, pattern: Any) -> None:
    """A unique name: present, of the right form, not reserved."""
    if not isinstance(value, str) or not value:
        raise invalid(f"{key} is required")
    if len(value) > longest or not pattern.fullmatch(value):
        raise _constraint(key, pattern)
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
        raise invalid(f"{key} is no text")
    if not 1 <= len(value) <= 1024 or not _TEXT.fullmatch(value):
        raise _constraint(key, _TEXT)
    if knobs.strict_text and not _DOUBTFUL.isdisjoint(value):
        raise invalid(f"{key} holds one of < > ; : %")


def _constraint(key: str, pattern: Any) -> Refusal:
    detail = (
        f"1 validation error(s) detected: Value at '{key}' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {pattern.pattern}"
    )
    return Refusal(400, detail, f"{key} does not have the right form")


def truth(value: Any) -> bool:
    """A boolean, or its text as in the documented deactivation example."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise invalid("active is neither true nor false")


def _check_person(name: Any, knobs: Knobs) -> None:
    if not isinstance(name, dict):
        raise invalid("name is required")
    for key in ("givenName", "familyName"):
        if not name.get(key):
            raise invalid(f"name.{key} is required")
    for key, value in name.items():
        if key not in NAME:
            raise invalid(f"name.{key} is not supported")
        check_text(value, f"name.{key}", knobs)


def check_list(value: Any, key: str, parts: tuple[str, ...], knobs: Knobs) -> list[dict[str, Any]]:
    """A multi-valued attribute with its one value."""
    if not isinstance(value, list):
        raise invalid(f"{key} is no list")
    if len(value) > 1:
        raise too_many(key)
    for entry in value:
        if not isinstance(entry, dict):
            raise invalid(f"an entry of {key} is no object")
        for part, content in entry.items():
            if part not in parts:
                raise invalid(f"{key}.{part} is not supported")
            if part != "primary":
                check_text(content, f"{key}.{part}", knobs)
            elif not isinstance(content, bool):
                raise invalid(f"{key}.primary is neither true nor false")
        if key != "addresses" and not entry.get("value"):
            raise invalid(f"{key}.value is required")
        if key == "emails" and entry.get("primary") is not True:
            raise invalid("the email must be primary")
    return value


def _check_enterprise(value: Any, knobs: Knobs) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid("the enterprise extension is no object")
    for key, content in value.items():
        if key == "manager":
            _check_manager(content, knobs)
        elif key in ENTERPRISE_STRINGS:
            check_text(content, key, knobs)
        else:
            raise invalid(f"{key} is not supported")
    kept = dict(value)
    if "manager" in kept:
        kept["manager"] = {"value": kept["manager"]["value"]}  # $ref is accepted and not echoed
    return kept


def _check_manager(value: Any, knobs: Knobs) -> None:
    if not isinstance(value, dict) or not set(value) <= {"value", "$ref"} or "value" not in value:
        raise invalid("manager has a value and perhaps a $ref, nothing else")
    for part, content in value.items():
        check_text(content, f"manager.{part}", knobs)


def check_group_name(value: Any) -> None:
    """A group's displayName on its own, for a rename."""
    check_name(value, "displayName", 1024, _GROUP_NAME)
