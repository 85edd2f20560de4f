"""PATCH on a group: its name, its externalId, and who is in it (docs/identity-center.md §2.12)."""

import re
from collections.abc import Mapping
from typing import Any

from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.patch import operations, single_attribute
from scim_bridge.sandbox.refusal import NO_REPLACE, Refusal, duplicate, invalid, not_found
from scim_bridge.sandbox.schema import check_external_id, check_name, known_parts
from scim_bridge.sandbox.term import read_term

_MOST_CHANGES = 100
_MEMBER = re.compile(r"members\[(.*)\]")


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
        for operation in operations(body, knobs):
            path, value = operation.path, operation.value
            if path is None:
                path, value = single_attribute(value, ("id",))  # AWS's own example carries an id that means nothing
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
