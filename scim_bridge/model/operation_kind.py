"""The kinds of operations, one row each: whatever a room needs to know of a kind stands here and nowhere else.

A new kind is a name in OperationKind and a row in OPERATION_KINDS; tests/model/test_operation_kind.py holds the two
together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from scim_bridge.model.identity import Kind
from scim_bridge.model.limit import CounterName

OperationKind = Literal[
    "deactivate_user",
    "remove_members",
    "delete_user",
    "delete_group",
    "reactivate_user",
    "adopt_user",
    "create_user",
    "update_user",
    "adopt_group",
    "create_group",
    "update_group",
    "add_members",
]


class Phase(IntEnum):
    """What must land before what (docs/design.md §6.1). Users and groups are sent side by side; any other phase begins
    when everything of those before has ended.
    """

    REVOKE = 1
    FREE_NAMES = 2
    USERS = 3
    GROUPS = 4
    GRANT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRow:
    """What there is to know of one kind of operation.

    resource: what it is sent to. phase: when it is sent; one that frees a name goes in FREE_NAMES instead. key: of a
    plan's summary, which counts memberships one by one; place: that key's place in a summary. counter: what the guard
    counts each one under, "" if nothing (what only the plan knows is in model/effect.py). words, done: as a view calls
    it, planned (one) and done (many). sign: beside it, so that colour never says it alone.
    """

    resource: Kind
    phase: Phase
    key: str
    place: int
    counter: CounterName | Literal[""] = ""
    words: str
    done: str
    sign: Literal["+", "-", "~", "="]


OPERATION_KINDS: Mapping[OperationKind, OperationRow] = {
    "deactivate_user": OperationRow(
        resource="user", phase=Phase.REVOKE, key="deactivate_user", place=3, counter="deactivate",
        words="deactivate user", done="users deactivated", sign="-",
    ),
    "remove_members": OperationRow(
        resource="group", phase=Phase.REVOKE, key="remove_member", place=12, counter="remove_members",
        words="remove members", done="members removed", sign="-",
    ),
    "delete_user": OperationRow(
        resource="user", phase=Phase.REVOKE, key="delete_user", place=5, counter="delete_user",
        words="delete user", done="users deleted", sign="-",
    ),
    "delete_group": OperationRow(
        resource="group", phase=Phase.REVOKE, key="delete_group", place=9, counter="delete_group",
        words="delete group", done="groups deleted", sign="-",
    ),
    "reactivate_user": OperationRow(
        resource="user", phase=Phase.USERS, key="reactivate_user", place=4,
        words="reactivate user", done="users reactivated", sign="+",
    ),
    "adopt_user": OperationRow(
        resource="user", phase=Phase.USERS, key="adopt_user", place=6,
        words="adopt user", done="users adopted", sign="=",
    ),
    "create_user": OperationRow(
        resource="user", phase=Phase.USERS, key="create_user", place=1,
        words="create user", done="users created", sign="+",
    ),
    "update_user": OperationRow(
        resource="user", phase=Phase.USERS, key="update_user", place=2,
        words="update user", done="users updated", sign="~",
    ),
    "adopt_group": OperationRow(
        resource="group", phase=Phase.GROUPS, key="adopt_group", place=10,
        words="adopt group", done="groups adopted", sign="=",
    ),
    "create_group": OperationRow(
        resource="group", phase=Phase.GROUPS, key="create_group", place=7,
        words="create group", done="groups created", sign="+",
    ),
    "update_group": OperationRow(
        resource="group", phase=Phase.GROUPS, key="update_group", place=8,
        words="update group", done="groups updated", sign="~",
    ),
    "add_members": OperationRow(
        resource="group", phase=Phase.GRANT, key="add_member", place=11,
        words="add members", done="members added", sign="+",
    ),
}  # fmt: skip
"""In the order in which a view shows them: by phase, what takes away first."""

SUMMARY = (*(row.key for row in sorted(OPERATION_KINDS.values(), key=lambda row: row.place)), "held")
"""The keys of a plan's summary, in the order people read them."""
