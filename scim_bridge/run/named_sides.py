"""Both sides for those who were named: the part that the indexes find, or everyone, where these do not serve.

Either is loaded as often as more is known of the target: a resource that is looked at again may hold another value.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from scim_bridge.mapping.record import map_records
from scim_bridge.model.identity import (
    Directory,
    SourceKey,
    Whom,
)
from scim_bridge.model.remembered import LastApplied, Remembered
from scim_bridge.model.run import OperationRecord
from scim_bridge.plan.fit import fit
from scim_bridge.plan.guard import NO_OTHERS, Others, refuse_empty
from scim_bridge.plan.plan_file import from_document
from scim_bridge.run.bridge import Bridge
from scim_bridge.run.few_planned import holds, others_of
from scim_bridge.run.lifecycle import Order
from scim_bridge.run.listing import Found, read_members, read_settled, with_again
from scim_bridge.run.named import Called
from scim_bridge.run.some import Kept, Start, loaded
from scim_bridge.run.target_view import Observed, doubts_of, knowledge, recollect
from scim_bridge.state.lookup import Lookup
from scim_bridge.state.reader import StateReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Both sides as far as they were loaded. desired: fitted."""

    desired: Directory
    observed: Observed
    known: Remembered


class Sight(Protocol):
    """How both sides are loaded."""

    def load(self, again: Found, keys: frozenset[SourceKey], beside: frozenset[str]) -> Seen:
        """Both sides with what was looked at again, groups among it with their members of now; raises TooMuch.

        keys: whose writes in doubt are looked through. beside: target ids of groups that must be there.
        """
        ...

    def others(self, known: Remembered) -> Others:
        """How many managed users and groups there are beside those that were loaded. known: what was loaded."""
        ...

    def holds(self) -> Mapping[str, int] | None:
        """As in Reading."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Those who were named, and all who have a say in the plan for them: the part that the indexes find."""

    bridge: Bridge
    reader: StateReader
    lookup: Lookup
    state: Kept
    called: Called
    in_doubt: Sequence[OperationRecord]
    now: datetime

    def load(self, again: Found, keys: frozenset[SourceKey], beside: frozenset[str]) -> Seen:
        """See Sight."""
        start = Start(
            state=self.state,
            changes=self.called.changes,
            now=self.now,
            in_doubt=_about(self.in_doubt, keys),
            again=again,
            named=self.called.whom | set(map(Whom.record, keys)) | {Whom.resource(*key) for key in again},
            beside=beside,
        )
        few = loaded(self.bridge, self.reader, self.lookup, start)
        whole = few.changes.whole
        desired = replace(few.part.directory, warnings=(*whole.shown_warnings, *whole.warnings))
        return Seen(desired=desired, observed=few.observed, known=few.known)

    def others(self, known: Remembered) -> Others:
        """See Sight."""
        # Memberships are counted in the named groups alone: a share of all that there are would hardly ever be reached.
        return replace(others_of(self.bridge, self.lookup, known), memberships=0)

    def holds(self) -> Mapping[str, int]:
        """See Sight."""
        return holds(self.lookup)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Everyone, where the indexes do not serve."""

    bridge: Bridge
    reader: StateReader
    desired: Directory
    observed: Observed
    known: Remembered
    in_doubt: Sequence[OperationRecord]

    def load(self, again: Found, keys: frozenset[SourceKey], beside: frozenset[str]) -> Seen:  # noqa: ARG002 - see Sight
        """See Sight."""
        inventory, now = with_again(self.observed.inventory, again), self.observed.now
        groups = [key.id for key, existing in again.items() if key.kind == "group" and existing is not None]
        members, lacking = read_members(self.bridge, self.reader, groups, inventory.users, now=now)
        doubts = doubts_of(_about(self.in_doubt, keys), self.known, inventory)
        observed = replace(self.observed, inventory=inventory, again=again, members=members, lacking=lacking)
        observed = replace(observed, read_now=frozenset(groups), doubts=doubts)
        return Seen(desired=self.desired, observed=observed, known=self.known)

    def others(self, known: Remembered) -> Others:  # noqa: ARG002 - see Sight
        """See Sight."""
        return NO_OTHERS

    def holds(self) -> None:
        """See Sight."""


def _about(in_doubt: Iterable[OperationRecord], keys: frozenset[SourceKey]) -> list[OperationRecord]:
    """Writes in doubt to these. What is in doubt about the others is settled by a run that looks at them."""
    return [record for record in in_doubt if from_document(record.document).key in keys]


def whole_sides(bridge: Bridge, reader: StateReader, order: Order, now: datetime) -> Whole:
    """Everyone: the source is read, and the target where it never was."""
    known = knowledge(bridge, reader, now, is_asked=True)
    last = reader.last_reading(bridge.name, bridge.endpoint)
    # where nothing was ever seen, no one would know whom a member's id means
    listed = read_settled(bridge, reader, known, now, order.progress) if last is None else None
    if listed is not None and not listed.presumed:
        observed = Observed(inventory=listed.inventory, at=now, is_whole=True, now=now)
    else:
        observed = Observed(inventory=reader.inventory(bridge.endpoint), at=last or now, is_whole=False, now=now)
    today = order.today or bridge.today(now)
    snapshot = bridge.source.read(today, recollect(bridge, reader, now), order.progress).snapshot
    refuse_empty(snapshot.counts)
    mapped = map_records(snapshot, bridge.mapping, today, LastApplied(known, observed.inventory))
    return Whole(
        bridge=bridge,
        reader=reader,
        desired=fit(mapped, bridge.target.capabilities),
        observed=observed,
        known=known,
        in_doubt=reader.doubtful(bridge.name, bridge.endpoint),
    )
