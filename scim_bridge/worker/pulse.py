"""Whether the schedule of a worker is moving, for `/readyz`: it looks around every second, whatever its runs do."""

from collections.abc import Callable
from time import monotonic

_STILL = 120.0
"""Seconds. A look at the files of many connections, or a busy state, may take some of them."""


class Pulse:
    """Of one schedule. Written by its thread, read by others. clock: seconds.

    trouble: why the schedule could not be looked at the last time, "" if it could.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self.trouble = ""

    def beat(self) -> None:
        """The schedule looks around."""
        self._last = self._clock()

    def is_moving(self) -> bool:
        """Whether it looked around within two minutes."""
        return self._clock() - self._last < _STILL
