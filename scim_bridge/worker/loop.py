"""The plain worker: each connection is synced when its time has come, one after the other, until someone says stop.

Each run is a process of its own (one_run.py). Beside the schedule the orders of people are carried out
(order_lane.py). The worker remembers nothing itself; what happened is in the state. A
connection that fails does not keep the others waiting. Files are looked at between two runs: when what they hold has
changed, and stays until the next look, a run is due.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import BridgeError
from scim_bridge.model.state_address import StateAddress
from scim_bridge.run.bridge import endpoint_key, longest_pause, runs_every
from scim_bridge.source import fingerprint_of
from scim_bridge.state.reader import open_reader, utc_now
from scim_bridge.state.writer import State
from scim_bridge.worker.one_run import run_apart
from scim_bridge.worker.order_lane import OrderLane
from scim_bridge.worker.pulse import Pulse
from scim_bridge.worker.task import Task
from scim_bridge.worker.turn import Turns

_LOOK_EVERY = 5.0
"""Seconds between two looks at files: reading a hundred megabytes of them takes a tenth of a second."""
_ANOTHER_TIME = 1.0
"""Seconds until a connection whose turn is taken is looked at again."""
_log = logging.getLogger("scim_bridge.worker")


@dataclass(slots=True)
class Due:
    """A connection and when it is next due (seconds of the clock).

    run_with: what its files held when it last ran; seen: what they held at the last look ("" for what has no files).
    """

    connection: ConnectionSettings
    at: float
    run_with: str = ""
    seen: str = ""

    def look(self) -> bool:
        """Whether the files have changed since the last run, and are still as they were at the look before."""
        before, self.seen = self.seen, fingerprint_of(self.connection.source)
        # Two looks that agree: a file that is still being written would otherwise start a run that refuses it.
        # In shadow a run straight after a change would find what the other program has not come to yet, every time.
        return not self.connection.shadow and self.seen not in ("", self.run_with) and self.seen == before


def work(
    connections: Callable[[], Collection[ConnectionSettings]],
    state: StateAddress,
    stop: threading.Event,
    tell: Callable[[str], None],
    *,
    tidy: Callable[[], bool] = lambda: False,
    pulse: Pulse | None = None,
    clock: Callable[[], float] = monotonic,
) -> None:
    """Sync every connection on its schedule, and carry out orders, until stop is set. tell: called for each of them.

    connections: asked again and again, since the configuration may change. Orders go beside the schedule: an urgent one
    does not wait for the run of another connection. tidy: does a small piece of what can wait, False if there is
    nothing left; called while nothing is due. pulse: shows that it goes on.
    """
    turns = Turns()
    with OrderLane(connections, state, turns, stop, tell=tell):
        _keep_schedule(connections, state, turns, stop, tell=tell, tidy=tidy, pulse=pulse or Pulse(), clock=clock)


def followed(dues: Iterable[Due], connections: Iterable[ConnectionSettings], now: float) -> list[Due]:
    """The schedule after the configuration has changed: what is new is due at once, and what is gone is not.

    A connection whose interval is shorter than before is due within the new one.
    """
    before = {due.connection.name: due for due in dues}
    found = []
    for connection in connections:
        due = before.get(connection.name) or Due(connection, now)
        if due.connection != connection:
            at = min(due.at, now + connection.every.total_seconds())
            due = replace(due, connection=connection, at=at)
        found.append(due)
    return found


def _keep_schedule(
    connections: Callable[[], Collection[ConnectionSettings]],
    state: StateAddress,
    turns: Turns,
    stop: threading.Event,
    *,
    tell: Callable[[str], None],
    tidy: Callable[[], bool],
    pulse: Pulse,
    clock: Callable[[], float],
) -> None:
    dues: list[Due] = []
    while not stop.is_set():
        pulse.beat()
        dues = followed(dues, connections(), clock())
        due = min(dues, key=lambda d: d.at)
        while due.at > clock() and not stop.is_set() and tidy():
            pulse.beat()
        if stop.wait(min(max(0.0, due.at - clock()), _LOOK_EVERY)):
            return
        # All are looked at, also those that are not next: each needs a look before that it can be compared with.
        changed = [other for other in dues if other.look()]
        if due.at > clock():
            if not changed:
                continue
            due = changed[0]
        name = due.connection.name
        if not turns.take(name):
            due.at = clock() + _ANOTHER_TIME  # an order is being carried out for it
            continue
        # Counted from the beginning of the run. If runs take longer than `every`, the next one begins at once, and the
        # least recent connection goes first, so that a slow one cannot starve the others.
        begun = clock()
        # Taken before the run reads: a file that changes while it is read differs from this, so it starts another run.
        due.run_with = fingerprint_of(due.connection.source)
        try:
            with pulse.running():
                tell(run_once(due.connection, state, stop))
        finally:
            turns.give(name)
        due.at = begun + _pause_after(due.connection, state).total_seconds()


def _pause_after(connection: ConnectionSettings, state: StateAddress) -> timedelta:
    """How long it is from the beginning of one run to that of the next."""
    if not connection.shadow:
        return connection.every
    try:
        reader = open_reader(state)
        cost = reader.reading_cost(connection.name, endpoint_key(connection.target.url))
    except BridgeError:
        return longest_pause(connection)  # the run has said what is wrong with the state
    reader.close()
    return runs_every(connection, cost)


def run_once(connection: ConnectionSettings, state: StateAddress, stop: threading.Event) -> str:
    """One sync, whatever happens told in one line. A stop request ends it between two writes."""
    try:
        with State(state) as journal:
            # Asked each time, not remembered: a person may have paused or resumed by a command of another process.
            pause = journal.reader.pause(connection.name)
            quarantine = journal.reader.quarantine(connection.name)
        if pause is not None:
            return f"{connection.name}: {pause}"
        if quarantine is not None and quarantine.holds(utc_now()):
            return f"{connection.name}: {quarantine}"
        return run_apart(Task(connection, state), stop)
    except BridgeError as error:
        return f"{connection.name}: {error}"
    except Exception as error:  # noqa: BLE001 - the worker outlives whatever one run does; the log has the details
        _log.exception("the sync of %s failed", connection.name)
        return f"{connection.name}: the program failed ({type(error).__name__}); the log says more."
