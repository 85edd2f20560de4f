"""What changed entries mean, by an excerpt of all entries: those that changed, those that name them, whom these name.

Objects name each other by their ids, so whom an entry names is looked up. Who names one that came or left is found by
going through all entries; that is read and not kept. With a scope, the groups in it are followed from their roots, as
they were and as they are, and who is in one of the two and not in the other came or left.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

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
    named,
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
    """What has changed since a memory. changed: key → new text, None for what is gone."""

    def __init__(self, memory: Memory, changed: Mapping[str, str | None], users: Selection, groups: Selection) -> None:
        self._memory, self._users, self._groups = memory, users, groups
        self._changed = {key: text for key, text in changed.items() if key != FACTS}
        self._before = memory.some(self._changed)
        self.learned: dict[str, str | None] = {}

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
        if not self._changed and then == now:
            return SourceChanges(records={})
        scope = _scope(now, self._now)
        affected = self._changed.keys() | self._naming() | _moved(_scope(then, self._memory.entries.get), scope)
        there = {key: text for key in affected if (text := self._now(key)) is not None and scope.has(*kind_and_id(key))}
        objects = read_entries({**self._named_by(there), **there})
        ids = {"user": {object_id: object_id for object_id in objects.users}}
        ids["group"] = {object_id: object_id for object_id in objects.groups if scope.has("group", object_id)}
        records: dict[SourceKey, tuple[Record, ...]] = {}
        members: dict[str, DirectMembers] = {}
        notes: dict[str, list[Notice]] = {}
        for key in affected:
            kind, object_id = kind_and_id(key)
            found: tuple[Record, ...] = ()
            if kind == "user" and key in there:
                found = (user_record(object_id, objects.users[object_id], self._users, ids["user"]),)
            elif kind == "group":
                group = objects.groups[object_id] if key in there else GroupEntry({})
                members[object_id] = named(group.users, ids["user"]), named(group.groups, ids["group"])
                if key in there:
                    found = (group_record(object_id, group.row, self._groups),)
                    notes[object_id] = left_out(object_id, group, objects)
            records[SourceKey(kind, object_id)] = found
        warnings = self._warnings(facts, affected, notes)
        return SourceChanges(records=records, members=members, warnings=warnings)

    def _naming(self) -> set[str]:
        """The keys of the entries that name one who came or left."""
        others = {
            kind_and_id(key)[1] for key, text in self._changed.items() if (text is None) != (key not in self._before)
        }
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

    def _named_by(self, there: Mapping[str, str]) -> dict[str, str]:
        """The entries of the managers and members of these, as they are now."""
        ids = {object_id for key, text in there.items() for object_id in _named_in(key, text)}
        keys = {key_of(kind, object_id) for object_id in ids for kind in ("user", "group")}
        found = self._memory.some(keys - self._changed.keys())
        return found | {key: text for key in keys if (text := self._changed.get(key)) is not None}

    def _warnings(self, facts: str, affected: Iterable[str], notes: Notes) -> tuple[Notice, ...] | None:
        """All that is noted now, None if it is what was. It is remembered."""
        groups = {kind_and_id(key)[1] for key in affected if key.startswith("group ")}
        before = {group: [Notice(*note) for note in found] for group, found in orjson.loads(facts).items()}
        after = {group: found for group, found in before.items() if group not in groups}
        after |= {group: found for group, found in notes.items() if found}
        if after == before:
            return None
        self.learned[FACTS] = noted(after)
        return tuple(notice for group in sorted(after) for notice in after[group])


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
