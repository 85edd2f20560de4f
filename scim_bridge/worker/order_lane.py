"""Orders of people beside the schedule: each is taken from the state, carried out in a process, and ended.

The most urgent goes first, but no plan before what was to be written earlier. Orders that write wait for the turn of
their connection, except those of `only`: if a run of the connection is under way, they go into its inbox, and that run
carries them out before its next write.

A worker has a name, which is a lock of the operating system. So a worker that has died is known at once, and what it
had in hand is begun again where that does no harm, or ended with a sentence that says so.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from uuid import uuid4

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import BridgeError, Busy
from scim_bridge.model.exit_code import STOPPED_BY_GUARD
from scim_bridge.model.order import NEEDS_TURN, OrderEnd, OrderKind, OrderRecord, by_urgency, would_overtake
from scim_bridge.model.state_address import StateAddress
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.state.lock import forget_lock, is_held, lock
from scim_bridge.state.writer import State
from scim_bridge.worker.one_run import run_apart
from scim_bridge.worker.task import Task, end_of
from scim_bridge.worker.turn import Turns

_LOOK_EVERY = 0.25
"""Seconds between two looks at the orders: one query of those that are open."""
_LIGHT: frozenset[OrderKind] = frozenset({"only", "test_sign_in"})
_MOST_LIGHT, _MOST_HEAVY = 4, 1
"""So many processes at once, beside the one of the schedule: a sync of 100,000 users holds a gigabyte."""
_log = logging.getLogger("scim_bridge.worker")


class OrderLane:
    """Carries out orders while the block lasts: `with OrderLane(…)`. It ends when stop is set.

    connections: asked for each order, since the configuration may change.
    """

    def __init__(
        self,
        connections: Callable[[], Collection[ConnectionSettings]],
        state: StateAddress,
        turns: Turns,
        stop: threading.Event,
        *,
        tell: Callable[[str], None],
    ) -> None:
        self._connections = connections
        self._kept = KeptOpen(state)
        self._path = state
        self._turns = turns
        self._stop = stop
        self._tell = tell
        self._name = uuid4().hex[:12]
        self._in_hand: dict[int, tuple[OrderKind, threading.Thread]] = {}
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
                with _alive(self._path, self._name):
                    while not self._stop.wait(_LOOK_EVERY):
                        self.look(self._kept.state())
                        said = ""
            except BridgeError as error:
                if str(error) != said:  # once, not four times a second
                    said = str(error)
                    self._tell(f"orders: {said}")
                self._stop.wait(_LOOK_EVERY)
            except Exception:  # noqa: BLE001 - the schedule goes on, and so do the orders; the log has the details
                _log.exception("the orders could not be looked at")
                self._stop.wait(_LOOK_EVERY)
        for _, thread in self._in_hand.values():
            thread.join()
        self._kept.close()

    def look(self, state: State) -> None:
        """Take up what waits, and what dead workers have left."""
        open_now = state.orders.open()
        self._in_hand = {number: held for number, held in self._in_hand.items() if held[1].is_alive()}
        for order in open_now:
            if order.status == "running" and order.id not in self._in_hand and self._is_ours(order):
                if order.in_inbox is not None:
                    self._look_into_inbox(state, order, order.in_inbox)
                else:
                    self._take_over(state, order)
        for order in by_urgency([order for order in open_now if order.status == "waiting"]):
            if not would_overtake(order, open_now):
                self._begin(state, order)

    def _is_ours(self, order: OrderRecord) -> bool:
        """Whether this worker has it in hand, or one that is dead."""
        return order.worker == self._name or not is_held(self._path, _lock_name(order.worker))

    def _begin(self, state: State, order: OrderRecord) -> None:
        """Begin to carry out an order that waits, if it is its turn."""
        name, kind = order.placed.connection, order.placed.kind
        connection = next((each for each in self._connections() if each.name == name), None)
        if connection is None:
            if state.orders.take(order.id, self._name):
                sentence = f"there is no connection {name} in the configuration of the worker"
                state.orders.end(order.id, OrderEnd(status="refused", sentence=sentence, exit_code=2))
            return
        if not self._has_room(kind):
            return
        if kind in NEEDS_TURN and not self._take_turn(name):
            if kind == "only":
                state.orders.hand_over(order, self._name)
            return
        if not state.orders.take(order.id, self._name):
            self._give_turn(order)
            return
        thread = threading.Thread(target=self._carry_out, args=(state, order.id, connection), name=f"order {order.id}")
        self._in_hand[order.id] = kind, thread
        thread.start()

    def _has_room(self, kind: OrderKind) -> bool:
        alike = sum((other in _LIGHT) == (kind in _LIGHT) for other, _ in self._in_hand.values())
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

    def _carry_out(self, state: State, number: int, connection: ConnectionSettings) -> None:
        """In a thread: wait for the process, and see that the order has an end."""
        order = state.orders.one(number)
        if order is None:  # the state was replaced
            return
        try:
            said = run_apart(Task(connection, self._path, order), self._stop)
            self._tell(f"order {number}: {said}")
            if self._stop.is_set() and order.may_begin_again:
                state.orders.give_back(number)  # only where the process has not ended it
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
        if end is None and order.may_begin_again:
            state.orders.give_back(order.id)
            return
        what = f"run {order.run} was cut" if order.run is not None else "nothing was sent"
        again = "Look at what it has sent, then order it again." if order.run is not None else "Order it again."
        sentence = f"the worker ended while it carried this order out: {what}. {again}"
        state.orders.end(order.id, end or OrderEnd(status="failed", sentence=sentence, exit_code=1))


def _lock_name(worker: str) -> str:
    return f"worker-{worker}"


@contextmanager
def _alive(state: StateAddress, worker: str) -> Iterator[None]:
    """Others see by its lock that this worker is alive."""
    with lock(state, _lock_name(worker), datetime.now(UTC)):
        try:
            yield
        finally:
            forget_lock(state, _lock_name(worker))
