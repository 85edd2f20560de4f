"""The groups that are read, with their members.

A list that is as it was is not taken apart, and what is remembered of it is looked up only if someone asks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import orjson

from scim_bridge.model.batch import batched_list
from scim_bridge.model.source import Memory
from scim_bridge.source.google.listing import Row
from scim_bridge.source.google.memory import GroupEntry, group_entry, key_of
from scim_bridge.source.google.people import People
from scim_bridge.source.google.stretch import Hash

AT_ONCE = 50
"""Groups whose entries are looked up together."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a list of members is held against.

    listed: id → row of every group of the account. hashes: group id → hash of its list, of those that say the same as
    before if they are the same. moved: ids of users who came or left since, about whom the same list says something
    else.
    """

    listed: Mapping[str, Row]
    people: People
    hashes: Mapping[str, str]
    moved: frozenset[str]


class MemberList:
    """Takes the members of a group. Of 10,000 users only the ids are kept.

    In the end, hash: of the list; entry: None if it is as remembered; groups: ids of the groups in it.
    """

    def __init__(self, known: Known, group_id: str) -> None:
        self._known = known
        self._group_id = group_id
        self._hash = Hash()
        self._hash.put(orjson.dumps(known.listed[group_id], option=orjson.OPT_SORT_KEYS))
        self._users: list[str] = []
        self._others: list[Row] = []
        self.entry: GroupEntry | None = None
        self.groups: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """Of the group, and of the list in the order in which Google gives it."""
        return self._hash.hexdigest()

    def put(self, rows: list[Row]) -> None:
        """A page."""
        self._hash.put(orjson.dumps(rows))
        ids = self._known.people.ids
        for row in rows:
            user = ids.get(row.get("id") or "")
            if user is not None:
                self._users.append(user)
            else:
                self._others.append(row)

    def end(self) -> None:
        """There is no other page."""
        known, row = self._known, self._known.listed[self._group_id]
        others = group_entry(row, self._others, {}, known.listed.keys(), known.people.customers)
        self.groups = others.groups
        # One who left is in the list as someone from outside.
        ids = (*self._users, *(str(one.get("id")) for one in self._others))
        if known.hashes.get(self._group_id) != self.hash or not known.moved.isdisjoint(ids):
            self.entry = replace(others, users=tuple(sorted({*self._users})))
        self._users, self._others = [], []


@dataclass(slots=True)
class Groups(Mapping[str, GroupEntry]):
    """All groups that are read. read: those that are not as remembered; same: ids of the others, which lie in memory.

    ids: id → the same id, of all users, so that a million memberships share it.
    """

    memory: Memory | None
    ids: Mapping[str, str]
    read: dict[str, GroupEntry] = field(default_factory=dict)
    same: set[str] = field(default_factory=set)
    _looked_up: dict[str, GroupEntry] = field(default_factory=dict)

    def __getitem__(self, group_id: str) -> GroupEntry:
        if group_id in self.same and not self._looked_up:
            self._look_up()
        found = self.read.get(group_id) or self._looked_up.get(group_id)
        if found is None:
            raise KeyError(group_id)
        return found

    def __contains__(self, group_id: object) -> bool:
        return group_id in self.read or group_id in self.same

    def __iter__(self) -> Iterator[str]:
        yield from self.read
        yield from self.same

    def __len__(self) -> int:
        return len(self.read) + len(self.same)

    def _look_up(self) -> None:
        """All at once: who asks for one asks for all."""
        for batch in batched_list(sorted(self.same), AT_ONCE):
            texts = self.memory.some(key_of("group", group_id) for group_id in batch) if self.memory else {}
            for group_id in batch:
                entry = GroupEntry.read(texts[key_of("group", group_id)])
                users = tuple(self.ids[one] for one in entry.users if one in self.ids)
                self._looked_up[group_id] = replace(entry, users=users)
