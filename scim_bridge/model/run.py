"""A run as it is remembered: what history, `show`, the service and the views look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from scim_bridge.model.identity import Kind
from scim_bridge.model.plan import KEEPS_ADMINS, Conflict

Command = Literal["sync", "apply", "rollback"]
RunStatus = Literal["running", "done", "shadow", "stopped_by_guard", "failed", "interrupted"]
"""shadow: it planned in shadow, and wrote nothing. interrupted: it was asked to stop, or its process ended in the
middle; the next run takes up where it was."""


FailureCause = Literal["", "source", "target", "credentials"]
"""Which side was the reason that a run failed, as far as that is known: the source could not be read, the target did
not answer, or one of them refused the credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run did. detail: one sentence, "" if all is done.

    summary: what was done, by the keys of a plan's summary, and how many operations failed; of a run that the guard
    stopped, or that was in shadow, what was planned. counts: of users, groups and memberships, [source shows, target
    holds after the run].
    conflicts: how many wait. requests: how many were sent. guard: the sentences of the limits that tripped. access:
    what its plan did, or would have done, to who may enter what (model/impact.py); empty where that is not known.
    """

    summary: dict[str, int] = field(default_factory=dict)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    conflicts: int = 0
    requests: int = 0
    detail: str = ""
    guard: tuple[str, ...] = ()
    access: Mapping[str, Any] = field(default_factory=dict)
    cause: FailureCause = ""

    @property
    def closes_last_door(self) -> bool:
        """Whether it was stopped for the sake of an account's last administrators."""
        return any(KEEPS_ADMINS in sentence for sentence in self.guard)


_NOTHING_DONE = RunResult()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One execution of a connection. Times are UTC. host, pid: where it runs, or ran.

    approved_by: who gave `--approve` ("" if no one). of_one: it was about single identities (`--only`).
    """

    id: int
    connection: str
    command: Command
    status: RunStatus
    started: datetime
    ended: datetime | None
    host: str
    pid: int
    result: RunResult = _NOTHING_DONE
    approved_by: str = ""
    of_one: bool = False

    @property
    def failed(self) -> int:
        """Operations that did not go through, and that the next run tries again."""
        return self.result.summary.get("failed", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRecord:
    """One operation of a run as it was journaled. document: the operation as in the plan document.

    status "sent" means that no answer was recorded: the process ended between sending and answer.
    """

    run_id: int
    operation_id: str
    kind: str
    subject: str
    status: Literal["planned", "sent", "done", "held", "failed", "not_sent", "superseded"]
    document: dict[str, Any]
    target_id: str | None = None
    request_id: str = ""
    detail: str = ""
    sent_at: datetime | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRecord:
    """A conflict, as the run that saw it last put it, with its sightings. closed is None while it is open.

    resolution: what a person decided, "" if nothing yet; chosen: the target id of `link`.
    """

    connection: str
    conflict: Conflict
    first_seen: datetime
    last_seen: datetime
    closed: datetime | None = None
    resolution: str = ""
    chosen: str = ""
    note: str = ""
    resolved_by: str = ""

    @property
    def is_waiting(self) -> bool:
        """Open, and no one has decided to leave it as it is."""
        return self.closed is None and self.resolution not in ("ignore", "target")


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a connection's schedule does nothing."""

    since: datetime
    who: str
    reason: str

    def __str__(self) -> str:
        return f"paused since {self.since:%Y-%m-%d %H:%M} UTC by {self.who}" + (
            f": {self.reason}" if self.reason else ""
        )


QuarantineCause = Literal["guard", "credentials", "failures"]
TRY_AGAIN_AFTER = timedelta(hours=1)
FAILURES_BEFORE_QUARANTINE = 6


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why a connection's schedule stopped itself. tried: when the last run that failed ended, UTC.

    It stops the schedule, never a person, and a good run lifts it. What may pass by itself (an outage, a token that was
    renewed) is tried again every hour; what the guard stopped waits for a decision.
    """

    since: datetime
    cause: QuarantineCause
    reason: str
    tried: datetime

    def holds(self, now: datetime) -> bool:
        """Whether the schedule stays away at this moment (UTC)."""
        return self.cause == "guard" or now - self.tried < TRY_AGAIN_AFTER

    def __str__(self) -> str:
        again = "" if self.cause == "guard" else ", tried again every hour"
        return f"quarantined since {self.since:%Y-%m-%d %H:%M} UTC{again}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """A `sync --only` that the run in progress is asked to carry out. error: why it could not, with its exit code.

    is_approved, is_last_admin: it was asked for with `--approve`, with `--last-admin`.
    """

    id: int
    subjects: tuple[str, ...]
    who: str
    is_approved: bool
    is_last_admin: bool
    is_answered: bool
    run_id: int | None
    error: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A resource as last seen, and the record that it is linked to: None if none does. departed: UTC."""

    kind: Kind
    connection: str | None
    source_id: str | None
    departed: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRecord:
    """A managed pair as `explain` shows it: last applied and last seen by path (drift is their difference)."""

    connection: str
    kind: Kind
    source_id: str
    target_id: str
    applied: dict[str, Any]
    seen: dict[str, Any]
    departed: datetime | None
    seen_at: datetime | None = None
