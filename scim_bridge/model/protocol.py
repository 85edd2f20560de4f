"""The seams: what a source, a target and a journal must do, each with one contract suite over every implementation."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scim_bridge.model.access import AccessReading, Renewed
from scim_bridge.model.assignment import Principal
from scim_bridge.model.capabilities import Capabilities
from scim_bridge.model.identity import AttributeType, Existing, Inventory, Kind, Members, Snapshot, SourceKey, Value
from scim_bridge.model.operation import Change, Operation, Outcome
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.model.source import Memory, SourceChanges, SourceReading
from scim_bridge.model.traffic import Traffic, Uses


class Progress(Protocol):
    """Told how far a step has come, for a bar on a terminal or a line elsewhere. total is None while unknown."""

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Say that `done` of `total` things of `step` are done."""


def silent(step: str, done: int, total: int | None) -> None:
    """A Progress that says nothing."""


def never() -> bool:
    """The default of `is_stopping`: no one asks the run to stop."""
    return False


class Source(Protocol):
    """A directory. Every method may raise SourceUnreadable, with every problem found; none ever gives a part.

    today: the UTC date of the run, YYYY-MM-DD, by which an account's expiry is judged.
    """

    @property
    def key(self) -> str:
        """A hash of what is read, from where and how. What was remembered under another key says nothing."""
        ...

    def attributes(self, kind: Kind, memory: Memory | None = None) -> Mapping[str, AttributeType]:
        """The names and types a mapping's rules may use for this kind: as remembered, if the system says they are."""
        ...

    def read(self, today: str, memory: Memory | None = None, progress: Progress = silent) -> SourceReading:
        """Everything the source shows now: by the changes since the memory, if there is one and they can be had."""
        ...

    def changes(self, today: str, memory: Memory, progress: Progress = silent) -> SourceChanges | SourceReading:
        """What has changed since the memory; or everything, where that cannot be known, with the reason in `learned`.

        A source whose records depend on the day (an account that expires) names those that another day has changed: the
        memory says for which day it is.
        """
        ...

    def ask(self, today: str, memory: Memory | None, wanted: Iterable[SourceKey]) -> SourceChanges | SourceReading:
        """These records and all memberships of these users and groups as they are now, whether changed or not.

        What else has changed may be among it, where it is learned at no cost; records without an id are always there,
        since one of the wanted may have lost it. Everything that is shown, where more than the wanted has a say, or
        there is no memory. Nothing is to be remembered of it. A record is gone only if the source answered that there
        is no such one.
        """
        ...

    def probe(self, today: str) -> Snapshot:
        """A page of users and one of groups, without memberships: that the source answers, and what it looks like.

        A notice of kind CHANGES says how changes are learned of, where that depends on the system or its rights; one
        of kind INSTEAD, which setting makes a part show nothing although there is something.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A write that was accepted: the resource's id and AWS's request id ("" where there was none)."""

    target_id: str
    request_id: str


class Access(Protocol):
    """Where it can be read who may enter what."""

    @property
    def prices(self) -> Mapping[str, float]:
        """How the name of an application begins → what one user costs a month."""
        ...

    def read(self, now: datetime, progress: Progress, *, most: int | None = None) -> AccessReading:
        """Everything, now (UTC). most: give up after so many requests. Raises BridgeError."""
        ...

    def renew(self, who: Sequence[Principal], known: Collection[str]) -> Renewed:
        """What is assigned to these directly, now. known: ARNs of permission sets that need not be read again.

        Raises BridgeError.
        """
        ...


class Target(Protocol):
    """A SCIM endpoint. Every method may raise Hold (this object) or Stop (the run); waiting and retrying happen inside.

    Attributes are by path, as in model/identity; `enterprise.manager` is a target id here.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this target can hold and do."""
        ...

    @property
    def traffic(self) -> Traffic:
        """What has been sent so far."""
        ...

    def uses(self) -> Uses:
        """What was let pass since it was asked last, by kind of request."""
        ...

    def share(self, earlier: Sequence[Uses], later: Sequence[Uses]) -> None:
        """Leave the other runs at this endpoint their share from now on.

        What each of them uses recently: of those that have begun before this one, and of those after it.
        """
        ...

    def urgent(self) -> AbstractContextManager[None]:
        """What this thread sends inside goes before what others wait to send."""
        ...

    def at_once(self, kind: OperationKind) -> int:
        """How many operations of a kind to have under way now, so that its pace is used and no thread is wasted."""
        ...

    def pause(self, seconds: float) -> None:
        """Let this thread wait before it asks again; `at_once` lets another one work in its place."""
        ...

    def recall_created(self, ages: Mapping[str, float]) -> None:
        """What earlier runs created, target id → seconds ago: it may not be known everywhere yet."""
        ...

    def ask_before_writing(self, check: Callable[[], None]) -> None:
        """From now on this is called just before each request that may change something; it raises Stop if none may."""
        ...

    def check(self) -> None:
        """One cheap authenticated request; raises Stop with the sentence for a person if anything is wrong."""
        ...

    def read(self, progress: Progress = silent) -> Inventory:
        """All users and groups, by cursor pages."""
        ...

    def read_members(self, group_ids: Sequence[str], progress: Progress = silent) -> Members:
        """The members of each of these groups: exactly one entry a group."""
        ...

    def groups_of(self, user_id: str) -> frozenset[str] | None:
        """Target ids of the groups this user is in; None where the target cannot be asked so."""
        ...

    def confirms(self, group_id: str, user_id: str) -> bool:
        """Ask in another way whether this user is in this group, as the last reading of members said.

        If it is not so, that way of reading is given up, and read_members reads in the next one.
        """
        ...

    def find(self, kind: Kind, path: str, value: str) -> Existing | None:
        """The resource whose externalId, userName or (group) displayName is this, None if there is none."""
        ...

    def get(self, kind: Kind, target_id: str) -> Existing | None:
        """The resource with this id, None if it is gone."""
        ...

    def create(self, kind: Kind, attributes: Mapping[str, Value]) -> Answer:
        """Create one resource (a group without members). NameTaken if a unique value is held by another."""
        ...

    def update(self, kind: Kind, target_id: str, changes: Mapping[str, Change]) -> Answer:
        """One PATCH with one operation per attribute; a new value of None removes the attribute."""
        ...

    def delete(self, kind: Kind, target_id: str) -> Answer:
        """Delete one resource for good. NotThere if it is gone already."""
        ...

    def add_members(self, group_id: str, user_ids: Sequence[str]) -> Answer:
        """Put these users in; at most capabilities.changes_per_patch of them. Sending it twice does no harm."""
        ...

    def remove_members(self, group_id: str, user_ids: Sequence[str]) -> Answer:
        """Take these users out; at most capabilities.changes_per_patch of them. Sending it twice does no harm."""
        ...


class Journal(Protocol):
    """Remembers every write before it is sent and after it is answered. Called from several threads."""

    def begin(self, operation: Operation) -> None:
        """Note that this operation is about to be sent. Durable when it returns."""
        ...

    def end(self, operation: Operation, outcome: Outcome) -> None:
        """Note its outcome. Durable when it returns; a new link is part of it."""
        ...

    def finished(self) -> Iterable[Outcome]:
        """Outcomes recorded for this very plan by a run that was cut: what must not be sent again."""
        ...
