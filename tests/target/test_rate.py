"""Whose turn it is: what holds a request back, who goes first, and how many requests go at once."""

import threading
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.errors import AskedToStop
from scim_bridge.target.client import ScimClient
from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import Patience
from tests.fakes import FakeClock
from tests.target.conftest import URL, answer
from tests.waiting import PATIENCE


def times(rate: Rate, clock: FakeClock, requests: int) -> list[float]:
    """When each of these requests went, counted from the first."""
    gone = []
    for _ in range(requests):
        rate.acquire()
        gone.append(clock.now)
    return [moment - gone[0] for moment in gone]


def test_it_begins_at_five_a_second_whatever_the_ceiling_a_second_s_worth_at_once() -> None:
    for ceiling in (None, 12, 1_000):
        clock = FakeClock()
        gone = times(Rate(ceiling, clock, clock.wait), clock, 7)
        assert [round(moment, 3) for moment in gone] == [0, 0, 0, 0, 0, 0.2, 0.4]


def test_a_throttled_kind_holds_no_other_up() -> None:
    clock = FakeClock()
    rate = Rate(None, clock, clock.wait)
    rate.throttled(rate.acquire("POST Users"))
    rate.pause(5, "POST Users")
    begun = clock.now
    rate.acquire("POST Groups")
    assert clock.now == begun
    rate.acquire("POST Users")
    assert clock.now == begun + 5
    assert rate.per_second("POST Users") < rate.per_second("POST Groups") == 5


def test_all_of_one_volley_count_once() -> None:
    clock = FakeClock()
    rate = Rate(None, clock, clock.wait)
    volley = [rate.acquire() for _ in range(5)]
    rate.throttled(volley[0])
    first = rate.per_second()
    for turn in volley[1:]:
        rate.throttled(turn)
    assert rate.per_second() == first < 5


def test_who_is_urgent_goes_before_other_kinds_too_where_a_ceiling_holds_them_all() -> None:
    """Each kind could go at once by its own pace; the ceiling is one a second."""
    clock = FakeClock()
    gone: list[str] = []
    has_begun, has_ended = threading.Event(), threading.Event()

    def urgent() -> None:
        rate.acquire("PATCH Users", urgent=True)
        gone.append(f"urgent at {clock.now - start:g}")
        has_ended.set()

    def wait(seconds: float) -> None:
        if threading.current_thread() is not threading.main_thread():
            # It came in time and wakes too late: the other has looked at the clock again meanwhile.
            has_begun.set()
            assert has_looked.wait(PATIENCE)
        elif not has_begun.is_set():
            threading.Thread(target=urgent).start()
            assert has_begun.wait(PATIENCE)
            clock.wait(seconds)
        else:
            has_looked.set()
            assert has_ended.wait(PATIENCE)
            clock.wait(seconds)

    has_looked = threading.Event()
    rate = Rate(1, clock, wait)
    start = clock.now
    rate.acquire("POST Users")
    rate.acquire("POST Groups")
    gone.append(f"the other at {clock.now - start:g}")
    assert gone == ["urgent at 1", "the other at 2"]


def test_once_the_run_is_to_stop_no_request_has_leave_but_an_urgent_one() -> None:
    clock, asked = FakeClock(), threading.Event()
    rate = Rate(1, clock, clock.wait, is_stopping=asked.is_set)
    rate.acquire()
    asked.set()
    sent_at = clock.now
    with pytest.raises(AskedToStop, match="before this was sent"):
        rate.acquire()
    rate.acquire(urgent=True)
    assert clock.now == sent_at + 1
    rate.pause(120)
    with pytest.raises(AskedToStop):
        rate.acquire(urgent=True)


def test_a_pause_ends_soon_after_the_run_is_asked_to_stop() -> None:
    """Both that of a lane, which many wait for, and that of one request before it is tried again."""
    clock, asked = FakeClock(), threading.Event()

    def wait(seconds: float) -> None:
        clock.wait(seconds)
        if clock.now - start > 30:
            asked.set()

    rate = Rate(10, clock, wait, is_stopping=asked.is_set)
    waits: tuple[Callable[[], object], ...] = (lambda: rate.wait(120), rate.acquire)
    for begin_to_wait in waits:
        asked.clear()
        start = clock.now
        rate.pause(120)
        with pytest.raises(AskedToStop):
            begin_to_wait()
        assert clock.now - start == pytest.approx(30.1, abs=0.11)


def test_many_threads_of_several_kinds_all_get_their_turn() -> None:
    rate = Rate(100_000)
    kinds = ["POST Users", "POST Groups", "PATCH Groups members"]
    gone: list[str] = []

    def work(kind: str) -> None:
        for number in range(20):
            turn = rate.acquire(kind, members=3 if "members" in kind else 0, urgent=number % 5 == 0)
            rate.accepted(turn)
            gone.append(kind)

    threads = [threading.Thread(target=work, args=(kind,)) for kind in kinds * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(gone) == sorted(kinds * 80)


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


STEPS = st.tuples(
    st.floats(0, 2), st.sampled_from(["POST Users", "POST Groups", "PATCH Groups members"]), st.booleans()
)


@given(per_second=st.floats(0.5, 200), steps=st.lists(STEPS, min_size=1, max_size=120))
def test_all_kinds_together_never_exceed_the_ceiling_and_one_second_s_burst_whatever_the_answers(
    per_second: float, steps: list[tuple[float, str, bool]]
) -> None:
    clock = FakeClock()
    rate = Rate(per_second, clock, clock.wait)
    gone = []
    for seconds, kind, is_accepted in steps:
        clock.now += seconds
        turn = rate.acquire(kind, members=30 if "members" in kind else 0)
        gone.append(clock.now)
        (rate.accepted if is_accepted else rate.throttled)(turn)
        assert rate.per_second(kind) <= per_second + 1e-9
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
    assert [round(moment, 3) for moment in gone] == [0, 0.2, 0.4]


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
        seen.append(client.at_once("PATCH Users"))

    client = ScimClient(URL, lambda: "t", Rate(10, clock, clock.wait), Patience(clock=clock, wait=wait))
    before = client.at_once("PATCH Users")
    client.pause(5)
    assert (seen, client.at_once("PATCH Users")) == ([before + 1], before)


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
    kind = "list ServiceProviderConfig"
    while rate.per_second(kind) < per_second:
        rate.accepted(rate.acquire(kind))
    client.get("ServiceProviderConfig", needs="patch")
    assert client.at_once(kind) == at_once
    client.close()
