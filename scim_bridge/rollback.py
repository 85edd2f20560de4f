"""`rollback RUN`: the way back from a run, planned, guarded and journaled like any other run.

It pauses the connection, or the schedule would carry out the same changes again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from scim_bridge.bridge import Bridge
from scim_bridge.errors import Misconfigured
from scim_bridge.execution import Order, Reading, Result, carry_out, remember, run
from scim_bridge.model.identity import Directory, Snapshot, SourceCounts
from scim_bridge.model.operation import Operation
from scim_bridge.model.run import RunRecord
from scim_bridge.model.source import SourceReading
from scim_bridge.observation import observe, with_members
from scim_bridge.plan.document import from_document
from scim_bridge.plan.inverse import invert
from scim_bridge.plan.make import Occasion
from scim_bridge.plan.sides import Sides
from scim_bridge.state.reader import StateReader
from scim_bridge.state.writer import State

_ALL = 10_000_000


def roll_back(bridge: Bridge, state: State, undone: int, order: Order, who: str) -> Result:
    """Undo a run within the limits, and pause the connection. Raises Misconfigured for a run that cannot be undone."""
    with run(bridge, state, "rollback") as run_id:
        reading = read_and_invert(bridge, state.reader, undone, order)
        remember(bridge, state, reading)
        return carry_out(
            bridge,
            state,
            run_id,
            reading,
            order,
            before_sending=lambda: state.pause(bridge.name, who, f"rolled back run {undone}"),
        )


def nothing_to_undo(reader: StateReader, undone: int) -> str:
    """Why there is nothing to undo in a run that has ended, "" if there is something."""
    record, counts = reader.run(undone), reader.operation_counts(undone)
    if record is None or record.status == "running" or counts.get("done"):
        return ""
    was_sent = any(counts.get(status) for status in ("sent", "held", "failed"))
    what = "nothing that it sent is known to have gone through" if was_sent else "it sent nothing"
    return f"run {undone}: {what}, so there is nothing to undo"


def read_and_invert(bridge: Bridge, reader: StateReader, undone: int, order: Order) -> Reading:
    """The plan that undoes a run. The target is read in full, the source not at all."""
    _require_undoable(bridge, reader.run(undone), undone)
    now = datetime.now(UTC)
    moment = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    known = reader.known(bridge.name, bridge.endpoint, now - bridge.policy.limits.window)
    done = _done(reader, undone)
    existing = observe(bridge, reader, known, now, order.progress, in_full=True)
    managed = {link.target_id for link in known.groups.values()}
    touched = {target_id for operation, target_id in done if operation.resource == "group"}
    groups = sorted((managed | touched) & existing.inventory.groups.keys())
    existing = with_members(bridge, reader, existing, groups, order.progress)
    nothing = Directory((), (), {}, known.counts or SourceCounts(0, 0, 0))
    sides = Sides(nothing, existing.inventory, existing.members, known)
    occasion = Occasion(bridge.name, bridge.endpoint, known.mapping, moment, moment[:10], moment)
    plan, matches = invert(undone, done, sides, bridge.policy, bridge.target.capabilities, occasion)
    source = SourceReading(Snapshot((), (), {}))
    return Reading(source, now, matches, existing, sides, plan, only=frozenset())


def _require_undoable(bridge: Bridge, record: RunRecord | None, undone: int) -> None:
    if record is None or record.connection != bridge.name:
        raise Misconfigured(f"connection {bridge.name} has no run {undone}", "See: scim-bridge history")
    if record.status == "running":
        raise Misconfigured(f"run {undone} is still in progress", "Wait for it to end.")


def _done(reader: StateReader, undone: int) -> Sequence[tuple[Operation, str]]:
    """The operations of a run that landed, in the order of its plan, each with the id of its resource."""
    records = reader.operations(undone, limit=_ALL)
    return [(from_document(r.document), r.target_id) for r in records if r.status == "done" and r.target_id is not None]
