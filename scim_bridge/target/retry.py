"""How long to send again to the endpoint, and what it comes to in the end; callers write `patience.call(send)`."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import TypeVar

from scim_bridge.errors import EndpointDown, Hold, NotThere, Retry, Throttled
from scim_bridge.patience import Failure, insist, jitter

T = TypeVar("T")
_LONGEST_ASKED = 300.0
NEW_FOR = 10.0
"""Seconds after which what was created is surely visible (reference, 7.1: a 404 was seen within some milliseconds)."""
_LONGEST_LOOK = 2.0
_RUN_AGAIN = "What was sent is on record; run again when it has recovered."
_OUTAGE = 60.0
_OUTAGE_FAILURES = 12


def backoff(attempt: int, after: float | None, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait before sending again: the server's Retry-After, at most five minutes; else by chance."""
    return jitter(attempt, chance) if after is None else min(after, _LONGEST_ASKED)


@dataclass(slots=True)
class Outage:
    """What all requests together tell of the endpoint: it is down once nothing has succeeded for a minute while a dozen
    attempts failed. From then on nothing is sent, so that many requests under way do not each use up their patience.
    """

    is_total: bool = False
    failures: int = 0
    since: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def succeeded(self) -> None:
        """An answer came that was none of the endpoint's own failures, a 429 among them."""
        with self.lock:
            self.failures = 0

    def failed(self, began: float, now: float) -> None:
        """An attempt that began then was not answered, or by a 5xx."""
        with self.lock:
            if not self.failures:
                self.since = began
            self.failures += 1
            self.is_total = self.is_total or (self.failures >= _OUTAGE_FAILURES and now - self.since >= _OUTAGE)


@dataclass(slots=True)
class Patience:
    """How long to try. first_answer: seconds until an endpoint that never answered at all is given up.

    attempts: of one request, throttled ones not counted; longest: seconds after which those end too.
    pause: told how long everybody should wait when a request was throttled.
    """

    first_answer: float = 30.0
    attempts: int = 8
    longest: float = 600.0
    clock: Callable[[], float] = monotonic
    wait: Callable[[float], None] = sleep
    pause: Callable[[float], None] | None = None
    has_answered: bool = False
    outage: Outage = field(default_factory=Outage)

    def call(self, send: Callable[[], T], *, new_for: float = 0.0, attempts: int | None = None) -> T:
        """The answer of send(), sent again while it raises Retry. Raises EndpointDown when patience has run out.

        new_for: send() names a resource made a moment ago, which the endpoint may not see at once (reference, 7.1): for
        so many seconds a NotThere is not believed. attempts: fewer than usual.
        """
        trial = _Trial(self, self.clock(), attempts or self.attempts, new_for)
        again: tuple[type[Exception], ...] = (Retry, NotThere) if new_for > 0 else (Retry,)
        try:
            return insist(lambda: self._attempt(send), trial, self.wait, again)
        except Retry as last:
            raise trial.given_up(last) from None

    def _attempt(self, send: Callable[[], T]) -> T:
        """One attempt, unless all the others have found out meanwhile that it would be in vain."""
        if self.outage.is_total:
            raise self._down()
        began = self.clock()
        try:
            answer = send()
        except (Throttled, Hold):
            self.outage.succeeded()
            raise
        except Retry as failure:
            self.outage.failed(began, self.clock())
            if self.has_answered and self.outage.is_total:
                raise self._down(failure) from None
            raise
        self.outage.succeeded()
        return answer

    def _down(self, last: Retry | None = None) -> EndpointDown:
        seconds = self.clock() - self.outage.since
        return EndpointDown(
            f"nothing sent to the endpoint has succeeded for {seconds:.0f} s{f': {last.what}' if last else ''}",
            (last.way_out if last else "") or _RUN_AGAIN,
        )


@dataclass(slots=True)
class _Trial:
    """One request being sent until it is answered. failures: attempts that failed but were not throttled.

    looks: how many of them said that there is no such resource, while that was not believed yet.
    """

    patience: Patience
    begun: float
    attempts: int
    new_for: float = 0.0
    failures: int = 0
    looks: int = 0

    @property
    def elapsed(self) -> float:
        return self.patience.clock() - self.begun

    def is_over(self, failure: Failure) -> bool:
        if isinstance(failure.error, NotThere):
            return self.elapsed >= self.new_for
        if not self.patience.has_answered:
            return self.elapsed >= self.patience.first_answer
        if not isinstance(failure.error, Throttled):
            self.failures += 1
        return self.elapsed >= self.patience.longest or self.failures >= self.attempts

    def seconds(self, failure: Failure) -> float:
        error = failure.error
        if isinstance(error, NotThere):
            self.looks += 1
            return max(0.0, min(_LONGEST_LOOK, 0.1 * 2.0 ** min(self.looks, 10), self.new_for - self.elapsed))
        seconds = backoff(failure.number, error.after if isinstance(error, Retry) else None)
        if not self.patience.has_answered:
            seconds = min(seconds, max(0.0, self.patience.first_answer - self.elapsed))
        if isinstance(error, Throttled) and self.patience.pause is not None:
            self.patience.pause(seconds)
        return seconds

    def given_up(self, last: Retry) -> EndpointDown:
        if not self.patience.has_answered:
            return EndpointDown(
                f"the endpoint never answered within {self.patience.first_answer:.0f} s: {last.what}",
                "Look at target.url and at the network between here and there.",
            )
        return EndpointDown(
            f"the endpoint did not recover within {self.elapsed:.0f} s: {last.what}",
            last.way_out or _RUN_AGAIN,
        )
