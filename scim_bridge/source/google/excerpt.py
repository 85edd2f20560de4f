"""What has changed between two readings, out of all that was read and all that is remembered.

Everything is at hand on both sides, so what is shown differently is found by comparing: entries that differ, those that
name someone who came or left, and those that came into the scope or left it.
"""

from collections.abc import Mapping

from scim_bridge.model.identity import Record, SourceKey
from scim_bridge.model.source import DirectMembers, SourceChanges
from scim_bridge.source.google.memory import Entries, kind_and_id
from scim_bridge.source.google.scope import Reach
from scim_bridge.source.google.snapshot import Shown
from scim_bridge.source.google.user import MANAGER


def changed_entries(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """Key → new text of every entry that differs, None for what is gone."""
    changed: dict[str, str | None] = dict.fromkeys(before.keys() - after.keys())
    return changed | {key: text for key, text in after.items() if before.get(key) != text}


def changes(
    changed: Mapping[str, str | None], shown: Shown, everybody: Entries, then: Reach, now: Reach
) -> SourceChanges:
    """What they mean, where records are known by the ids of Google's objects. then, now: who is in the scope."""
    users = {object_id for kind, object_id in map(kind_and_id, changed) if kind == "user"} | (then.users ^ now.users)
    groups = {object_id for kind, object_id in map(kind_and_id, changed) if kind == "group"}
    groups |= then.groups ^ now.groups
    # Members and managers are named by id: a user or group that came or left changes those that name it.
    moved = then.users ^ now.users
    groups |= {key for key in now.groups if not moved.isdisjoint(everybody.groups[key].users)}
    groups |= {key for key in now.groups if not groups.isdisjoint(everybody.groups[key].groups)}
    users |= {key for key in now.users if everybody.users[key].attributes.get(MANAGER) in users}
    records: dict[SourceKey, tuple[Record, ...]] = {}
    members: dict[str, DirectMembers] = {}
    for user_id in users:
        records[SourceKey("user", user_id)] = (shown.user(user_id),) if user_id in now.users else ()
    for group_id in groups:
        is_there = group_id in now.groups
        records[SourceKey("group", group_id)] = (shown.group(group_id),) if is_there else ()
        members[group_id] = shown.members(group_id) if is_there else ((), ())
    return SourceChanges(records=records, members=members, warnings=shown.notices())
