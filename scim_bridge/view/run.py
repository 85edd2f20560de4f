"""A run as people see it: how it ended, what it changed, what it counted on both sides."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from scim_bridge.model.run import RunRecord
from scim_bridge.view import words
from scim_bridge.view.words import Status


@dataclass(frozen=True, slots=True)
class CountView:
    """One thing counted on both sides: "users", "groups" or "memberships"."""

    name: str
    source: int
    target: int

    @property
    def difference(self) -> int:
        """How many more the target holds; the target may hold what nobody manages, so this is no fault."""
        return self.target - self.source


@dataclass(frozen=True, slots=True)
class RunView:
    """One run. changed: what it did, a phrase for each kind that occurs; took: how long, "" while it runs."""

    id: int
    connection: str
    command: str
    status: Status
    started: datetime
    ended: datetime | None
    took: str
    host: str
    pid: int
    summary: dict[str, int]
    changed: tuple[str, ...]
    counts: tuple[CountView, ...]
    conflicts: int
    requests: int
    detail: str
    guard: tuple[str, ...]
    approved_by: str


def view_runs(records: Iterable[RunRecord]) -> tuple[RunView, ...]:
    """Several runs, in the order given."""
    return tuple(view_run(record) for record in records)


def view_run(record: RunRecord) -> RunView:
    """One run."""
    return RunView(
        record.id,
        record.connection,
        record.command,
        _status(record),
        record.started,
        record.ended,
        words.span(record.ended - record.started) if record.ended is not None else "",
        record.host,
        record.pid,
        dict(record.summary),
        _changed(record),
        tuple(CountView(name, source, target) for name, (source, target) in record.counts.items()),
        record.conflicts,
        record.requests,
        words.printable(record.detail),
        tuple(map(words.printable, record.guard)),
        record.approved_by,
    )


def _changed(record: RunRecord) -> tuple[str, ...]:
    """What was done; a run that was stopped before its first write changed nothing, whatever it had planned."""
    if record.status == "stopped_by_guard":
        return ()
    return tuple(words.was_done(key, n) for key, n in record.summary.items() if n and key != "held")


def _status(record: RunRecord) -> Status:
    """How it ended; done with conflicts is said apart, because somebody has something to do."""
    status = words.RUN_STATUS[record.status]
    if record.status == "done" and record.conflicts:
        waiting = words.counted(record.conflicts, "conflict")
        return replace(status, words=f"done, {waiting}", sign="!", tone="wait")
    return status
