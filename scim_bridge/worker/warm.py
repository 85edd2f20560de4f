"""Processes that wait for their next run, where the next one comes soon (docs/decisions/0032).

A process that waits holds a hundred megabytes. A service of one connection has a run every five minutes, so it starts a
process for each; a worker of a hundred connections would spend most of its CPU on that.
"""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import scim_bridge
from scim_bridge.worker.run_process import WAITS, RunProcess

_END_WITHIN = 6.0
"""Seconds for a process that does nothing."""


class Warm:
    """Safe to use from several threads. clock: seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: list[RunProcess] = []
        self._last: float | None = None
        self._comes_soon = False
        self._program = _program()

    def take(self) -> RunProcess:
        """A process for a run: the one that has waited least, or a new one."""
        with self._lock:
            now = self._clock()
            self._comes_soon = self._last is not None and now - self._last < WAITS
            self._last = now
            program = _program()
            is_as_before, self._program = program == self._program, program
            # Those that have ended, or are of another program, are let go of here: no one else asks about them.
            over = [each for each in self._idle if each.is_over or not is_as_before]
            self._idle = [each for each in self._idle if each not in over]
            found = self._idle.pop() if self._idle else None
        for each in over:
            each.end(_END_WITHIN)
        return found or RunProcess()

    def give_back(self, process: RunProcess) -> None:
        """It may wait for another run, if the last two were as close as a process waits. Else it ends."""
        with self._lock:
            if self._comes_soon:
                self._idle.append(process)
                return
        process.end(_END_WITHIN)

    def end_all(self) -> None:
        """None waits any more."""
        with self._lock:
            idle, self._idle, self._last = self._idle, [], None
        for process in idle:
            process.end(_END_WITHIN)


def _program() -> tuple[tuple[int, int], ...]:
    """What is changed by an update of the program, or of Python: each has its files replaced."""
    found = (Path(place).stat() for place in (sys.executable, scim_bridge.__file__))
    return tuple((file.st_ino, file.st_mtime_ns) for file in found)
