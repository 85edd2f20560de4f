"""One run from end to end: the picture of design.md §1 as one page. Every line leaves for the room of the same name."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from scim_bridge.apply.engine import Applied, Ground, Work, apply, never
from scim_bridge.bridge import Bridge
from scim_bridge.conclusion import Conclusion, conclude
from scim_bridge.errors import PlanOutdated, Stop
from scim_bridge.mapping.record import map_records
from scim_bridge.model.identity import Directory, Snapshot
from scim_bridge.model.known import Known
from scim_bridge.model.plan import Plan
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.model.run import Command, RunStatus
from scim_bridge.observation import Observed, observe, with_members
from scim_bridge.plan.basis import changed_since
from scim_bridge.plan.correlate import Matches, correlate
from scim_bridge.plan.document import fingerprint, operation_bytes
from scim_bridge.plan.fit import fit
from scim_bridge.plan.guard import not_approved, refuse_empty
from scim_bridge.plan.make import Occasion, make_plan
from scim_bridge.plan.sides import Sides
from scim_bridge.state.lock import lock
from scim_bridge.state.reader import StateReader
from scim_bridge.state.writer import Ending, State


@dataclass(frozen=True, slots=True)
class Order:
    """How a run was asked for. approved_by: who gave `--approve`, "" if nobody. today: the mapping's, "" = this day.

    in_full: the target is read whatever is known of it.
    """

    approved_by: str = ""
    today: str = ""
    progress: Progress = silent
    is_stopping: Callable[[], bool] = never
    in_full: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Both sides as they are now, correlated, and the plan that follows."""

    records: Snapshot
    matches: Matches
    observed: Observed
    sides: Sides
    plan: Plan


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a run. applied is None if the guard stopped it. new: what `--approve` did not cover."""

    run_id: int
    plan: Plan
    applied: Applied | None
    conclusion: Conclusion
    new: frozenset[str] = frozenset()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Millions of values are made here and none of them in a circle: looking for circles took a quarter of the time.

    They are kept out of later searches too (freeze), until the next run begins with a search through everything.
    """
    gc.unfreeze()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@collector_paused()
def read_and_plan(bridge: Bridge, reader: StateReader, order: Order) -> Reading:
    """Read, map, fit, correlate, read the members of matched groups, plan. Nothing is written anywhere."""
    now = datetime.now(UTC)
    today = order.today or f"{now:%Y-%m-%d}"
    known = reader.known(bridge.name, bridge.endpoint, now - bridge.policy.limits.window)
    records = bridge.source.read()
    refuse_empty(records.counts)
    desired = fit(map_records(records, bridge.mapping, today), bridge.target.capabilities)
    existing = observe(bridge, reader, now, order.progress, in_full=order.in_full)
    matches = correlate(desired, existing.inventory, known, bridge.terms)
    existing = with_members(bridge, reader, existing, matches.member_groups, order.progress)
    plan = _plan(bridge, matches, desired, existing, known, today, now)
    if not _is_confirmed(bridge, plan, existing):
        existing = with_members(bridge, reader, existing, matches.member_groups, order.progress)
        plan = _plan(bridge, matches, desired, existing, known, today, now)
    return Reading(records, matches, existing, Sides(desired, existing.inventory, existing.members, known), plan)


def _plan(
    bridge: Bridge, matches: Matches, desired: Directory, existing: Observed, known: Known, today: str, now: datetime
) -> Plan:
    sides = Sides(desired, existing.inventory, existing.members, known)
    occasion = Occasion(bridge.name, bridge.endpoint, bridge.mapping_key, _text(now), today, _text(existing.at))
    return make_plan(matches, sides, bridge.policy, bridge.target.capabilities, occasion)


def _is_confirmed(bridge: Bridge, plan: Plan, existing: Observed) -> bool:
    """Before what a filter showed may remove anybody, one member is asked for in another way (design.md §6.9)."""
    for operation in plan.operations:
        if operation.kind == "remove_members" and operation.target_id in existing.read_now:
            return bridge.target.confirms(operation.target_id, operation.members[0].target_id or "")
    return True


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def sync(bridge: Bridge, state: State, order: Order) -> Result:
    """Bring the target to what the source says, within the limits. Raises Stop; the run is then on record as failed."""
    with _run(bridge, state, "sync") as run_id:
        reading = read_and_plan(bridge, state.reader, order)
        _remember(bridge, state, reading.observed)
        verdict = reading.plan.verdict
        if verdict.passed:
            state.forget_trip(bridge.name)
        else:
            tripped = state.reader.tripped(bridge.name) if order.approved_by else None
            new = not_approved(verdict, tripped[1] if tripped is not None else ())
            if new:
                return _stop_by_guard(state, bridge, run_id, reading, new if tripped is not None else frozenset())
            state.use_approval(run_id, bridge.name, order.approved_by)
        return _send(bridge, state, run_id, reading, reading.plan, order)


def apply_saved(bridge: Bridge, state: State, saved: Plan, order: Order) -> Result:
    """Apply a saved plan exactly. Raises PlanOutdated, by name, if either side has changed since it was made.

    A plan that was begun and cut goes on by its journal: what it had sent itself does not count as a change.
    """
    with _run(bridge, state, "apply") as run_id:
        ended_by = state.reader.applied_by(bridge.name, fingerprint(saved))
        if ended_by is not None:
            raise PlanOutdated(f"this plan was applied by run {ended_by}", _plan_again(bridge))
        reading = read_and_plan(bridge, state.reader, replace(order, today=saved.today, in_full=True))
        _remember(bridge, state, reading.observed)
        begun = state.reader.begun(bridge.name, fingerprint(saved))
        moved = changed_since(saved, reading.plan.basis, reading.sides.inventory, reading.sides.members, begun)
        if moved:
            raise PlanOutdated(f"{moved} since this plan was made, so nothing was sent", _plan_again(bridge))
        if not saved.verdict.passed or (not begun and not reading.plan.verdict.passed):
            if not order.approved_by:
                return _stop_by_guard(state, bridge, run_id, replace(reading, plan=saved), frozenset())
            state.use_approval(run_id, bridge.name, order.approved_by)
        return _send(bridge, state, run_id, reading, saved, order)


def _remember(bridge: Bridge, state: State, observed: Observed) -> None:
    """What was read is what the next runs go by."""
    if observed.is_whole:
        state.observe(bridge.name, bridge.endpoint, observed.inventory, observed.members, observed.at)
    else:
        read_now = {group_id: observed.members[group_id] for group_id in observed.read_now}
        state.look_again(bridge.endpoint, observed.again, read_now)


def _plan_again(bridge: Bridge) -> str:
    return f"Plan again: scim-bridge plan {bridge.name}"


def _send(bridge: Bridge, state: State, run_id: int, reading: Reading, plan: Plan, order: Order) -> Result:
    """Journal, apply, conclude, record."""
    is_relinking = reading.matches.is_relinking
    journal = state.begin_applying(run_id, fingerprint(plan), reading.plan.conflicts, is_relinking=is_relinking)
    journal.record((operation, operation_bytes(operation)) for operation in plan.operations)
    ids = {(m.kind, m.source_id): m.existing.target_id for m in reading.matches if m.existing and m.source_id}
    ground = Ground(ids, reading.sides.inventory, reading.sides.members)
    work = Work(progress=order.progress, is_stopping=order.is_stopping)
    applied = apply(plan.operations, bridge.target, journal, ground, work)
    journal.end_unsent(applied.outcomes)
    conclusion = conclude(reading.matches, reading.sides, reading.plan, plan, applied)
    ending = Ending(
        _status(applied),
        _detail(applied, conclusion),
        plan.summary,
        conclusion.counts,
        bridge.target.requests,
        applied.has_ended,
        plan.verdict,
        order.approved_by if not plan.verdict.passed else "",
        bridge.mapping_key,
    )
    state.finish(run_id, ending, conclusion.conflicts, conclusion.books, closes_refusals=conclusion.has_tried)
    if applied.stopped is not None:
        raise applied.stopped
    return Result(run_id, plan, applied, conclusion)


def _status(applied: Applied) -> RunStatus:
    if applied.stopped is not None:
        return "failed"
    return "interrupted" if applied.is_cut else "done"


def _detail(applied: Applied, conclusion: Conclusion) -> str:
    """What is to be said of a run beside its numbers: why it stopped, or what the next one has to try again."""
    if applied.stopped is not None:
        return str(applied.stopped)
    if applied.is_cut:
        return f"stopped as asked; the next run goes on with the {conclusion.failed} operation(s) that are left"
    failed = conclusion.failed
    return f"{failed} operation(s) did not go through; the next run tries again" if failed else ""


def _stop_by_guard(state: State, bridge: Bridge, run_id: int, reading: Reading, new: frozenset[str]) -> Result:
    """Nothing is sent; what the limits counted is kept for approval."""
    plan = reading.plan
    state.keep_trip(run_id, bridge.name, plan.verdict)
    conclusion = conclude(reading.matches, reading.sides, plan, plan, None)
    detail = "stopped before the first write: " + "; ".join(trip.sentence for trip in plan.verdict.tripped)
    ending = Ending(
        "stopped_by_guard", detail, plan.summary, conclusion.counts, bridge.target.requests, verdict=plan.verdict
    )
    state.finish(run_id, ending, conclusion.conflicts, closes_refusals=False)
    return Result(run_id, plan, None, conclusion, new)


@contextmanager
def _run(bridge: Bridge, state: State, command: Command) -> Iterator[int]:
    """One run under the connection's lock. If it ends by an error, it is closed with its sentence first."""
    with lock(state.path, bridge.name, datetime.now(UTC)):
        run_id = state.begin_run(bridge.name, bridge.endpoint, command)
        with _failure_on_record(state, run_id):
            yield run_id


@contextmanager
def _failure_on_record(state: State, run_id: int) -> Iterator[None]:
    """A run that ends by an error is closed with its sentence before the error goes on."""
    try:
        yield
    except Exception as error:
        record = state.reader.run(run_id)
        if record is not None and record.status == "running":
            detail = str(error) if isinstance(error, Stop) else f"the program failed ({type(error).__name__})"
            state.finish(run_id, Ending("failed", detail))
        raise
