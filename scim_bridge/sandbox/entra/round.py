"""One round of change tracking: which objects appear in it, with which membership changes, in which pages.

Planned as a whole when its first page is asked for (learn.microsoft.com/graph/delta-query-overview, -users, -groups).
What a deleted user leaves in groups does not show as removals (microsoft-graph-docs-contrib, issue 5855).
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.schema import Kind
from scim_bridge.sandbox.entra.store import Entry, Store

MemberChange = tuple[str, bool]
"""A member, and whether it was added or removed."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a delta link goes on tracking. names: properties and relations; ids: only these objects, None = all."""

    kind: Kind
    names: tuple[str, ...]
    ids: frozenset[str] | None = None
    is_default: bool = False

    @property
    def has_members(self) -> bool:
        """Whether changes of members are reported; without $select they are."""
        return self.kind == "group" and ("members" in self.names or self.is_default)

    @property
    def has_manager(self) -> bool:
        """Whether changes of the manager are reported."""
        return self.kind == "user" and "manager" in self.names


@dataclass(frozen=True, slots=True)
class Part:
    """One row of a round: an object, with a part of its membership changes. number: which part, from 0."""

    entry_id: str
    number: int = 0
    members: tuple[MemberChange, ...] = ()


@dataclass(slots=True)
class Round:
    """All parts, cut into pages. since: the change after which it begins, None = a first round; until: the last one."""

    tracked: Tracked
    since: int | None
    until: int
    parts: list[Part] = field(default_factory=list)
    pages: list[tuple[int, int]] = field(default_factory=list)


def plan(store: Store, tracked: Tracked, since: int | None, knobs: EntraKnobs) -> Round:
    """The round from a change on to now."""
    planned = Round(tracked, since, store.sequence)
    start = None if since is None else max(0, since - knobs.replays)
    for entry in _concerned(store, tracked, start, knobs):
        changes: list[MemberChange] = []
        if tracked.has_members and not entry.removed:
            is_new = since is None or entry.born > since
            changes = _all_members(store, entry) if is_new else _member_changes(entry, start or 0, knobs)
        planned.parts.extend(_parts(entry, changes, knobs.delta_members))
    if knobs.scattered:
        planned.parts.sort(key=lambda part: part.number)
    if knobs.duplicates:
        twice = {part.entry_id for part in planned.parts[::2]}
        planned.parts += [part for part in planned.parts if part.entry_id in twice]
    planned.pages = list(_pages(planned.parts, knobs))
    return planned


def _concerned(store: Store, tracked: Tracked, since: int | None, knobs: EntraKnobs) -> Iterator[Entry]:
    ids: Iterable[str] = store.order[tracked.kind] if since is None else dict.fromkeys(store.log[since:])
    for object_id in ids:
        entry = store.entries[object_id]
        if entry.kind != tracked.kind or (tracked.ids is not None and object_id not in tracked.ids):
            continue
        if since is None:
            if entry.removed is None or (knobs.removed_at_first and entry.removed == "changed"):
                yield entry
        elif _has_changed(entry, tracked, since):
            yield entry


def _has_changed(entry: Entry, tracked: Tracked, since: int) -> bool:
    """Only selected properties and relations make an object appear."""
    if entry.removed:
        return entry.removed_at > since
    if entry.born > since or any(entry.changed.get(name, 0) > since for name in tracked.names):
        return True
    return tracked.has_members and bool(entry.member_log) and entry.member_log[-1][0] > since


def _all_members(store: Store, entry: Entry) -> list[MemberChange]:
    return [(member, True) for member in entry.members if store.alive(member)]


def _member_changes(entry: Entry, since: int, knobs: EntraKnobs) -> list[MemberChange]:
    log = entry.member_log[bisect_right(entry.member_log, since, key=itemgetter(0)) :]
    if knobs.history:
        return [(member, is_added) for _, member, is_added in log]
    last = {member: is_added for _, member, is_added in log}
    return list(last.items())


def _parts(entry: Entry, changes: list[MemberChange], size: int) -> Iterator[Part]:
    yield Part(entry.id, 0, tuple(changes[:size]))
    for number, start in enumerate(range(size, len(changes), size), 1):
        yield Part(entry.id, number, tuple(changes[start : start + size]))


def _pages(parts: list[Part], knobs: EntraKnobs) -> Iterator[tuple[int, int]]:
    """Cuts before a page would hold too many rows or membership entries; a part that fills it stands alone."""
    start = members = 0
    for place, part in enumerate(parts):
        is_full = place - start == knobs.delta_page or (members and members + len(part.members) > knobs.delta_members)
        if is_full:
            yield start, place
            start, members = place, 0
            if knobs.empty_pages:
                yield place, place
        members += len(part.members)
    yield start, len(parts)
