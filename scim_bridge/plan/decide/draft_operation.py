"""A step of a plan while it is still being put in order: as an Operation, but without an id, and changeable."""

from dataclasses import dataclass, field

from scim_bridge.model.identity import Kind
from scim_bridge.model.operation import Change, Member, OperationKind, Phase
from scim_bridge.plan.match.correlate import Match

PHASE_OF: dict[OperationKind, Phase] = {
    "deactivate_user": Phase.REVOKE,
    "remove_members": Phase.REVOKE,
    "delete_user": Phase.REVOKE,
    "delete_group": Phase.REVOKE,
    "reactivate_user": Phase.USERS,
    "adopt_user": Phase.USERS,
    "create_user": Phase.USERS,
    "update_user": Phase.USERS,
    "adopt_group": Phase.GROUPS,
    "create_group": Phase.GROUPS,
    "update_group": Phase.GROUPS,
    "add_members": Phase.GRANT,
}


@dataclass(slots=True, eq=False)
class Draft:
    """One request to be. is_extra: a request beyond one a resource (a swap, a split, a manager cycle).

    drifted: paths of changes that only undo what someone else did.
    """

    kind: OperationKind
    match: Match
    reason: str
    changes: dict[str, Change] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    after: "list[Draft]" = field(default_factory=list)
    phase: Phase = Phase.USERS
    is_extra: bool = False
    drifted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # The usual phase; order.py moves what frees a name forward.
        self.phase = PHASE_OF[self.kind]

    @property
    def resource(self) -> Kind:
        """The kind of resource the request is sent to."""
        return self.match.kind

    @property
    def is_create(self) -> bool:
        """Whether the resource does not exist before."""
        return self.kind in ("create_user", "create_group")

    @property
    def is_delete(self) -> bool:
        """Whether the resource does not exist afterwards."""
        return self.kind in ("delete_user", "delete_group")
