"""What earlier runs of a connection left behind, as the planner sees it. Losing it costs time, never harm."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scim_bridge.model.identity import Kind, SourceCounts, Value


@dataclass(frozen=True, slots=True)
class Link:
    """The remembered pair of a source id and a target id: what makes a resource managed.

    applied: the attributes we last pushed (or found equal), by path; empty if never. `active` in it tells a
    deactivation of ours from one made behind our back.
    """

    kind: Kind
    source_id: str
    target_id: str
    applied: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """The state's answer to "what do we know of this connection?".

    is_fresh: no run of this connection has been recorded (the first run ever, or the state was lost).
    has_applied: one plan has been applied to its end, so a match by name is no longer adopted unasked.
    linked_elsewhere: (kind, target id) linked by another connection of this state with the same target.
    unclaimed: ids of target users listed as `unclaimed` by an earlier run and not yet resolved.
    counts: what the source showed in the last applied run, None before the first.
    """

    users: Mapping[str, Link] = field(default_factory=dict)
    groups: Mapping[str, Link] = field(default_factory=dict)
    is_fresh: bool = True
    has_applied: bool = False
    linked_elsewhere: frozenset[tuple[Kind, str]] = frozenset()
    unclaimed: frozenset[str] = frozenset()
    counts: SourceCounts | None = None

    def of(self, kind: Kind) -> Mapping[str, Link]:
        """Links of one kind, by source id."""
        return self.users if kind == "user" else self.groups
