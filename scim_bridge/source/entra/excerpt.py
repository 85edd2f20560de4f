"""What changed entries mean, by an excerpt of all entries: those that changed, those that name them, whom these name.

Objects name each other by their ids, so whom an entry names is looked up: of a group's members only those that came,
left, or are there no more or again, since the others of ten thousand are who they were. Who names one that came or left
is found by going through all entries; that is read and not kept. With a scope, the groups in it are followed from their
roots, as they were and as they are, and who is in one of the two and not in the other came or left.
"""

from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass, replace

import orjson

from scim_bridge.model.identity import Kind, Notice, Record, SourceKey
from scim_bridge.model.source import DirectMembers, Memory, SourceChanges
from scim_bridge.source.entra.memory import FACTS, GroupEntry, key_of, kind_and_id
from scim_bridge.source.entra.property import ID, MANAGER, Selection
from scim_bridge.source.entra.snapshot import (
    Notes,
    Reach,
    group_record,
    left_out,
    read_entries,
    user_record,
)

_FEW = 20
"""Up to so many ids are looked for in the text of an entry before it is taken apart."""
Get = Callable[[str], str | None]


class Unclear(Exception):
    """An excerpt does not say what everything says."""


def noted(notes: Notes) -> str:
    """What is noted of the members of each group, to be remembered."""
    return orjson.dumps(
        {group: [(n.kind, n.subject, n.detail) for n in found] for group, found in notes.items()}
    ).decode()


@dataclass(frozen=True, slots=True)
class _Scope:
    """Who is in the scope, by object id. None: everyone."""

    users: frozenset[str] | None
    groups: frozenset[str] | None

    def has(self, kind: Kind, object_id: str) -> bool:
        """Whether this object is in it, if there is one."""
        ids = self.users if kind == "user" else self.groups
        return ids is None or object_id in ids


class Excerpt:
    """What has changed since a memory. changed: key → new text, None for what is gone.

    wanted: keys of objects that are shown, with the groups around them, whether they changed or not. learned: what is
    then to be remembered beside the changes. empty: the groups among those shown that have no one in them.
    """

    def __init__(
        self,
        memory: Memory,
        changed: Mapping[str, str | None],
        selections: Mapping[Kind, Selection],
        wanted: Collection[str] = (),
    ) -> None:
        self._wanted = frozenset(wanted)
        self._memory, self._users, self._groups = memory, selections["user"], selections["group"]
        self._changed = {key: text for key, text in changed.items() if key != FACTS}
        self._before = memory.some(self._changed)
        self.learned: dict[str, str | None] = {}
        self.empty: set[str] = set()

    def has(self, kind: Kind, object_id: str) -> bool:
        """Whether this object is there now."""
        return self._now(key_of(kind, object_id)) is not None

    def _now(self, key: str) -> str | None:
        return self._changed[key] if key in self._changed else self._memory.entries.get(key)

    def changes(self, then: Reach, now: Reach) -> SourceChanges:
        """What they mean. then, now: whom the scope takes in. Raises Unclear."""
        facts = self._memory.entries.get(FACTS)
        # Objects name each other by their own ids, so by these they can be looked up, and records are known by them.
        if facts is None or {self._users.anchor, self._groups.anchor} != {ID}:
            raise Unclear
        if not self._changed and not self._wanted and then == now:
            return SourceChanges(records={})
        scopes = _scope(then, self._memory.entries.get), _scope(now, self._now)
        affected = self._changed.keys() | self._wanted | self._naming() | _moved(*scopes)
        there = {
            key: text for key in affected if (text := self._now(key)) is not None and scopes[1].has(*kind_and_id(key))
        }
        users = {key: text for key, text in there.items() if key.startswith("user ")}
        objects = read_entries({**self._managers_of(users), **there})
        ids = {object_id: object_id for object_id in objects.users}
        records: dict[SourceKey, tuple[Record, ...]] = {}
        for key in affected:
            kind, object_id = kind_and_id(key)
            found: tuple[Record, ...] = ()
            if kind == "user" and key in there:
                found = (user_record(object_id, objects.users[object_id], self._users, ids),)
            elif key in there:
                found = (group_record(object_id, objects.groups[object_id].row, self._groups),)
            records[SourceKey(kind, object_id)] = found
        gone = {kind_and_id(key)[1] for key in affected if key.startswith("group ") and key not in there}
        return self._with_members(SourceChanges(records=records), objects.groups, gone, scopes, facts)

    def _with_members(
        self,
        found: SourceChanges,
        groups: Mapping[str, GroupEntry],
        gone: Collection[str],
        scopes: tuple["_Scope", "_Scope"],
        facts: str,
    ) -> SourceChanges:
        """The same with who came into these groups, and who left them."""
        others = self._came_or_left() | {kind_and_id(key)[1] for key in _moved(*scopes) if key.startswith("group ")}
        before = {group_id: self._group_before(group_id, scopes[0]) for group_id in groups}
        named = {group_id: _to_look_up(before[group_id], group, others) for group_id, group in groups.items()}
        keys = {key_of(kind, one) for ids in named.values() for one in ids for kind in ("user", "group")}
        known = self._memory.some(keys)
        now = {key for key in keys if (self._changed[key] is not None if key in self._changed else key in known)}
        joined: dict[str, DirectMembers] = {}
        left: dict[str, DirectMembers] = {}
        notes: dict[str, list[Notice]] = {}
        noted = {group: {note[1] for note in each} for group, each in orjson.loads(facts).items()}
        for group_id, group in groups.items():
            were = _shown_of(before[group_id], named[group_id], known.keys(), scopes[0])
            are = _shown_of(group, named[group_id], now, scopes[1])
            joined |= {group_id: direct} if any(direct := _without(are, were)) else {}
            left |= {group_id: direct} if any(direct := _without(were, are)) else {}
            unknown = noted.get(group_id, set()) - named[group_id]
            unknown |= {one for one in named[group_id] & group.users.keys() if key_of("user", one) not in now}
            unknown |= {one for one in named[group_id] & group.groups.keys() if key_of("group", one) not in now}
            notes[group_id] = left_out(group_id, group, unknown)
            inside = {one for one in group.groups if scopes[1].has("group", one)}
            if unknown.issuperset(group.users) and unknown.issuperset(inside):
                self.empty.add(group_id)
        members: dict[str, DirectMembers] = dict.fromkeys(gone, ((), ()))
        warnings = self._warnings(facts, {*groups, *gone}, notes)
        return replace(found, members=members, joined=joined, left=left, warnings=warnings)

    def _group_before(self, group_id: str, then: "_Scope") -> GroupEntry:
        """A group as it was shown, empty if it was not."""
        key = key_of("group", group_id)
        text = self._before.get(key) if key in self._changed else self._memory.entries.get(key)
        return GroupEntry.read(text) if text is not None and then.has("group", group_id) else GroupEntry({})

    def _came_or_left(self) -> set[str]:
        """The ids of the objects that are new or gone."""
        return {
            kind_and_id(key)[1] for key, text in self._changed.items() if (text is None) != (key not in self._before)
        }

    def _naming(self) -> set[str]:
        """The keys of the entries that name one who came or left, or is wanted."""
        others = self._came_or_left()
        if not others:
            return set()
        found = set()
        for key, text in self._memory.entries.items():
            if key == FACTS or key in self._changed:
                continue
            if len(others) <= _FEW and not any(object_id in text for object_id in others):
                continue
            if not others.isdisjoint(_named_in(key, text)):
                found.add(key)
        return found

    def _managers_of(self, users: Mapping[str, str]) -> dict[str, str]:
        """The entries of the managers of these, as they are now."""
        keys = {key_of("user", object_id) for key, text in users.items() for object_id in _named_in(key, text)}
        found = self._memory.some(keys - self._changed.keys())
        return found | {key: text for key in keys if (text := self._changed.get(key)) is not None}

    def _warnings(self, facts: str, groups: Collection[str], notes: Notes) -> tuple[Notice, ...] | None:
        """All that is noted now, None if it is what was. It is remembered. groups: those that notes is about."""
        before = {group: [Notice(*note) for note in found] for group, found in orjson.loads(facts).items()}
        after = {group: found for group, found in before.items() if group not in groups}
        after |= {group: found for group, found in notes.items() if found}
        if after == before:
            return None
        self.learned[FACTS] = noted(after)
        return tuple(notice for group in sorted(after) for notice in after[group])


def _to_look_up(before: GroupEntry, after: GroupEntry, others: Set[str]) -> set[str]:
    """The ids that a group names otherwise than before, or that may mean someone else now."""
    stayed = (before.users.keys() & after.users.keys()) | (before.groups.keys() & after.groups.keys())
    moved = (before.users.keys() ^ after.users.keys()) | (before.groups.keys() ^ after.groups.keys())
    return moved | (stayed & others)


def _shown_of(group: GroupEntry, some: Set[str], known: Set[str], scope: _Scope) -> tuple[set[str], set[str]]:
    """Of some members of a group the users and the groups that are shown."""
    users = {one for one in some & group.users.keys() if key_of("user", one) in known}
    groups = {one for one in some & group.groups.keys() if key_of("group", one) in known}
    return users, {one for one in groups if scope.has("group", one)}


def _without(these: tuple[set[str], set[str]], those: tuple[set[str], set[str]]) -> DirectMembers:
    return tuple(sorted(these[0] - those[0])), tuple(sorted(these[1] - those[1]))


def _scope(reach: Reach, get: Get) -> _Scope:
    """Whom a scope takes in, following the groups from their roots. get: an entry by its key."""
    if reach.groups is None or reach.users is None:
        return _Scope(None, None)
    users, groups, waiting = set(reach.users), set[str](), sorted(reach.groups)
    while waiting:
        group_id = waiting.pop()
        text = get(key_of("group", group_id)) if group_id not in groups else None
        if text is not None:
            group = GroupEntry.read(text)
            groups.add(group_id)
            users |= group.users.keys()
            waiting += group.groups
    return _Scope(frozenset(users), frozenset(groups))


def _moved(then: _Scope, now: _Scope) -> set[str]:
    """The keys of those that are in one of two scopes."""
    users = (then.users or frozenset()) ^ (now.users or frozenset())
    groups = (then.groups or frozenset()) ^ (now.groups or frozenset())
    return {*(key_of("user", user) for user in users), *(key_of("group", group) for group in groups)}


def _named_in(key: str, text: str) -> set[str]:
    """The ids of the objects that an entry names."""
    body = orjson.loads(text)
    if key.startswith("user "):
        return {body[MANAGER]} if body.get(MANAGER) else set()
    return {*body["users"], *body["groups"]}
