"""What people ask for, by a page or by the API: both call these functions, so both refuse and note the same.

Long work is an order, which a worker carries out. A pause, its end and a decision are written at once. Each is durable
when the function returns, and its entry of the audit is part of the same transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import Misconfigured
from scim_bridge.model.actor import Actor, is_same_person
from scim_bridge.model.conflict_kind import Decision
from scim_bridge.model.kept_plan import KeptPlan
from scim_bridge.model.order import ANSWERED, PlacedOrder
from scim_bridge.model.run import ConflictRecord
from scim_bridge.model.switch import SOURCE_KINDS
from scim_bridge.run.bridge import endpoint_key, mapping_to_try
from scim_bridge.run.decision import fitting, named, require_free
from scim_bridge.run.lifecycle import in_shadow
from scim_bridge.service.refusal import NoSuchThing, NotNow
from scim_bridge.state.asked_once import Once
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.state.lock import is_held
from scim_bridge.state.reader import StateReader
from scim_bridge.state.writer import State

_MOST_SUBJECTS, _LONGEST_NAME, _LONGEST_NOTE = 100, 1_000, 2_000


@dataclass(frozen=True, slots=True)
class Desk:
    """Where people ask. connections: their names. settings: of those that the configuration has.

    is_separate: who ordered a plan may not approve it.
    """

    kept: KeptOpen
    connections: tuple[str, ...] = ()
    settings: Mapping[str, ConnectionSettings] = field(default_factory=dict)
    is_separate: bool = False

    @property
    def state(self) -> State:
        """The state as it is now. Raises StateUnusable."""
        return self.kept.state()

    def require_connection(self, name: str) -> None:
        """Raise NoSuchThing for a name that the configuration does not have."""
        if name not in self.connections:
            raise NoSuchThing(f"there is no connection {name}", f"There are: {', '.join(self.connections)}.")


def desk_of(request: Request) -> Desk:
    """The application's desk."""
    return cast("Desk", request.app.state.desk)


Desked = Annotated[Desk, Depends(desk_of)]


def place(desk: Desk, placed: PlacedOrder, by: Actor, once: Once | None = None) -> int:
    """Place an order; its number. Raises NoSuchThing, NotNow, or Misconfigured for an order that makes no sense.

    once: the same request again gives the same order. Raises AskedOtherwise for another one under its key.
    """
    state = desk.state
    before = state.answer_to(once)  # first of all: meanwhile the plan may have been applied by that very order
    if before is not None:
        return int(before)
    desk.require_connection(placed.connection)
    _require_sense(placed)
    settings = desk.settings.get(placed.connection)
    if (
        settings is not None
        and settings.shadow
        and (placed.approval is not None or placed.kind in ("apply", "rollback"))
    ):
        raise in_shadow(placed.connection, "nothing is written for it")
    if placed.kind == "rollback":
        _require_run(state.reader, placed)
        if placed.approval is None or not placed.approval.note.strip():
            raise Misconfigured("a rollback needs a note", "Say why the run is undone.")
    plan = _plan_to_apply(state.reader, placed) if placed.kind == "apply" else None
    if placed.approval is not None:
        _require_approvable(desk, state.reader, placed, by, plan)
        if (placed.kind == "sync" or (plan is not None and plan.is_stopped)) and not placed.approval.note.strip():
            raise Misconfigured("an approval of what limits have stopped needs a note", "Say why it is right.")
    return state.orders.place(placed, by, once)


def _require_sense(placed: PlacedOrder) -> None:
    if (placed.kind == "only") != bool(placed.subjects):
        raise Misconfigured("an order of `only` names users or groups, and no other order does", "Give `subjects`.")
    if len(placed.subjects) > _MOST_SUBJECTS or any(not 0 < len(name) <= _LONGEST_NAME for name in placed.subjects):
        raise Misconfigured(f"`subjects` are 1 to {_MOST_SUBJECTS} names or ids", "Name fewer of them.")
    if (placed.kind == "apply") != (placed.plan is not None):
        raise Misconfigured("an order of `apply` names a kept plan, and no other order does", "Give `plan`.")
    if (placed.kind == "rollback") != (placed.run is not None):
        raise Misconfigured("an order of `rollback` names a run, and no other order does", "Give `run`.")
    if (placed.kind in ANSWERED) != bool(placed.question):
        raise Misconfigured(
            "an order of `compare_mapping` takes `mapping`, one of `switch_report` takes `to`, and no other order does",
            "Give the one that belongs to it.",
        )
    if placed.kind == "compare_mapping":
        mapping_to_try(Path("uploaded.yaml"), placed.question)  # what is wrong with it is said at once
    elif placed.kind == "switch_report" and placed.question not in SOURCE_KINDS:
        raise Misconfigured(
            f"{placed.question!r} is not an identity source", f"Choose one of: {', '.join(SOURCE_KINDS)}."
        )
    if placed.approval is not None:
        if placed.kind in ("plan", "verify", "test_sign_in", *ANSWERED):
            raise Misconfigured(f"an order of `{placed.kind}` needs no approval", "Leave it out.")
        _require_short(placed.approval.note)


def _require_short(note: str) -> None:
    if len(note) > _LONGEST_NOTE:
        raise Misconfigured(f"a note has at most {_LONGEST_NOTE:,} characters", "Write a shorter one.")


def _require_run(reader: StateReader, placed: PlacedOrder) -> None:
    record = reader.run(placed.run or 0)
    if record is None or record.connection != placed.connection:
        raise NoSuchThing(f"connection {placed.connection} has no run {placed.run}")
    if record.status == "running":
        raise NotNow(f"run {placed.run} is still in progress", "Wait for it to end.")


def _plan_to_apply(reader: StateReader, placed: PlacedOrder) -> KeptPlan:
    plan = reader.plans.one(placed.plan or 0)
    if plan is None or plan.connection != placed.connection:
        raise NoSuchThing(f"connection {placed.connection} has no kept plan {placed.plan}")
    if plan.applied_by is not None:
        raise NotNow(f"plan {plan.id} was applied by run {plan.applied_by}", "Make a new plan.")
    if plan.declined_by:
        raise NotNow(f"plan {plan.id} was declined by {plan.declined_by}", "Make a new plan.")
    if plan.id in reader.orders.outdated([plan.id]):
        raise NotNow(f"plan {plan.id} is out of date: a side has changed since it was made", "Make a new plan.")
    if plan.is_empty:
        raise NotNow(f"plan {plan.id} has nothing to do", "Make a new plan once a side has changed.")
    if plan.is_stopped and placed.approval is None:
        raise NotNow(f"plan {plan.id} was stopped by limits: {'; '.join(plan.guard)}", "Approve it, if it is right.")
    return plan


def _require_approvable(desk: Desk, reader: StateReader, placed: PlacedOrder, by: Actor, plan: KeptPlan | None) -> None:
    """There is something to approve, and it is not of the one who approves it, where these are to be two people."""
    if placed.kind == "sync":
        tripped = reader.tripped(placed.connection)
        if tripped is None:
            raise NotNow(f"no stopped plan of {placed.connection} waits for an approval", "Order a sync without one.")
        plan = reader.plans.of_run(tripped[0])
    if desk.is_separate and plan is not None and is_same_person(plan.by.name, by.name):
        raise NotNow(f"{by.name} ordered plan {plan.id}, so another person has to approve it")


def cancel(desk: Desk, order_id: int, by: Actor) -> None:
    """Take back an order that waits; one that is being carried out ends between two writes."""
    record = desk.state.orders.one(order_id)
    if record is None:
        raise NoSuchThing(f"there is no order {order_id}")
    if desk.state.orders.cancel(order_id, by):
        return
    record = desk.state.orders.one(order_id) or record
    why = "has ended"
    if record.is_being_cancelled:
        why = "is being cancelled already"
    elif record.is_open:
        why = "is being carried out by the run in progress"
    raise NotNow(f"order {order_id} {why}, so it cannot be cancelled")


def cancel_run(desk: Desk, run_id: int, by: Actor) -> None:
    """End a run that is in progress between two writes: it is not begun again before its schedule, or not at all."""
    state = desk.state
    record, order = state.reader.run(run_id), state.orders.of_run(run_id)
    if record is None:
        raise NoSuchThing(f"there is no run {run_id}")
    if record.status != "running":
        raise NotNow(f"run {run_id} has ended, so it cannot be cancelled")
    if order is not None:
        cancel(desk, order.id, by)
    elif state.reader.schedule.cancelled_by(record.connection):
        raise NotNow(f"run {run_id} is being cancelled already")
    elif not state.schedule.cancel(record.connection, by, run_id):
        way_out = f"It was begun by a command: end process {record.pid} on {record.host}, as Ctrl-C does."
        raise NotNow(f"run {run_id} is neither of the schedule nor of an order", way_out)


def decline(desk: Desk, plan_id: int, by: Actor, why: str = "") -> None:
    """Decide against a kept plan: it cannot be applied or approved any more."""
    _require_short(why)
    if desk.state.reader.plans.one(plan_id) is None:
        raise NoSuchThing(f"there is no kept plan {plan_id}")
    if not desk.state.plans.decline(plan_id, by, why):
        raise NotNow(f"plan {plan_id} was declined before")


def pause(desk: Desk, connection: str, by: Actor, reason: str = "", once: Once | None = None) -> None:
    """Stop the schedule of a connection."""
    desk.require_connection(connection)
    _require_short(reason)
    desk.state.pause(connection, by, reason, once)


def resume(desk: Desk, connection: str, by: Actor, once: Once | None = None) -> bool:
    """Let the schedule go on. False if it was neither paused nor quarantined."""
    desk.require_connection(connection)
    return desk.state.resume(connection, by, once)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A decision about conflicts. key: of one, or a kind for all of that kind that wait. connection: "" for all.

    link: of the decision `link`, the target id that was chosen.
    """

    key: str
    decision: Decision
    connection: str = ""
    link: str = ""
    note: str = ""


def resolve(desk: Desk, wish: Wish, by: Actor, once: Once | None = None) -> int:
    """Keep a decision for the next run; about how many conflicts it is. Raises NoSuchThing, Misconfigured."""
    state = desk.state
    before = state.answer_to(once)
    if before is not None:
        return int(before)
    _require_short(wish.note)
    found = _open_conflicts(state.reader, wish.key, wish.connection)
    if (wish.decision == "link") != bool(wish.link):
        raise Misconfigured("the decision `link` names the resource that is chosen, and no other does", "Give `link`.")
    if wish.link and wish.key == found[0].conflict.kind:
        raise Misconfigured("`link` gives one resource to one record", "Name one conflict by its key.")
    chosen = fitting(found[0].conflict, [wish.decision], str)
    if wish.link:
        settings = desk.settings.get(found[0].connection)
        if settings is None:
            raise NoSuchThing(f"there is no connection {found[0].connection} in the configuration any more")
        require_free(state.reader, endpoint_key(settings.target.url), found[0], wish.link, "link")
    keys = [(record.connection, record.conflict.key) for record in found]
    return state.resolve_all(keys, chosen, by, target_id=wish.link, note=wish.note, once=once)


def undo(desk: Desk, key: str, by: Actor, connection: str = "", once: Once | None = None) -> None:
    """Take a decision back that no run has used yet. Raises NoSuchThing, or NotNow if a run may be using it."""
    state = desk.state
    if state.answer_to(once) is not None:
        return
    found = [each for each in _open_conflicts(state.reader, key, connection) if each.conflict.key == key]
    if len(found) != 1:
        raise NoSuchThing(f"there is not exactly one open conflict {key}", "Name one by its key and its connection.")
    record = found[0]
    if is_held(state.address, record.connection):
        raise NotNow(f"a run of {record.connection} is in progress, which may use the decision", "Wait for its end.")
    if not state.undo(record.connection, key, by, once):
        raise NotNow(f"nothing is decided about conflict {key}, so there is nothing to undo")


def _open_conflicts(reader: StateReader, key: str, connection: str) -> list[ConflictRecord]:
    found = named(reader.conflicts(connection or None), key)
    if not found:
        raise NoSuchThing(f"no conflict {key} is open")
    return found
