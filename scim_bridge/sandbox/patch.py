"""PATCH: what operations may look like, and what they do to a user or a group (SCIM guide: PatchUser, PatchGroup)."""

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.query import read_term
from scim_bridge.sandbox.refusal import NO_REPLACE, ONE_ATTRIBUTE, Refusal, duplicate, invalid, not_found
from scim_bridge.sandbox.schema import (
    ENTERPRISE,
    ENTERPRISE_STRINGS,
    LISTS,
    NAME,
    STRINGS,
    check_external_id,
    check_name,
    known_parts,
    truth,
)

_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_FILTERED = re.compile(r"(\w+)\[(.*)\](?:\.(\w+))?")
_PLAIN = frozenset({"userName", "externalId", "active", *STRINGS})
_PATCHABLE_LISTS = frozenset(LISTS) - {"roles"}  # create takes roles, PatchUser's list of attributes does not
_WHOLE = _PLAIN | _PATCHABLE_LISTS | {"name", ENTERPRISE}
_MOST_CHANGES = 100
_MEMBER = re.compile(r"members\[(.*)\]")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. op: in small letters. path: None if it has none; then value is an object of one attribute."""

    op: str
    path: str | None
    value: Any


def _operations(body: Any, knobs: Knobs) -> list[Operation]:
    """The operations in order. Raises a 400 for what does not have the documented form."""
    urns = body.get("schemas")
    if knobs.patch_schemas == "require" and not (isinstance(urns, list) and _URN in urns):
        raise invalid(f"schemas does not name {_URN}")
    if not isinstance(body.get("Operations"), list) or not body["Operations"]:
        raise invalid("there are no Operations")
    return [_operation(entry, knobs) for entry in body["Operations"]]


def _operation(entry: Any, knobs: Knobs) -> Operation:
    if not isinstance(entry, dict) or not isinstance(entry.get("op"), str):
        raise invalid("an operation has no op")
    op, path = entry["op"].lower(), entry.get("path")
    if op not in ("add", "replace", "remove"):
        raise invalid(f"op {op} does not exist")
    if knobs.patch_oddity == "refuse":
        if not set(entry) <= {"op", "path", "value"}:
            raise invalid("an operation has op, path and value, nothing else")
        if "path" in entry and path in (None, ""):
            raise invalid("the path is empty")
    if path is not None and not isinstance(path, str):
        raise invalid("the path is not text")
    if op == "remove" and not path:
        raise invalid("Missing path in PATCH request")
    may_lack_value = op == "remove" or (path == "members" and knobs.members_replace != "refuse" and op == "replace")
    if "value" not in entry and not may_lack_value:
        raise invalid(f"{op} without a value")
    return Operation(op, path or None, entry.get("value"))


def _single_attribute(value: Any, ignored: Iterable[str] = ()) -> tuple[str, Any]:
    """What an operation without a path is about. Raises a 400 unless it is one attribute."""
    if not isinstance(value, dict):
        raise invalid("without a path the value is an object")
    keys = [key for key in value if key not in ignored]
    if len(keys) != 1:
        raise Refusal(400, ONE_ATTRIBUTE)
    return keys[0], value[keys[0]]


def patched_user(attributes: Mapping[str, Any], body: Any, knobs: Knobs) -> dict[str, Any]:
    """The user's attributes after these operations, still to be checked as a whole."""
    user = _UserPatch(copy.deepcopy(dict(attributes)), knobs)
    touched: list[str] = []
    for operation in _operations(body, knobs):
        path, value = operation.path, operation.value
        if path is None:
            path, value = _single_attribute(value)
            if path not in _WHOLE and knobs.patch_dotted_key == "refuse":
                raise invalid(f"the key {path} is not an attribute")
        touched.append(path)
        user.apply(operation.op, path, value)
    for single in ("userName", "active"):
        if touched.count(single) > 1:
            raise invalid(f"several operations on {single}")
    return user.attributes


@dataclass(slots=True)
class _UserPatch:
    """A user's attributes while operations change them."""

    attributes: dict[str, Any]
    knobs: Knobs

    def apply(self, op: str, path: str, value: Any) -> None:
        """One operation."""
        user = self.attributes
        if op == "remove" and path in ("userName", "active"):
            raise invalid(f"{path} cannot be removed")
        if path.startswith(f"{ENTERPRISE}:"):
            extension = user.setdefault(ENTERPRISE, {})
            _set_enterprise(extension, op, path.removeprefix(f"{ENTERPRISE}:"), value)
        elif path in (ENTERPRISE, "name"):
            _set_object(user, op, path, value)
        elif path.startswith("name.") and path[5:] in NAME:
            _set(user.setdefault("name", {}), op, path[5:], value)
        elif path in _PATCHABLE_LISTS:
            self._set_list(op, path, value)
        elif path in _PLAIN:
            _set(user, op, path, truth(value) if path == "active" else value)
        elif (match := _FILTERED.fullmatch(path)) and match[1] in _PATCHABLE_LISTS:
            self._set_filtered(op, match, value)
        else:
            raise invalid(f"path {path} is not supported")

    def _set_list(self, op: str, path: str, value: Any) -> None:
        if op == "remove":
            self.attributes.pop(path, None)
            return
        is_list = isinstance(value, list)
        if (not is_list or not value) and self.knobs.patch_bare_value == "refuse":
            raise invalid(f"{path} is not a list with a value")
        entries = value if is_list else [value]
        if not all(isinstance(entry, dict) for entry in entries):
            raise invalid(f"an entry of {path} is not an object")
        before = self.attributes.get(path, [])
        self.attributes[path] = [*before, *entries] if op == "add" and before != entries else entries

    def _set_filtered(self, op: str, match: re.Match[str], value: Any) -> None:
        """`emails[type eq "work"].value` and similar paths: the entry that fits, or a new one."""
        path, leaf = match[1], match[3]
        part, wanted = _filter(path, match[2])
        if leaf is not None and leaf not in LISTS[path]:
            raise invalid(f"{path}.{leaf} is not supported")
        if leaf is None and op != "remove" and not isinstance(value, dict):
            raise invalid(f"an entry of {path} is not an object")
        entries: list[dict[str, Any]] = self.attributes.setdefault(path, [])
        fitting = [entry for entry in entries if str(entry.get(part, "")).casefold() == wanted.casefold()]
        if op == "remove":
            for entry in fitting:
                _set(entry, op, leaf, None) if leaf else entries.remove(entry)
            return
        if not fitting:
            if op == "replace" and self.knobs.replace_without_match == "refuse":
                raise invalid(f"there is no {path}[{match[2]}]")
            fitting = [{part: wanted} | ({"primary": True} if path == "emails" else {})]
            entries += fitting
        for entry in fitting:
            entry.update({leaf: value} if leaf else value)


def _filter(path: str, text: str) -> tuple[str, str]:
    """Sub-attribute and value of the filter in a path."""
    name, wanted, rest = read_term(text)
    part = next((part for part in LISTS[path] if part.lower() == name), None)
    if part is None or rest:
        raise invalid("Invalid Filter format")
    return part, wanted


def _set_enterprise(extension: dict[str, Any], op: str, part: str, value: Any) -> None:
    name, dot, leaf = part.partition(".")
    if name == "manager" and dot and leaf in ("value", "$ref"):
        manager = extension.get("manager")
        manager = dict(manager) if isinstance(manager, dict) else {}
        _set(manager, op, leaf, value)
        _set(extension, "replace" if manager else "remove", "manager", manager)
    elif name in (*ENTERPRISE_STRINGS, "manager") and not dot:
        _set(extension, op, name, value)
    else:
        raise invalid(f"path {part} is not supported")


def _set(holder: dict[str, Any], op: str, key: str, value: Any) -> None:
    if op == "remove":
        holder.pop(key, None)
    else:
        holder[key] = value


def _set_object(user: dict[str, Any], op: str, path: str, value: Any) -> None:
    if op == "remove":
        user.pop(path, None)
    elif not isinstance(value, dict):
        raise invalid(f"{path} is not an object")
    else:
        user[path] = {**user.get(path, {}), **value}


class GroupPatch:
    """The group as it is after the operations, which apply in order (RFC 7644 §3.5.2).

    attributes, members: afterwards. added: users that an operation adds; they must exist. empties_and_fails: the
    group loses all its members and the answer is a 400 all the same (docs/identity-center.md §7.2).
    """

    def __init__(self, attributes: Mapping[str, Any], members: set[str], body: Any, knobs: Knobs) -> None:
        self.attributes = dict(attributes)
        self.members = set(members)
        self.added: list[str] = []
        self.empties_and_fails = False
        self._knobs = knobs
        self._changes = 0
        for operation in _operations(body, knobs):
            path, value = operation.path, operation.value
            if path is None:
                path, value = _single_attribute(value, ("id",))  # AWS's own example carries an id that means nothing
            self._apply(operation.op, path, value)
        if self._changes > _MOST_CHANGES:
            raise invalid("more than 100 membership changes")

    def _apply(self, op: str, path: str, value: Any) -> None:
        if path == "members":
            self._change_members(op, value)
        elif path == "externalId" and op == "remove":
            self.attributes.pop(path, None)
        elif path == "externalId":
            check_external_id(value)
            self.attributes[path] = value
        elif path == "displayName" and op != "remove":
            check_name(value, "displayName", self._knobs)
            self.attributes[path] = value
        elif match := _MEMBER.fullmatch(path):
            self._remove_filtered(op, match[1])
        else:
            raise invalid(f"path {path} is not supported")

    def _remove_filtered(self, op: str, text: str) -> None:
        name, user_id, rest = read_term(text)
        if op != "remove" or self._knobs.members_path_filter == "refuse" or name != "value" or rest:
            raise invalid("this filter on members is not supported here")
        self._remove([user_id])

    def _change_members(self, op: str, value: Any) -> None:
        if op == "replace":
            self._replace(value)
        elif op == "add":
            self._add(member_ids(value, self._knobs))
        elif value is not None and value != []:
            self._remove(member_ids(value, self._knobs))
        elif self._knobs.members_remove_all == "remove":
            self.members.clear()
        else:
            raise invalid("removing all members in one request is not supported")

    def _add(self, user_ids: list[str]) -> None:
        self._changes += len(user_ids)
        if self._knobs.redundant_member_change == "refuse" and not self.members.isdisjoint(user_ids):
            raise duplicate("members")
        self.added += user_ids
        self.members.update(user_ids)

    def _remove(self, user_ids: list[str]) -> None:
        self._changes += len(user_ids)
        if self._knobs.redundant_member_change == "refuse" and not self.members.issuperset(user_ids):
            raise not_found("a member to remove")
        self.members.difference_update(user_ids)

    def _replace(self, value: Any) -> None:
        if self._knobs.members_replace == "refuse":
            raise Refusal(400, NO_REPLACE)
        if self._knobs.members_replace == "empty" and value == [{"value": ""}]:
            self.empties_and_fails = True
        elif value is not None and value != []:
            member_ids(value, self._knobs)


def member_ids(value: Any, knobs: Knobs) -> list[str]:
    """The user ids of a list of members. Raises a 400 if it is none, or empty."""
    if not isinstance(value, list) or not value:
        raise invalid("members is not a list")
    return [_member_id(entry, knobs) for entry in value]


def _member_id(entry: Any, knobs: Knobs) -> str:
    known = known_parts(entry, ("value", "type", "$ref"), "members.", knobs) if isinstance(entry, dict) else {}
    user_id = known.get("value")
    if not isinstance(user_id, str) or not user_id:
        raise invalid("a member has no value")
    if known.get("type", "User") != "User" or not isinstance(known.get("$ref", ""), str):
        raise invalid("a member's type is User, and its $ref a text")
    return user_id
