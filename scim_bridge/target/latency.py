"""How long answers take, which decides how many requests go at once, and which requests hang."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_WEIGHT = 0.1
"""Of the newest answer in the average latency."""
_HANGING_AFTER = 1.0
"""Seconds beyond ten times the usual, after which an answer is no longer expected soon."""


class Latency:
    """An exponential average over the answers that came. clock: seconds. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._average: float | None = None
        self._begun: dict[object, float] = {}
        self._paused = 0

    @property
    def seconds(self) -> float:
        """The average in seconds, 0 before the first answer."""
        return self._average or 0.0

    @property
    def hanging(self) -> int:
        """How many requests have been under way for far longer than usual, or wait to be sent again later."""
        with self._lock:
            latest = self._clock() - _HANGING_AFTER - 10 * self.seconds
            return self._paused + sum(begun < latest for begun in self._begun.values())

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Around a wait between two requests."""
        with self._lock:
            self._paused += 1
        try:
            yield
        finally:
            with self._lock:
                self._paused -= 1

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Around one exchange. One that raises was not answered and says nothing of how long answers take."""
        key, begun = object(), self._clock()
        with self._lock:
            self._begun[key] = begun
        try:
            yield
        except BaseException:
            with self._lock:
                del self._begun[key]
            raise
        with self._lock:
            del self._begun[key]
            taken = self._clock() - begun
            self._average = taken if self._average is None else self._average + _WEIGHT * (taken - self._average)
