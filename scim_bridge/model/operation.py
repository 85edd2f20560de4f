"""One step of a plan: one request on one resource; and what became of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from scim_bridge.model.identity import ACTIVE, MANAGER, NAMES, Kind, Value

OperationKind = Literal[
    "deactivate_user",
    "remove_members",
    "delete_user",
    "delete_group",
    "reactivate_user",
    "adopt_user",
    "create_user",
    "update_user",
    "adopt_group",
    "create_group",
    "update_group",
    "add_members",
]

Change = tuple[Value | None, Value | None]
"""Old and new value of one attribute; None stands for "no value". The manager is named by source id."""


class Phase(IntEnum):
    """What must land before what (docs/design.md §6.1). A phase begins when everything of the one before has ended."""

    REVOKE = 1
    FREE_NAMES = 2
    USERS = 3
    GROUPS = 4
    GRANT = 5


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a membership operation. source_id is None for a user no one manages, target_id before it exists."""

    source_id: str | None
    target_id: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One request. changes: path → (old, new), a create's old is None. members: for add_members and remove_members.
    subject: the resource's name on the target when the plan is made; of what is created, its name to be.

    after: ids of operations that must have ended before, and well (but see can_do_without). target_id is None for what
    does not exist yet; the engine then takes the id that the create of the same source id brought. counts: the limits
    that count it for what it is about (see `beside`), so that the later runs of the window know of it. drifted: the
    paths of changes that only undo what someone else did.
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
        return "user" if self.kind.endswith("_user") else "group"

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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one operation. target_id: of the resource, once known.

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


def taken_away(kind: str, target_id: str | None, member_ids: Iterable[str | None]) -> tuple[str, frozenset[str]]:
    """Which limit counts an operation of this kind, and what it counts, as stable names; "" if none does."""
    if kind == "deactivate_user":
        return "deactivate", frozenset([f"deactivate {target_id}"])
    if kind in ("delete_user", "delete_group"):
        return kind, frozenset([f"delete {target_id}"])
    if kind == "remove_members":
        return kind, frozenset(f"remove {member_id} from {target_id}" for member_id in member_ids)
    return "", frozenset()


def beside(kind: str, source_id: str | None, target_id: str | None) -> dict[str, str]:
    """What an operation of this kind would count under the limits that its kind alone does not tell: limit → item.

    Only the plan knows whether it does: whether a resource is made again, a mapping has changed, a group is emptied.
    """
    if kind.endswith("_members"):
        return {"empty_group": f"empty {target_id}"} if kind == "remove_members" else {}
    resource = "user" if kind.endswith("_user") else "group"
    changed = {"mapping_change": f"change {source_id}"} if resource == "user" else {}
    return {"missing": f"recreate {resource} {source_id}"} | changed


def counted_under(
    kind: str,
    source_id: str | None,
    target_id: str | None,
    member_ids: Iterable[str | None],
    *,
    counts: Iterable[str],
) -> Iterator[tuple[str, frozenset[str]]]:
    """Every limit that counts an operation, with what it counts. counts: as the operation has it."""
    limit, items = taken_away(kind, target_id, member_ids)
    if limit:
        yield limit, items
    for also, item in beside(kind, source_id, target_id).items():
        if also in counts:
            yield also, frozenset([item])
