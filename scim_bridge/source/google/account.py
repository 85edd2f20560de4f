"""Everything that an account shows, page by page, held against what is remembered.

Who is not listed any more is asked for before being taken for gone (vanished.py).
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from scim_bridge.config.source import GoogleScope
from scim_bridge.model.batch import batched_list
from scim_bridge.model.protocol import Progress
from scim_bridge.model.source import Memory
from scim_bridge.source.google import listing
from scim_bridge.source.google.api import Api
from scim_bridge.source.google.listing import Row
from scim_bridge.source.google.members import AT_ONCE, Groups, Known, MemberList
from scim_bridge.source.google.memory import FACTS, LISTS, OF_ALL, STRETCHES, Facts, GroupEntry, ids_of, key_of
from scim_bridge.source.google.people import People
from scim_bridge.source.google.scope import Reach, reach_of, require_whole, roots_of
from scim_bridge.source.google.stretch import Held, Lists, lists_of, setting_of, stretches_of, stretches_text
from scim_bridge.source.google.user import Selection
from scim_bridge.source.google.vanished import require_admin, require_gone, require_left


@dataclass(frozen=True, slots=True)
class Account:
    """All users and groups as they are now.

    changed: key → new entry of what is not as remembered, None for what is gone. listed: ids of all groups, whether the
    scope takes them in or not.
    """

    people: People
    groups: Mapping[str, GroupEntry]
    reach: Reach
    changed: Mapping[str, str | None]
    listed: frozenset[str]


def read_account(api: Api, chosen: Selection, scope: GoogleScope, memory: Memory | None, progress: Progress) -> Account:
    """All users, groups and members. Raises if a listing was cut, or a part of the scope fits no one."""
    before = _before(scope, memory)
    found = listing.found_users(api, scope.query, progress) if scope.query else None
    has_units = bool(scope.org_units)

    def begin() -> People:
        held = Held(memory, before.stretches)
        return People(chosen=chosen, held=held, found=found, has_units=has_units)

    people = listing.users(api, chosen, progress, begin)
    require_admin(api, people.addresses)
    listed = {row["id"]: row for row in listing.groups(api, progress)}
    left = _left(people, before)
    groups, changed, lists = _groups(api, listed, people, (before, left), progress)
    reach = reach_of(scope, people, groups)
    of_all = {
        FACTS: Facts(_everyone(groups, before.of_all.get(FACTS)), _named(scope, reach)).text(),
        STRETCHES: stretches_text(people.held.hashes),
        LISTS: lists.text(),
    }
    new = {key: text for key, text in of_all.items() if before.of_all.get(key) != text}
    texts: dict[str, str | None] = {**changed, **people.held.changed, **new}
    account = Account(people, groups, reach, texts, frozenset(listed))
    known = [key_of("user", one) for one in left] + [key_of("group", one) for one in before.lists.hashes]
    account = replace(account, changed=texts | dict.fromkeys(require_gone_of(api, known, account, progress)))
    require_whole(scope, people, groups)
    return account


@dataclass(frozen=True, slots=True)
class _Before:
    """What an account is held against. of_all: what is remembered of all together; lists: of all groups remembered."""

    scope: GoogleScope
    memory: Memory | None
    of_all: Mapping[str, str]
    stretches: frozenset[str]
    lists: Lists


def _before(scope: GoogleScope, memory: Memory | None) -> _Before:
    of_all = memory.some(OF_ALL) if memory is not None else {}
    return _Before(scope, memory, of_all, stretches_of(of_all.get(STRETCHES)), lists_of(of_all.get(LISTS)))


def _left(people: People, before: _Before) -> frozenset[str]:
    """The ids of the users who are remembered and not in the list. All keys are gone through only if there are some."""
    memory = before.memory
    if memory is None or len(memory.entries) == people.held.known + len(before.lists.hashes) + len(before.of_all):
        return frozenset()
    return frozenset(ids_of(memory.entries, "user") - people.ids.keys())


def _everyone(groups: Groups, facts: str | None) -> tuple[str, ...]:
    """The groups that all users are in."""
    before = Facts.read(facts).everyone if facts is not None else ()
    new = [group_id for group_id, group in groups.read.items() if group.is_everyone]
    return tuple(sorted({*new, *(group_id for group_id in before if group_id in groups.same)}))


def require_gone_of(api: Api, known: Iterable[str], account: Account, progress: Progress) -> list[str]:
    """The keys of these that are not in an account any more. Raises SourceUnreadable if one is there all the same."""
    keys = set(known)
    users, groups = ids_of(keys, "user") - account.people.ids.keys(), ids_of(keys, "group") - account.groups.keys()
    require_gone(api, users, groups - account.listed, progress)
    return [*(key_of("user", one) for one in users), *(key_of("group", one) for one in groups)]


def _named(scope: GoogleScope, reach: Reach) -> tuple[str, ...]:
    return tuple(sorted(reach.groups)) if scope.groups else ()


def _groups(
    api: Api, listed: Mapping[str, Row], people: People, held: tuple[_Before, frozenset[str]], progress: Progress
) -> tuple[Groups, dict[str, str], Lists]:
    """The groups that are read, the new entries of those that are not as remembered, and the hashes of their lists."""
    before, left = held
    memory, setting = before.memory, setting_of(listed, people.customers)
    known = before.lists.hashes if setting == before.lists.setting else {}
    known_as = Known(listed, people, known, left | people.held.came)
    groups = Groups(memory, people.ids)
    changed: dict[str, str] = {}
    hashes: dict[str, str] = {}
    roots = roots_of(before.scope, listed.values())
    for batch in batched_list(listing.members(api, roots, partial(MemberList, known_as), progress), AT_ONCE):
        hashes |= {group_id: found.hash for group_id, found in batch}
        groups.same |= {group_id for group_id, found in batch if found.entry is None}
        new = {group_id: found.entry for group_id, found in batch if found.entry is not None}
        groups.read |= new
        texts = {key_of("group", group_id): entry.text() for group_id, entry in new.items()}
        kept = memory.some(texts) if memory is not None else {}
        require_left_of(api, kept, new, people, listed.keys())
        changed |= {key: text for key, text in texts.items() if kept.get(key) != text}
    return groups, changed, Lists(setting, hashes)


def require_left_of(
    api: Api, before: Mapping[str, str], groups: Mapping[str, GroupEntry], people: People, listed: Container[str]
) -> None:
    """Raises SourceUnreadable if someone who is missing in the list of one of these groups is in it all the same.

    before: entries as remembered. Who left the account is in no group, and not asked for.
    """
    for group_id, after in groups.items():
        text = before.get(key_of("group", group_id))
        if text is not None and text != after.text():
            then = GroupEntry.read(text)
            left = {one for one in then.users if one in people.ids} - {*after.users}
            left |= {one for one in then.groups if one in listed} - {*after.groups}
            require_left(api, group_id, left)
