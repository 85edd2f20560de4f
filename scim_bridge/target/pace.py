"""The pace of one kind of request: how many a second the endpoint permits, found by trying.

No answer says what the quota is or how much of it is left (docs/identity-center.md §5), so it is searched for as in TCP
(RFC 5681 §3.1): the pace grows fast until the first 429. From then on it lies between the last pace that held and the
slowest that did not: steps up, each larger than the one before, until a 429 ends the row or the ends are close. After a
calm the search goes on beyond the upper end, for the quota may have been raised, or others may use less of it.

A quota has a burst: a bucket that was full hides for a while that a pace is too fast. What is known to be permitted is
therefore reckoned from what passed, not from the pace at which a 429 came. No clock and no lock: see rate.py.
"""

import math
from collections import deque
from dataclasses import dataclass, field

FIRST = 5.0
"""Requests a second to begin with, whatever the ceiling."""
_GROWTH = ((4, 6.0), (40, 1.5), (math.inf, 0.4))
"""While the pace is below so many times the first one, so much is added for each answer: fast to 20 a second, the
smallest quota that is documented, to 200 within two seconds, slowly from then on. The faster it grows, the further it
has gone beyond the quota when the first 429 arrives, and of what is sent meanwhile, much is answered 429 too."""
_BURST = 1.0
"""Seconds of its quota that the endpoint is believed to let pass at once, after an idle time."""
_SPAN = 10.0
"""Seconds of answers that are remembered."""
_MARGIN = 0.98
"""Of the quota as it is reckoned from the answers: the network brings some requests closer together than they left."""
_CLOSE = 1.04
"""The ends are close enough when the upper one is so many times the lower one. No step is smaller."""
_STEPS, _LARGEST_STEP = 6, 2.0
"""The first step up is a sixth of the way to the upper end, as factors go. The largest one doubles the pace."""
_SETTLED, _ENOUGH = 1.0, 10
"""Seconds and answers after which a pace has settled: the bucket may have been empty, or full. Each step may cost a
429, and of few requests only few may be answered so."""
_REST, _LONGEST_REST = 10.0, 80.0
"""So many times as long must it hold before the search goes on beyond the upper end; doubled each time that finds the
same quota again."""
_CUT, _DEEPEST_CUT = 0.03, 0.5
"""What a pace that had held loses with a 429. Each further one without a calm in between takes twice as much."""
_LEAST = 0.1
"""A second. A pace of 0 would never find out that the quota is free again."""
_HAIR = 1e-6
"""Seconds: what a clock cannot tell apart."""


@dataclass(slots=True)
class Passed:
    """What the endpoint let pass, and what that says of its quota. empty_at: when it last answered 429.

    lacked: what that request asked for. since: what passed after it.
    """

    answers: deque[tuple[float, float]] = field(default_factory=deque)
    empty_at: float = -math.inf
    lacked: float = 0.0
    since: float = 0.0

    def note(self, at: float, cost: float) -> None:
        """So much, sent at this moment, was let pass."""
        if at > self.empty_at:
            self.since += cost
        self.answers.append((at, cost))
        while self.answers[0][0] < at - _SPAN:
            self.answers.popleft()

    def emptied(self, at: float, cost: float) -> None:
        """So much was refused: at this moment the bucket had less."""
        self.empty_at, self.lacked, self.since = at, cost, 0.0

    def permitted(self, at: float) -> float:
        """A second, known by all that passed until this moment."""
        # Within w seconds a bucket of the size B lets pass at most B + quota × w. With B = quota × _BURST, the quota is
        # at least passed ÷ (w + _BURST), whatever w is.
        passed, least = 0.0, 0.0
        for sent, cost in reversed(self.answers):
            passed += cost
            least = max(least, passed / (max(0.0, at - sent) + _BURST))
        return _MARGIN * least

    def between(self, at: float, cost: float) -> tuple[float, float]:
        """The least and the most that can have flowed in a second, from the last 429 to one at this moment."""
        # At each 429 the bucket had less than was asked for. So what passed between two of them is what flowed in, give
        # or take that. If the bucket was full in between, more flowed in: the most is then too low, never the least.
        seconds = max(at - self.empty_at, _HAIR)
        least = min(self.since - self.lacked, _MARGIN * self.since) / seconds
        return least, (self.since + cost) / seconds


class Pace:
    """How many a second, never above `most`. Counted are requests, or what one of them costs (memberships).

    first: a second, to begin with. held: the fastest pace that is known to be permitted; failed: the slowest that is
    not, infinite until the first 429.
    """

    def __init__(self, first: float = FIRST, most: float = math.inf) -> None:
        self._first = self._per_second = self.held = min(first, most)
        self._most = most
        self.failed = math.inf
        self.searches, self.is_shared = True, False
        self._passed = Passed()
        self._step = _CLOSE
        self._lasted = 0.0
        self._is_beyond = False
        self._rest = _REST
        self._cuts = 0
        self._set(self._per_second, -math.inf)

    @property
    def per_second(self) -> float:
        """The pace at this moment."""
        return self._per_second

    def accepted(self, at: float, cost: float, *, was_held_back: bool) -> None:
        """What was sent at this moment was within the quota. was_held_back: this pace made it wait.

        A client that the pace did not hold back has not tried it out, so its success does not speed it up.
        """
        self._passed.note(at, cost)
        if not was_held_back or at < self._set_at:
            return
        if self.failed == math.inf:
            growth = next(growth for times, growth in _GROWTH if self._per_second < times * self._first)
            # One answer about a hundred memberships must not make a jump of it.
            self._per_second = min(self._most, self._per_second + min(growth * cost, self._per_second))
            return
        # Time that the pace was used, by what was sent: an idle hour proves nothing either.
        self._tried += cost / self._per_second
        self._answers += 1
        if self._settled_times >= 1:
            self._cuts = 0
            if self.searches:
                self._go_on()

    @property
    def is_trying(self) -> bool:
        """Whether this is more than what is known to be permitted."""
        return self.failed < math.inf and self._per_second > self.held

    def at_least(self, per_second: float, now: float) -> None:
        """So much was seen to be permitted."""
        if per_second > self._per_second * _CLOSE:
            self.held = min(self._most, per_second)
            self.failed = max(self.held * _CLOSE, self.failed)
            self._set(self.held, now)

    def follow(self, per_second: float, now: float) -> None:
        """So much has another run found to be permitted, and more to be too much."""
        self.held = min(self._most, per_second)
        self.failed = self.held * _CLOSE
        if self._per_second != self.held:
            self._set(self.held, now)

    def throttled(self, at: float, cost: float, now: float) -> None:
        """What was sent at this moment (`at`) was answered 429."""
        if self.failed == math.inf:
            self._end_search(at)
        elif self._per_second > self.held:
            self._end_step(at, cost)
        else:
            self._cut()
        self.failed = max(self.failed, self.held * _CLOSE)
        self._step = max(_CLOSE, (self.failed / self.held) ** (1 / _STEPS))
        self._lasted = 0.0
        self._passed.emptied(at, cost)
        self._set(self.held, now)

    def _end_search(self, at: float) -> None:
        """The first 429."""
        self.failed = self._per_second
        self.held = max(self._passed.permitted(at), min(self._first, self._per_second) / 2, _LEAST)
        # The very first requests may meet a bucket that others have just emptied. So few prove nothing to be too fast.
        self._is_beyond = self.held < self._first

    def _end_step(self, at: float, cost: float) -> None:
        """A pace above the one that held was too fast."""
        least, most = self._passed.between(at, cost)
        self.held = max(self.held, self._passed.permitted(at), least)
        if self._is_beyond and self.held <= self.failed:
            self._rest = min(_LONGEST_REST, 2 * self._rest)  # the quota is what it was
        else:
            self._rest = _REST
            # A slower pace of the same row that had settled was not too fast, whatever the reckoning says.
            self.failed = min(self._per_second, max(most, self._lasted * _CLOSE))
        self._is_beyond = False

    def _cut(self) -> None:
        """A pace that had held was too fast: others use the quota too, or it was lowered."""
        # One 429 may be chance, several in a row are not. What comes right after a faster pace may be due to that one,
        # so only a settled pace is known to be too fast.
        if self._settled_times >= 1:
            self.failed = self._per_second
        self.held = max(_LEAST, self._per_second * (1 - min(_DEEPEST_CUT, _CUT * 2.0**self._cuts)))
        self._cuts += 1
        self._is_beyond = False

    def _go_on(self) -> None:
        """This pace has settled: a step up, if the ends are not yet close."""
        if self.is_shared and self._per_second > self.held:
            # The others go at the pace that is known, so a step is tried in full when they follow: one after the other.
            self.held, self._step = self._per_second, _CLOSE
            self.failed = max(self.failed, self.held * _CLOSE)
            self._set(self.held, self._set_at)
        elif self._is_beyond or self.failed > self._per_second * _CLOSE:
            self._lasted = self._per_second
            upper = math.inf if self._is_beyond else (self._per_second + self.failed) / 2
            self._set(min(upper, self._per_second * self._step), self._set_at)
            self._step = min(_LARGEST_STEP, 2 * self._step - 1)
        elif self._settled_times > self._rest:
            self._is_beyond = True
        elif self._tried * (self._per_second - self.held) > _BURST * self.held:
            # Until now what the bucket held may have hidden that this is too fast.
            self.held = self._per_second

    @property
    def _settled_times(self) -> float:
        return min(self._tried / _SETTLED, self._answers / _ENOUGH)

    def _set(self, per_second: float, now: float) -> None:
        self._per_second = min(self._most, per_second)
        self._set_at = now
        self._tried = 0.0
        self._answers = 0
