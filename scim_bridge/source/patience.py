"""How long a directory service is asked before it is given up: every request only reads, so any may be sent again.

A request that keeps failing ends after some attempts, one that is throttled after some minutes, and a host that never
answered at all after half a minute.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TypeVar

from scim_bridge.errors import Retry, SourceUnreadable, Throttled, Unreachable
from scim_bridge.retry import Failure, insist, jitter

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
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
            return insist(send, trial, self.wait)
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

    def is_over(self, failure: Failure) -> bool:
        if not isinstance(failure.error, Throttled):
            self.failures += 1
        # A wait that would end after the patience does is not begun: the run ends now, with the same result.
        until = self.elapsed + failure.pause
        if isinstance(failure.error, Unreachable) and not self.patience.has_answered:
            return until >= self.patience.first_answer
        return self.failures >= self.patience.attempts or until > self.patience.longest

    def seconds(self, failure: Failure) -> float:
        after = failure.error.after if isinstance(failure.error, Retry) else None
        return jitter(failure.number) if after is None else after

    def given_up(self, last: Retry) -> SourceUnreadable:
        way_out = last.way_out or "The next run reads again; look at the network if it lasts."
        waited = f" ({self.elapsed:.0f} s were spent on it)" if self.elapsed >= 1 else ""
        asked = f", and asks to wait {last.after:.0f} s" if last.after and last.after > self.patience.longest else ""
        return SourceUnreadable(f"the source could not be read: {last.what}{asked}{waited}", way_out)
