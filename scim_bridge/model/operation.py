"""One step of a plan: one request on one resource; and its outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from scim_bridge.model.identity import ACTIVE, MANAGER, NAMES, Kind, SourceKey, Value
from scim_bridge.model.operation_kind import OPERATION_KINDS, OperationKind, Phase

Change = tuple[Value | None, Value | None]
"""Old and new value of one attribute; None stands for "no value". The manager is named by source id."""


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a membership operation. source_id is None for a user no one manages, target_id before it exists."""

    source_id: str | None
    target_id: str | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One request. changes: path → (old, new), a create's old is None. members: for add_members and remove_members.
    subject: the resource's name on the target when the plan is made; of what is created, its name to be.

    after: ids of operations that must have ended before, and well (but see can_do_without). target_id is None for what
    does not exist yet; the engine then takes the id that the create of the same source id brought. counts: the counters
    that count it for what it is about (effect.by_circumstance), so that the later runs of the window know of it.
    drifted: the paths of changes that only undo what someone else did.
    """

    id: str
    kind: OperationKind
    phase: Phase
    source_id: str | None
    target_id: str | None
    subject: str
    reason: str
    changes: Mapping[str, Change] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    after: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()

    @property
    def resource(self) -> Kind:
        """The kind of resource this operation is sent to."""
        return OPERATION_KINDS[self.kind].resource

    @property
    def key(self) -> SourceKey:
        """The record it is about; its id is "" for a resource that no record claims."""
        return SourceKey(self.resource, self.source_id or "")

    @property
    def renamed_to(self) -> str | None:
        """The name that this operation gives to an existing resource, None if the name stays."""
        return None if self.is_create else renamed_to(self.resource, self.changes)

    @property
    def is_create(self) -> bool:
        """Whether the resource does not exist before."""
        return self.kind in ("create_user", "create_group")

    @property
    def is_delete(self) -> bool:
        """Whether the resource does not exist afterwards."""
        return self.kind in ("delete_user", "delete_group")

    def can_do_without(self, needed: "Operation") -> bool:
        """Whether this is sent although `needed` did not succeed: a manager is left out, and all the rest is not."""
        manager = self.changes.get(MANAGER, (None, None))[1]
        return needed.kind == "create_user" and manager == needed.source_id and set(self.changes) != {MANAGER}


def renamed_to(resource: Kind, changes: Mapping[str, Sequence[Value | None]]) -> str | None:
    """The new name among the changes of an existing resource, None if it keeps its name."""
    old, new = changes.get(NAMES[resource], (None, None))
    return str(new) if new and new != old else None


OutcomeStatus = Literal["done", "held", "failed", "not_sent", "superseded"]
"""held: refused by the target, waits for a decision; failed: not known to have worked, tried again by the next run;
not_sent: something it depends on did not succeed, or the run stopped first; superseded: another run has dealt with it
meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of one operation. target_id: of the resource, once known.

    landed: the paths that were applied where that is not all (done) or nothing (any other status). refused: the members
    that were not changed; reasons: why, for those of them that the target refused (the others come last: they do not
    exist there). shown: what the target shows otherwise than the operation names it (the manager by target id).
    suspects: the paths whose value may be why it was refused.
    """

    operation_id: str
    status: OutcomeStatus
    target_id: str | None = None
    request_id: str = ""
    detail: str = ""
    conflict_kind: str = ""
    landed: tuple[str, ...] | None = None
    refused: tuple[Member, ...] = ()
    reasons: tuple[str, ...] = ()
    shown: Mapping[str, Value | None] = field(default_factory=dict)
    suspects: tuple[str, ...] = ()

    @property
    def found_locked(self) -> bool:
        """A user who was to be there and active was there already, and inactive by the doing of others."""
        return self.shown.get(ACTIVE) is False


def landed(operation: Operation, outcome: Outcome) -> dict[str, Value | None] | None:
    """What is on the target now by this operation: path → new value. None if it told nothing about attributes."""
    if operation.members or (outcome.status != "done" and outcome.landed is None):
        return None
    if outcome.landed is not None:
        return {path: operation.changes[path][1] for path in outcome.landed}
    return {path: new for path, (_, new) in operation.changes.items()}
