"""What the process of a run is to do, and its doing: a sync of the schedule, or what an order of a person asks for.

How an order ends is written here, by the process that knows it: the worker may be gone by then. What was cut is begun
again by the next worker where that does no harm.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import AskedToStop, BridgeError, Busy, Misconfigured, PlanOutdated, Stop
from scim_bridge.model import exit_code
from scim_bridge.model.order import OrderEnd, OrderKind, OrderRecord
from scim_bridge.model.run import Command, RunRecord
from scim_bridge.model.state_address import StateAddress
from scim_bridge.model.wording import counted
from scim_bridge.run.bridge import open_bridge
from scim_bridge.run.inbox import Inbox
from scim_bridge.run.lifecycle import Order, Result, opened
from scim_bridge.run.named_plan import sync_named
from scim_bridge.run.rollback import nothing_to_undo, roll_back
from scim_bridge.run.sign_in import sign_in
from scim_bridge.run.sync import apply_kept, plan_and_keep, sync
from scim_bridge.state.writer import State
from scim_bridge.view.run import view_run
from scim_bridge.view.words import summary
from scim_bridge.worker.long_answer import compare_mapping, report_switch

_log = logging.getLogger("scim_bridge.worker")


@dataclass(frozen=True, slots=True)
class Task:
    """What the process is to do. state: the state's file. order: of a person, None for a sync of the schedule."""

    connection: ConnectionSettings
    state: StateAddress
    order: OrderRecord | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """What a task has come to, one line. is_fault: the program has failed, in a way that no one has foreseen."""

    said: str
    is_fault: bool = False


def carry_out(task: Task, state: State, is_stopping: Callable[[], bool]) -> Carried:
    """Do it in this process; whatever happens is one line, and the end of the order."""
    try:
        return _carried(task, state, is_stopping)
    except BridgeError as error:  # the state cannot be used
        return Carried(f"{task.connection.name}: {error}")


def _carried(task: Task, state: State, is_stopping: Callable[[], bool]) -> Carried:
    name, record, is_fault = task.connection.name, task.order, False
    kind: OrderKind = record.placed.kind if record is not None else "sync"
    try:
        end = _KINDS[kind](task, state, _asked(record, is_stopping))
    except AskedToStop as stopped:
        end = OrderEnd(status="failed", sentence=stopped.what, exit_code=1)
        if record is not None and not state.orders.end_cancelled(record.id) and record.may_begin_again:
            state.orders.give_back(record.id)
    except Busy as busy:
        end = OrderEnd(status="failed", sentence=str(busy), exit_code=1)
        if record is not None:  # a command was quicker; the order waits for its end
            state.orders.give_back(record.id)
    except BridgeError as error:
        code = error.exit_code if isinstance(error, Stop) else 1
        is_refused = isinstance(error, Misconfigured | PlanOutdated)
        end = OrderEnd(status="refused" if is_refused else "failed", sentence=str(error), exit_code=code)
    except Exception as error:  # noqa: BLE001 - the worker outlives whatever one run does; the log has the details
        _log.exception("the %s of %s failed", kind, name)
        is_fault, sentence = True, f"the program failed ({type(error).__name__}); the log says more."
        end = OrderEnd(status="failed", sentence=sentence, exit_code=1)
    if record is not None:
        state.orders.end(record.id, end)  # what was given back waits, so this changes nothing of it
    return Carried(f"{name}: {end.sentence}", is_fault)


def _asked(record: OrderRecord | None, is_stopping: Callable[[], bool]) -> Order:
    """How the run is asked for."""
    if record is None:
        return Order(is_stopping=is_stopping)
    placed, who = record.placed, record.by.name
    return Order(
        by=record.by,
        number=record.id,
        approved_by=who if placed.approval is not None else "",
        is_last_admin=placed.approval is not None and placed.approval.is_last_admin,
        asked_by=who if placed.kind == "only" else "",
        is_stopping=is_stopping,
        in_full=placed.kind == "verify",
    )


def _sync(task: Task, state: State, order: Order) -> OrderEnd:
    with opened(task.connection, state, "sync", order.is_stopping) as bridge:
        return _of_run(state, sync(bridge, state, order, Inbox))


def _only(task: Task, state: State, order: Order) -> OrderEnd:
    with opened(task.connection, state, "sync", order.is_stopping) as bridge:
        return _of_run(state, sync_named(bridge, state, _placed(task).placed.subjects, order))


def _apply(task: Task, state: State, order: Order) -> OrderEnd:
    with opened(task.connection, state, "apply", order.is_stopping) as bridge:
        return _of_run(state, apply_kept(bridge, state, _placed(task).placed.plan or 0, order, Inbox))


def _rollback(task: Task, state: State, order: Order) -> OrderEnd:
    undone = _placed(task).placed.run or 0
    in_vain = nothing_to_undo(state.reader, undone)
    if in_vain:
        return OrderEnd(status="done", sentence=f"{in_vain}; {task.connection.name} is not paused")
    with opened(task.connection, state, "rollback", order.is_stopping) as bridge:
        return _of_run(state, roll_back(bridge, state, undone, order))


def _plan(task: Task, state: State, order: Order) -> OrderEnd:
    with open_bridge(task.connection, reader=state.reader, is_stopping=order.is_stopping) as bridge:
        number, plan = plan_and_keep(bridge, state, order)
    stopped = "" if plan.verdict.passed else "; limits stop it until it is approved"
    sentence = f"plan {number} is kept: {counted(len(plan.operations), 'operation')}{stopped}"
    return OrderEnd(status="done", sentence=sentence, plan=number)


def _test_sign_in(task: Task, _state: State, _order: Order) -> OrderEnd:
    return OrderEnd(status="done", sentence="; ".join(sign_in(task.connection)))


def _compare_mapping(task: Task, state: State, order: Order) -> OrderEnd:
    return compare_mapping(task.connection, state, order, _placed(task))


def _switch_report(task: Task, state: State, _order: Order) -> OrderEnd:
    return report_switch(task.connection, state, _placed(task))


_KINDS: Mapping[OrderKind, Callable[[Task, State, Order], OrderEnd]] = {
    "sync": _sync,
    "verify": _sync,
    "only": _only,
    "apply": _apply,
    "rollback": _rollback,
    "plan": _plan,
    "test_sign_in": _test_sign_in,
    "compare_mapping": _compare_mapping,
    "switch_report": _switch_report,
}
COMMAND_OF: Mapping[OrderKind, Command] = {
    "sync": "sync",
    "verify": "sync",
    "only": "sync",
    "apply": "apply",
    "rollback": "rollback",
}
"""The command of a run that carries out an order of this kind; the other kinds only read."""


def _placed(task: Task) -> OrderRecord:
    if task.order is None:
        raise LookupError("the schedule only syncs")
    return task.order


def _of_run(state: State, result: Result) -> OrderEnd:
    """What a run has come to. Raises AskedToStop if it was cut."""
    record = state.reader.run(result.run_id)
    end = end_of(record) if record is not None else None
    if end is None:
        raise AskedToStop(f"run {result.run_id} is done: stopped as asked before everything was sent")
    return end


def end_of(record: RunRecord) -> OrderEnd | None:
    """What a run has come to, in one line; None for one that was cut, or is not over."""
    number, result = record.id, record.result
    if record.status == "shadow":
        sentence = f"run {number}, in shadow, nothing was written; planned: {summary(result.summary)}"
        return OrderEnd(status="done", sentence=sentence, run=number)
    if record.status == "stopped_by_guard":
        sentence = f"run {number} was stopped by the guard. See: scim-bridge show {number}"
        return OrderEnd(status="refused", sentence=sentence, exit_code=exit_code.STOPPED_BY_GUARD, run=number)
    if record.status == "failed":
        return OrderEnd(status="failed", sentence=result.detail, exit_code=1, run=number)
    if record.status != "done":
        return None
    code = exit_code.of_run(is_stopped=False, is_all_settled=not record.failed and not result.conflicts)
    changed = ", ".join(view_run(record).result.changed) or "nothing changed"
    # A run about a few has not looked for the conflicts of the others: "0 waiting" would speak for everyone.
    waiting = "" if record.of_one and not result.conflicts else f"; {counted(result.conflicts, 'conflict')} waiting"
    sentence = f"run {number} is done: {changed}{waiting}"
    return OrderEnd(status="done", sentence=sentence, exit_code=code, run=number)
