"""What concerns a few who were named: found by the indexes of the state, with their records as the source has them now.

For who explains one user: neither side is read for anyone else.
"""

from datetime import datetime

from scim_bridge.model.identity import KINDS, Snapshot, SourceKey, Whom
from scim_bridge.model.remembered import Remembered
from scim_bridge.model.source import SourceReading
from scim_bridge.run.bridge import Bridge
from scim_bridge.run.desired_changes import mapped_changes, told_by
from scim_bridge.run.part import TooMuch
from scim_bridge.run.some import Few, Start, is_indexed, loaded, made_with
from scim_bridge.run.target_view import recollect
from scim_bridge.state.lookup import Lookup
from scim_bridge.state.reader import StateReader


def named_few(
    bridge: Bridge, reader: StateReader, known: Remembered, who: str, *, today: str, now: datetime
) -> tuple[Few, SourceReading] | None:
    """What concerns the users and groups of this name, and their records; None if only a look at everyone can tell.

    A name that is not found may be new in the source, so it is looked for there.
    """
    whole, last = reader.directory(bridge.name), reader.last_reading(bridge.name, bridge.endpoint)
    if whole is None or last is None or known.is_fresh or whole.made_with != made_with(bridge):
        return None
    if not is_indexed(bridge) or (whole.today != today and bridge.mapping.speaks_of_today):
        return None
    with reader.lookup(bridge.name, bridge.endpoint) as lookup:
        called = frozenset(lookup.called(who))
        keys = _records(lookup, called)
        if not called:
            return None
        shown = told_by(lookup, bridge.source.ask(today, recollect(bridge, reader, now), keys))
        if shown.ambiguous is not None and shown.ambiguous != whole.ambiguous:
            return None
        records = {key: rows for key, rows in shown.records.items() if key in keys}
        changes = mapped_changes(bridge, lookup, shown, whole, today)
        bridge.target.check()
        start = Start(known=known, changes=changes, last=last, now=now, named=called)
        try:
            found = loaded(bridge, reader, lookup, start)
        except TooMuch:
            return None
    of_kind = {kind: [r for key, rows in records.items() if key.kind == kind for r in rows] for kind in KINDS}
    return found, SourceReading(Snapshot(tuple(of_kind["user"]), tuple(of_kind["group"]), {}))


def _records(lookup: Lookup, called: frozenset[Whom]) -> set[SourceKey]:
    """The records of these, those linked to the named resources included."""
    found = {SourceKey(whom.kind, whom.id) for whom in called if whom.side == "source"}
    for kind in KINDS:
        ids = [whom.id for whom in called if whom.side == "target" and whom.kind == kind]
        links, _ = lookup.links(kind, (), ids)
        found |= {SourceKey(kind, source_id) for source_id in links}
    return found
