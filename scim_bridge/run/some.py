"""A run about some: it begins with whatever has changed or waits, and looks at no one else (docs/design.md §1.3).

Whenever it is not sure that this covers everything, the run is about everyone, and says why.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson

from scim_bridge import __version__
from scim_bridge.model.desired_side import Membership, Whole
from scim_bridge.model.identity import INDEXED, KINDS, Existing, Kind, Members, SourceKey, TargetKey, Whom
from scim_bridge.model.own_write import Pair
from scim_bridge.model.remembered import Remembered
from scim_bridge.model.run import OperationRecord
from scim_bridge.model.source import Memory, SourceChanges, SourceReading
from scim_bridge.plan.guard import refuse_empty
from scim_bridge.plan.plan_file import from_document
from scim_bridge.run.bridge import Bridge
from scim_bridge.run.desired_changes import Changes, held_against, mapped_changes, told_by
from scim_bridge.run.lifecycle import Order
from scim_bridge.run.listing import FEW, read_members
from scim_bridge.run.overlay import Edges, Overlay
from scim_bridge.run.part import CONCERNED, Loading, Part, TooMuch, load, meant_by
from scim_bridge.run.target_view import (
    Observed,
    doubts_of,
    is_verification_due,
    look_at_doubtful,
    recollect,
    said_why_whole,
)
from scim_bridge.state.lookup import Lookup
from scim_bridge.state.reader import StateReader

_FORM = 1
"""Of what the state keeps; another number makes the next run one about everyone."""
_AT_LEAST = 100
"""So many may always be concerned, however small the directory is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Everyone:
    """The run has to be about everyone. why: the reason, a clause; source: what was read whole of it already.

    looked: what the target was asked about by then, None if it was asked nothing.
    """

    why: str
    source: SourceReading | None = None
    looked: Mapping[TargetKey, Existing | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Few:
    """What a run about some begins with: part of both sides, and how the desired side moves on."""

    part: Part
    changes: Changes
    observed: Observed
    known: Remembered


def made_with(bridge: Bridge) -> str:
    """A hash of all that decides what follows from a record, beside the record itself."""
    target, mapping = bridge.target.capabilities, (bridge.mapping_key, bridge.mapping.nested)
    told = (_FORM, __version__, *mapping, target, bridge.policy, bridge.source.key, bridge.endpoint)
    text = orjson.dumps(told, default=_steady, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()[:24]


def _steady(value: object) -> object:
    """What JSON has no word for, in a form that is the same in every process: the order of a set is not."""
    return sorted(value) if isinstance(value, frozenset) else repr(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the state has of both sides, so that a few can be looked up. known: without links.

    last: when the target was read in full.
    """

    known: Remembered
    whole: Whole
    last: datetime


def kept(bridge: Bridge, reader: StateReader, known: Remembered, today: str) -> Kept | Everyone:
    """What the indexes of the state can be asked about; or why they do not say what is true now."""
    whole = reader.directory(bridge.name)
    last = reader.last_reading(bridge.name, bridge.endpoint)
    if known.is_fresh or whole is None or last is None:
        return Everyone(why="no run about everyone has come to its end yet")
    if whole.made_with != made_with(bridge):
        return Everyone(why="the mapping, the policy, the source, the target or the program is another one")
    if not _is_indexed(bridge):
        return Everyone(why="the target tells resources apart by other attributes too")
    if whole.today != today and bridge.mapping.speaks_of_today:
        return Everyone(why="a rule speaks of today, and the day is another one")
    return Kept(known=known, whole=whole, last=last)


def why_everyone(bridge: Bridge, reader: StateReader, state: Kept | Everyone, order: Order, now: datetime) -> str:
    """Why a run about whatever has changed is about everyone, "" if it need not be."""
    if bridge.is_shadow:
        return "in shadow another program changes the target, so every run reads all of it"
    if order.in_full or order.after_restore:
        return "everything was to be read again"
    if isinstance(state, Everyone):
        return state.why
    if not state.whole.is_settled:
        return "the last run about everyone has not carried out its plan"
    if is_verification_due(bridge, reader, now - state.last):
        return "the target is read again from time to time"
    return ""


def _is_indexed(bridge: Bridge) -> bool:
    """Whether the state finds resources by everything that tells them apart on this target."""
    return all(path in INDEXED[kind] for kind in KINDS for path in _told_apart_by(bridge, kind))


def _told_apart_by(bridge: Bridge, kind: Kind) -> tuple[str, ...]:
    return (*bridge.terms.match[kind], *(path for path, _ in bridge.terms.unique[kind]))


def few(bridge: Bridge, reader: StateReader, state: Kept, order: Order, *, today: str, now: datetime) -> Few | Everyone:
    """Find who has to be looked at, and load what concerns them."""
    in_doubt = reader.doubtful(bridge.name, bridge.endpoint)
    if len(in_doubt) > FEW:
        return Everyone(why="many writes are in doubt")
    with reader.lookup(bridge.name, bridge.endpoint) as lookup:
        # After a first run everyone waits; their number says it before the source is asked for what has changed.
        if lookup.number_to_look_at() > _most(state.whole):
            return Everyone(why=CONCERNED)
    found = whatever_changed(bridge, recollect(bridge, reader, now), today, order)
    read = found if isinstance(found, SourceReading) else None
    with reader.lookup(bridge.name, bridge.endpoint) as lookup:
        try:
            changes = changes_of(bridge, lookup, found, state.whole, today)
            if lookup.elsewhere() != state.whole.elsewhere:
                raise TooMuch("another connection has linked or released resources of this target")
        except TooMuch as reason:
            return Everyone(why=str(reason), source=read)
        refuse_empty(changes.whole.counts)
        bridge.target.check()  # a token that has died is found out now, not with the first revocation
        looked = look_at_doubtful(bridge, in_doubt, _links_of(lookup, state.known, in_doubt))
        start = Start(state=state, changes=changes, in_doubt=in_doubt, again=looked, now=now)
        try:
            return loaded(bridge, reader, lookup, start)
        except TooMuch as reason:
            return Everyone(why=str(reason), source=read, looked=looked)


def whatever_changed(bridge: Bridge, memory: Memory | None, today: str, order: Order) -> SourceChanges | SourceReading:
    """What has changed in the source, or everything. Raises SourceUnreadable, also if it shows no user."""
    if memory is not None:
        found = bridge.source.changes(today, memory, order.progress)
    else:
        found = bridge.source.read(today, None, order.progress)
    if isinstance(found, SourceReading):
        found = said_why_whole(found)
        refuse_empty(found.snapshot.counts)
    return found


def changes_of(
    bridge: Bridge, lookup: Lookup, found: SourceChanges | SourceReading, whole: Whole, today: str
) -> Changes:
    """What the source shows otherwise than before, mapped. Raises TooMuch."""
    shown = held_against(lookup, found) if isinstance(found, SourceReading) else told_by(lookup, found)
    most = _most(whole)
    if len(shown.records) > most or len({member for _, member in (*shown.joined, *shown.left)}) > most:
        raise TooMuch("more than a quarter of the directory has changed")
    return mapped_changes(bridge, lookup, shown, whole, today)


def _most(whole: Whole) -> int:
    return max(_AT_LEAST, (whole.counts.users + whole.counts.groups) // 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What is known before anyone is loaded. again: what was looked at already. named: who was asked about; None for
    whatever has changed or waits. beside: target ids of groups that are loaded too.
    """

    state: Kept
    changes: Changes
    now: datetime
    in_doubt: Sequence[OperationRecord] = ()
    again: Mapping[TargetKey, Existing | None] = field(default_factory=dict)
    named: frozenset[Whom] | None = None
    beside: frozenset[str] = frozenset()


def loaded(bridge: Bridge, reader: StateReader, lookup: Lookup, start: Start) -> Few:
    """Load what concerns those that a run begins with. Raises TooMuch."""
    known, changes, in_doubt, again, now = start.state.known, start.changes, start.in_doubt, start.again, start.now
    overlay = Overlay(lookup, changes.now, again, [*decided(known), *_pairs(in_doubt)])
    is_flat = bridge.mapping.nested == "flatten"
    edges = Edges(lookup, changes.joined, changes.left, is_flat=is_flat)
    possible = edges
    if open_now := frozenset(_possible(changes)):
        possible = Edges(lookup, changes.joined | open_now, changes.left, is_flat=is_flat)
    loading = Loading(
        overlay=overlay,
        edges=edges,
        possible=possible,
        changes=changes,
        known=known,
        terms=bridge.terms,
        most=_most(changes.whole),
        beside=start.beside,
    )
    read: dict[str, frozenset[str]] = {}
    lacking: set[Pair] = set()

    def members_now(groups: list[str]) -> Members:
        found, lacks = read_members(bridge, reader, groups, _Anyone(), now=now)
        read.update(found)
        lacking.update(lacks)
        return found

    seeds = start.named
    if seeds is None:
        waiting = _seeds(bridge, lookup, known, changes, now)
        open_otherwise = (whom for each in changes.open_otherwise for whom in meant_by(each))
        seeds = frozenset([*waiting, *_in_doubt(in_doubt, again), *_moved(changes, edges), *open_otherwise])
    part = load(loading, seeds, members_now)
    observed = Observed(
        inventory=part.inventory,
        at=start.state.last,
        is_whole=False,
        now=now,
        again=again,
        members=part.inside,
        read_now=frozenset(read),
        lacking=frozenset(lacking),
        doubts=doubts_of(in_doubt, part.known, part.inventory),
    )
    return Few(part=part, changes=changes, observed=observed, known=_memberships(bridge, lookup, part))


class _Anyone:
    """Stands for the ids of all users."""

    def __contains__(self, user_id: object) -> bool:
        return True


def _memberships(bridge: Bridge, lookup: Lookup, part: Part) -> Remembered:
    """What is remembered of the part; who was left in its groups only where drift is to be reported."""
    if bridge.policy.drift != "report":
        return part.known
    some = lookup.inside((user_id for user_id in part.inventory.users), ours=True)
    left = {group: frozenset(some.get(group, ())) for group in part.sizes}
    return replace(part.known, memberships=left | lookup.members(part.whole, ours=True))


def _seeds(bridge: Bridge, lookup: Lookup, known: Remembered, changes: Changes, now: datetime) -> Iterator[Whom]:
    """Who has to be looked at, beside those whose memberships have changed."""
    yield from map(Whom.record, changes.changed)
    yield from lookup.to_look_at()
    yield from lookup.decided()
    for refusal in known.refusals.values():
        if refusal.is_due:
            yield Whom("source", refusal.kind, refusal.source_id)
            if refusal.member:
                yield Whom("source", "user", refusal.member)
    if bridge.policy.delete_after is not None:
        yield from map(Whom.record, lookup.departed_until(now - bridge.policy.delete_after))
    choosing = lookup.choosing()
    for kind in KINDS:
        of_kind = [key for key, mapped in choosing.items() if key.kind == kind and mapped.desired]
        linked, _ = lookup.links(kind, [key.id for key in of_kind])
        yield from (Whom.record(key) for key in of_kind if key.id not in linked)


def _moved(changes: Changes, edges: Edges) -> Iterator[Whom]:
    """Users who came into a group or left one, directly or with a group inside of it."""
    groups = set()
    for _, member in (*changes.joined, *changes.left):
        if member.kind == "user":
            yield Whom.record(member)
        else:
            groups.add(member.id)
    for before in (True, False):
        for users in edges.users_below(groups, before=before).values():
            yield from (Whom("source", "user", user) for user in users)


def _possible(changes: Changes) -> Iterator[Membership]:
    """The memberships that there are if each reference that fits several records means all of them."""
    for each in changes.whole.ambiguous:
        for group in each.groups:
            yield from ((group, SourceKey("user", user)) for user in each.users if user)
            yield from ((group, SourceKey("group", inner)) for inner in each.nested if inner)


def decided(known: Remembered) -> Iterator[tuple[Kind, str, str]]:
    """Records and resources that a person's decisions bind: kind, source id, target id."""
    for resolution in known.resolutions.values():
        yield resolution.resource, resolution.source_id, resolution.target_id


def _pairs(in_doubt: Iterable[OperationRecord]) -> Iterator[tuple[Kind, str, str]]:
    for record in in_doubt:
        operation = from_document(record.document)
        yield operation.resource, operation.source_id or "", record.target_id or operation.target_id or ""


def _in_doubt(in_doubt: Iterable[OperationRecord], again: Iterable[TargetKey]) -> Iterator[Whom]:
    """What was touched without a good answer: records, resources and members."""
    yield from (Whom.resource(key.kind, key.id) for key in again)
    for record in in_doubt:
        operation = from_document(record.document)
        if operation.source_id:
            yield Whom.record(operation.key)
        for member in operation.members:
            if member.source_id:
                yield Whom("source", "user", member.source_id)
            if member.target_id:
                yield Whom("target", "user", member.target_id)


def _links_of(lookup: Lookup, known: Remembered, in_doubt: Iterable[OperationRecord]) -> Remembered:
    """What is remembered of those that writes in doubt were about."""
    operations = [from_document(record.document) for record in in_doubt]
    keys = {operation.key for operation in operations if operation.source_id}
    users, _ = lookup.links("user", [key.id for key in keys if key.kind == "user"])
    groups, _ = lookup.links("group", [key.id for key in keys if key.kind == "group"])
    return replace(known, users=users, groups=groups)
