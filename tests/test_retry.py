"""Sending again: what a server's Retry-After says, and in which order a trial is asked."""

from collections.abc import Callable

import pytest

from scim_bridge.errors import ServerFault
from scim_bridge.retry import Failure, insist, seconds_of
from tests.fakes import FakeClock


@pytest.mark.parametrize("header, seconds", [
    (None, None), ("", None), ("7", 7.0), (" 7 ", 7.0), ("0", 0.0), ("-1", None), ("7.5", None), ("soon", None),
    ("nan", None), ("inf", None),
])  # fmt: skip
def test_a_retry_after_is_whole_seconds(header: str | None, seconds: float | None) -> None:
    assert seconds_of(header) == seconds


def test_a_retry_after_that_is_a_date_is_seconds_from_now() -> None:
    assert seconds_of("Fri, 01 Jan 2016 00:00:00 GMT") == 0.0
    later = seconds_of("Fri, 01 Jan 2100 00:00:00 GMT")
    assert later is not None
    assert later > 1_000_000


class ThreeAttempts:
    """A trial that waits as many seconds as attempts were made, and ends with the third."""

    def __init__(self) -> None:
        self.told: list[Failure] = []

    def seconds(self, failure: Failure) -> float:
        return float(failure.number)

    def is_over(self, failure: Failure) -> bool:
        self.told.append(failure)
        return failure.number == 3


def failing(times: int) -> Callable[[], str]:
    errors = [ServerFault("down") for _ in range(times)]

    def send() -> str:
        if errors:
            raise errors.pop()
        return "answer"

    return send


def test_what_fails_is_sent_again_after_the_pause_of_the_trial() -> None:
    clock, trial = FakeClock(), ThreeAttempts()
    assert insist(failing(2), trial, clock.wait) == "answer"
    assert clock.waited == [1, 2]
    assert [(failure.number, failure.pause) for failure in trial.told] == [(1, 1.0), (2, 2.0)]


def test_the_last_failure_is_raised_when_the_trial_is_over() -> None:
    clock = FakeClock()
    with pytest.raises(ServerFault):
        insist(failing(3), ThreeAttempts(), clock.wait)
    assert clock.waited == [1, 2]


def test_what_is_no_failure_of_that_kind_is_raised_at_once() -> None:
    with pytest.raises(ServerFault):
        insist(failing(1), ThreeAttempts(), FakeClock().wait, (KeyError,))
