"""One run from end to end: the picture of docs/design.md §1 as one page. Each line calls the room of the same name."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from scim_bridge.errors import Misconfigured, PlanOutdated
from scim_bridge.mapping.record import map_records
from scim_bridge.model.desired_side import DesiredWhole
from scim_bridge.model.identity import Directory, Notice
from scim_bridge.model.limit import ACCESS_COUNTERS
from scim_bridge.model.plan import LAST_DOOR, Plan, Verdict
from scim_bridge.model.remembered import LastApplied, Remembered
from scim_bridge.model.source import SourceReading
from scim_bridge.plan.assignments import concerned, with_assignments
from scim_bridge.plan.decide.group_members import losing, with_strangers
from scim_bridge.plan.doubt import settle, with_settled
from scim_bridge.plan.fingerprint import changed_since
from scim_bridge.plan.fit import fit
from scim_bridge.plan.guard import not_approved, refuse_empty
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.make import make_plan
from scim_bridge.plan.match.correlate import Matches, correlate
from scim_bridge.plan.plan_file import fingerprint, from_bytes
from scim_bridge.run.access_impact import Planned, assignments_of, renewed, with_impact
from scim_bridge.run.access_seen import keep_seen, see_access
from scim_bridge.run.bridge import Bridge
from scim_bridge.run.desired_changes import map_all, whole_now
from scim_bridge.run.few_planned import plan_for_few
from scim_bridge.run.lifecycle import (
    MakeInbox,
    Order,
    Reading,
    Result,
    begin,
    carry_out,
    keep_plan,
    refuse_in_shadow,
    remember,
)
from scim_bridge.run.some import Everyone, Few, few, kept, made_with, why_everyone
from scim_bridge.run.target_view import (
    Observed,
    asked_for,
    is_confirmed,
    knowledge,
    observe,
    recollect,
    said_why_whole,
    with_members,
    without_members,
)
from scim_bridge.run.touched_since import is_on_record, undone_since
from scim_bridge.state.reader import StateReader
from scim_bridge.state.writer import State

_VERY_MANY = 250_000
"""Values that a search for circles looks at one by one."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Millions of values are made here and none of them in a circle: looking for circles took a quarter of the time.

    Very many are kept out of later searches too (freeze): what they leave ends with the process, which has then grown
    so much that no other run follows in it.
    """
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > _VERY_MANY:
            gc.freeze()
        gc.enable()


@dataclass(frozen=True, slots=True)
class Sight:
    """Both sides as they were read, nothing mapped yet; now: UTC."""

    source: SourceReading
    existing: Observed
    today: str
    now: datetime


@collector_paused()
def read_and_plan(bridge: Bridge, reader: StateReader, order: Order) -> Reading:
    """Read both sides as far as it is needed, then map and plan. Nothing is written anywhere."""
    now = datetime.now(UTC)
    today = order.today or bridge.today(now)
    found: Few | Everyone | Reading = _begin(bridge, reader, order, today=today, now=now)
    if isinstance(found, Few):
        found = plan_for_few(bridge, reader, found, today)
    if isinstance(found, Reading):
        return found
    known, sight = read_both(bridge, reader, order, found)
    return replace(plan_from(bridge, reader, known, sight, order), why=found.why)


def _begin(bridge: Bridge, reader: StateReader, order: Order, *, today: str, now: datetime) -> Few | Everyone:
    """The few that a run has to be about, or why it is about everyone."""
    state = kept(bridge, reader, knowledge(bridge, reader, now, with_links=False), today)
    why = why_everyone(bridge, reader, state, order, now)
    if why or isinstance(state, Everyone):
        return Everyone(why=why)
    return few(bridge, reader, state, order, today=today, now=now)


def read_both(
    bridge: Bridge, reader: StateReader, order: Order, begun: Everyone | None = None
) -> tuple[Remembered, Sight]:
    """What is remembered, what the source shows, and what the target holds. begun: what was read already."""
    now = datetime.now(UTC)
    known = knowledge(bridge, reader, now)
    today = order.today or bridge.today(now)
    source = begun.source if begun is not None else None
    if source is None:
        memory = None if order.in_full else recollect(bridge, reader, now)
        source = said_why_whole(bridge.source.read(today, memory, order.progress))
    # Before anything is planned, and whatever the limits say: an empty source would make every user a leaver, and an
    # approval given for a real reduction must never cover it.
    refuse_empty(source.snapshot.counts)
    looked = begun.looked if begun is not None else None
    # In shadow another program writes to the target all day. Held against what was last seen, what that program has
    # done since would look like work that is left to do.
    in_full = order.in_full or bridge.is_shadow
    existing = observe(bridge, reader, known, now, order.progress, in_full=in_full, looked=looked)
    return known, Sight(source, existing, today, now)


def plan_from(bridge: Bridge, reader: StateReader, known: Remembered, sight: Sight, order: Order) -> Reading:
    """Everything that follows from both sides. Several mappings may be planned from one sight.

    Who was presumed gone is asked for by id, unless that many missing ones end the run before anything is written.
    """
    reading = _plan_from(bridge, reader, known, sight, order)
    presumed = reading.observed.presumed
    if not presumed:
        return reading
    is_asked = order.approved_by or order.is_thorough
    # A target that shows nothing (a wrong tenant, a broken list) would cost one request for each linked user, to end
    # with the guard anyway. An approved run writes, so it asks for each of them.
    if not is_asked and any(trip.limit == "missing" for trip in reading.plan.verdict.tripped):
        warnings = (_not_asked_for(len(presumed)), *reading.plan.warnings)
        return replace(reading, plan=replace(reading.plan, warnings=warnings))
    existing = asked_for(bridge, reader, reading.observed, order.progress)
    return _plan_from(bridge, reader, known, replace(sight, existing=existing), order)


def _not_asked_for(count: int) -> Notice:
    detail = (
        f"{count:,} users and groups that the target's list lacks were not looked up by id, since all of a sample are "
        "gone; an approved run looks up each of them before it writes anything"
    )
    return Notice("not_asked_for", "target", detail)


def _plan_from(bridge: Bridge, reader: StateReader, known: Remembered, sight: Sight, order: Order) -> Reading:
    """Map, fit, correlate, read the members of matched groups, plan, and name what depends on that."""
    records, existing = sight.source.snapshot, sight.existing
    known = with_settled(known, settle(existing.doubts, existing.inventory, None, known, sight.now))
    last = LastApplied(known, existing.inventory)
    desired = fit(map_records(records, bridge.mapping, sight.today, last), bridge.target.capabilities)
    kept = _to_keep(bridge, reader, sight, desired)
    desired = replace(desired, digest=kept.whole.digest)
    # Matching comes before members are read: members cost a request a group, and only the groups of this connection
    # matter.
    matches = correlate(desired, existing.inventory, known, bridge.terms)
    existing = with_members(bridge, reader, existing, matches.member_groups, order.progress)
    # The check asks about a member that the plan may remove, since only such a mistake does harm. It comes before the
    # plan, so that there is one plan, of what is believed in the end (docs/design.md §6.9).
    if not is_confirmed(bridge, existing, matches, desired):
        existing = with_members(bridge, reader, without_members(existing), matches.member_groups, order.progress)
    # A second time, with members: which memberships in doubt have landed is known only once the groups were read.
    known = with_settled(known, settle(existing.doubts, existing.inventory, existing.members, known, sight.now))
    sides = Sides(desired, existing.inventory, existing.members, known)
    plan = _plan(bridge, matches, sides, existing, sight)
    plan = with_strangers(plan, reader.members(bridge.endpoint, losing(plan), ours=True) if losing(plan) else {})
    is_whole = existing.is_whole
    access = see_access(bridge, reader, sight.now, order.progress, is_whole=is_whole, in_full=order.in_full)
    holders = concerned(plan, matches, bridge.policy, is_whole=is_whole)
    planned = Planned(plan=plan, sides=sides, now=sight.now, is_about_all=True)
    access = renewed(bridge, reader, planned, access, holders)
    plan = with_assignments(plan, matches, assignments_of(access, holders), known, bridge.policy)
    plan, access = with_impact(bridge, reader, replace(planned, plan=plan), access)
    return Reading(
        source=sight.source,
        began=sight.now,
        matches=matches,
        observed=existing,
        sides=sides,
        plan=plan,
        desired=kept,
        access=access,
    )


def _to_keep(bridge: Bridge, reader: StateReader, sight: Sight, desired: Directory) -> DesiredWhole:
    """The desired side as the state is to keep it, so that later runs need to look at a few only."""
    snapshot = sight.source.snapshot
    mapped = map_all(bridge, snapshot, desired)
    whole = whole_now(made_with(bridge), sight.today, snapshot, desired, mapped.values())
    whole = replace(whole, elsewhere=reader.elsewhere(bridge.name, bridge.endpoint))
    return DesiredWhole(whole=whole, records=mapped, members=snapshot.members)


def _plan(bridge: Bridge, matches: Matches, sides: Sides, existing: Observed, sight: Sight) -> Plan:
    occasion = bridge.occasion(sight.now, existing.at, today=sight.today, mapping=bridge.mapping_key)
    return make_plan(matches, sides, bridge.policy, bridge.target.capabilities, occasion)


def sync(bridge: Bridge, state: State, order: Order, inbox: MakeInbox | None = None) -> Result:
    """Bring the target to what the source says, within the limits. inbox: how urgent requests of others get in.

    In shadow the plan is put on record, and nothing is sent. Raises Stop; the run is then on record as failed.
    """
    if order.approved_by or order.after_restore:
        refuse_in_shadow(bridge, "only a sync that writes can be approved, or follow a restored state")
    with begin(bridge, state, "sync", order) as active:
        if order.after_restore:
            state.begin_restore(active.id)
        reading = read_and_plan(bridge, state.reader, active.order)
        remember(active, reading)
        return carry_out(active, reading, inbox=inbox)


def plan_and_keep(bridge: Bridge, state: State, order: Order) -> tuple[int, Plan]:
    """Make a plan and keep it, to be looked at and applied as it is. Nothing is written to the target."""
    reading = read_and_plan(bridge, state.reader, order)
    keep_seen(state.address, bridge.name, reading.access)
    return keep_plan(state, reading.plan, order.actor), reading.plan


def apply_kept(bridge: Bridge, state: State, plan_id: int, order: Order, inbox: MakeInbox | None = None) -> Result:
    """Apply a plan that the state keeps, exactly as a saved file. Raises PlanOutdated, by name, and Misconfigured."""
    document = state.plans.document(plan_id)
    if document is None:
        raise Misconfigured(f"plan {plan_id} is not kept any more", _plan_again(bridge))
    saved = from_bytes(document, f"plan {plan_id}")
    if saved.connection != bridge.name:
        raise Misconfigured(f"plan {plan_id} is of connection {saved.connection}, not of {bridge.name}")
    return apply_saved(bridge, state, saved, replace(order, about=f"of plan {plan_id}"), inbox)


def apply_saved(bridge: Bridge, state: State, saved: Plan, order: Order, inbox: MakeInbox | None = None) -> Result:
    """Apply a saved plan exactly. Raises PlanOutdated, by name, if either side has changed since it was made.

    A plan that was begun and cut goes on by its journal: what it had sent itself does not count as a change.
    """
    refuse_in_shadow(bridge, "a saved plan is not applied")
    with begin(bridge, state, "apply", order) as active:
        # A finished plan must not run twice: what someone undid since would be done again in their absence.
        ended_by = state.reader.applied_by(bridge.name, fingerprint(saved))
        if ended_by is not None:
            raise PlanOutdated(f"this plan was applied by run {ended_by}", _plan_again(bridge))
        if not is_on_record(state.reader, bridge.name, datetime.fromisoformat(saved.created)):
            # It may have been applied by a run that is forgotten, or begun by one.
            what = f"this plan is of {saved.created}, and the history since then is not complete (history.keep)"
            raise PlanOutdated(what, _plan_again(bridge))
        begun = state.reader.begun(bridge.name, fingerprint(saved))
        whole = replace(active.order, today=saved.basis.today, in_full=True, is_thorough=bool(begun))
        reading = read_and_plan(bridge, state.reader, whole)
        remember(active, reading)
        ids = frozenset(record.operation_id for record in begun)
        moved = changed_since(saved, reading.plan.basis, reading.sides.inventory, reading.sides.members, ids)
        moved = moved or undone_since(bridge, state.reader, begun, reading.sides)
        if moved:
            raise PlanOutdated(f"{moved} since this plan was made, so nothing was sent", _plan_again(bridge))
        # A plan that passed yesterday may exceed the limits together with what other runs did since. One that was begun
        # and cut has passed already, and half a plan is no safer than the whole: it goes on.
        in_file = saved.verdict
        if in_file.passed and not begun:
            saved = replace(saved, verdict=reading.plan.verdict)
        saved = _with_access_of_today(saved, reading.plan, is_begun=bool(begun))
        if order.approved_by and not begun:
            # Who approves has the file in front of them, and what it was stopped for since; access may be another.
            kept = state.reader.tripped(bridge.name)
            unseen = not_approved(_of_access(saved), (*in_file.tripped, *(kept[1] if kept else ())))
            if unseen:
                return active.stop_by_guard(reading, saved, unseen)
        return carry_out(active, reading, saved=saved, inbox=inbox)


_OF_ACCESS = (*ACCESS_COUNTERS, LAST_DOOR)


def _of_access(plan: Plan) -> Verdict:
    return Verdict(tuple(trip for trip in plan.verdict.tripped if trip.limit in _OF_ACCESS))


def _with_access_of_today(saved: Plan, now: Plan, *, is_begun: bool) -> Plan:
    """The saved plan with what it does to access by today's reading: who are administrators may have changed since.

    is_begun: it has passed the limits already, and goes on; the last door is looked after all the same.
    """
    today = tuple(trip for trip in _of_access(now).tripped if trip.limit == LAST_DOOR or not is_begun)
    # Where nothing could be read today, what the saved plan knows of the last door is still the best there is.
    over = {trip.limit for trip in today} | ({LAST_DOOR} if now.impact is not None else set())
    others = tuple(trip for trip in saved.verdict.tripped if trip.limit not in over)
    return replace(saved, verdict=Verdict((*others, *today)), impact=now.impact)


def _plan_again(bridge: Bridge) -> str:
    return f"Plan again: scim-bridge plan {bridge.name}"
