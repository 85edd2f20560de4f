"""The worker: takes up what is due on the schedule of the state, so many runs at once, until someone says stop.

Any number of workers share one schedule (state/schedule.py, docs/decisions/0031): each run is claimed by one of them,
and is due again at once if that one dies. Each run is a process of its own (one_run.py), so one that is slow, or fails,
keeps no other connection waiting. Beside the schedule the orders of people are carried out (order_lane.py). A worker
remembers nothing that counts; what happened, and what is due, is in the state.
"""

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from queue import Empty, SimpleQueue
from time import monotonic

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import BridgeError
from scim_bridge.model.state_address import StateAddress
from scim_bridge.run.bridge import endpoint_key, longest_pause, runs_every
from scim_bridge.source import fingerprint_of
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.state.lock import is_held
from scim_bridge.state.reader import utc_now
from scim_bridge.state.schedule import Claim
from scim_bridge.state.writer import State
from scim_bridge.worker.file_look import FileLook
from scim_bridge.worker.halt import Halt
from scim_bridge.worker.one_run import run_apart
from scim_bridge.worker.order_lane import OrderLane
from scim_bridge.worker.pulse import Pulse
from scim_bridge.worker.roll import Roll
from scim_bridge.worker.task import Task
from scim_bridge.worker.turn import Turns

_LOOK_EVERY = 5.0
"""Seconds between two looks at files and at other workers: a hundred megabytes of files take a tenth of a second."""
_ASK_EVERY = 1.0
"""Seconds between two questions for what is due, while nothing is."""
_SLICE = 0.25
"""Seconds until the wish to stop is seen."""
_SOON = 2.0
"""Seconds until a connection is tried again that could not be run: its lock is held, or the state was away."""
_log = logging.getLogger("scim_bridge.worker")


def work(
    connections: Callable[[], Collection[ConnectionSettings]],
    state: StateAddress,
    stop: threading.Event,
    tell: Callable[[str], None],
    *,
    runs_at_once: int = 1,
    tidy: Callable[[], bool] = lambda: False,
    pulse: Pulse | None = None,
) -> None:
    """Sync every connection on its schedule, and carry out orders, until stop is set. tell: called for each of them.

    connections: asked again and again, since the configuration may change. Orders go beside the schedule: an urgent one
    does not wait for the run of another connection. tidy: does a small piece of what can wait, False if there is
    nothing left; called while nothing is due. pulse: shows that it goes on.
    """
    turns, roll = Turns(), Roll(state)
    with roll.present(), OrderLane(connections, state, turns, stop, tell=tell, roll=roll):
        keeper = _Keeper(connections, state, stop, tell=tell, roll=roll, turns=turns, runs_at_once=runs_at_once)
        keeper.keep(tidy, pulse or Pulse())


@dataclass(slots=True)
class _Running:
    """A run of the schedule that is under way. suspected: its process was silent at the last look."""

    claim: Claim
    connection: ConnectionSettings
    halt: Halt
    thread: threading.Thread | None = None
    suspected: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run has gone. line: for the log. pause: from its beginning to the next; None if it has to be tried again,
    as it could not begin, or was cut."""

    line: str
    pause: timedelta | None


class _Keeper:
    """The schedule of one worker. It goes on in one thread; each run has another, which waits for its process."""

    def __init__(
        self,
        connections: Callable[[], Collection[ConnectionSettings]],
        state: StateAddress,
        stop: threading.Event,
        *,
        tell: Callable[[str], None],
        roll: Roll,
        turns: Turns,
        runs_at_once: int,
    ) -> None:
        self._connections, self._stop, self._tell = connections, stop, tell
        self._roll, self._turns, self._slots = roll, turns, runs_at_once
        self._kept = KeptOpen(state)
        self._running: dict[str, _Running] = {}
        self._ended: SimpleQueue[tuple[_Running, Outcome]] = SimpleQueue()
        self._to_give: list[tuple[_Running, Outcome]] = []
        self._files = FileLook()
        self._configured: dict[str, ConnectionSettings] = {}
        self._strangers: frozenset[str] = frozenset()
        self._has_begun = False
        self._look_at = self._ask_at = 0.0

    def keep(self, tidy: Callable[[], bool], pulse: Pulse) -> None:
        """Until the worker is asked to stop, and its runs have ended."""
        while not self._stop.is_set():
            pulse.beat()
            pulse.trouble = self._round(pulse.trouble)
            if not pulse.trouble and len(self._running) < self._slots and self._ask_at > monotonic() and tidy():
                continue
            self._take_ended(_SLICE)
        while self._running:
            self._take_ended(_SLICE)
        self._round("")
        self._kept.close()

    def _round(self, trouble: str) -> str:
        """One look around. Gives what is wrong with the state, "" if nothing is. trouble: what was said last of it."""
        try:
            state = self._kept.state()
            self._give(state)
            if self._stop.is_set():
                state.workers.forget(self._roll.name)
                return ""
            if monotonic() >= self._look_at:
                self._look_around(state)
                self._look_at = monotonic() + _LOOK_EVERY
            if monotonic() >= self._ask_at:
                for name in state.schedule.cancelled(self._roll.name) & self._running.keys():
                    self._running[name].halt.set()
                while len(self._running) < self._slots and self._begin_next(state):
                    pass
                self._ask_at = monotonic() + _ASK_EVERY
        except BridgeError as error:
            self._roll.look_anew()
            self._ask_at = monotonic() + _ASK_EVERY
            if str(error) != trouble:  # once, not every second
                self._tell(f"schedule: {error}")
            return str(error)
        except Exception as error:  # noqa: BLE001 - the worker outlives whatever one look meets; the log has the details
            _log.exception("the schedule could not be looked at")
            self._ask_at = monotonic() + _ASK_EVERY
            return f"the program failed ({type(error).__name__}); the log says more."
        return ""

    def _look_around(self, state: State) -> None:
        """The configuration, the files of sources, other workers, and whether the processes of runs go on."""
        self._configured = {each.name: each for each in self._connections()}
        is_first = not self._has_begun and self._roll.is_alone(state)
        state.workers.begin(self._roll.name, self._slots)
        for name in self._roll.bury(state):
            self._tell(f"{name}: its worker has died, or stands still, so it is due again")
        longest = {name: longest_pause(each) for name, each in self._configured.items()}
        planned = {row.connection: row for row in state.schedule.follow(longest, is_first=is_first)}
        self._has_begun = True
        self._strangers = frozenset(planned) - self._configured.keys()
        for connection in self._files.changed(self._configured.values(), planned):
            state.schedule.hasten(connection.name)
        silent = state.schedule.stuck(self._roll.name)
        for name, run in self._running.items():
            # At two looks: after the state was away, a process that lives needs a moment to say so.
            if name in silent and run.suspected and not run.halt.is_set():
                _log.warning("the process of the run of %s has said nothing for a while and is ended", name)
                run.halt.set()
            run.suspected = name in silent

    def _begin_next(self, state: State) -> bool:
        """Take up what has been due for the longest. False if nothing is due."""
        claim = state.schedule.claim(self._roll.name, without=self._strangers)
        if claim is None:
            return False
        name = claim.connection
        connection = self._configured.get(name)
        if connection is None:  # another worker has read a newer configuration
            self._strangers |= {name}
            state.schedule.give(claim, claim.due)
            return True
        # An order is being carried out for it, or a command, or a process that a dead worker has left is about to end.
        if not self._turns.take(name):
            state.schedule.give_soon(claim, _SOON)
            return True
        if is_held(state.address, name):
            self._turns.give(name)
            state.schedule.give_soon(claim, _SOON)
            return True
        # Taken before the run reads: a file that changes while it is read differs from this, so it starts another run.
        state.schedule.runs_with(claim, fingerprint_of(connection.source))
        run = _Running(claim, connection, Halt(self._stop))
        run.thread = threading.Thread(target=self._run, args=(run,), name=f"run of {name}")
        self._running[name] = run
        run.thread.start()
        return True

    def _run(self, run: _Running) -> None:
        """In a thread: wait for the process."""
        outcome = run_once(run.connection, self._kept, run.halt)
        self._turns.give(run.connection.name)
        self._tell(outcome.line)
        self._ended.put((run, outcome))

    def _take_ended(self, seconds: float) -> None:
        """Wait so long at most for the end of a run."""
        try:
            ended = self._ended.get(timeout=seconds)
        except Empty:
            return
        del self._running[ended[0].claim.connection]
        self._to_give.append(ended)
        self._ask_at = 0.0

    def _give(self, state: State) -> None:
        """Say of each run that has ended when the connection is due again. What cannot be said is said later."""
        while self._to_give:
            run, outcome = self._to_give[0]
            claim = run.claim
            if outcome.pause is not None:
                # Counted from the beginning of the run. If runs take longer than this, the next one begins at once, and
                # the least recent connection goes first, so that a slow one cannot starve the others.
                state.schedule.give(claim, claim.since + outcome.pause)
            elif self._stop.is_set() or run.suspected:
                state.schedule.give(claim, claim.due)
            else:
                state.schedule.give_soon(claim, _SOON)
            del self._to_give[0]


def run_once(connection: ConnectionSettings, kept: KeptOpen, stop: threading.Event | Halt) -> Outcome:
    """One sync, whatever happens told in one line. A stop request ends it between two writes."""
    name, every = connection.name, longest_pause(connection)
    try:
        state = kept.state()
        # Asked each time, not remembered: a person may have paused or resumed by a command of another process.
        pause, quarantine = state.reader.pause(name), state.reader.quarantine(name)
        if pause is not None:
            return Outcome(f"{name}: {pause}", every)
        if quarantine is not None and quarantine.holds(utc_now()):
            return Outcome(f"{name}: {quarantine}", every)
        before = state.reader.runs(name, 1)
        line = run_apart(Task(connection, state.address), stop)
        return Outcome(line, _pause_after(connection, kept.state(), before[0].id if before else 0))
    except BridgeError as error:
        return Outcome(f"{name}: {error}", None)
    except Exception as error:  # noqa: BLE001 - the worker outlives whatever one run does; the log has the details
        _log.exception("the sync of %s failed", name)
        return Outcome(f"{name}: the program failed ({type(error).__name__}); the log says more.", every)


def _pause_after(connection: ConnectionSettings, state: State, before: int) -> timedelta | None:
    """How long it is from the beginning of a run to that of the next; None if that run has not come to an end.

    before: the last run on record when it began.
    """
    mine = [run for run in state.reader.runs(connection.name) if run.id > before and not run.of_one]
    was_cut = not mine or any(run.status in ("running", "interrupted") for run in mine)
    if was_cut and not state.schedule.cancelled_by(connection.name):
        return None
    if not connection.shadow:
        return connection.every
    return runs_every(connection, state.reader.reading_cost(connection.name, endpoint_key(connection.target.url)))
