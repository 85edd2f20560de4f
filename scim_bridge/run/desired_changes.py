"""What has changed on the desired side: the records that map to something else, and the memberships that came or went.

A source that can says what has changed. What another one shows whole is held against the hashes of what it showed
before, so that the rest of the run does not care which it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from scim_bridge.mapping.flatten import GROUP_CYCLE
from scim_bridge.mapping.membership import NESTED_GROUP, memberships
from scim_bridge.mapping.record import group_names, map_records
from scim_bridge.mapping.row import is_choosing
from scim_bridge.model.desired_side import (
    Mapped,
    Membership,
    Whole,
    added,
    digest_of,
    key_of,
    mapped_of,
    number_left_open,
    number_of_member,
    shown_by,
)
from scim_bridge.model.identity import (
    EXTERNAL_ID,
    KINDS,
    AmbiguousMember,
    Directory,
    Existing,
    Inventory,
    Kind,
    Notice,
    Record,
    Snapshot,
    SourceCounts,
    SourceKey,
    Value,
)
from scim_bridge.model.remembered import LastApplied, Link, Remembered
from scim_bridge.model.source import DirectMembers, Learned, SourceChanges, SourceReading
from scim_bridge.model.text import folded
from scim_bridge.plan.fit import fit
from scim_bridge.run.bridge import Bridge
from scim_bridge.state.lookup import Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a source shows otherwise than before, unmapped. records: by key; with none, it is gone."""

    records: Mapping[SourceKey, tuple[Record, ...]]
    joined: frozenset[Membership] = frozenset()
    left: frozenset[Membership] = frozenset()
    ambiguous: tuple[AmbiguousMember, ...] | None = None
    warnings: tuple[Notice, ...] | None = None
    learned: Learned | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The same, mapped and fitted. now: what is not as it was, in whatever way; changed: what says something else.

    whole: what is now true of all. open_before: the references that fitted several records before this.
    """

    now: Mapping[SourceKey, Mapped]
    changed: frozenset[SourceKey]
    whole: Whole
    joined: frozenset[Membership] = frozenset()
    left: frozenset[Membership] = frozenset()
    learned: Learned | None = None
    open_before: tuple[AmbiguousMember, ...] = ()

    @property
    def left_open(self) -> tuple[AmbiguousMember, ...]:
        """The references that fit several records, or did so before."""
        return tuple(dict.fromkeys((*self.whole.ambiguous, *self.open_before)))

    @property
    def open_otherwise(self) -> tuple[AmbiguousMember, ...]:
        """Those of them that are not as they were."""
        both = frozenset(self.whole.ambiguous) & frozenset(self.open_before)
        return tuple(each for each in self.left_open if each not in both)


def by_key(snapshot: Snapshot) -> dict[SourceKey, tuple[Record, ...]]:
    """The records of a snapshot by the key under which they are kept."""
    found: dict[SourceKey, list[Record]] = defaultdict(list)
    for kind in KINDS:
        for record in snapshot.users if kind == "user" else snapshot.groups:
            found[key_of(record, kind)].append(record)
    return {key: tuple(records) for key, records in found.items()}


def held_against(lookup: Lookup, reading: SourceReading) -> Shown:
    """What is otherwise in a whole reading than it was."""
    snapshot = reading.snapshot
    now = by_key(snapshot)
    keys: dict[int, SourceKey] = {}
    records: dict[SourceKey, tuple[Record, ...]] = {}
    for row in lookup.records():
        key = keys[row.id] = SourceKey(row.kind, row.source_id)
        if key not in now:
            records[key] = ()
        elif row.shown != shown_by(now[key]):
            records[key] = now[key]
    new = now.keys() - set(keys.values())
    records |= {key: now[key] for key in sorted(new)}
    joined, left = _memberships_against(lookup, keys, snapshot)
    return Shown(
        records=records,
        joined=joined,
        left=left,
        ambiguous=snapshot.ambiguous,
        warnings=snapshot.warnings,
        learned=reading.learned,
    )


def _memberships_against(
    lookup: Lookup, keys: Mapping[int, SourceKey], snapshot: Snapshot
) -> tuple[frozenset[Membership], frozenset[Membership]]:
    joined: set[Membership] = set()
    left: set[Membership] = set()
    seen: set[str] = set()
    for group_row, member_rows in lookup.memberships_by_row():
        group, stored = keys[group_row].id, {keys[row] for row in member_rows}
        now = members_of(snapshot.members.get(group, ((), ())))
        joined.update((group, member) for member in now - stored)
        left.update((group, member) for member in stored - now)
        seen.add(group)
    for group, members in snapshot.members.items():
        if group not in seen:
            joined.update((group, member) for member in members_of(members))
    return frozenset(joined), frozenset(left)


def members_of(members: DirectMembers) -> set[SourceKey]:
    """The direct members of a group by their keys."""
    users, groups = members
    return {SourceKey("user", user) for user in users} | {SourceKey("group", group) for group in groups}


def told_by(lookup: Lookup, changes: SourceChanges) -> Shown:
    """What a source says has changed, with the memberships held against those that it showed before."""
    joined: set[Membership] = set()
    left: set[Membership] = set()
    before = lookup.direct_members(changes.members)
    for group, members in changes.members.items():
        then, now = before.get(group, set()), members_of(members)
        joined.update((group, member) for member in now - then)
        left.update((group, member) for member in then - now)
    ends = {member for each in (*changes.joined.values(), *changes.left.values()) for member in members_of(each)}
    around = lookup.groups_around(ends | {SourceKey("user", user) for user in changes.memberships})
    for group, members in changes.joined.items():
        joined.update((group, member) for member in members_of(members) if group not in around.get(member, ()))
    for group, members in changes.left.items():
        left.update((group, member) for member in members_of(members) if group in around.get(member, ()))
    for user, groups in changes.memberships.items():
        member = SourceKey("user", user)
        was_in = around.get(member, set())
        joined.update((group, member) for group in set(groups) - was_in)
        left.update((group, member) for group in was_in - set(groups))
    return Shown(
        records=changes.records,
        joined=frozenset(joined),
        left=frozenset(left),
        ambiguous=changes.ambiguous,
        warnings=changes.warnings,
        learned=changes.learned,
    )


def mapped_changes(bridge: Bridge, lookup: Lookup, shown: Shown, before: Whole, today: str) -> Changes:
    """What follows from what a source shows otherwise: each changed record mapped and fitted, alone."""
    stored = lookup.mapped(shown.records)
    now = map_some(bridge, lookup, shown.records, today)
    changed = frozenset(k for k, m in now.items() if k not in stored or not m.says_the_same(stored[k]))
    left = shown.left | _memberships_of_gone(lookup, now)
    joined = frozenset(pair for pair in shown.joined if pair not in left)
    ambiguous = before.ambiguous if shown.ambiguous is None else shown.ambiguous
    open_members = sum(each.count for each in ambiguous) - sum(each.count for each in before.ambiguous)
    counts = _moved(before.counts, stored, now, len(joined) - len(left) + open_members)
    digest = added(
        _digest(lookup, before, (stored, now), (joined, left)),
        number_left_open(ambiguous) - number_left_open(before.ambiguous),
    )
    whole = replace(
        before,
        today=today,
        counts=counts,
        digest=digest,
        ambiguous=ambiguous,
        shown_warnings=before.shown_warnings if shown.warnings is None else shown.warnings,
        warnings=_about_groups(bridge, lookup, before.warnings, (now, changed), (joined, left)),
    )
    return Changes(
        now=now,
        changed=changed,
        whole=whole,
        joined=joined,
        left=left,
        learned=shown.learned,
        open_before=before.ambiguous,
    )


def _about_groups(
    bridge: Bridge,
    lookup: Lookup,
    before: tuple[Notice, ...],
    records: tuple[Mapping[SourceKey, Mapped], frozenset[SourceKey]],
    pairs: tuple[frozenset[Membership], frozenset[Membership]],
) -> tuple[Notice, ...]:
    """The warnings of the mapping, those about groups inside of groups as they are now.

    What it says of all records, by their numbers, is as a run about everyone has counted it.
    """
    (now, changed), (joined, left) = records, pairs
    if all(member.kind == "user" for _, member in joined | left) and all(key.kind == "user" for key in changed):
        return before
    edges = (lookup.nested() - left) | {pair for pair in joined if pair[1].kind == "group"}
    inner: dict[str, list[str]] = defaultdict(list)
    for group, member in sorted(edges):
        inner[group].append(member.id)
        inner.setdefault(member.id, [])
    keys = [SourceKey("group", group) for group in inner]
    known = lookup.mapped(keys) | {key: now[key] for key in keys if key in now}
    desired = (d for mapped in known.values() for d in mapped.desired)
    names = group_names(desired, (out for mapped in known.values() for out in mapped.outside))
    shown = Snapshot((), (), {group: ((), tuple(groups)) for group, groups in inner.items()})
    found = memberships(shown, bridge.mapping.nested, frozenset(), frozenset(), names).notices
    return (*(notice for notice in before if notice.kind not in (GROUP_CYCLE, NESTED_GROUP)), *found)


def map_some(
    bridge: Bridge, lookup: Lookup, records: Mapping[SourceKey, tuple[Record, ...]], today: str
) -> dict[SourceKey, Mapped]:
    """These records mapped and fitted."""
    if not records:
        return {}
    snapshot = Snapshot(_of_kind(records, "user"), _of_kind(records, "group"), {})
    last = _last_applied(lookup, records)
    directory = fit(map_records(snapshot, bridge.mapping, today, last), bridge.target.capabilities)
    return mapped_of(records, (*directory.users, *directory.groups), directory.out_of_scope, choosing(bridge, records))


def map_all(bridge: Bridge, snapshot: Snapshot, directory: Directory) -> dict[SourceKey, Mapped]:
    """All that was mapped and fitted, by the keys of the records."""
    records = by_key(snapshot)
    return mapped_of(records, (*directory.users, *directory.groups), directory.out_of_scope, choosing(bridge, records))


def whole_now(made_with: str, today: str, snapshot: Snapshot, directory: Directory, mapped: Iterable[Mapped]) -> Whole:
    """What is true of all records of a whole reading, but for what other connections have linked."""
    shown = set(snapshot.warnings)
    return Whole(
        made_with=made_with,
        today=today,
        counts=snapshot.counts,
        digest=digest_of(mapped, snapshot.members, snapshot.ambiguous),
        ambiguous=snapshot.ambiguous,
        shown_warnings=snapshot.warnings,
        warnings=tuple(notice for notice in directory.warnings if notice not in shown),
    )


def choosing(bridge: Bridge, records: Mapping[SourceKey, tuple[Record, ...]]) -> frozenset[SourceKey]:
    """Those of which a rule has several values to choose from, so that what was applied last has a say."""
    return frozenset(
        key for key, rows in records.items() if any(is_choosing(row, bridge.mapping.of(key.kind)) for row in rows)
    )


def _of_kind(records: Mapping[SourceKey, tuple[Record, ...]], kind: Kind) -> tuple[Record, ...]:
    return tuple(record for key, rows in records.items() if key.kind == kind for record in rows)


@dataclass(frozen=True, kw_only=True)
class _LookedUp(LastApplied):
    """What was applied to a few records last; who holds a value is looked up when a rule asks for it."""

    lookup: Lookup

    def free(self, kind: Kind, path: str, value: Value) -> Sequence[Existing]:
        held = self.lookup.resources(kind, self.lookup.holding(kind, [(path, folded(str(value)))]))
        links, elsewhere = self.lookup.links(kind, (), held)
        taken = {link.target_id for link in links.values() if link.departed is None} | {key.id for key in elsewhere}
        return [held[target_id] for target_id in sorted(held) if target_id not in taken]


def _last_applied(lookup: Lookup, keys: Iterable[SourceKey]) -> LastApplied:
    found: dict[Kind, dict[str, Link]] = {}
    resources: dict[Kind, dict[str, Existing]] = {}
    wanted = list(keys)
    for kind in KINDS:
        ids = [key.id for key in wanted if key.kind == kind and key.id]
        found[kind] = lookup.links(kind, ids)[0]
        marked = lookup.holding(kind, [(EXTERNAL_ID, folded(source_id)) for source_id in ids])
        resources[kind] = lookup.resources(kind, marked | {link.target_id for link in found[kind].values()})
    known = Remembered(users=found["user"], groups=found["group"])
    return _LookedUp(known, Inventory(resources["user"], resources["group"]), lookup=lookup)


def _memberships_of_gone(lookup: Lookup, now: Mapping[SourceKey, Mapped]) -> frozenset[Membership]:
    gone = [key for key, mapped in now.items() if not mapped.rows]
    around = lookup.groups_around(gone)
    inside = lookup.direct_members(key.id for key in gone if key.kind == "group")
    return frozenset(
        [(group, key) for key, groups in around.items() for group in groups]
        + [(group, member) for group, members in inside.items() for member in members]
    )


_Both = tuple[Mapping[SourceKey, Mapped], Mapping[SourceKey, Mapped]]


def _moved(
    before: SourceCounts, stored: Mapping[SourceKey, Mapped], now: Mapping[SourceKey, Mapped], members: int
) -> SourceCounts:
    rows = dict.fromkeys(KINDS, 0)
    for key, mapped in now.items():
        rows[key.kind] += mapped.rows - (stored[key].rows if key in stored else 0)
    return SourceCounts(before.users + rows["user"], before.groups + rows["group"], before.memberships + members)


def _digest(
    lookup: Lookup,
    before: Whole,
    records: _Both,
    pairs: tuple[frozenset[Membership], frozenset[Membership]],
) -> str:
    """The hash of the whole, moved on by what was added to it and taken from it."""
    stored, now = records
    total = sum(mapped.number for mapped in now.values()) - sum(mapped.number for mapped in stored.values())
    joined, left = pairs
    ends = {member for _, member in (*joined, *left)}
    flipped = {key for key, mapped in now.items() if key.kind == "user" and _is_in(mapped) != _is_in(stored.get(key))}
    known = lookup.mapped(key for key in ends if key not in now and key.kind == "user")
    around = lookup.groups_around(ends | flipped)
    for member in ends | flipped:
        was_in = around.get(member, set())
        is_in = (was_in - {g for g, m in left if m == member}) | {g for g, m in joined if m == member}
        then = member.kind == "group" or _is_in(stored.get(member) or known.get(member))
        counts = member.kind == "group" or _is_in(now.get(member) or known.get(member))
        number = number_of_member(*member)
        total += number * (_sum(is_in) * counts - _sum(was_in) * then)
    return added(before.digest, total)


def _sum(groups: Iterable[str]) -> int:
    return sum(number_of_member("group", group) for group in groups)


def _is_in(mapped: Mapped | None) -> bool:
    return mapped is not None and bool(mapped.desired) and bool(mapped.key.id)
