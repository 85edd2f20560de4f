"""How long to send again to the endpoint, and what it comes to in the end; callers write `patience.call(send)`.

A request that fails in every try is not yet an endpoint that is down: if the endpoint meanwhile answered
another request about one resource, or answers a question asked for that purpose, it is this one object that fails, and
the others go on. A dozen of them given up in a row, none answered in between, are the endpoint again, whatever it says
to questions.
"""

import math
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import TypeVar

from scim_bridge.errors import EndpointDown, Hold, NotAnswered, NotThere, Retry, Throttled
from scim_bridge.retry import Failure, insist, jitter

T = TypeVar("T")
_LONGEST_ASKED = 300.0
"""Seconds of a Retry-After that are kept. A revocation must not wait for an hour because a proxy says so."""
NEW_FOR = 10.0
"""Seconds after which what was created is surely visible (docs/identity-center.md §7.1: a 404 was seen 25 ms later)."""
_LONGEST_LOOK = 2.0
_ONLY_THE_PACE = 1
"""Throttles of one request, without a Retry-After, after which it waits for nothing but its next turn …"""
_ALONE = 2
"""… and after which no other request waits with it."""
_RUN_AGAIN = "What was sent is on record; run again when it has recovered."
_OUTAGE = 60.0
"""Seconds without a success after which the endpoint may be down …"""
_OUTAGE_FAILURES = 12
"""… if this many attempts failed meanwhile: one slow object must not count as an outage."""
_OUTAGE_OBJECTS = 12
"""Objects given up in a row after which it is the endpoint that fails, even if it answers questions."""


def backoff(attempt: int, after: float | None, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait before sending again: the server's Retry-After, at most five minutes; else random."""
    return jitter(attempt, chance) if after is None else min(after, _LONGEST_ASKED)


@dataclass(slots=True, kw_only=True)
class Outage:
    """What all requests together tell of the endpoint: it is down once nothing has succeeded for a minute while a dozen
    attempts failed, and it does not answer a question either. From then on nothing is sent, so that many requests under
    way do not each use up their patience.

    given_up: requests about one resource, in a row, that failed in every try; answered_at: when one was last answered.
    struggling: requests that have failed and are being tried again.
    """

    is_total: bool = False
    is_suspected: bool = False
    failures: int = 0
    since: float = 0.0
    given_up: int = 0
    answered_at: float = -math.inf
    struggling: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def succeeded(self, now: float, *, of_one: bool) -> None:
        """An answer came that was not one of the endpoint's own failures. A 429 or a refusal counts: it is up."""
        with self.lock:
            self.failures = 0
            if of_one:
                self.given_up = 0
                self.answered_at = now

    def failed(self, began: float, now: float) -> bool:
        """An attempt that began then was not answered, or by a 5xx. True if the endpoint is to be asked whether it is
        down; only one who asks at a time."""
        with self.lock:
            if not self.failures:
                self.since = began
            self.failures += 1
            # Only the one who finds it out asks: a question from every thread would be a burst on an ailing endpoint.
            is_new = not self.is_suspected and self.failures >= _OUTAGE_FAILURES and now - self.since >= _OUTAGE
            self.is_suspected = self.is_suspected or is_new
            return is_new

    def settle(self, *, is_down: bool) -> None:
        """The outcome of the question whether it is down."""
        with self.lock:
            self.is_total = self.is_total or is_down
            self.is_suspected = False
            self.failures = 0 if not is_down else self.failures

    def give_up(self) -> int:
        """One more request about one resource failed in every try; how many that makes in a row."""
        with self.lock:
            self.given_up += 1
            return self.given_up

    def struggle(self, by: int) -> None:
        """One more (1), or one less (-1), is being tried again."""
        with self.lock:
            self.struggling += by


@dataclass(slots=True, kw_only=True)
class Patience:
    """How long to try. first_answer: seconds until an endpoint that never answered at all is given up.

    attempts: of one request, throttled ones not counted; longest: seconds after which those end too.
    answers: asks the endpoint a question and says whether it answered.
    """

    first_answer: float = 30.0
    attempts: int = 8
    longest: float = 600.0
    clock: Callable[[], float] = monotonic
    wait: Callable[[float], None] = sleep
    answers: Callable[[], bool] = lambda: False
    has_answered: bool = False
    outage: Outage = field(default_factory=Outage)

    def call(
        self,
        send: Callable[[], T],
        *,
        new_for: float = 0.0,
        of_one: bool = False,
        attempts: int | None = None,
        pause: Callable[[float], None] | None = None,
    ) -> T:
        """The answer of send(), sent again while it raises Retry. Raises EndpointDown when patience has run out, or
        NotAnswered if it is about one resource (of_one), and fails alone.

        new_for: send() names a resource made a moment ago, which the endpoint may not see at once
        (docs/identity-center.md §7.1): for so many seconds a NotThere is not believed. attempts: fewer than usual.
        pause: told how long all of its kind are to wait when it was throttled.
        """
        trial = _Trial(
            patience=self, begun=self.clock(), attempts=attempts or self.attempts, new_for=new_for, pause=pause
        )
        again: tuple[type[Exception], ...] = (Retry, NotThere) if new_for > 0 else (Retry,)
        try:
            return insist(lambda: self._attempt(send, of_one=of_one), trial, self.wait, again)
        except Retry as last:
            if of_one and self._is_alone(trial, last):
                raise trial.passed_over(last) from None
            raise trial.given_up(last) from None
        finally:
            trial.end()

    def _is_alone(self, trial: "_Trial", last: Retry) -> bool:
        """Whether it is this object that fails, and not the endpoint."""
        # An endpoint that never answered may not be one. A throttle concerns all requests, never one object.
        if not self.has_answered or isinstance(last, Throttled):
            return False
        if self.outage.answered_at > trial.begun:
            return True
        return self.outage.give_up() < _OUTAGE_OBJECTS and self.answers()

    def _attempt(self, send: Callable[[], T], *, of_one: bool) -> T:
        """One attempt, unless all the others have found out meanwhile that it would be without success."""
        if self.outage.is_total:
            raise self._down()
        began = self.clock()
        try:
            answer = send()
        except (Throttled, Hold):
            self.outage.succeeded(self.clock(), of_one=of_one)
            raise
        except Retry as failure:
            # Asked outside the lock, since the question itself takes a turn and may take seconds.
            if self.outage.failed(began, self.clock()):
                self.outage.settle(is_down=not (self.has_answered and self.answers()))
            if self.has_answered and self.outage.is_total:
                raise self._down(failure) from None
            raise
        self.outage.succeeded(self.clock(), of_one=of_one)
        return answer

    def _down(self, last: Retry | None = None) -> EndpointDown:
        seconds = self.clock() - self.outage.since
        return EndpointDown(
            f"nothing sent to the endpoint has succeeded for {seconds:.0f} s{f': {last.what}' if last else ''}",
            (last.way_out if last else "") or _RUN_AGAIN,
        )


@dataclass(slots=True, kw_only=True)
class _Trial:
    """One request being sent until it is answered. failures: attempts that failed but were not throttled.

    looks: how many of them said that there is no such resource, while that was not believed yet.
    """

    patience: Patience
    begun: float
    attempts: int
    new_for: float = 0.0
    pause: Callable[[float], None] | None = None
    failures: int = 0
    throttled: int = 0
    is_struggling: bool = False
    looks: int = 0

    @property
    def elapsed(self) -> float:
        return self.patience.clock() - self.begun

    def is_over(self, failure: Failure) -> bool:
        if isinstance(failure.error, NotThere):
            return self.elapsed >= self.new_for
        # At the very beginning a person is waiting at the terminal, and a wrong URL is likelier than an outage.
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
        if not self.is_struggling and not isinstance(error, Throttled):
            self.is_struggling = True
            self.patience.outage.struggle(1)
        seconds = backoff(failure.number, error.after if isinstance(error, Retry) else None)
        if not self.patience.has_answered:
            seconds = min(seconds, max(0.0, self.patience.first_answer - self.elapsed))
        return self._throttled(error, seconds) if isinstance(error, Throttled) else seconds

    def _throttled(self, error: Throttled, seconds: float) -> float:
        """How long it waits that was throttled, and all of its kind with it: a quota is for all of them."""
        self.throttled += 1
        # Once is how a quota is found: the pace, which is lower now, spaces what follows, and a pause would waste what
        # is permitted. Again and again means that hardly anything is.
        if error.after is None and self.throttled <= _ONLY_THE_PACE:
            return 0.0
        if self.pause is not None and (error.after is not None or self.throttled > _ALONE):
            self.pause(seconds)
        return seconds

    def end(self) -> None:
        """It is over, one way or the other."""
        if self.is_struggling:
            self.patience.outage.struggle(-1)

    def passed_over(self, last: Retry) -> NotAnswered:
        """Given up alone: the endpoint answers others."""
        tries = f"all {self.failures} tries within {self.elapsed:.0f} s"
        return NotAnswered(f"{tries} failed, while the endpoint answers others; the last time, {last.what}")

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
