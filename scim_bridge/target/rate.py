"""The ceiling on requests a second. The quota is for all clients together, so a pause is everybody's pause."""

import math
import threading
from collections.abc import Callable
from time import monotonic, sleep


class Rate:
    """Lets requests pass at most at `per_second`, evenly spaced once the first second's worth is used up.

    clock and wait: seconds, exchanged in tests so that they wait for nothing. Safe to use from several threads.
    """

    def __init__(
        self, per_second: float, clock: Callable[[], float] = monotonic, wait: Callable[[float], None] = sleep
    ) -> None:
        self._interval = 1 / per_second
        self._burst = max(1.0, self._interval)  # seconds of requests that may pass at once, as the endpoint's bucket
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._next = clock() - self._burst + self._interval
        self._paused_until = -math.inf

    def acquire(self) -> None:
        """Wait for this request's turn. Whoever waits when a pause begins takes a new turn after it."""
        while True:
            now, turn = self._take_turn()
            if turn > now:
                self._wait(turn - now)
            if turn >= self._paused_until:
                return

    def pause(self, seconds: float) -> None:
        """Nobody's turn comes before this many seconds are over, and no burst follows."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)
            self._next = max(self._next, self._paused_until)

    def _take_turn(self) -> tuple[float, float]:
        """Now, and the moment this request may go."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - self._burst + self._interval)
            self._next = turn + self._interval
            return now, turn
