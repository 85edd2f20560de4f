"""PATCH: what operations on a user or a group may look like, and what they do (SCIM guide: PatchUser, PatchGroup)."""

import copy
import re
from collections.abc import Mapping
from typing import Any

from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.refusal import NO_REPLACE, ONE_ATTRIBUTE, Refusal, invalid
from scim_bridge.sandbox.schema import (
    ENTERPRISE,
    ENTERPRISE_STRINGS,
    LISTS,
    NAME,
    STRINGS,
    check_external_id,
    check_group_name,
    truth,
)

_MOST_CHANGES = 100
_FILTERED = re.compile(r'(\w+)\[(\w+) eq "([^"]*)"\](?:\.(\w+))?')
_MEMBER = re.compile(r'members\[value eq "([^"]*)"\]')
_PLAIN = frozenset({"userName", "externalId", "active", *STRINGS})
_PATCHABLE_LISTS = frozenset(LISTS) - {"roles"}  # create takes roles, PatchUser's list of attributes does not


def operations(body: Any) -> list[tuple[str, str | None, Any]]:
    """(op, path or None, value) of each operation. Raises a 400 for what has not the documented form."""
    if not isinstance(body, dict) or not isinstance(body.get("Operations"), list) or not body["Operations"]:
        raise invalid("there are no Operations")
    found = []
    for entry in body["Operations"]:
        if not isinstance(entry, dict) or not isinstance(entry.get("op"), str):
            raise invalid("an operation has no op")
        op, path = entry["op"].lower(), entry.get("path")
        if op not in ("add", "replace", "remove"):
            raise invalid(f"op {op} does not exist")
        if op == "remove" and not path:
            raise invalid("Missing path in PATCH request")
        if op != "remove" and "value" not in entry:
            raise invalid(f"{op} without a value")
        if path is not None and not isinstance(path, str):
            raise invalid("the path is no text")
        found.append((op, path or None, entry.get("value")))
    return found


def patched_user(attributes: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """The user's attributes after these operations, still to be checked as a whole."""
    user: dict[str, Any] = copy.deepcopy(dict(attributes))
    touched: list[str] = []
    for op, path, value in operations(body):
        if path is not None:
            touched.append(path)
            _apply(user, op, path, value)
            continue
        if not isinstance(value, dict):
            raise invalid("without a path the value is an object")
        if len(value) != 1:
            raise Refusal(400, ONE_ATTRIBUTE)
        for key, content in value.items():
            touched.append(key)
            _apply(user, op, key, content)
    for single in ("userName", "active"):
        if touched.count(single) > 1:
            raise invalid(f"several operations on {single}")
    return user


def _apply(user: dict[str, Any], op: str, path: str, value: Any) -> None:
    if op == "remove" and path in ("userName", "active"):
        raise invalid(f"{path} cannot be removed")
    if path.startswith(f"{ENTERPRISE}:"):
        _set(user.setdefault(ENTERPRISE, {}), op, _enterprise_part(path), value)
        if not user[ENTERPRISE]:
            del user[ENTERPRISE]
    elif path == ENTERPRISE or path == "name":
        _set_object(user, op, path, value)
    elif path.startswith("name.") and path[5:] in NAME:
        _set(user.setdefault("name", {}), op, path[5:], value)
    elif path in _PATCHABLE_LISTS:
        _set_list(user, op, path, value)
    elif path in _PLAIN:
        _set(user, op, path, truth(value) if path == "active" else value)
    elif (match := _FILTERED.fullmatch(path)) and match[1] in _PATCHABLE_LISTS:
        _set_filtered(user, op, match, value)
    else:
        raise invalid(f"path {path} is not supported")


def _enterprise_part(path: str) -> str:
    part = path.removeprefix(f"{ENTERPRISE}:").removesuffix(".value")
    if part not in (*ENTERPRISE_STRINGS, "manager") or (path.endswith(".value") and part != "manager"):
        raise invalid(f"path {path} is not supported")
    return f"{part}.value" if path.endswith(".value") else part


def _set(holder: dict[str, Any], op: str, key: str, value: Any) -> None:
    if key == "manager.value":
        key, value = "manager", {"value": value}
    if op == "remove":
        holder.pop(key, None)
    else:
        holder[key] = value


def _set_object(user: dict[str, Any], op: str, path: str, value: Any) -> None:
    if op == "remove":
        user.pop(path, None)
    elif not isinstance(value, dict):
        raise invalid(f"{path} is no object")
    else:
        user[path] = {**user.get(path, {}), **value}


def _set_list(user: dict[str, Any], op: str, path: str, value: Any) -> None:
    if op == "remove":
        user.pop(path, None)
        return
    entries = value if isinstance(value, list) else [value]
    user[path] = [*user.get(path, []), *entries] if op == "add" and user.get(path) != entries else entries


def _set_filtered(user: dict[str, Any], op: str, match: re.Match[str], value: Any) -> None:
    """`emails[type eq "work"].value` and the like: the entry that fits, or a new one."""
    path, part, wanted, leaf = match.groups()
    entries = user.setdefault(path, [])
    fitting = [entry for entry in entries if str(entry.get(part, "")) == wanted]
    if op == "remove":
        for entry in fitting:
            _set(entry, op, leaf, None) if leaf else entries.remove(entry)
        if not entries:
            del user[path]
        return
    if not fitting:
        fitting = [{part: wanted} | ({"primary": True} if path == "emails" else {})]
        entries += fitting
    for entry in fitting:
        entry.update({leaf: value} if leaf else value)


class GroupPatch:
    """What a PatchGroup asks for: new attributes, members to add, members to remove."""

    def __init__(self, body: Any, knobs: Knobs) -> None:
        self.attributes: dict[str, Any] = {}
        self.cleared: set[str] = set()
        self.added: list[str] = []
        self.removed: list[str] = []
        self.removes_all = False
        self.empties_and_fails = False
        self._knobs = knobs
        for op, path, value in operations(body):
            if path is None:
                self._without_path(op, value)
            else:
                self._with_path(op, path, value)
        if len(self.added) + len(self.removed) > _MOST_CHANGES:
            raise invalid("more than 100 membership changes")

    def _without_path(self, op: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise invalid("without a path the value is an object")
        keys = [key for key in value if key != "id"]  # AWS's own example carries an id that means nothing
        if len(keys) != 1:
            raise Refusal(400, ONE_ATTRIBUTE)
        self._with_path(op, keys[0], value[keys[0]])

    def _with_path(self, op: str, path: str, value: Any) -> None:
        if path == "displayName" and op != "remove":
            check_group_name(value)
            self.attributes["displayName"] = value
        elif path == "externalId":
            if op == "remove":
                self.cleared.add(path)
            else:
                check_external_id(value)
                self.attributes["externalId"] = value
        elif path == "members":
            self._members(op, value)
        elif match := _MEMBER.fullmatch(path):
            if op != "remove" or self._knobs.members_path_filter == "refuse":
                raise invalid("a filter on members is not supported here")
            self.removed.append(match[1])
        else:
            raise invalid(f"path {path} is not supported")

    def _members(self, op: str, value: Any) -> None:
        if op == "replace":
            self._replace(value)
        elif op == "remove" and not value:
            if self._knobs.members_remove_all == "refuse":
                raise invalid("removing all members in one request is not supported")
            self.removes_all = True
        else:
            (self.added if op == "add" else self.removed).extend(_ids(value))

    def _replace(self, value: Any) -> None:
        if self._knobs.members_replace == "refuse":
            raise Refusal(400, NO_REPLACE)
        if self._knobs.members_replace == "empty" and value == [{"value": ""}]:
            self.empties_and_fails = True


def member_ids(value: Any) -> list[str]:
    """The user ids of a list of members, as in a create."""
    return _ids(value)


def _ids(value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        raise invalid("members is no list")
    ids = []
    for entry in value:
        if not isinstance(entry, dict) or not isinstance(entry.get("value"), str) or not entry["value"]:
            raise invalid("a member has no value")
        if not set(entry) <= {"value", "type", "$ref"} or entry.get("type", "User") != "User":
            raise invalid("a member has a value, perhaps type User and $ref, nothing else")
        ids.append(entry["value"])
    return ids
