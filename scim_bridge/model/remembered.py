"""What earlier runs of a connection left behind, as the planner sees it. Losing it costs time, never harm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from scim_bridge.model.conflict_kind import Decision
from scim_bridge.model.effect import Effect
from scim_bridge.model.identity import Existing, Inventory, Kind, Members, SourceCounts, SourceKey, TargetKey, Value
from scim_bridge.model.limit import CounterName
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Conflict, Refusal, RefusalKey
from scim_bridge.model.text import folded


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The remembered pair of a source id and a target id: what makes a resource managed.

    applied: the attributes we last pushed (or found equal), by path; empty if never. `active` in it tells a
    deactivation of ours from one made by others. departed: when it was
    deactivated or emptied because its record had left (UTC); the grace runs from then. left_at: when a run
    first saw that its record had left (UTC), whatever the policy does about it.
    """

    kind: Kind
    source_id: str
    target_id: str
    applied: Mapping[str, Value] = field(default_factory=dict)
    departed: datetime | None = None
    left_at: datetime | None = None

    @property
    def key(self) -> SourceKey:
        """The record that is linked."""
        return SourceKey(self.kind, self.source_id)

    @property
    def target_key(self) -> TargetKey:
        """The resource that it is linked to."""
        return TargetKey(self.kind, self.target_id)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a person decided about a conflict. target_id: of `link` and `adopt`, the resource that was chosen."""

    decision: Decision
    resource: Kind
    source_id: str
    target_id: str = ""

    @property
    def key(self) -> SourceKey:
        """The record that was decided about."""
        return SourceKey(self.resource, self.source_id)

    def is_about(self, operation: Operation) -> bool:
        """Whether an operation is to the record or the resource that was decided about."""
        is_record = bool(self.source_id) and operation.source_id == self.source_id
        is_resource = bool(self.target_id) and operation.target_id == self.target_id
        return operation.resource == self.resource and (is_record or is_resource)


@dataclass(frozen=True, slots=True)
class EarlierRuns:
    """What earlier runs about everyone were shown and have done: what the guard compares a plan with.

    counts: what the source showed in the last applied run, None before the first (since the state was restored).
    mapping: a hash of the mapping of that run, "" before the first. recent: what the runs of the limits' window have
    done, by counter; what was approved is left out. repaired: target id → path → how often recently a value was only
    set back to what we had applied.
    """

    counts: SourceCounts | None = None
    mapping: str = ""
    recent: Mapping[CounterName, frozenset[Effect]] = field(default_factory=dict)
    repaired: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


_NO_RUNS = EarlierRuns()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The state's answer to "what do we know of this connection?".

    is_fresh: the state cannot tell who was managed: no run about everyone is on record (the first run ever, or the
    state was lost), or it was lost or restored and the target has not confirmed every link yet.
    has_applied: one plan has been applied to its end, so a match by name is no longer adopted unasked.
    linked_elsewhere: resources linked by another connection of this state with the same target.
    unclaimed: ids of target users listed as `unclaimed` by an earlier run and not yet resolved.
    resolutions: conflict key → what a person decided.
    assigned: target id → the open question about an orphan's assignments, as it was last reported.
    memberships: group target id → who was in it when we last left it; only where drift is to be reported, else None.
    refusals: what the target refused in earlier runs, by its key.
    aside: links that count for nothing until the target confirms them, since the state was restored from a copy of
    unknown age.
    """

    users: Mapping[str, Link] = field(default_factory=dict)
    groups: Mapping[str, Link] = field(default_factory=dict)
    is_fresh: bool = True
    has_applied: bool = False
    linked_elsewhere: frozenset[TargetKey] = frozenset()
    unclaimed: frozenset[str] = frozenset()
    earlier: EarlierRuns = field(default_factory=lambda: _NO_RUNS)
    resolutions: Mapping[str, Resolution] = field(default_factory=dict)
    assigned: Mapping[str, Conflict] = field(default_factory=dict)
    memberships: Members | None = None
    aside: Mapping[SourceKey, Link] = field(default_factory=dict)
    refusals: Mapping[RefusalKey, Refusal] = field(default_factory=dict)

    def of(self, kind: Kind) -> Mapping[str, Link]:
        """Links of one kind, by source id."""
        return self.users if kind == "user" else self.groups


@dataclass(frozen=True)
class LastApplied:
    """What each record's resource was given last, as far as anyone knows: by its link, else as the target shows it.

    The second is for a state that was lost: a resource that carries a record's externalId holds what we gave it.
    """

    known: Remembered = field(default_factory=Remembered)
    inventory: Inventory = field(default_factory=Inventory)

    def to(self, kind: Kind, source_id: str) -> Mapping[str, Value]:
        """Attributes by path; empty if nothing was ever applied."""
        link = self.known.of(kind).get(source_id)
        if link is not None:
            shown = self.inventory.of(kind).get(link.target_id)
            return link.applied or (shown.attributes if shown is not None else {})
        return (self._users if kind == "user" else self._groups).get(source_id, {})

    def free(self, kind: Kind, path: str, value: Value) -> Sequence[Existing]:
        """The resources that hold this value (but for case), and that are not those of a record that is still there."""
        if (kind, path) not in self._held:
            taken = {link.target_id for link in self.known.of(kind).values() if link.departed is None}
            taken |= {target_id for of, target_id in self.known.linked_elsewhere if of == kind}
            held = self._held[kind, path] = {}
            for existing in self.inventory.of(kind).values():
                if existing.target_id not in taken and (shown := existing.attributes.get(path)):
                    held.setdefault(folded(str(shown)), []).append(existing)
        return self._held[kind, path].get(folded(str(value)), ())

    @cached_property
    def _held(self) -> dict[tuple[Kind, str], dict[str, list[Existing]]]:
        return {}

    @cached_property
    def _users(self) -> Mapping[str, Mapping[str, Value]]:
        return {e.external_id: e.attributes for e in self.inventory.users.values() if e.external_id}

    @cached_property
    def _groups(self) -> Mapping[str, Mapping[str, Value]]:
        return {e.external_id: e.attributes for e in self.inventory.groups.values() if e.external_id}
