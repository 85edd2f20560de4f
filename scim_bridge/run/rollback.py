"""`rollback RUN`: the way back from a run, planned, guarded and journaled like any other run.

It pauses the connection, or the schedule would carry out the same changes again.
"""

from dataclasses import replace
from datetime import UTC, datetime

from scim_bridge.errors import Misconfigured
from scim_bridge.model.identity import KINDS, Directory, Inventory, Snapshot, SourceCounts, TargetKey
from scim_bridge.model.remembered import Remembered
from scim_bridge.model.source import SourceReading
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.plan_file import from_document
from scim_bridge.plan.undo import Past, Sent, invert
from scim_bridge.run.access_impact import Planned, with_impact
from scim_bridge.run.access_seen import see_access
from scim_bridge.run.bridge import Bridge
from scim_bridge.run.lifecycle import Order, Reading, Result, begin, carry_out, refuse_in_shadow, remember
from scim_bridge.run.target_view import asked_for, observe, with_members
from scim_bridge.run.touched_since import is_on_record, touches_since
from scim_bridge.state.reader import StateReader
from scim_bridge.state.writer import State

_ALL = 10_000_000


def roll_back(bridge: Bridge, state: State, undone: int, order: Order) -> Result:
    """Undo a run within the limits, and pause the connection. Raises Misconfigured for a run that cannot be undone."""
    refuse_in_shadow(bridge, "no run is undone")
    with begin(bridge, state, "rollback", replace(order, about=f"of run {undone}")) as active:
        reading = read_and_invert(bridge, state.reader, undone, active.order)
        remember(active, reading)
        reason = f"rolled back run {undone}"
        return carry_out(active, reading, before_sending=lambda: state.pause(bridge.name, order.actor, reason))


def nothing_to_undo(reader: StateReader, undone: int) -> str:
    """Why there is nothing to undo in a run that has ended, "" if there is something."""
    record, counts = reader.run(undone), reader.operation_counts(undone)
    if record is None or record.status == "running" or any(counts.get(s) for s in ("done", "sent", "held", "failed")):
        return ""
    return f"run {undone}: it sent nothing, so there is nothing to undo"


def read_and_invert(bridge: Bridge, reader: StateReader, undone: int, order: Order) -> Reading:
    """The plan that undoes a run. The target is read in full, the source not at all."""
    _require_undoable(bridge, reader, undone)
    now = datetime.now(UTC)
    known = reader.known(bridge.name, bridge.endpoint, now - bridge.policy.limits.window)
    existing = observe(bridge, reader, known, now, order.progress, in_full=True)
    # Whatever is presumed gone is looked at: a rollback of a creation that cannot find its resource would leave it
    # active.
    existing = asked_for(bridge, reader, existing, order.progress)
    sent, lost = _sent(reader, undone, existing.inventory, known)
    managed = {link.target_id for link in known.groups.values()}
    touched = {each.target_id for each in sent if each.operation.resource == "group"}
    groups = sorted((managed | touched) & existing.inventory.groups.keys())
    existing = with_members(bridge, reader, existing, groups, order.progress)
    # No source is read, so no source can be compared: with the last counts, `shrink_source` has nothing to say.
    nothing = Directory(users=(), groups=(), members={}, counts=known.earlier.counts or SourceCounts(0, 0, 0))
    sides = Sides(nothing, existing.inventory, existing.members, known)
    occasion = bridge.occasion(now, now, today=f"{now:%Y-%m-%d}", mapping=known.earlier.mapping)
    touches = touches_since(bridge, reader, undone, sides)
    past = Past(undone, sent, touches, _left_since(bridge, reader, undone, known), lost)
    plan, matches = invert(past, sides, bridge.policy, bridge.target.capabilities, occasion)
    access = see_access(bridge, reader, now, order.progress, is_whole=True, in_full=False)
    planned = Planned(plan=plan, sides=sides, now=now, is_about_all=True)
    plan, access = with_impact(bridge, reader, planned, access)
    source = SourceReading(Snapshot((), (), {}))
    return Reading(
        source=source,
        began=now,
        matches=matches,
        observed=existing,
        sides=sides,
        plan=plan,
        only=frozenset(),
        access=access,
    )


def _require_undoable(bridge: Bridge, reader: StateReader, undone: int) -> None:
    record = reader.run(undone)
    if record is None or record.connection != bridge.name:
        raise Misconfigured(f"connection {bridge.name} has no run {undone}", "See: scim-bridge history")
    if record.status == "running":
        raise Misconfigured(f"run {undone} is still in progress", "Wait for it to end.")
    if not is_on_record(reader, bridge.name, record.started):
        what = f"run {undone} is too old to be undone: later changes are no longer in the history (history.keep)"
        raise Misconfigured(what, "Change the source instead, and sync.")


def _sent(reader: StateReader, undone: int, inventory: Inventory, known: Remembered) -> tuple[list[Sent], list[str]]:
    """What a run sent, in the order of its plan, each with its resource; and the names of what is not to be found.

    An operation without a good answer counts as well: what landed of it, the target tells.
    """
    by_id = {(kind, r.external_id): r.target_id for kind in KINDS for r in inventory.of(kind).values() if r.external_id}
    by_id |= {(kind, link.source_id): link.target_id for kind in KINDS for link in known.of(kind).values()}
    sent, lost = [], []
    for record in reader.operations(undone, limit=_ALL):
        # "Failed" and "held" stay in: without a good answer part of it may have landed, and what is there is undone.
        if record.sent_at is None or record.status in ("not_sent", "superseded", "planned"):
            continue
        operation = from_document(record.document)
        target_id = (
            record.target_id or operation.target_id or by_id.get((operation.resource, operation.source_id or ""))
        )
        if target_id is not None:
            sent.append(Sent(operation, target_id, record.status == "done"))
        elif operation.is_create and record.status != "held":
            lost.append(operation.subject)
    return sent, lost


def _left_since(bridge: Bridge, reader: StateReader, undone: int, known: Remembered) -> frozenset[TargetKey]:
    """Those whose record a later run has seen gone: no one brings them back by undoing an earlier change."""
    following = reader.next_run(bridge.name, undone)
    if following is None:
        return frozenset()
    links = (link for kind in KINDS for link in known.of(kind).values())
    return frozenset(k.target_key for k in links if k.left_at is not None and k.left_at >= following.started)
