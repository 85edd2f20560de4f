"""What has changed between two readings: what is otherwise, who names it, and who came into the scope or left it."""

from collections.abc import Mapping

from scim_bridge.config.source import GoogleScope
from scim_bridge.model.identity import Record, SourceKey
from scim_bridge.model.source import DirectMembers, Memory, SourceChanges
from scim_bridge.source.google.account import Account
from scim_bridge.source.google.memory import OF_ALL, ids_of, key_of, user_of
from scim_bridge.source.google.people import addresses_that_moved
from scim_bridge.source.google.scope import Reach, reach_before
from scim_bridge.source.google.snapshot import Shown
from scim_bridge.source.google.user import Selection


def changed_entries(before: Mapping[str, str], after: Mapping[str, str | None]) -> dict[str, str | None]:
    """Key → new text of every entry that differs, None for what is gone."""
    changed: dict[str, str | None] = dict.fromkeys(before.keys() - after.keys())
    return changed | {key: text for key, text in after.items() if before.get(key) != text}


def changes(account: Account, memory: Memory, scope: GoogleScope, chosen: Selection) -> SourceChanges:
    """What has changed since the memory, where records are known by the ids of Google's objects."""
    changed = {key: text for key, text in account.changed.items() if key not in OF_ALL}
    if not changed:
        return SourceChanges(records={})
    people, now = account.people, account.reach
    before = memory.some(changed)
    moved = _moved(scope, changed, before, memory, now)
    of_users = {key: text for key, text in changed.items() if key.startswith("user ")}
    users = ids_of(changed, "user") | moved.users
    users |= set(people.naming(addresses_that_moved(before, of_users)))
    groups = ids_of(changed, "group") | moved.groups
    # Members are named by id: a user or group that came or left changes those that name it.
    if moved.users:
        everyone = {key for key in now.groups if account.groups[key].is_everyone}
        groups |= everyone | {key for key in now.groups if not moved.users.isdisjoint(account.groups[key].users)}
    if moved.groups:
        groups |= {key for key in now.groups if not moved.groups.isdisjoint(account.groups[key].groups)}
    shown = Shown(
        chosen=chosen,
        manager_of=people.manager_of,
        user_ids=people.ids,
        group_ids={key: key for key in now.groups},
        groups=account.groups,
        reach=now,
    )
    texts = memory.some(key_of("user", user_id) for user_id in users & now.users) | of_users
    records: dict[SourceKey, tuple[Record, ...]] = {}
    members: dict[str, DirectMembers] = {}
    for user_id in users:
        text = texts.get(key_of("user", user_id))
        is_there = user_id in now.users and text is not None
        records[SourceKey("user", user_id)] = (shown.user(user_of(str(text))[0]),) if is_there else ()
    for group_id in groups:
        is_there = group_id in now.groups
        records[SourceKey("group", group_id)] = (shown.group(group_id),) if is_there else ()
        members[group_id] = shown.members(group_id) if is_there else ((), ())
    notices = shown.notices(people.unknown_managers(now.users))
    return SourceChanges(records=records, members=members, warnings=notices)


def _moved(
    scope: GoogleScope, changed: Mapping[str, str | None], before: Mapping[str, str], memory: Memory, now: Reach
) -> Reach:
    """Who came into the scope or left it."""
    if scope != GoogleScope():
        then = reach_before(scope, memory.entries)
        return Reach(then.users ^ now.users, then.groups ^ now.groups)
    # Without a scope no entry has to be taken apart that has not changed.
    others = [key for key, text in changed.items() if text is None or key not in before]
    return Reach(frozenset(ids_of(others, "user")), frozenset(ids_of(others, "group")))
