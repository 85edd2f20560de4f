"""Orders of people beside the schedule: each is taken from the state, carried out in a process, and ended.

The most urgent goes first, but no plan before what was to be written earlier. Orders that write wait for the turn of
their connection, except those of `only`: if a run of the connection is under way, they go into its inbox, and that run
carries them out before its next write.

What a worker that has died (roll.py) had in hand is begun again where that does no harm, or ended with a sentence that
says so. What a person has cancelled ends between two writes.
"""

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import BridgeError, Busy
from scim_bridge.model.exit_code import STOPPED_BY_GUARD
from scim_bridge.model.order import NEEDS_TURN, OrderEnd, OrderKind, OrderRecord, by_urgency, would_overtake
from scim_bridge.model.state_address import StateAddress
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.state.lock import is_held, lock
from scim_bridge.state.writer import State
from scim_bridge.worker.halt import Halt
from scim_bridge.worker.one_run import run_apart
from scim_bridge.worker.roll import Roll
from scim_bridge.worker.task import Task, end_of
from scim_bridge.worker.turn import Turns

_LOOK_EVERY = 0.25
"""Seconds between two looks at the orders: one query of those that are open."""
_LIGHT: frozenset[OrderKind] = frozenset({"only", "test_sign_in"})
_MOST_LIGHT, _MOST_HEAVY = 4, 1
"""So many processes at once, beside the one of the schedule: a sync of 100,000 users holds a gigabyte."""
_log = logging.getLogger("scim_bridge.worker")


@dataclass(frozen=True, slots=True)
class _InHand:
    """An order that is being carried out, in a thread that waits for its process."""

    kind: OrderKind
    thread: threading.Thread
    halt: Halt


class OrderLane:
    """Carries out orders while the block lasts: `with OrderLane(…)`. It ends when stop is set.

    connections: asked for each order, since the configuration may change. roll: has this worker's name.
    """

    def __init__(
        self,
        connections: Callable[[], Collection[ConnectionSettings]],
        state: StateAddress,
        turns: Turns,
        stop: threading.Event,
        *,
        tell: Callable[[str], None],
        roll: Roll,
    ) -> None:
        self._connections = connections
        self._kept = KeptOpen(state)
        self._path = state
        self._turns = turns
        self._stop = stop
        self._tell = tell
        self._roll = roll
        self._in_hand: dict[int, _InHand] = {}
        self._thread = threading.Thread(target=self._look_again_and_again, name="orders")

    def __enter__(self) -> "OrderLane":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._stop.set()
        self._thread.join()

    def _look_again_and_again(self) -> None:
        said = ""
        while not self._stop.is_set():
            try:
                while not self._stop.wait(_LOOK_EVERY):
                    self.look(self._kept.state())
                    said = ""
            except BridgeError as error:
                self._roll.look_anew()
                if str(error) != said:  # once, not four times a second
                    said = str(error)
                    self._tell(f"orders: {said}")
                self._stop.wait(_LOOK_EVERY)
            except Exception:  # noqa: BLE001 - the schedule goes on, and so do the orders; the log has the details
                _log.exception("the orders could not be looked at")
                self._stop.wait(_LOOK_EVERY)
        for held in self._in_hand.values():
            held.thread.join()
        self._kept.close()

    def look(self, state: State) -> None:
        """Take up what waits, and what dead workers have left."""
        open_now = state.orders.open()
        self._in_hand = {number: held for number, held in self._in_hand.items() if held.thread.is_alive()}
        for order in open_now:
            if order.is_being_cancelled and order.id in self._in_hand:
                self._in_hand[order.id].halt.set()
            elif order.status == "running" and order.id not in self._in_hand and self._is_ours(order):
                if order.in_inbox is not None:
                    self._look_into_inbox(state, order, order.in_inbox)
                else:
                    self._take_over(state, order)
        for order in by_urgency([order for order in open_now if order.status == "waiting"]):
            if not would_overtake(order, open_now):
                self._begin(state, order)

    def _is_ours(self, order: OrderRecord) -> bool:
        """Whether this worker has it in hand, or one that is dead."""
        worker = order.handling.worker
        return worker == self._roll.name or self._roll.is_dead(worker)

    def _begin(self, state: State, order: OrderRecord) -> None:
        """Begin to carry out an order that waits, if it is its turn."""
        name, kind = order.placed.connection, order.placed.kind
        connection = next((each for each in self._connections() if each.name == name), None)
        if connection is None:
            if state.orders.take(order.id, self._roll.name):
                sentence = f"there is no connection {name} in the configuration of the worker"
                state.orders.end(order.id, OrderEnd(status="refused", sentence=sentence, exit_code=2))
            return
        if not self._has_room(kind):
            return
        if kind in NEEDS_TURN and not self._take_turn(name):
            if kind == "only":
                state.orders.hand_over(order, self._roll.name)
            return
        if not state.orders.take(order.id, self._roll.name):
            self._give_turn(order)
            return
        halt = Halt(self._stop)
        about = (state, order.id, connection, halt)
        thread = threading.Thread(target=self._carry_out, args=about, name=f"order {order.id}")
        self._in_hand[order.id] = _InHand(kind, thread, halt)
        thread.start()

    def _has_room(self, kind: OrderKind) -> bool:
        alike = sum((held.kind in _LIGHT) == (kind in _LIGHT) for held in self._in_hand.values())
        return alike < (_MOST_LIGHT if kind in _LIGHT else _MOST_HEAVY)

    def _take_turn(self, connection: str) -> bool:
        """Whether no run of it is under way, neither of this worker nor of a command."""
        if not self._turns.take(connection):
            return False
        if is_held(self._path, connection):
            self._turns.give(connection)
            return False
        return True

    def _give_turn(self, order: OrderRecord) -> None:
        if order.placed.kind in NEEDS_TURN:
            self._turns.give(order.placed.connection)

    def _carry_out(self, state: State, number: int, connection: ConnectionSettings, halt: Halt) -> None:
        """In a thread: wait for the process, and see that the order has an end."""
        order = state.orders.one(number)
        if order is None:  # the state was replaced
            return
        try:
            said = run_apart(Task(connection, self._path, order), halt)
            self._tell(f"order {number}: {said}")
            # What follows is only for an order that the process has not ended.
            if halt.is_set() and not state.orders.end_cancelled(number) and order.may_begin_again:
                state.orders.give_back(number)
            state.orders.end(number, OrderEnd(status="failed", sentence=said, exit_code=1))
        except BridgeError as error:
            self._tell(f"order {number}: {error}")
        except Exception:  # noqa: BLE001 - the other orders go on; the log has the details
            _log.exception("order %s could not be carried out", number)
        finally:
            self._give_turn(order)

    def _look_into_inbox(self, state: State, order: OrderRecord, request_id: int) -> None:
        """The order has ended with its answer. If the run in progress has ended without one, the order waits again."""
        request = state.reader.request(request_id)
        if request is None or not request.is_answered:
            try:
                # As the lock is free, no run is under way that could still answer.
                with lock(self._path, order.placed.connection, datetime.now(UTC)):
                    request = state.reader.request(request_id)
                    if request is None or not request.is_answered:
                        state.answer(request_id, None, "withdrawn")
                        state.orders.give_back(order.id)
                        return
            except Busy:
                return
        if request.error:
            end = OrderEnd(status="failed", sentence=request.error, exit_code=request.exit_code)
        else:
            status = "refused" if request.exit_code == STOPPED_BY_GUARD else "done"
            sentence = f"done as run {request.run_id}, inside the run in progress"
            end = OrderEnd(status=status, sentence=sentence, exit_code=request.exit_code, run=request.run_id)  # type: ignore[arg-type]
        state.orders.end(order.id, end)

    def _take_over(self, state: State, order: OrderRecord) -> None:
        """What a dead worker had in hand: it has ended all the same, or begins again, or a person must look."""
        name, kind = order.placed.connection, order.placed.kind
        if kind in NEEDS_TURN and is_held(self._path, name):
            return  # its run is about to end between two writes, as its worker is gone
        record = state.reader.run(order.run) if order.run is not None else None
        end = end_of(record) if record is not None else None
        if end is None and state.orders.end_cancelled(order.id):
            return
        if end is None and order.may_begin_again:
            state.orders.give_back(order.id)
            return
        what = f"run {order.run} was cut" if order.run is not None else "nothing was sent"
        again = "Look at what it has sent, then order it again." if order.run is not None else "Order it again."
        sentence = f"the worker ended while it carried this order out: {what}. {again}"
        state.orders.end(order.id, end or OrderEnd(status="failed", sentence=sentence, exit_code=1))
