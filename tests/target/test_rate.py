"""The ceiling on requests a second."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import backoff
from tests.fakes import FakeClock


def times(rate: Rate, clock: FakeClock, requests: int) -> list[float]:
    """When each of these requests went, counted from the first."""
    gone = []
    for _ in range(requests):
        rate.acquire()
        gone.append(clock.now)
    return [moment - gone[0] for moment in gone]


def test_a_second_s_worth_passes_at_once_and_the_rest_evenly() -> None:
    clock = FakeClock()
    gone = times(Rate(10, clock, clock.wait), clock, 13)
    assert [round(moment, 3) for moment in gone] == [0] * 10 + [0.1, 0.2, 0.3]


def test_less_than_one_request_a_second_is_possible_and_the_first_goes_at_once() -> None:
    clock = FakeClock()
    assert times(Rate(0.1, clock, clock.wait), clock, 3) == [0, 10, 20]
    assert sum(clock.waited) == 20


@given(per_second=st.floats(0.5, 200), idle=st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_never_more_than_the_rate_and_one_second_s_burst_whatever_the_pauses(
    per_second: float, idle: list[float]
) -> None:
    clock = FakeClock()
    rate = Rate(per_second, clock, clock.wait)
    gone = []
    for seconds in idle:
        clock.now += seconds
        rate.acquire()
        gone.append(clock.now)
    for first, begin in enumerate(gone):
        for last in range(first, len(gone)):
            allowed = per_second * (gone[last] - begin) + max(per_second, 1)
            assert last - first + 1 <= allowed + 1e-6 + 1


def test_a_pause_holds_everybody_and_no_burst_follows() -> None:
    clock = FakeClock()
    rate = Rate(10, clock, clock.wait)
    rate.pause(5)
    gone = times(rate, clock, 3)
    assert clock.waited[0] == 5
    assert [round(moment, 3) for moment in gone] == [0, 0.1, 0.2]


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    clock = FakeClock()
    rate = Rate(10, clock, clock.wait)
    rate.pause(5)
    rate.pause(1)
    rate.acquire()
    assert clock.waited == [5]


def test_who_waits_already_when_the_pause_begins_is_held_as_well() -> None:
    clock = FakeClock()
    is_paused = threading.Event()

    def wait(seconds: float) -> None:
        if not is_paused.is_set():  # somebody else is throttled while we sleep
            is_paused.set()
            rate.pause(7)
        clock.wait(seconds)

    rate = Rate(1, clock, wait)
    start = clock.now
    rate.acquire()
    rate.acquire()
    assert clock.now - start >= 7


@given(attempt=st.integers(1, 10_000), chance=st.floats(0, 1))
def test_the_backoff_begins_near_half_a_second_and_never_exceeds_thirty(attempt: int, chance: float) -> None:
    assert 0 <= backoff(attempt, None, lambda: chance) <= min(30, 0.5 * 2 ** min(attempt - 1, 20))


def test_the_backoff_doubles_up_to_its_cap() -> None:
    assert [backoff(n, None, lambda: 1.0) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_what_the_endpoint_asks_for_goes_before_the_backoff_up_to_five_minutes() -> None:
    assert backoff(1, 12.0) == 12
    assert backoff(1, 86_400.0) == 300
