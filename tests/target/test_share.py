"""Runs of one endpoint leave each other a fair share: what passes is what is permitted, whoever comes and goes."""

import pytest

from scim_bridge.model.traffic import Use
from scim_bridge.target.rate import Rate
from scim_bridge.target.share import weight
from tests.fakes import FakeClock
from tests.target.sharing import Endpoint

CEILINGS = [(20, 20.0), (25, 25.0), (40, 20.0), (200, 200.0)]
"""What is permitted, and requests_per_second."""


def _three(permitted: float, ceiling: float | None, seed: int = 0) -> Endpoint:
    """Two runs, a third one after 20 seconds; the first ends after 60."""
    endpoint = Endpoint(permitted, ceiling, seed=seed)
    for begins, ends in ((0.0, 60.0), (0.3, 99.0), (20.0, 99.0)):
        endpoint.add(begins, ends)
    endpoint.run(90)
    return endpoint


@pytest.mark.parametrize(("permitted", "ceiling"), CEILINGS)
def test_under_a_ceiling_each_run_has_its_share_and_none_is_lost(permitted: float, ceiling: float) -> None:
    endpoint = _three(permitted, ceiling)
    for begin, end, runs in ((5, 20, 2), (24, 60, 3), (64, 90, 2)):
        passed = [each for each in endpoint.passed(begin, end).values() if each > ceiling / 100]
        assert sum(passed) == pytest.approx(ceiling, rel=0.05)
        assert passed == pytest.approx([ceiling / runs] * runs, rel=0.1)
    assert endpoint.share_throttled(0, 90) < 0.01


@pytest.mark.parametrize("permitted", [20, 25, 40])
def test_without_one_the_runs_find_the_pace_together(permitted: float) -> None:
    endpoint = _three(permitted, None)
    passed = endpoint.passed(22, 60)
    assert sum(passed.values()) > 0.93 * permitted
    assert min(passed.values()) > 0.8 * permitted / 3
    assert endpoint.share_throttled(20, 90) < 0.02


def test_what_some_do_not_use_is_left_to_the_others() -> None:
    endpoint = Endpoint(20, 20.0)
    for wants in (float("inf"), 0.5, 3.0):
        endpoint.add(wants=wants)
    endpoint.run(60)
    bulk, *small = endpoint.passed(5, 60).values()
    assert small == pytest.approx([0.5, 3.0], rel=0.05)
    assert bulk + sum(small) > 0.95 * 20


def test_a_run_that_begins_leaves_the_others_the_time_to_see_it() -> None:
    """They use all that is permitted, so whatever it sends at once is too much."""
    endpoint = Endpoint(20, 20.0)
    endpoint.add()
    last = endpoint.add(begins=30)
    endpoint.run(60)
    assert endpoint.share_throttled(30, 34) < 0.02
    assert 1 < sum(30 <= at < 31.3 for at in last.passed) < 7


def test_what_is_urgent_has_its_share_from_the_first_moment() -> None:
    """A user who left must not wait for the work of other runs, nor for their next look."""
    clock = FakeClock()
    rate = Rate(20, clock, clock.wait)
    rate.share([{"PATCH Users": Use(20, 20, is_held_back=True)}], [])
    begun = clock.now
    for _ in range(10):
        rate.acquire("PATCH Users", urgent=True)
    assert clock.now - begun < 5  # by its own first pace, of which half is its share


def test_the_shares_of_all_runs_add_up() -> None:
    full, little = Use(9.0, is_held_back=True), Use(1.0)
    assert weight(20, []) == 1
    assert weight(20, [full]) == 2
    assert weight(20, [full, full]) == pytest.approx(3)
    assert 20 / weight(20, [little]) == pytest.approx(20 - 1.2)
    assert 20 / weight(20, [full, little]) == pytest.approx(20 - 20 / 3 - 1.2)
