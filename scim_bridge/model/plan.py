"""A plan: the ordered steps that turn existing into desired, and everything that is deliberately not done."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from scim_bridge.model.effect import Effect, read_all
from scim_bridge.model.identity import Kind, Notice, SourceCounts, SourceKey, TargetKey, Value, Whom
from scim_bridge.model.impact import Impact
from scim_bridge.model.operation import Operation
from scim_bridge.model.operation_kind import OPERATION_KINDS, SUMMARY


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Something only a person can decide. key: stable as long as kind and subjects' ids are the same.

    subjects: names as people know them. target_id: the resource it is about, if there is one. resource, source_id and
    path: which record and which attribute, where a decision needs to know. about: whose plan tells it; once a plan for
    them does not, it is over.
    """

    key: str
    kind: str
    subjects: tuple[str, ...]
    detail: str
    remedy: str
    target_id: str | None = None
    resource: Kind = "user"
    source_id: str = ""
    path: str = ""
    about: frozenset[Whom] = field(default=frozenset(), compare=False)


_NEVER = datetime.max.replace(tzinfo=UTC)


class RefusalKey(NamedTuple):
    """What names a refusal: at most one is remembered of a record (member is ""), and of a membership."""

    kind: Kind
    source_id: str
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What the target refused, remembered so that the same is not asked again in every run.

    kind, source_id: the record; member: source id of the user who could not be added to that group, "" where the record
    itself was refused. target_id: of its resource, "" where it could not be created. paths: the attributes that did not
    land. digest: of the records it follows from, mapped; mapping: of the mapping's document ("" until it is on record).
    due: when it is sent again (UTC); is_due: that is so, or there is another reason to send it again now.
    """

    kind: Kind
    source_id: str
    member: str
    target_id: str
    digest: str
    conflict: Conflict
    paths: frozenset[str] = frozenset()
    mapping: str = ""
    due: datetime = _NEVER
    is_due: bool = True

    @property
    def key(self) -> RefusalKey:
        """What names it among all that are remembered."""
        return RefusalKey(self.kind, self.source_id, self.member)


def conflict_key(kind: str, ids: Iterable[str]) -> str:
    """A short key that is the same in every run for the same kind and the same ids, in any order."""
    text = "\x1f".join([kind, *sorted(ids)])
    return f"c-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """An object left alone by a rule, with the rule in words. about: which one."""

    subject: str
    reason: str
    about: Whom | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Remark:
    """What a plan says of one record or resource: "skipped", a "warning" (with its kind), or that it is "held"."""

    about: Whom
    what: str
    kind: str = ""
    subject: str = ""
    detail: str = ""


LAST_DOOR = "keep_admins"
"""What stands for a limit where `policy.keep_admins` stops a plan."""
KEEPS_ADMINS = f"policy.{LAST_DOOR}"
"""Every sentence about that names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One limit that the plan exceeds. effects: what it counted, for approval."""

    limit: str
    counted: int
    base: int
    allowed: str
    sentence: str
    effects: frozenset[Effect] = frozenset()

    def document(self) -> dict[str, Any]:
        """The same as JSON: in a saved plan, and in the state."""
        numbers = {"limit": self.limit, "counted": self.counted, "base": self.base, "allowed": self.allowed}
        return numbers | {"sentence": self.sentence, "items": sorted(map(str, self.effects))}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Trip":
        """A limit as `document` wrote it."""
        rest = {name: value for name, value in document.items() if name != "items"}
        return cls(**rest, effects=read_all(document["items"]))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The guard's answer. Nothing is sent unless it passed, or what tripped was approved."""

    tripped: tuple[Trip, ...] = ()

    @property
    def passed(self) -> bool:
        """No limit was exceeded."""
        return not self.tripped

    @property
    def closes_last_door(self) -> bool:
        """Whether too few would keep a way to administer an account, which `--approve` alone does not let pass."""
        return any(trip.limit == LAST_DOOR for trip in self.tripped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a plan was made from. source: hash of the fitted desired state. target: hash over `resources`. settings:
    hash of the policy and of the endpoint.

    resources: target id (or "kind source-id" of something to be created) → hash of what was seen there. today: the
    mapping's.
    """

    source: str
    target: str
    target_read: str
    settings: str
    resources: Mapping[str, str] = field(default_factory=dict)
    today: str = ""


@dataclass(frozen=True, slots=True)
class Requests:
    """Writes this plan will send on a calm endpoint, and the documented lower bound (docs/design.md §6.8)."""

    writes: int
    lower_bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A pair as this run found it: recorded when the run ends. applied: what the target then holds of ours.

    applied is None for a pair that is held or departed: what was applied before stays on record. departed: its record
    has left, and by now it is deactivated or emptied, so that the grace runs; is_shut_now: since this run. has_left:
    its record has left, whatever is done about it. is_managed:
    it was ours before this run; one that was not becomes so with its adoption.
    """

    kind: Kind
    source_id: str
    target_id: str
    name: str
    applied: Mapping[str, Value] | None
    departed: bool = False
    is_managed: bool = True
    is_shut_now: bool = False
    has_left: bool = False

    @property
    def key(self) -> SourceKey:
        """The record of the pair."""
        return SourceKey(self.kind, self.source_id)

    @property
    def target_key(self) -> TargetKey:
        """The resource of the pair."""
        return TargetKey(self.kind, self.target_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookkeeping:
    """What a run records beside its operations. Not part of a saved plan.

    paired: pairs whose resource already exists. forgotten: links whose record and resource are both gone.
    counts: what the source showed. strays: memberships, (group, user) by target id, that someone else changed and
    that are left so. refusals: what was refused in this run; answered: keys of earlier refusals that were sent again.
    """

    paired: tuple[Paired, ...] = ()
    forgotten: tuple[SourceKey, ...] = ()
    counts: SourceCounts = SourceCounts(0, 0, 0)
    strays: frozenset[tuple[str, str]] = frozenset()
    refusals: tuple[Refusal, ...] = ()
    answered: frozenset[RefusalKey] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything one run would do and would not do, each with its reason. An empty plan is a plan.

    settled: conflicts that a person decided to leave as they are; they hold what they held, and wait for no one.
    impact: what it does to who may enter what, None where that is not known.
    """

    connection: str
    created: str
    basis: Basis
    operations: tuple[Operation, ...]
    conflicts: tuple[Conflict, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[Notice, ...] = ()
    held: int = 0
    requests: Requests = Requests(0, 0)
    verdict: Verdict = Verdict()
    settled: tuple[Conflict, ...] = ()
    impact: Impact | None = None

    @property
    def summary(self) -> dict[str, int]:
        """Operations by kind; memberships are counted one by one."""
        counts = dict.fromkeys(SUMMARY, 0)
        for operation in self.operations:
            counts[OPERATION_KINDS[operation.kind].key] += len(operation.members) or 1
        counts["held"] = self.held
        return counts
