"""How many requests go at once: by how long answers take, and by how many hang."""

import httpx
import pytest

from scim_bridge.target.client import ScimClient
from scim_bridge.target.latency import Latency
from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import Patience
from tests.fakes import FakeClock
from tests.target.conftest import URL, answer


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
