"""Waiting and asking again. tenacity is imported here and nowhere else in this room.

Everything here is read, so whatever failed may be asked again without harm.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import monotonic, sleep, time
from typing import TypeVar

import tenacity

from scim_bridge.errors import Retry, SourceUnreadable, Throttled, Unreachable

T = TypeVar("T")
_FIRST, _LONGEST = 0.5, 30.0


def seconds_of(header: str | None) -> float | None:
    """Seconds that a Retry-After asks for, in either form of RFC 9110 §10.2.3; None if there is none."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time())
    except ValueError:
        return None


@dataclass(slots=True)
class Patience:
    """How long to try. first_answer: seconds until a host that never answered at all is given up.

    attempts: of one request, throttled ones not counted; longest: seconds after which those end too.
    """

    first_answer: float = 30.0
    attempts: int = 6
    longest: float = 600.0
    clock: Callable[[], float] = monotonic
    wait: Callable[[float], None] = sleep
    has_answered: bool = False

    def call(self, send: Callable[[], T]) -> T:
        """What send() gives, called again while it raises Retry. Raises SourceUnreadable when patience has run out."""
        trial = _Trial(self, self.clock())
        try:
            return tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(Retry),
                stop=trial.is_over,
                wait=trial.seconds,
                sleep=self.wait,
                reraise=True,
            )(send)
        except Retry as last:
            raise trial.given_up(last) from None


@dataclass(slots=True)
class _Trial:
    """One request until it is answered. failures: attempts that failed but were not throttled."""

    patience: Patience
    begun: float
    failures: int = 0

    @property
    def elapsed(self) -> float:
        return self.patience.clock() - self.begun

    def is_over(self, state: tenacity.RetryCallState) -> bool:
        error = _error(state)
        if not isinstance(error, Throttled):
            self.failures += 1
        until = self.elapsed + state.upcoming_sleep
        if isinstance(error, Unreachable) and not self.patience.has_answered:
            return until >= self.patience.first_answer
        return self.failures >= self.patience.attempts or until > self.patience.longest

    def seconds(self, state: tenacity.RetryCallState) -> float:
        error = _error(state)
        if isinstance(error, Retry) and error.after is not None:
            return error.after
        # Jitter keeps the runs of several connections, throttled together, from coming back together.
        ceiling = min(_LONGEST, _FIRST * 2.0 ** min(state.attempt_number - 1, 10))
        return random.random() * ceiling  # noqa: S311 - nothing that anybody could want to guess

    def given_up(self, last: Retry) -> SourceUnreadable:
        way_out = last.way_out or "The next run reads again; look at the network if it lasts."
        waited = f" ({self.elapsed:.0f} s were spent on it)" if self.elapsed >= 1 else ""
        asked = f", and asks to wait {last.after:.0f} s" if last.after and last.after > self.patience.longest else ""
        return SourceUnreadable(f"the source could not be read: {last.what}{asked}{waited}", way_out)


def _error(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None
