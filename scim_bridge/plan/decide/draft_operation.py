"""A step of a plan while it is still being put in order: as an Operation, but without an id, and changeable."""

from dataclasses import dataclass, field

from scim_bridge.model.identity import Kind, SourceKey, TargetKey
from scim_bridge.model.operation import Change, Member
from scim_bridge.model.operation_kind import OPERATION_KINDS, OperationKind, Phase
from scim_bridge.plan.match.correlate import Match


@dataclass(slots=True, eq=False, kw_only=True)
class Draft:
    """One request to be. is_extra: a request beyond one a resource (a swap, a split, a manager cycle).

    drifted: paths of changes that only undo what someone else did. Two drafts are never equal (eq=False): one is a key
    by being itself, however it changes while it is put in order.
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
        self.phase = OPERATION_KINDS[self.kind].phase

    @property
    def resource(self) -> Kind:
        """The kind of resource the request is sent to."""
        return self.match.kind

    @property
    def subject(self) -> SourceKey | TargetKey:
        """What the request is about: the resource, or the record of one that is to be created."""
        return self.match.existing.key if self.match.existing is not None else self.match.key

    @property
    def is_create(self) -> bool:
        """Whether the resource does not exist before."""
        return self.kind in ("create_user", "create_group")

    @property
    def is_delete(self) -> bool:
        """Whether the resource does not exist afterwards."""
        return self.kind in ("delete_user", "delete_group")
