"""How long answers take, and which requests hang."""

import pytest

from scim_bridge.target.latency import Latency
from tests.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


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
