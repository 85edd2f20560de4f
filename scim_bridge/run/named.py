"""Those whom a person has named: found by the indexes of the state, with their records as the source has them now.

Neither side is read for anyone else. For who explains one user, and for `--only` (run/named_plan.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scim_bridge.model.desired_side import is_named
from scim_bridge.model.identity import KINDS, Record, Snapshot, SourceKey, Whom
from scim_bridge.model.source import Memory, SourceChanges, SourceReading
from scim_bridge.plan.guard import refuse_empty
from scim_bridge.run.bridge import Bridge
from scim_bridge.run.desired_changes import Changes, by_key
from scim_bridge.run.lifecycle import Order
from scim_bridge.run.overlay import Overlay
from scim_bridge.run.part import TooMuch, related_to
from scim_bridge.run.some import Few, Kept, Start, changes_of, decided, loaded, whatever_changed
from scim_bridge.run.target_view import recollect
from scim_bridge.state.lookup import Lookup
from scim_bridge.state.reader import StateReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """Who was named. whom: the records and resources that are called so. changes: how the source shows them now.

    read: what the source was found to show, of these at least.
    """

    whom: frozenset[Whom]
    changes: Changes
    read: SourceChanges | SourceReading


def find_named(
    bridge: Bridge, reader: StateReader, lookup: Lookup, state: Kept, who: Sequence[str], *, order: Order, now: datetime
) -> Called:
    """Everyone who is called by one of these: names, emails, source ids, target ids.

    Raises TooMuch if a look at everyone is needed, SourceUnreadable.
    """
    memory = recollect(bridge, reader, now)
    today = order.today or bridge.today(now)
    found = [frozenset(lookup.called(name)) for name in who]
    whom = frozenset[Whom]().union(*found)
    if all(found):
        read, changes = _asked(bridge, lookup, state, whom, memory=memory, today=today)
    else:
        # A new user is not known yet. So an unknown name means "see what has changed", not "there is no such user".
        read = whatever_changed(bridge, memory, today, order)
        changes = changes_of(bridge, lookup, read, state.whole, today)
        refuse_empty(changes.whole.counts)
    new = (key for key, mapped in changes.now.items() if any(is_named(mapped, name) for name in who))
    return Called(whom=whom | frozenset(map(Whom.record, new)), changes=changes, read=read)


def _asked(
    bridge: Bridge, lookup: Lookup, state: Kept, whom: frozenset[Whom], *, memory: Memory | None, today: str
) -> tuple[SourceChanges | SourceReading, Changes]:
    """What the source shows of these now, and of all who have a say: who gives a name up has changed as well."""
    keys = _records(lookup, whom)
    while True:
        read = bridge.source.ask(today, memory, sorted(keys))
        if isinstance(read, SourceReading):
            # Only what was read whole can be empty by mistake: of those who were asked for, the last may have left.
            refuse_empty(read.snapshot.counts)
        changes = changes_of(bridge, lookup, read, state.whole, today)
        more = set[SourceKey]() if isinstance(read, SourceReading) else _with_a_say(lookup, state, changes, whom)
        more -= keys | changes.now.keys()
        if not more:
            return read, changes
        keys |= more


def _with_a_say(lookup: Lookup, state: Kept, changes: Changes, whom: frozenset[Whom]) -> set[SourceKey]:
    overlay = Overlay(lookup, changes.now, {}, decided(state.known))
    found = {kind: related_to(kind, overlay, whom).ids for kind in KINDS}
    return {SourceKey(kind, source_id) for kind, ids in found.items() for source_id in ids if source_id}


def _records(lookup: Lookup, called: Iterable[Whom]) -> set[SourceKey]:
    """The records of these, those linked to the named resources included."""
    found = {SourceKey(whom.kind, whom.id) for whom in called if whom.side == "source"}
    for kind in KINDS:
        ids = [whom.id for whom in called if whom.side == "target" and whom.kind == kind]
        links, _ = lookup.links(kind, (), ids)
        found |= {SourceKey(kind, source_id) for source_id in links}
    return found


def named_few(
    bridge: Bridge, reader: StateReader, state: Kept, who: str, *, order: Order, now: datetime
) -> tuple[Few, SourceReading] | None:
    """What concerns the users and groups of this name, and their records; None if only a look at everyone can tell."""
    with reader.lookup(bridge.name, bridge.endpoint) as lookup:
        try:
            named = find_named(bridge, reader, lookup, state, [who], order=order, now=now)
            if not named.whom:
                return None
            bridge.target.check()
            start = Start(state=state, changes=named.changes, now=now, named=named.whom)
            return loaded(bridge, reader, lookup, start), _shown(named, _records(lookup, named.whom))
        except TooMuch:
            return None


def _shown(named: Called, keys: set[SourceKey]) -> SourceReading:
    """The unmapped records of these."""
    read = named.read
    records: Mapping[SourceKey, tuple[Record, ...]] = (
        by_key(read.snapshot) if isinstance(read, SourceReading) else read.records
    )
    users, groups = (
        tuple(record for key in sorted(keys) if key.kind == kind for record in records.get(key, ())) for kind in KINDS
    )
    return SourceReading(Snapshot(users, groups, {}))
