"""The lifecycle that every kind of run shares: begin, guard, approve or stop, send, conclude, put on record.

A kind of run (sync, only, rollback, a saved plan) is how to read and plan; then it calls `carry_out`. What a run may
close in the end follows from what it has read, and is decided here alone.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from scim_bridge.apply.engine import SENDING, Applied, Ground, Superseded, Work, apply
from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import (
    AskedToStop,
    BridgeError,
    Busy,
    CredentialsRefused,
    Deposed,
    EndpointDown,
    Misconfigured,
    SourceUnreadable,
    StateUnusable,
)
from scim_bridge.log import about
from scim_bridge.model import exit_code
from scim_bridge.model.actor import Actor
from scim_bridge.model.desired_side import DesiredWhole, Moves
from scim_bridge.model.effect import Effect, effects
from scim_bridge.model.identity import SourceKey, Whom
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Bookkeeping, Plan
from scim_bridge.model.protocol import Progress, never, silent
from scim_bridge.model.run import Command, FailureCause, RunRecord, RunStatus
from scim_bridge.model.shadow import differences_of
from scim_bridge.model.source import SourceReading
from scim_bridge.model.traffic import NO_TRAFFIC, Traffic
from scim_bridge.model.wording import counted
from scim_bridge.plan.doubt import settle
from scim_bridge.plan.guard import not_approved
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.match.correlate import Matches
from scim_bridge.plan.plan_file import fingerprint, operation_bytes, to_bytes
from scim_bridge.run.access_seen import AccessSeen, keep_seen
from scim_bridge.run.bridge import Bridge, endpoint_key, open_bridge
from scim_bridge.run.conclude import Conclusion, conclude, remarks_of
from scim_bridge.run.noted_progress import noted
from scim_bridge.run.target_view import Observed
from scim_bridge.state.aftermath import Aftermath
from scim_bridge.state.writer import Closing, Ending, State
from scim_bridge.target.retry import NEW_FOR

_log = logging.getLogger("scim_bridge.run")
_KEPT = 100
"""Of each list of a plan's impact so many entries are kept with the run, beside the number of all."""
_SCHEDULE = Actor("schedule", "worker")
_LATEST = 1_000
"""Of the latest runs so many are looked through for one: a run may have carried out many orders inside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a run was asked for. approved_by: who gave `--approve`, "" if no one. today: the mapping's, "" = this day.

    is_last_admin: approved also where too few administrators are left (`--last-admin`).
    in_full: the target is read whatever is known of it. is_thorough: each missing resource is asked for by id, whatever
    the guard will say. after_restore: the state is a copy of unknown age. asked_by: who named the identities of
    `--only`, which is an approval of what it does to them. by: who gave the command, None for the schedule.
    about: what it is about, for the audit. number: of the order on record that it carries out; then the asking is in
    the audit already.
    """

    by: Actor | None = None
    number: int | None = None
    approved_by: str = ""
    is_last_admin: bool = False
    asked_by: str = ""
    today: str = ""
    progress: Progress = silent
    is_stopping: Callable[[], bool] = never
    in_full: bool = False
    is_thorough: bool = False
    after_restore: bool = False
    about: str = ""

    @property
    def actor(self) -> Actor:
        """Who is behind it."""
        return self.by or _SCHEDULE

    @property
    def to_note(self) -> Actor | None:
        """Who gets an entry of the audit as the run begins; None where the asking has one, or no one has asked."""
        return self.by if self.number is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Both sides as they are now, correlated, and the plan that follows. began: when it was begun, UTC.

    only: the records that a person named, None for a run about whatever has changed. desired: how the desired side
    moves on, None where nothing is to be kept of it. subjects: whom the plan is about, None for everyone. holds: how
    much the target holds where that is not all in `sides`: users, groups, memberships. why: the reason why everyone is
    planned, a clause. access: the reading of who may enter what that the plan goes by, None where there is no `access`.
    """

    source: SourceReading
    began: datetime
    matches: Matches
    observed: Observed
    sides: Sides
    plan: Plan
    only: frozenset[SourceKey] | None = None
    desired: Moves | DesiredWhole | None = None
    subjects: frozenset[Whom] | None = None
    holds: Mapping[str, int] | None = None
    why: str = ""
    access: AccessSeen | None = None

    @property
    def looked_at(self) -> str:
        """How many were looked at, or why everyone was; "" where a person has named them."""
        if self.subjects is None:
            return f"everyone was looked at: {self.why}" if self.why else ""
        shown = self.sides.directory.counts
        looked = sum(whom.side == "source" for whom in self.subjects)
        return f"{looked:,} of {shown.users + shown.groups:,} users and groups had to be looked at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of a run. applied is None if the guard stopped it, or in shadow. new: what `--approve` did not cover.

    in_shadow: the connection is in shadow, so that nothing was to be sent.
    """

    run_id: int
    reading: Reading
    plan: Plan
    applied: Applied | None
    conclusion: Conclusion
    new: frozenset[Effect] = frozenset()
    in_shadow: bool = False

    @property
    def exit_code(self) -> int:
        """What the command that asked for the run ends with (docs/design.md §5.1); in shadow it only shows."""
        if self.in_shadow:
            return exit_code.DONE
        is_all_settled = not self.conclusion.failed and not self.conclusion.conflicts
        return exit_code.of_run(is_stopped=self.applied is None, is_all_settled=is_all_settled)


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run that is on record as begun. id: its number in the history."""

    id: int
    bridge: Bridge
    state: State
    order: Order

    def stop_by_guard(self, reading: Reading, plan: Plan, new: frozenset[Effect] = frozenset()) -> Result:
        """Send nothing; what the limits counted is kept for approval. new: what an approval did not cover."""
        self.state.keep_trip(self.id, self.bridge.name, plan.verdict)
        if reading.only is None:  # a plan about some cannot be applied later
            keep_plan(self.state, plan, self.order.actor, self.id)
        conclusion = self.conclude(reading, plan, None)
        detail = "stopped before the first write: " + "; ".join(trip.sentence for trip in plan.verdict.tripped)
        traffic, counts = self.bridge.target.traffic, conclusion.counts
        ending = Ending(
            status="stopped_by_guard",
            detail=detail,
            summary=plan.summary,
            counts=counts,
            traffic=traffic,
            verdict=plan.verdict,
            access=_access(plan),
        )
        self.close(reading, conclusion, ending, None)
        return Result(run_id=self.id, reading=reading, plan=plan, applied=None, conclusion=conclusion, new=new)

    def keep_in_shadow(self, reading: Reading) -> Result:
        """Send nothing, and claim nothing: what the plan would have changed is kept, its conflicts for decisions."""
        plan = reading.plan
        conclusion = self.conclude(reading, plan, None)
        ending = Ending(
            status="shadow",
            detail="in shadow: nothing was written",
            summary=plan.summary,
            counts=conclusion.counts,
            traffic=self.bridge.target.traffic,
            verdict=plan.verdict,
            access=_access(plan),
        )
        self.close(reading, conclusion, ending, None)
        return Result(run_id=self.id, reading=reading, plan=plan, applied=None, conclusion=conclusion, in_shadow=True)

    def conclude(self, reading: Reading, sent: Plan, applied: Applied | None) -> Conclusion:
        """What is known now. sent: the plan that was carried out, or stopped."""
        mine = reading.subjects
        if reading.only is not None:
            mine = frozenset(map(Whom.record, reading.only))
        return conclude(
            reading.matches,
            reading.sides,
            reading.plan,
            sent,
            applied,
            policy=self.bridge.policy,
            only=mine,
            holds=reading.holds,
        )

    def close(self, reading: Reading, conclusion: Conclusion, ending: Ending, books: Bookkeeping | None) -> None:
        """Put the end on record. What it may close follows from what was read: some say nothing about the others."""
        # A run about some has not looked for the conflicts of the others, and a stopped or cut run has not seen whether
        # its own are over. If such a run closed them, a leaver listed as `unclaimed` would never be listed again.
        closing: Closing = "none" if reading.only is not None else "all" if conclusion.has_tried else "planned"
        self.state.finish(
            self.id,
            ending,
            conclusion.conflicts,
            books,
            settled=(*reading.plan.settled, *conclusion.settled),
            closing=closing,
            carried_out=conclusion.carried_out,
            pending=conclusion.pending,
            aftermath=self._aftermath(reading, conclusion),
        )

    def _aftermath(self, reading: Reading, conclusion: Conclusion) -> Aftermath | None:
        """Who needs a look in the next run, and what is said of those whom this one was about."""
        if self.bridge.is_shadow:
            # Whatever runs next, it has seen nothing carried out, and no one's changes on the target.
            return Aftermath(again=frozenset(), is_settled=False, differences=differences_of(reading.plan))
        if reading.desired is None:
            return Aftermath(again=conclusion.touched)  # nothing was learned of the source
        if not conclusion.has_tried:
            return None  # who was to be looked at still is
        return Aftermath(
            again=conclusion.touched,
            subjects=reading.subjects,
            is_everyone=reading.subjects is None,
            groups=reading.observed.compared,
            remarks=remarks_of(reading.plan, reading.matches, reading.subjects),
        )


def keep_plan(state: State, plan: Plan, by: Actor, run: int | None = None) -> int:
    """Keep a plan to be looked at and applied as it is; its number. run: the run that the guard stopped."""
    return state.plans.keep(plan, fingerprint=fingerprint(plan), document=to_bytes(plan), by=by, run=run)


@contextmanager
def begin(bridge: Bridge, state: State, command: Command, order: Order) -> Iterator[ActiveRun]:
    """One run under the connection's lock. If it ends by an error, it is closed with its sentence first."""
    with state.lock(bridge.name):
        run_id = state.begin_run(
            bridge.name, bridge.endpoint, command, by=order.to_note, detail=order.about, order_id=order.number
        )
        with on_record(bridge, state, order, run_id) as active:
            yield active


@contextmanager
def on_record(bridge: Bridge, state: State, order: Order, run_id: int) -> Iterator[ActiveRun]:
    """A run that is on record as begun. If it ends by an error, it is closed with its sentence first."""

    def requests() -> int:
        return bridge.target.traffic.requests

    with (
        about(connection=bridge.name, run=run_id),
        _said(state, run_id),
        _failure_on_record(bridge, state, run_id),
        noted(state, run_id, bridge.name, requests, order.progress) as progress,
    ):
        # What the run before has created may still be unknown to some of the endpoint, whatever process that was.
        now = datetime.now(UTC)
        own = state.reader.own_writes(bridge.name, bridge.endpoint, now - timedelta(seconds=NEW_FOR))
        bridge.target.ask_before_writing(state.check_lock)
        bridge.target.recall_created({key: (now - at).total_seconds() for key, at in own.created.items()})
        yield ActiveRun(run_id, bridge, state, replace(order, progress=_until_asked(progress, order.is_stopping)))


def _until_asked(progress: Progress, is_stopping: Callable[[], bool]) -> Progress:
    """Reading ends here once the run is asked to stop: nothing has been sent yet. Sending ends in apply/engine.py."""

    def report(step: str, done: int, total: int | None) -> None:
        progress(step, done, total)
        if step != SENDING and is_stopping():
            raise AskedToStop("the run was asked to stop before anything was sent")

    return report


@contextmanager
def _said(state: State, run_id: int) -> Iterator[None]:
    """The log says that a run begins, and how it ended."""
    _log.info("the run begins")
    try:
        yield
    finally:
        if _log.isEnabledFor(logging.INFO):
            with suppress(BridgeError):  # a state that cannot be read is what the run has ended by
                record = state.reader.run(run_id)
                _log.info("the run ended: %s", record.status if record is not None else "unknown")


@contextmanager
def opened(
    connection: ConnectionSettings, state: State, command: Command, is_stopping: Callable[[], bool] = never
) -> Iterator[Bridge]:
    """A connection opened for a run. If it cannot be, that is a failed run on record, as any other failure is."""
    with ExitStack() as stack:
        try:
            bridge = stack.enter_context(open_bridge(connection, reader=state.reader, is_stopping=is_stopping))
        except Exception as error:
            _put_on_record(connection, state, command, error)
            raise
        yield bridge


def _put_on_record(connection: ConnectionSettings, state: State, command: Command, error: Exception) -> None:
    """A run that could not begin. Where another one is in progress, the record is that run's."""
    # Under the lock like any run; else a command that fails to begin would mark the run in progress as interrupted.
    with suppress(Busy), state.lock(connection.name):
        state.finish(state.begin_run(connection.name, endpoint_key(connection.target.url), command), _failed(error))


def put_death_on_record(
    connection: ConnectionSettings,
    state: State,
    process: tuple[int, datetime],
    detail: str,
    *,
    command: Command = "sync",
    of_one: bool = False,
) -> None:
    """The process of a run is dead, and its run failed for this reason, whether or not it had begun.

    process: its number, and when it was given the run (UTC): it may have carried out others before. Nothing happens if
    its run had ended before it, or if another run is in progress, which has marked this one as interrupted.
    """

    def is_its(run: RunRecord) -> bool:
        return run.pid == process[0] and run.started >= process[1] and run.of_one == of_one

    with suppress(Busy), state.lock(connection.name):
        mine = list(filter(is_its, state.reader.runs(connection.name, _LATEST)))
        if mine and mine[0].status != "running":
            return
        endpoint = endpoint_key(connection.target.url)
        run_id = mine[0].id if mine else state.begin_run(connection.name, endpoint, command, of_one=of_one)
        state.finish(run_id, Ending(status="failed", detail=detail))


_CAUSES: tuple[tuple[type[Exception], FailureCause], ...] = (
    (SourceUnreadable, "source"),
    (EndpointDown, "target"),
    (CredentialsRefused, "credentials"),
)


def _failed(error: Exception, traffic: Traffic = NO_TRAFFIC) -> Ending:
    detail = str(error) if isinstance(error, BridgeError) else f"the program failed ({type(error).__name__})"
    status: RunStatus = "interrupted" if isinstance(error, AskedToStop) else "failed"
    return Ending(status=status, detail=detail, traffic=traffic, cause=_cause_of(error))


def _cause_of(error: Exception | None) -> FailureCause:
    return next((name for kind, name in _CAUSES if isinstance(error, kind)), "")


@contextmanager
def _failure_on_record(bridge: Bridge, state: State, run_id: int) -> Iterator[None]:
    """A run that ends by an error is closed with its sentence before the error goes on."""
    try:
        yield
    except Exception as error:
        # A state that is away, or was taken over, is what the run has ended by: the next run marks this one.
        with suppress(StateUnusable, Deposed):
            record = state.reader.run(run_id)
            # It may have ended properly just before: a Stop of the target is raised after its run was concluded.
            if record is not None and record.status == "running":
                state.finish(run_id, _failed(error, bridge.target.traffic))
        raise


def refuse_in_shadow(bridge: Bridge, what: str) -> None:
    """Raise Misconfigured if nothing may be written for this connection. what: is not done because of it, a clause."""
    if bridge.is_shadow:
        raise in_shadow(bridge.name, what)


def in_shadow(connection: str, what: str) -> Misconfigured:
    """The refusal of whatever would write for a connection in shadow."""
    way_out = "Nothing was written. To let it write to the target, set shadow: false."
    return Misconfigured(f"{connection} is in shadow (shadow: true), so {what}", way_out)


def remember(active: ActiveRun, reading: Reading) -> None:
    """What was read is what the next runs go by, unless some are presumed gone: then the next one reads again.

    The source's changes are kept whatever happens to the plan: the next one is made of all records again, so nothing
    of what they say is lost with it.
    """
    bridge, state, observed = active.bridge, active.state, reading.observed
    keep_seen(state.address, bridge.name, reading.access)
    if reading.desired is not None:
        # Not for records that were named: only these were read, and the watermark would skip the changes of all others.
        state.move_on(bridge.name, bridge.source.key, reading.desired, reading.source.learned, reading.began)
    elif reading.only:
        state.look_at(bridge.name, map(Whom.record, reading.only))  # also if the process dies while they are written
    if observed.presumed:
        # Kept, the next run would trust a reading in which most links look gone.
        state.forget_reading(bridge.name, bridge.endpoint)
        return
    if observed.is_whole:
        cost = bridge.target.traffic.requests  # nothing else has been sent yet
        state.observe(
            bridge.name, bridge.endpoint, observed.inventory, observed.members, began=observed.at, requests=cost
        )
        if bridge.is_shadow:
            # What it holds says what a reading costs. As a reading it is out of date with the next write of the other
            # program, also for the first run that writes.
            state.forget_reading(bridge.name, bridge.endpoint)
    else:
        read_now = {group_id: observed.members[group_id] for group_id in observed.read_now}
        state.look_again(bridge.endpoint, observed.again, read_now, observed.now)
    state.settle(settle(observed.doubts, observed.inventory, observed.members, reading.sides.known, observed.now))


class Requests(Protocol):
    """The orders that a run in progress carries out for `sync --only`."""

    def has_requests(self) -> bool:
        """Whether an order waits. Asked several times a second."""
        ...

    def answer(self) -> Sequence[Superseded]:
        """Carry out the orders, and give the identities that this run must leave alone now."""
        ...


MakeInbox = Callable[[ActiveRun], Requests]
"""How a run gets its inbox, once it has read both sides and put them on record."""


def carry_out(
    active: ActiveRun,
    reading: Reading,
    *,
    saved: Plan | None = None,
    inbox: MakeInbox | None = None,
    before_sending: Callable[[], None] | None = None,
) -> Result:
    """What every kind of run does with its plan: guard, use the approval or stop, then send, conclude, and record.

    saved: the plan to send in place of the one just made; approving it approves all that it counted. inbox: what is
    urgent, and is dealt with between two writes. before_sending: called once the guard lets the plan through. Raises
    Stop; what had landed by then is concluded first.
    """
    if active.bridge.is_shadow:
        return active.keep_in_shadow(reading)
    state, name = active.state, active.bridge.name
    plan = saved or reading.plan
    if plan.verdict.passed:
        if reading.only is None and saved is None:
            # What was stopped before is out of date once a whole plan passes. A run about some, or a saved plan, says
            # nothing about it, and an approval of the stopped plan must stay possible.
            state.forget_trip(name)
    elif not active.order.approved_by or (plan.verdict.closes_last_door and not active.order.is_last_admin):
        # Nothing of it is sent, the revocations of others neither: a plan that locks the last administrator out follows
        # from data that a person has to look at. One user is revoked at once by `--only`.
        return active.stop_by_guard(reading, plan)
    else:
        # Who approves a saved plan has it in front of them. Who approves a sync has seen the last stopped plan, and
        # answers for its items only.
        new = _not_approved(state, name, plan) if saved is None else frozenset()
        if new is None or new:
            return active.stop_by_guard(reading, plan, new or frozenset())
        # Used before the first write: a run that is killed must not leave an approval that lets through something else.
        by = active.order.by or Actor(active.order.approved_by, "worker")
        counted_then = "; ".join(trip.sentence for trip in plan.verdict.tripped)
        state.use_approval(active.id, name, replace(by, name=active.order.approved_by), counted_then)
    # A rollback pauses the schedule here: after the guard, since a rollback that is stopped changes nothing, and before
    # the first write, since a worker would undo it.
    if before_sending is not None:
        before_sending()
    return _send(active, reading, plan, inbox)


def _not_approved(state: State, connection: str, plan: Plan) -> frozenset[Effect] | None:
    """What the limits count in this plan and not in the one that was kept for approval; None if none was kept."""
    tripped = state.reader.tripped(connection)
    return None if tripped is None else not_approved(plan.verdict, tripped[1])


def _send(active: ActiveRun, reading: Reading, plan: Plan, inbox: MakeInbox | None) -> Result:
    """Journal, apply, conclude, record."""
    bridge, state, order = active.bridge, active.state, active.order
    # What another tool has left is taken over until it is done, even if a run of it is cut.
    is_relinking = reading.matches.is_relinking and bridge.policy.adopt != "takeover"
    journal = state.begin_applying(active.id, fingerprint(plan), reading.plan.conflicts, is_relinking=is_relinking)
    # All of the plan is on record before its first request, so that a cut run shows what was left.
    journal.record((operation, operation_bytes(operation)) for operation in plan.operations)
    ids = {m.key: m.existing.target_id for m in reading.matches if m.existing and m.source_id}
    ground = Ground(ids, reading.sides.inventory, reading.sides.members)
    work = Work(progress=order.progress, is_stopping=order.is_stopping)
    if inbox is not None:
        requests = inbox(active)
        work = replace(work, has_requests=requests.has_requests, answer_requests=requests.answer)
    applied = apply(plan.operations, bridge.target, journal, ground, work)
    journal.end_unsent(applied.outcomes)
    conclusion = active.conclude(reading, plan, applied)
    ending = Ending(
        status=_status(applied),
        detail=_detail(applied, conclusion),
        summary=conclusion.summary,
        counts=conclusion.counts,
        traffic=bridge.target.traffic,
        is_complete=applied.has_ended,
        verdict=plan.verdict,
        approved_by=order.asked_by or (order.approved_by if not plan.verdict.passed else ""),
        mapping=bridge.mapping_key,
        cause=_cause_of(applied.stopped),
        approved=_approved(plan, order, reading.only or frozenset()),
        access=_access(plan),
    )
    # Before the Stop is raised: what landed until then is ours, and the next run must know it.
    active.close(reading, conclusion, ending, conclusion.books)
    if applied.stopped is not None:
        raise applied.stopped
    return Result(run_id=active.id, reading=reading, plan=plan, applied=applied, conclusion=conclusion)


def _access(plan: Plan) -> Mapping[str, Any]:
    """What the plan does to who may enter what, so much of it as a page shows."""
    return plan.impact.document(_KEPT) if plan.impact is not None else {}


def _approved(plan: Plan, order: Order, only: frozenset[SourceKey]) -> frozenset[Effect]:
    """What does not count in the window: what tripped and was approved, and what is done to users who were named.

    For a group that was named all limits hold, so what it loses does count.
    """
    granted = {effect for trip in plan.verdict.tripped for effect in trip.effects} if order.approved_by else set()
    # Who names a user means what happens to that user; counted in the window, three such commands could stop the next
    # ordinary sync.
    for operation in plan.operations if only else ():
        if operation.resource == "user" or operation.key not in only:
            granted |= _counted(operation)
    return frozenset(granted)


def _counted(operation: Operation) -> frozenset[Effect]:
    members = (member.target_id for member in operation.members)
    found = effects(operation.kind, operation.source_id, operation.target_id, members, counts=operation.counts)
    return frozenset[Effect]().union(*(counted for _, counted in found))


def _status(applied: Applied) -> RunStatus:
    if applied.stopped is not None:
        return "failed"
    return "interrupted" if applied.is_cut else "done"


def _detail(applied: Applied, conclusion: Conclusion) -> str:
    """What is to be said of a run beside its numbers: why it stopped, or what the next one has to try again."""
    if applied.stopped is not None:
        return str(applied.stopped)
    if applied.is_cut:
        return f"stopped as asked; {counted(conclusion.failed, 'operation')} left for the next run"
    failed = conclusion.failed
    return f"{counted(failed, 'operation')} failed; the next run tries again" if failed else ""
