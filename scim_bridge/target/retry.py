"""Waiting and sending again. tenacity is imported here and nowhere else; callers write `patience.call(send)`."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import TypeVar

import tenacity

from scim_bridge.errors import EndpointDown, Retry, Throttled

T = TypeVar("T")
_FIRST = 0.5
_LONGEST = 30.0


def backoff(attempt: int, after: float | None, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait before sending again: the server's Retry-After, else full jitter up to 0.5 × 2**(attempt-1).

    attempt counts from 1; the jitter's ceiling is 30 s. A server's Retry-After of more than five minutes is cut to it.
    """
    if after is not None:
        return min(after, 300.0)
    return chance() * min(_LONGEST, _FIRST * 2.0 ** (attempt - 1))


@dataclass(slots=True)
class Patience:
    """How long to try. first_answer: seconds until an endpoint that never answered at all is given up.

    attempts: of one request, throttled ones not counted: they end when `longest` seconds have passed.
    """

    first_answer: float = 30.0
    attempts: int = 8
    longest: float = 600.0
    clock: Callable[[], float] = monotonic
    wait: Callable[[float], None] = sleep
    pause: Callable[[float], None] | None = None
    has_answered: bool = False
    _begun: float = field(default=0.0, init=False)

    def call(self, send: Callable[[], T]) -> T:
        """The answer of send(), sent again while it raises Retry. Raises EndpointDown when patience has run out."""
        begun = self.clock()

        def is_over(state: tenacity.RetryCallState) -> bool:
            elapsed = self.clock() - begun
            if not self.has_answered:
                return elapsed >= self.first_answer
            is_throttled = state.outcome is not None and isinstance(state.outcome.exception(), Throttled)
            return elapsed >= self.longest or (not is_throttled and state.attempt_number >= self.attempts)

        def pause_for(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome is not None else None
            seconds = backoff(state.attempt_number, error.after if isinstance(error, Retry) else None)
            if not self.has_answered:
                seconds = min(seconds, max(0.0, self.first_answer - (self.clock() - begun)))
            if isinstance(error, Throttled) and self.pause is not None:
                self.pause(seconds)
            return seconds

        try:
            return tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(Retry),
                stop=is_over,
                wait=pause_for,
                sleep=self.wait,
                reraise=True,
            )(send)
        except Retry as last:
            if not self.has_answered:
                raise EndpointDown(
                    f"the endpoint never answered within {self.first_answer:.0f} s: {last.what}",
                    "Look at target.url and at the network between here and there.",
                ) from None
            raise EndpointDown(
                f"the endpoint did not recover after {self.clock() - begun:.0f} s: {last.what}",
                "What was sent is on record; run again when it has recovered.",
            ) from None
