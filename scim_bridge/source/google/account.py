"""Everything that an account shows, page by page, held against what is remembered.

Who is not listed any more is asked for before being taken for gone (vanished.py).
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TypeVar

from scim_bridge.config.source import GoogleScope
from scim_bridge.model.protocol import Progress
from scim_bridge.model.source import Memory
from scim_bridge.source.google import listing
from scim_bridge.source.google.api import Api
from scim_bridge.source.google.listing import Row
from scim_bridge.source.google.memory import FACTS, Facts, GroupEntry, group_entry, ids_of, key_of
from scim_bridge.source.google.people import People
from scim_bridge.source.google.scope import Reach, reach_of, require_whole, roots_of
from scim_bridge.source.google.user import Selection
from scim_bridge.source.google.vanished import require_admin, require_gone, require_left

T = TypeVar("T")
_AT_ONCE = 50
"""Groups whose entries are looked up together."""


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
    found = listing.found_users(api, scope.query, progress) if scope.query else None
    begin = partial(People, chosen=chosen, memory=memory, found=found, has_units=bool(scope.org_units))
    people = listing.users(api, chosen, progress, begin)
    require_admin(api, people.addresses)
    rows = listing.groups(api, progress)
    groups, changed, known = _groups(api, rows, people, (scope, memory), progress)
    reach = reach_of(scope, people, groups)
    facts = Facts(tuple(sorted(key for key, group in groups.items() if group.is_everyone)), _named(scope, reach))
    texts: dict[str, str | None] = {**changed, **people.changed}
    before = memory.some([FACTS]) if memory is not None else {}
    texts |= {FACTS: facts.text()} if before.get(FACTS) != facts.text() else {}
    account = Account(people, groups, reach, texts, frozenset(row["id"] for row in rows))
    if memory is not None and known + people.known + len(before) != len(memory.entries):
        gone = require_gone_of(api, memory.entries, account, progress)
        account = replace(account, changed={**texts, **dict.fromkeys(gone)})
    require_whole(scope, people, groups)
    return account


def require_gone_of(api: Api, known: Iterable[str], account: Account, progress: Progress) -> list[str]:
    """The keys of these that are not in an account any more. Raises SourceUnreadable if one is there all the same."""
    keys = set(known)
    users, groups = ids_of(keys, "user") - account.people.ids.keys(), ids_of(keys, "group") - account.groups.keys()
    require_gone(api, users, groups - account.listed, progress)
    return [*(key_of("user", one) for one in users), *(key_of("group", one) for one in groups)]


def _named(scope: GoogleScope, reach: Reach) -> tuple[str, ...]:
    return tuple(sorted(reach.groups)) if scope.groups else ()


def _groups(
    api: Api, rows: list[Row], people: People, held: tuple[GoogleScope, Memory | None], progress: Progress
) -> tuple[dict[str, GroupEntry], dict[str, str], int]:
    """The groups that are read, the new entries of those that are not as remembered, and how many were remembered."""
    scope, memory = held
    listed = {row["id"]: row for row in rows}

    def sort_out(group_id: str, members: list[Row]) -> GroupEntry:
        return group_entry(listed[group_id], members, people.ids, listed.keys(), people.customers)

    groups: dict[str, GroupEntry] = {}
    changed: dict[str, str] = {}
    known = 0
    for batch in _batches(listing.members(api, roots_of(scope, rows), sort_out, progress)):
        groups |= batch
        texts = {key_of("group", group_id): entry.text() for group_id, entry in batch}
        before = memory.some(texts) if memory is not None else {}
        known += len(before)
        require_left_of(api, before, dict(batch), people, listed.keys())
        changed |= {key: text for key, text in texts.items() if before.get(key) != text}
    return groups, changed, known


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


def _batches(found: Iterable[T]) -> Iterator[list[T]]:
    each = iter(found)
    while batch := list(islice(each, _AT_ONCE)):
        yield batch
