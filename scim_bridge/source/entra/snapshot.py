"""Remembered entries become what the source shows. The one way there: a whole reading and one of changes both take it.

Here the scope is applied, object ids become record ids, and members that are no one here are left out and told.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

import orjson

from scim_bridge.model.identity import Notice, Record, Snapshot
from scim_bridge.model.text import normal
from scim_bridge.model.wording import counted
from scim_bridge.source.entra.memory import FACTS, GraphObject, GroupEntry, kind_and_id
from scim_bridge.source.entra.property import MANAGER, OBJECTS, Selection


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom the scope takes in, by object id: these users, and these groups with anyone who is in them, however deep.

    Both None: everyone.
    """

    users: frozenset[str] | None = None
    groups: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Objects:
    """Entries, read. users and groups by object id."""

    users: Mapping[str, GraphObject]
    groups: Mapping[str, GroupEntry]


def read_entries(entries: Mapping[str, str]) -> Objects:
    """What the entries say."""
    users: dict[str, GraphObject] = {}
    groups: dict[str, GroupEntry] = {}
    for key, text in entries.items():
        kind, object_id = kind_and_id(key)
        if key == FACTS:
            continue
        if kind == "user":
            users[object_id] = orjson.loads(text)
        else:
            groups[object_id] = GroupEntry.read(text)
    return Objects(users, groups)


def within(everybody: Objects, reach: Reach) -> Objects:
    """The users in the scope. Groups that contain each other do no harm."""
    if reach.groups is None or reach.users is None:
        return everybody
    reached: dict[str, GroupEntry] = {}
    waiting = sorted(reach.groups)
    while waiting:
        group = everybody.groups.get(group_id := waiting.pop())
        if group is not None and group_id not in reached:
            reached[group_id] = group
            waiting += group.groups
    users = reach.users.union(*(group.users for group in reached.values()))
    return Objects(
        {object_id: row for object_id, row in everybody.users.items() if object_id in users},
        {object_id: group for object_id, group in everybody.groups.items() if object_id in reached},
    )


Notes = dict[str, list[Notice]]
"""Object id of a group → what is noted of its members."""


def snapshot(entries: Mapping[str, str], users: Selection, groups: Selection, reach: Reach) -> tuple[Snapshot, Notes]:
    """What the source shows by these entries, and which of its notices are about which group."""
    everybody = read_entries(entries)
    shown = within(everybody, reach)
    user_ids = {object_id: anchor_value(row, users) for object_id, row in everybody.users.items()}
    group_ids = {object_id: anchor_value(group.row, groups) for object_id, group in shown.groups.items()}
    members: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    notes: Notes = {}
    for object_id, group in shown.groups.items():
        inside = (named(group.users, user_ids), named(group.groups, group_ids))
        unknown = {member for member in group.users if member not in everybody.users}
        unknown |= {member for member in group.groups if member not in everybody.groups}
        if found := left_out(object_id, group, unknown):
            notes[object_id] = found
        if group_ids[object_id] and any(inside):
            members[group_ids[object_id]] = inside
    return Snapshot(
        tuple(user_record(object_id, row, users, user_ids) for object_id, row in shown.users.items()),
        tuple(group_record(object_id, group.row, groups) for object_id, group in shown.groups.items()),
        members,
        tuple(notice for found in notes.values() for notice in found),
    ), notes


def user_record(object_id: str, row: GraphObject, selection: Selection, ids: Mapping[str, str]) -> Record:
    """One user. ids: object id → record id of everyone whom a manager may be."""
    attributes = _present(row)
    for name, members in OBJECTS.items():
        if name in selection.properties:
            attributes[name] = {**members, **attributes.get(name, {})}
    raw: dict[str, str] = {}
    manager = attributes.pop(MANAGER, None)
    if selection.has_manager and ids.get(manager):
        attributes[MANAGER] = ids[manager]
        raw[MANAGER] = f"the relationship to user {manager}"
    return Record(anchor_value(row, selection), attributes, f"Entra ID user {object_id}", raw)


def group_record(object_id: str, row: GraphObject, selection: Selection) -> Record:
    """One group."""
    return Record(anchor_value(row, selection), _present(row), f"Entra ID group {object_id}")


def anchor_value(row: GraphObject, selection: Selection) -> str:
    """The id of the record of an object, "" if it has none."""
    value = row.get(selection.anchor)
    return "" if value is None else normal(str(value))


def _present(row: GraphObject) -> dict[str, Any]:
    """What has a value: null, or an empty list where a delta query shows nothing at all, is how Graph says: none."""
    return {
        name: value if type(value) is str else _without_null(value)  # most are texts, and there are millions of them
        for name, value in row.items()
        if value is not None and value != []
    }


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_null(part) for name, part in value.items() if part is not None}
    return [_without_null(item) for item in value if item is not None] if isinstance(value, list) else value


def named(object_ids: Iterable[str], ids: Mapping[str, str]) -> tuple[str, ...]:
    """The ids of the records of these objects, each once. ids: object id → record id."""
    return tuple(dict.fromkeys(ids[object_id] for object_id in object_ids if ids.get(object_id)))


def left_out(object_id: str, group: GroupEntry, unknown: Set[str]) -> list[Notice]:
    """What a person should know of members that do not appear. unknown: those that the tenant does not have."""
    name = group.row.get("displayName") or object_id
    notices = [
        Notice(
            "unknown_member",
            member,
            f"group {name}: its member {member} is not a {kind} of the tenant; it was left out",
        )
        for kind, members in (("user", group.users), ("group", group.groups))
        for member in (members if unknown else ())
        if member in unknown
    ]
    if group.others:
        what = "that are neither users nor groups (devices, contacts, applications)"
        detail = f"group {name}: {counted(len(group.others), 'member')} {what} were left out"
        notices.append(Notice("member_left_out", object_id, detail))
    return notices
