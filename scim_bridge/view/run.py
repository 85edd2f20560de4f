"""A run as people see it: how it ended, what it changed, what it counted on both sides."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from scim_bridge.model.run import RunRecord
from scim_bridge.view import words
from scim_bridge.view.impact import ImpactView, impact_view
from scim_bridge.view.translation import _, _n, recorded
from scim_bridge.view.words import Status


@dataclass(frozen=True, slots=True)
class CountView:
    """One thing counted on both sides: "users", "groups" or "memberships"."""

    name: str
    source: int
    target: int

    @property
    def difference(self) -> int:
        """How many more the target holds; the target may hold what no one manages, so this is not a fault."""
        return self.target - self.source


_SHOWN = 20
SIDES_DIFFER = (
    "The two sides can differ: nested groups count with all their users, users can be held, gone or out of scope, and "
    "the target can have resources that scim-bridge does not manage."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultView:
    """What a run did. changed: a phrase for each kind that occurs; conflicts: how many it left waiting."""

    changed: tuple[str, ...]
    counts: tuple[CountView, ...]
    conflicts: int
    requests: int
    detail: str
    guard: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run. took: how long, "" while it runs. process: which process on which host.

    kind: what was asked for: "sync", "sync --only", "apply", "rollback", and whether someone approved it. access: what
    its plan did, or would have done, to who may enter what.
    """

    id: int
    connection: str
    kind: str
    status: Status
    started: datetime
    took: str
    process: str
    result: ResultView
    approved_by: str
    access: ImpactView | None = None

    @property
    def why_sides_differ(self) -> str:
        """What may make the two sides' counts differ though all is well; "" if they do not."""
        return _(SIDES_DIFFER) if any(count.difference for count in self.result.counts) else ""

    @property
    def passed_limits(self) -> bool:
        """Whether it went on although limits had tripped, because someone had approved that."""
        return bool(self.approved_by and self.result.guard) and self.status.key != "stopped_by_guard"

    @property
    def told(self) -> str:
        """What it did and why no more, in one line."""
        told = filter(None, (words.listing(self.result.changed), recorded(self.result.detail)))
        return _("; ").join(told) or _("nothing to do")

    @property
    def in_short(self) -> str:
        """The same for a list of runs: of several limits that stopped it, the first."""
        if self.status.key != "stopped_by_guard" or not self.result.guard:
            return self.told
        first, more = recorded(self.result.guard[0]), len(self.result.guard) - 1
        return (
            _n("%(limit)s, and %(count)s more limit", "%(limit)s, and %(count)s more limits", more, limit=first)
            if more
            else first
        )


def view_runs(records: Iterable[RunRecord]) -> tuple[RunView, ...]:
    """Several runs, in the order given."""
    return tuple(view_run(record) for record in records)


def view_run(record: RunRecord) -> RunView:
    """One run."""
    return RunView(
        id=record.id,
        connection=record.connection,
        kind=_kind(record),
        status=_status(record),
        started=record.started,
        took=words.span(record.ended - record.started) if record.ended is not None else "",
        process=_("process %(pid)s on %(host)s", pid=str(record.pid), host=record.host),
        result=_result(record),
        approved_by=record.approved_by,
        access=impact_view(record.result.access, record.started, _SHOWN),
    )


def _result(record: RunRecord) -> ResultView:
    result = record.result
    return ResultView(
        changed=_changed(record),
        counts=tuple(CountView(name, source, target) for name, (source, target) in result.counts.items()),
        conflicts=result.conflicts,
        requests=result.requests,
        detail=words.printable(_detail(record)),
        guard=tuple(map(words.printable, result.guard)),
    )


def _detail(record: RunRecord) -> str:
    """What is to be said of it beside its numbers. In shadow that is what it had planned."""
    if record.status != "shadow":
        return record.result.detail
    planned = words.summary(record.result.summary)
    return _("%(detail)s; planned: %(planned)s", detail=_(record.result.detail), planned=planned)


def _changed(record: RunRecord) -> tuple[str, ...]:
    """What was done; a run that was stopped before its first write changed nothing, whatever it had planned."""
    if record.status in ("stopped_by_guard", "shadow"):
        return ()
    done = record.result.summary.items()
    return tuple(words.was_done(key, n) for key, n in done if n and key not in ("held", "failed"))


def _kind(record: RunRecord) -> str:
    """What was asked for. Who names someone by `--only` has approved it; only what a limit counted is said so."""
    kind = f"{record.command} --only" if record.of_one else record.command
    is_approved = record.approved_by and record.result.guard and record.status != "stopped_by_guard"
    return _("%(kind)s, approved", kind=kind) if is_approved else kind


def _status(record: RunRecord) -> Status:
    """How it ended; done with failures or conflicts is said apart, because someone has something to look at."""
    status, conflicts = words.RUN_STATUS[record.status].said, record.result.conflicts
    failed = _("%(count)s failed", count=record.failed) if record.failed else ""
    waiting = _n("%(count)s conflict", "%(count)s conflicts", conflicts) if conflicts else ""
    if record.status in ("done", "shadow") and (failed or waiting):
        told = words.listing([text for text in (status.words, failed, waiting) if text])
        return replace(status, words=told, sign="!", tone="wait")
    return status
