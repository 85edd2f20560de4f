"""What the guard counts: effects of a plan, each a value that is the same in every plan that has it.

An approval, and the window of earlier runs, are sets of these. The state keeps each as a line of text (`str`, and
`read` for the way back); that form is older than the types, and must stay readable.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from scim_bridge.model.identity import KINDS, Kind, SourceKey
from scim_bridge.model.limit import AccessCounter, CounterName
from scim_bridge.model.operation_kind import OPERATION_KINDS, OperationKind

Loss = Literal["deactivate", "delete", "empty"]
_LOSSES: tuple[Loss, ...] = ("deactivate", "delete", "empty")
Shown = Literal["users", "groups", "memberships"]
SHOWN: tuple[Shown, ...] = ("users", "groups", "memberships")


@dataclass(frozen=True, slots=True)
class Lost:
    """A resource that is deactivated or deleted, or a group that loses its last member."""

    what: Loss
    target_id: str

    def __str__(self) -> str:
        return f"{self.what} {self.target_id}"


@dataclass(frozen=True, slots=True)
class Removed:
    """A user who is taken out of a group, both by target id."""

    user_id: str
    group_id: str

    def __str__(self) -> str:
        return f"remove {self.user_id} from {self.group_id}"


@dataclass(frozen=True, slots=True)
class Recreated:
    """A record whose resource is gone from the target, and is created again."""

    key: SourceKey

    def __str__(self) -> str:
        return f"recreate {self.key.kind} {self.key.id}"


@dataclass(frozen=True, slots=True)
class Changed:
    """A user (by source id) who changes by the mapping, or whose resource another source id takes over."""

    source_id: str

    def __str__(self) -> str:
        return f"change {self.source_id}"


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The source shows fewer than before. left: how many it shows now."""

    what: Shown
    left: int

    def __str__(self) -> str:
        return f"shrink {self.what} {self.left}"


Concern = Literal[AccessCounter, "last_door"]
"""What is counted of a user's access; last_door: the user is one of the last who administer an account."""
_CONCERNS: tuple[Concern, ...] = (*get_args(AccessCounter), "last_door")


@dataclass(frozen=True, slots=True)
class Entering:
    """A user whose way into accounts changes. user_id: target id, or what stands for one who is created."""

    what: Concern
    user_id: str

    def __str__(self) -> str:
        return f"{self.what} {self.user_id}"


Effect = Lost | Removed | Recreated | Changed | Shrunk | Entering


def read(text: str) -> Effect | None:
    """An effect as `str` wrote it; None for a text that no effect has, which then counts for nothing."""
    what, _, rest = text.partition(" ")
    if what in _LOSSES:
        return Lost(what, rest)
    if what in _CONCERNS:
        return Entering(what, rest)
    if what == "change":
        return Changed(rest)
    if what == "remove":
        user_id, _, group_id = rest.partition(" from ")
        return Removed(user_id, group_id)
    first, _, last = rest.partition(" ")
    if what == "recreate" and first in KINDS:
        return Recreated(SourceKey(first, last))
    if what == "shrink" and first in SHOWN and last.isdecimal():
        return Shrunk(first, int(last))
    return None


def read_all(texts: Iterable[str]) -> frozenset[Effect]:
    """The effects of these texts."""
    return frozenset(effect for text in texts if (effect := read(text)) is not None)


def by_itself(
    kind: OperationKind, target_id: str | None, member_ids: Iterable[str | None]
) -> tuple[CounterName, frozenset[Effect]] | None:
    """What every operation of this kind counts, and under what; None if it counts nothing."""
    counter = OPERATION_KINDS[kind].counter
    if not counter:
        return None
    if kind == "remove_members":
        return counter, frozenset(Removed(member_id or "", target_id or "") for member_id in member_ids)
    return counter, frozenset([Lost("deactivate" if kind == "deactivate_user" else "delete", target_id or "")])


def by_circumstance(kind: OperationKind, source_id: str | None, target_id: str | None) -> Mapping[CounterName, Effect]:
    """What an operation of this kind may count beside, under counters that its kind alone does not tell.

    Only the plan knows whether it does: whether a resource is created again, a mapping has changed, a group is emptied.
    """
    resource: Kind = OPERATION_KINDS[kind].resource
    if kind == "remove_members":
        return {"empty_group": Lost("empty", target_id or "")}
    if kind == "add_members":
        return {}
    created: dict[CounterName, Effect] = {"missing": Recreated(SourceKey(resource, source_id or ""))}
    return created | ({"mapping_change": Changed(source_id or "")} if resource == "user" else {})


def effects(
    kind: OperationKind,
    source_id: str | None,
    target_id: str | None,
    member_ids: Iterable[str | None],
    *,
    counts: Collection[str],
) -> Iterator[tuple[CounterName, frozenset[Effect]]]:
    """Everything that an operation counts, by counter. counts: the counters that the operation names itself.

    One that is about single users is an effect as text.
    """
    counted = by_itself(kind, target_id, member_ids)
    if counted is not None:
        yield counted
    for counter, effect in by_circumstance(kind, source_id, target_id).items():
        if counter in counts:
            yield counter, frozenset([effect])
    for each in map(read, counts):
        if isinstance(each, Entering) and each.what != "last_door":
            yield each.what, frozenset([each])
