"""Whether the schedule is moving, for `/readyz`: it looks around every few seconds, or waits for a run."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

_STILL = 120.0
"""Seconds. A look at the files of many connections, or a busy state, may take some of them."""


class Pulse:
    """Of one schedule. Written by its thread, read by others. clock: seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._running = threading.Event()

    def beat(self) -> None:
        """The schedule looks around."""
        self._last = self._clock()

    @contextmanager
    def running(self) -> Iterator[None]:
        """While this lasts, the schedule waits for a run, however long that takes."""
        self._running.set()
        try:
            yield
        finally:
            self.beat()
            self._running.clear()

    def is_moving(self) -> bool:
        """Whether it looked around within two minutes, or waits for a run."""
        return self._running.is_set() or self._clock() - self._last < _STILL
