"""Sending again: the loop, the pauses, and what a server's Retry-After says. tenacity is imported here alone.

For how long, and what it comes to in the end, differs from system to system: target/retry.py, source/patience.py.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import time
from typing import Protocol, TypeVar

import tenacity

from scim_bridge.errors import Retry

T = TypeVar("T")
_FIRST, _LONGEST = 0.5, 30.0


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed. number: which, from 1. pause: seconds until the next one, 0.0 while that is asked for."""

    number: int
    error: BaseException
    pause: float = 0.0


class Trial(Protocol):
    """One request until it is answered or given up. Of each failure the pause is asked for first, then the end."""

    def seconds(self, failure: Failure) -> float:
        """How long to wait before the next attempt."""

    def is_over(self, failure: Failure) -> bool:
        """Whether this was the last attempt."""


def insist(
    send: Callable[[], T], trial: Trial, wait: Callable[[float], None], again: tuple[type[Exception], ...] = (Retry,)
) -> T:
    """What send() gives, called again while it raises one of `again` and the trial is not over; then that is raised."""
    return tenacity.Retrying(
        retry=_raised(again),
        wait=lambda state: trial.seconds(_failure(state)),
        stop=lambda state: trial.is_over(_failure(state)),
        sleep=wait,
        reraise=True,
    )(send)


@lru_cache
def _raised(again: tuple[type[Exception], ...]) -> tenacity.retry_if_exception_type:
    """Made once for each: one names itself, and where no one looks for circles (run/sync.py) it would stay."""
    return tenacity.retry_if_exception_type(again)


def _failure(state: tenacity.RetryCallState) -> Failure:
    error = state.outcome.exception() if state.outcome is not None else None
    assert error is not None  # noqa: S101 - only a failure is waited for
    return Failure(state.attempt_number, error, state.upcoming_sleep)


def jitter(attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait where no one asks for any: by chance up to 0.5 × 2**(attempt-1), at most 30 (full jitter).

    attempt counts from 1. Chance keeps clients that were throttled together from coming back together.
    """
    return chance() * min(_LONGEST, _FIRST * 2.0 ** min(attempt - 1, 10))


def seconds_of(header: str | None) -> float | None:
    """Seconds that a Retry-After asks for, in either form of RFC 9110 §10.2.3; None if it is absent or unreadable."""
    value = (header or "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time()) if value else None
    except ValueError:
        return None
