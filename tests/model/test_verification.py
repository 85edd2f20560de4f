"""How often the whole target is read again."""

from datetime import timedelta

import pytest

from scim_bridge.model.verification import ReadingCost, Verification

AUTO = Verification(None, 10)


@pytest.mark.parametrize(
    ("requests", "every"),
    [
        (2, timedelta(minutes=15)),
        (101, timedelta(minutes=15)),  # 1,000 users
        (979, timedelta(minutes=81, seconds=35)),  # 10,000
        (10_080, timedelta(hours=14)),  # 100,000
        (100_000, timedelta(hours=24)),
    ],
)
def test_auto_takes_two_percent_of_the_permitted_requests(requests: int, every: timedelta) -> None:
    assert AUTO.every(requests) == every


def test_who_may_send_more_looks_more_often() -> None:
    assert Verification(None, 20).every(979) == AUTO.every(979) / 2


@pytest.mark.parametrize("requests", [2, 100_000])
def test_a_duration_is_kept_as_it_is_written(requests: int) -> None:
    fixed = Verification(timedelta(minutes=1), 10)
    assert (fixed.every(requests), fixed.source_every) == (timedelta(minutes=1), timedelta(minutes=1))


def test_the_source_is_read_whole_once_a_day_under_auto() -> None:
    assert AUTO.source_every == timedelta(hours=24)


@pytest.mark.parametrize(
    ("cost", "shows_members", "requests"),
    [
        (ReadingCost(), False, 2),
        (ReadingCost(0, 250, 3, (1, 250)), False, 3 + 1 + (1 + 3) + 1),
        (ReadingCost(0, 250, 3, (1, 250)), True, 4),
        (ReadingCost(500, 250, 3, (1, 250)), False, 500),
    ],
)
def test_a_reading_costs_its_pages_or_what_the_last_one_took(
    cost: ReadingCost, shows_members: bool, requests: int
) -> None:
    assert cost.requests(100, shows_members=shows_members) == requests
