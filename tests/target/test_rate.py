"""The pace of requests: how it is found, what holds it back, who goes first, and how many requests go at once."""

import threading
from random import Random

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.sandbox.traffic import Bucket
from scim_bridge.target.client import ScimClient
from scim_bridge.target.rate import Latency, Rate
from scim_bridge.target.retry import Patience, backoff
from tests.fakes import FakeClock
from tests.target.conftest import URL, answer


def times(rate: Rate, clock: FakeClock, requests: int) -> list[float]:
    """When each of these requests went, counted from the first."""
    gone = []
    for _ in range(requests):
        rate.acquire()
        gone.append(clock.now)
    return [moment - gone[0] for moment in gone]


def accept(rate: Rate, answers: int) -> None:
    """So many requests answered as they should be."""
    for _ in range(answers):
        rate.accepted(rate.acquire())


def test_it_begins_at_a_quarter_of_the_ceiling_a_second_s_worth_at_once() -> None:
    clock = FakeClock()
    gone = times(Rate(12, clock, clock.wait), clock, 5)
    assert [round(moment, 3) for moment in gone] == [0, 0, 0, 0.333, 0.667]


def test_a_second_s_worth_of_answers_doubles_it_up_to_the_ceiling_where_it_stays() -> None:
    clock = FakeClock()
    rate = Rate(40, clock, clock.wait)
    accept(rate, 15)
    assert rate.per_second == pytest.approx(20, rel=0.05)
    accept(rate, 200)
    assert rate.per_second == 40


def test_the_first_429_of_a_slow_start_halves_the_pace_and_all_of_one_volley_count_once() -> None:
    clock = FakeClock()
    rate = Rate(40, clock, clock.wait)
    volley = [rate.acquire() for _ in range(5)]
    for turn in volley:
        rate.throttled(turn)
    assert rate.per_second == 5


def test_a_pace_that_held_is_cut_by_a_fifth_and_grows_slowly_again() -> None:
    clock = FakeClock()
    rate = Rate(20, clock, clock.wait)
    accept(rate, 200)
    rate.throttled(rate.acquire())
    assert rate.per_second == 16
    accept(rate, 2 * 16)
    assert 16.2 < rate.per_second < 16.6


def test_an_idle_client_does_not_take_its_silence_for_leave_to_go_faster() -> None:
    clock = FakeClock()
    rate = Rate(20, clock, clock.wait)
    accept(rate, 200)
    rate.throttled(rate.acquire())
    for _ in range(50):
        clock.now += 1
        accept(rate, 1)
    assert rate.per_second == 16


@pytest.mark.parametrize("ceiling", [20, 25, 40, 100])
@pytest.mark.parametrize("retry_after", [None, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_of_a_quota_at_or_below_the_ceiling_95_percent_are_used_with_hardly_a_429(
    ceiling: float, retry_after: float | None, seed: int
) -> None:
    """Two minutes against the emulator's own bucket of 20 a second; nothing is waited for."""
    clock, chance = FakeClock(), Random(seed)
    rate, bucket = Rate(ceiling, clock, clock.wait), Bucket(20, clock.now)
    begun, accepted, throttled = clock.now, 0, 0
    while clock.now < begun + 120:
        turn = rate.acquire()
        if bucket.take(clock.now):
            accepted += 1
            rate.accepted(turn)
        else:
            throttled += 1
            rate.throttled(turn)
            rate.pause(backoff(1, retry_after, chance.random))
    assert accepted >= 0.95 * 20 * 120
    assert throttled < 0.01 * (accepted + throttled)


def test_who_is_urgent_takes_the_next_turn_before_those_who_wait() -> None:
    """Two wait for their turn; while the first of them sleeps, something urgent comes."""
    clock = FakeClock()
    gone: list[str] = []
    has_begun = threading.Event()

    def wait(seconds: float) -> None:
        if not has_begun.is_set():
            has_begun.set()
            rate.acquire(urgent=True)
            gone.append(f"urgent at {clock.now - start:g}")
        clock.wait(seconds)

    rate = Rate(1, clock, wait)
    start = clock.now
    rate.acquire()
    rate.acquire()
    gone.append(f"the other at {clock.now - start:g}")
    assert gone == ["urgent at 1", "the other at 2"]


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
    assert [round(moment, 3) for moment in gone] == [0, 0.4, 0.8]


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
        if not is_paused.is_set():  # someone else is throttled while we sleep
            is_paused.set()
            rate.pause(7)
        clock.wait(seconds)

    rate = Rate(1, clock, wait)
    start = clock.now
    rate.acquire()
    rate.acquire()
    assert clock.now - start >= 7


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_who_waits_to_ask_again_leaves_the_place_to_another(clock: FakeClock) -> None:
    seen: list[int] = []

    def wait(seconds: float) -> None:
        seen.append(client.at_once)

    client = ScimClient(URL, lambda: "t", Rate(10, clock, clock.wait), Patience(clock=clock, wait=wait))
    before = client.at_once
    client.pause(5)
    assert (seen, client.at_once) == ([before + 1], before)


@pytest.mark.parametrize(
    ("per_second", "latency", "at_once"), [(20, 0.06, 4), (20, 0.3, 12), (200, 0.06, 24), (200, 1.0, 64)]
)
def test_twice_the_pace_times_the_latency_are_under_way(
    clock: FakeClock, per_second: float, latency: float, at_once: int
) -> None:
    def answering(request: httpx.Request) -> httpx.Response:
        clock.now += latency
        return answer(200, {"patch": {}})

    patience = Patience(clock=clock, wait=clock.wait)
    rate = Rate(per_second, clock, clock.wait)
    client = ScimClient(URL, lambda: "token-1", rate, patience, httpx.MockTransport(answering))
    while rate.per_second < per_second:
        client.get("ServiceProviderConfig", needs="patch")
    assert client.at_once == at_once
    client.close()


def test_the_average_follows_slowly_and_an_exchange_that_failed_says_nothing(clock: FakeClock) -> None:
    latency = Latency(clock)
    for seconds in (1.0, 2.0):
        with latency.measured():
            clock.now += seconds
    assert latency.seconds == pytest.approx(1.1)
    with pytest.raises(OSError, match="lost"), latency.measured():
        clock.now += 30
        raise OSError("lost")
    assert latency.seconds == pytest.approx(1.1)


def test_what_hangs_is_counted_until_it_ends(clock: FakeClock) -> None:
    latency = Latency(clock)
    with latency.measured():
        clock.now += 0.5
        assert latency.hanging == 0
        clock.now += 1
        assert latency.hanging == 1
    assert latency.hanging == 0
