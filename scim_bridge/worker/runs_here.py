"""What a process of runs does: read a task from stdin, say so, carry it out, answer, and wait for another one.

Nothing of a run stays for the next one but the program itself, the open state, and what was compiled of the very same
text. The process ends when it has grown, when no task comes for a while, after the program has failed, and when stdin
closes or a signal says so: then the run under way ends between two writes.
"""

import gc
import os
import pickle
import select
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import orjson

from scim_bridge.errors import BridgeError
from scim_bridge.log import log_to_stderr
from scim_bridge.model.state_address import StateAddress
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.worker.run_process import WAITS, Done
from scim_bridge.worker.task import Carried, Task, carry_out

_GROWTH = 48.0
"""MiB that a process may hold beyond what it held when it was started. A run about 50 users takes 12 the first time:
modules, compiled statements."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class RunsHere:
    """The tasks of one process. answers: where to write to."""

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self._stop = threading.Event()
        self._waits = self._is_warm = False
        self._kept: tuple[StateAddress, KeptOpen] | None = None
        self._held = _held()

    def go_on(self) -> None:
        """Until it is over."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._heed)
        threading.Thread(target=self._stop_when_closed, daemon=True).start()
        goes_on = True
        while goes_on:
            task = self._next()
            if task is None:
                return
            self._tell(b"begun")
            carried = self._carry_out(task)
            goes_on = self.may_go_on(carried)
            self._tell(orjson.dumps(Done(carried.said, goes_on)))
            if goes_on:
                self._tidy()

    def _next(self) -> Task | None:
        """The next task; None if there is none."""
        self._waits = True
        # Nothing is left in the buffer: a task is sent when the one before is answered.
        comes = not self._stop.is_set() and select.select([sys.stdin], [], [], WAITS)[0]
        self._waits = False
        try:
            return pickle.load(sys.stdin.buffer) if comes else None  # noqa: S301 - written by the worker
        except EOFError:
            return None

    def _heed(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()
        if self._waits:
            sys.exit(0)

    def _stop_when_closed(self) -> None:
        # A look at the descriptor alone: what it holds may be the next task.
        closed = select.poll()
        closed.register(sys.stdin.fileno(), 0)
        closed.poll()
        self._stop.set()

    def _carry_out(self, task: Task) -> Carried:
        try:
            state = self._open(task.state).checked()
        except BridgeError as error:  # the state cannot be used
            return Carried(f"{task.connection.name}: {error}")
        return carry_out(task, state, self._stop.is_set)

    def _open(self, address: StateAddress) -> KeptOpen:
        if self._kept is None or self._kept[0] != address:
            if self._kept is not None:
                self._kept[1].close()
            self._kept = address, KeptOpen(address)
        return self._kept[1]

    def may_go_on(self, carried: Carried) -> bool:
        """Whether another run may follow. carried: what the last one came to."""
        return not carried.is_fault and _held() - self._held < _GROWTH and not self._stop.is_set()

    def _tidy(self) -> None:
        """What the run has left goes. What all runs have in common is looked through once, and then no more."""
        gc.collect()
        if not self._is_warm:
            gc.freeze()
            self._is_warm = True

    def _tell(self, line: bytes) -> None:
        try:
            os.write(self._answers, line + b"\n")
        except BrokenPipeError:
            self._stop.set()  # the worker is gone; the run is on record


def _held() -> float:
    """MiB of this process that it shares with no file; endless where that cannot be known, so that none waits there."""
    try:
        held, shared = map(int, Path("/proc/self/statm").read_text().split()[1:3])
    except OSError:
        return float("inf")
    return (held - shared) * _PAGE / 2**20


def main() -> None:
    """The process."""
    log_to_stderr()
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what some library prints must not look like an answer
    RunsHere(answers).go_on()


if __name__ == "__main__":
    main()
