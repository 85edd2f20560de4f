"""How many requests a second (Rate), and how long their answers take (Latency), which decides how many go at once.

The quota is for all clients of an instance together, it can be raised by a support case, and no answer says how much is
left (docs/identity-center.md §5). So the pace is found by trying, as in TCP (RFC 5681 §3.1): it doubles every second
until the first 429, then grows by a little and is cut by a share (AIMD), always below the configured ceiling. The
endpoint's own bucket evens out what lies above and below the quota.
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
"""What is left of a pace that had held and was throttled: near the quota a small step is enough."""
_DEEP_CUT = 0.5
"""What is left while the quota is still searched for: the pace has doubled since the last one known to be good."""
_PROVEN_AFTER = 1.0
"""Seconds for which a pace must have held for the search to be over: a 429 that comes sooner halves it."""
_MOST_AT_ONCE = 20
"""Requests in a burst after an idle time: the documented quota of one second."""
_LEAST = 0.1
"""Requests a second. A pace of 0 would never find out that the quota is free again."""
_HAIR = 1e-6
"""Seconds: what a clock cannot tell apart."""
_WEIGHT = 0.1
"""Of the newest answer in the average latency."""
_HANGING_AFTER = 1.0
"""Seconds beyond ten times the usual, after which an answer is no longer expected soon."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The leave to send one request, given at a moment. has_waited: the pace held it back."""

    at: float
    has_waited: bool


class Rate:
    """Lets requests pass at a pace of its own, never above `ceiling` a second; after an idle time a few at once.

    ceiling: requests a second (target.requests_per_second). clock and wait: seconds, exchanged in tests so that they
    wait for nothing. Safe to use from several threads.
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
                    # Turns that were not used go by: of an idle time only `_slack` seconds may be made up for.
                    self._next = max(self._next, now - self._slack) + 1 / self._per_second
                    return Turn(now, has_waited)
            has_waited = True
            self._wait(seconds)

    def pause(self, seconds: float) -> None:
        """No one's turn comes before this many seconds are over, and no burst follows."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)
            self._next = max(self._next, self._paused_until)

    def accepted(self, turn: Turn) -> None:
        """The request of this turn was within the quota. The pace grows if it is what held the request back."""
        with self._lock:
            if self._is_starting:
                self._per_second += _DOUBLING
                if self._per_second >= self._ceiling:
                    self._hold(self._ceiling)
            elif turn.has_waited:
                # A client that the pace did not hold back has not tried it out, so its success proves nothing.
                since = max(1.0, (self._clock() - self._held_at) / _CALM)
                more = _GROWTH * since * self._held / self._per_second
                self._per_second = min(self._ceiling, self._per_second + more)

    def throttled(self, turn: Turn) -> None:
        """The request of this turn was answered 429. One cut for all that were sent at the pace that was too fast."""
        with self._lock:
            # Many requests are under way at once: those sent before the last cut were sent at the pace that it cut.
            if turn.at <= self._cut_at:
                return
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
