"""The pace of requests. The quota is for all clients together and no one tells it, so the pace is found by trying.

As in TCP: it doubles every second until the first 429, then grows by a little and is cut by a share (AIMD), always
below the configured ceiling. The endpoint's own bucket evens out what lies above and below the quota.
"""

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep

_FIRST_SHARE = 0.25
"""Of the ceiling, to begin with."""
_DOUBLING = math.log(2)
"""Added for each answer of the slow start: a second's worth of answers doubles the pace."""
_GROWTH = 0.01
"""Of the pace after the last cut, added each second from then on."""
_CALM = 5.0
"""Seconds without a 429 after which the growth grows as well, in proportion to the time."""
_CUT = 0.8
_DEEP_CUT = 0.5
_PROVEN_AFTER = 1.0
"""Seconds for which a pace must have held for the search to be over: a 429 that comes sooner halves it."""
_MOST_AT_ONCE = 20
_LEAST = 0.1
_HAIR = 1e-6
"""Seconds: what a clock cannot tell apart."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The leave to send one request, given at a moment. has_waited: the pace held it back."""

    at: float
    has_waited: bool


class Rate:
    """Lets requests pass at a pace of its own, never above `ceiling` a second; after an idle time a few at once.

    clock and wait: seconds, exchanged in tests so that they wait for nothing. Safe to use from several threads.
    """

    def __init__(
        self, ceiling: float, clock: Callable[[], float] = monotonic, wait: Callable[[float], None] = sleep
    ) -> None:
        self._ceiling = ceiling
        self._per_second = min(ceiling, max(1.0, ceiling * _FIRST_SHARE))
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._urgent: deque[object] = deque()
        self._waiting: deque[object] = deque()
        self._next = -math.inf
        self._paused_until = -math.inf
        self._is_starting = True
        self._is_searching = True
        self._held = self._per_second
        self._held_at = -math.inf
        self._cut_at = -math.inf

    @property
    def per_second(self) -> float:
        """The pace at this moment, in requests a second."""
        return self._per_second

    def acquire(self, *, urgent: bool = False) -> Turn:
        """Wait for this request's turn. urgent: before everyone who waits and is not; a pause holds both."""
        ticket = object()
        with self._lock:
            (self._urgent if urgent else self._waiting).append(ticket)
        has_waited = False
        while True:
            with self._lock:
                now = self._clock()
                seconds = self._seconds_left(ticket, now)
                if seconds <= _HAIR:
                    (self._urgent if urgent else self._waiting).popleft()
                    self._next = max(self._next, now - self._slack) + 1 / self._per_second
                    return Turn(now, has_waited)
            has_waited = True
            self._wait(seconds)

    def pause(self, seconds: float) -> None:
        """No one's turn comes before this many seconds are over, and no burst follows."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)
            # All wait, not only the request that was throttled: the quota is one for all of them.
            self._next = max(self._next, self._paused_until)

    def accepted(self, turn: Turn) -> None:
        """The request of this turn was within the quota. The pace grows if it is what held the request back."""
        with self._lock:
            if self._is_starting:
                self._per_second += _DOUBLING
                if self._per_second >= self._ceiling:
                    self._hold(self._ceiling)
            # A request that was not held back by the pace proves nothing about it: on an idle run the pace would grow
            # without having been tried.
            elif turn.has_waited:
                since = max(1.0, (self._clock() - self._held_at) / _CALM)
                more = _GROWTH * since * self._held / self._per_second
                self._per_second = min(self._ceiling, self._per_second + more)

    def throttled(self, turn: Turn) -> None:
        """The request of this turn was answered 429. One cut for all that were sent at the pace that was too fast."""
        with self._lock:
            # A burst of 429s answers one mistake. Cut for each of them, the pace would fall to almost nothing.
            if turn.at <= self._cut_at:
                return
            # A 429 right after the start says that the search went too far; one after a second of calm says that others
            # share the quota.
            has_held = not self._is_starting and turn.at - max(self._held_at, self._paused_until) >= _PROVEN_AFTER
            self._is_searching = self._is_searching and not has_held
            self._hold(max(min(_LEAST, self._ceiling), self._per_second * (_DEEP_CUT if self._is_searching else _CUT)))
            self._cut_at = self._held_at

    def _hold(self, per_second: float) -> None:
        self._per_second = self._held = per_second
        self._held_at = self._clock()
        self._is_starting = False

    @property
    def _slack(self) -> float:
        """Seconds of turns that may be made up for after an idle time."""
        at_once = min(_MOST_AT_ONCE, max(1.0, self._per_second))
        return (at_once - 1) / self._per_second

    def _seconds_left(self, ticket: object, now: float) -> float:
        """Until this ticket's turn, if no one goes before those who stand before it now."""
        before = 0
        for other in (*self._urgent, *self._waiting):
            if other is ticket:
                break
            before += 1
        return max(self._next, now - self._slack) + before / self._per_second - now
