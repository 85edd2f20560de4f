"""How the pace is found, kept, and found again: against buckets as the emulator has them, on a simulated clock."""

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim_bridge.sandbox.traffic import Bucket
from scim_bridge.target.pace import Pace
from tests.target.simulated import Permits, Simulation, Told

ONE = {"POST Users": lambda: 0}


def permits(rate: float, raised: tuple[float, float] = (math.inf, 0.0)) -> Permits:
    """One bucket for everything; raised: from a moment on, another rate."""
    buckets = [Bucket(rate, 0.0), Bucket(raised[1] or rate, 0.0)]
    return lambda kind, members, now: buckets[now >= raised[0]].take(now)


def throttled(told: dict[str, Told], end: float = math.inf) -> float:
    """The share of 429s until a moment."""
    refused = sum(at < end for one in told.values() for at in one.throttled)
    return refused / max(1, refused + sum(at < end for one in told.values() for at, _ in one.accepted))


def test_it_begins_low_and_is_at_twenty_after_a_few_answers() -> None:
    pace = Pace(most=1_000)
    assert pace.per_second == 5
    for _ in range(3):
        pace.accepted(0.0, 1, was_held_back=True)
    assert 20 <= pace.per_second <= 25


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ceiling", [1_000, math.inf])
def test_of_a_hidden_200_below_a_ceiling_of_1000_95_percent_are_used_from_the_third_second_on(
    seed: int, ceiling: float
) -> None:
    told = Simulation(permits(200), ONE, ceiling, seed=seed).run(60)
    users = told["POST Users"]
    assert users.per_second(2, 3) >= 0.95 * 200
    assert users.per_second(2, 10) >= 0.95 * 200
    assert users.per_second(2, 60) >= 0.95 * 200
    assert throttled(told) < 0.01


@pytest.mark.parametrize("quota", [20, 25, 40])
@pytest.mark.parametrize("ceiling", [20, 40, 100, math.inf])
@pytest.mark.parametrize("retry_after", [None, 1.0])
def test_the_documented_quotas_are_used_with_hardly_a_429(
    quota: float, ceiling: float, retry_after: float | None
) -> None:
    for seed in range(3):
        told = Simulation(permits(quota), ONE, ceiling, retry_after=retry_after, seed=seed).run(180)
        assert told["POST Users"].per_second(0, 180) >= 0.95 * min(quota, ceiling)
        assert throttled(told) < 0.01


@settings(max_examples=10)
@given(quotas=st.lists(st.floats(8, 80), min_size=1, max_size=3), latency=st.floats(0.01, 0.2), seed=st.integers())
def test_each_kind_finds_its_own_quota(quotas: list[float], latency: float, seed: int) -> None:
    kinds = {f"kind {number}": Bucket(quota, 0.0) for number, quota in enumerate(quotas)}
    members = dict.fromkeys(kinds, lambda: 0)
    told = Simulation(lambda kind, _, now: kinds[kind].take(now), members, latency=latency, seed=seed).run(40)
    for one, quota in zip(told.values(), quotas, strict=True):
        assert 0.9 * quota <= one.per_second(10, 40) <= 1.1 * quota


@settings(max_examples=30)
@given(quota=st.floats(1, 2_000), ceiling=st.floats(0.5, 500), seed=st.integers())
def test_the_pace_never_exceeds_the_ceiling(quota: float, ceiling: float, seed: int) -> None:
    chance, pace, now = Random(seed), Pace(most=ceiling), 0.0
    bucket = Bucket(quota, 0.0)
    for _ in range(2_000):
        now += chance.random() * 2 / pace.per_second
        if bucket.take(now):
            pace.accepted(now, 1, was_held_back=True)
        else:
            pace.throttled(now, 1, now)
        assert 0 < pace.per_second <= ceiling


def test_kinds_with_one_quota_together_share_it() -> None:
    kinds = dict.fromkeys(("PATCH Users", "PATCH Groups members"), lambda: 0)
    for seed in range(3):
        told = Simulation(permits(20), kinds, seed=seed).run(300)
        assert sum(one.per_second(0, 300) for one in told.values()) >= 0.95 * 20
        assert throttled(told) < 0.01
        assert all(one.per_second(30, 300) >= 2 for one in told.values())


def test_memberships_have_a_quota_of_their_own_whatever_the_size_of_a_request() -> None:
    chance = Random(1)

    def permitting() -> Permits:
        requests, memberships = Bucket(25, 0.0), Bucket(300, 0.0)
        return lambda kind, members, now: memberships.take(now, members) and requests.take(now)

    told = Simulation(permitting(), {"PATCH Groups members": lambda: chance.choice([100, 20, 57])}).run(240)
    changed = told["PATCH Groups members"]
    assert changed.members_per_second(0, 240) >= 0.95 * 300
    assert throttled(told) < 0.01
    few = Simulation(permitting(), {"PATCH Groups members": lambda: 1}).run(120)["PATCH Groups members"]
    assert few.per_second(5, 120) >= 0.95 * 25


def test_a_quota_that_was_raised_is_found() -> None:
    told = Simulation(permits(20, raised=(100, 100)), ONE).run(300)
    assert told["POST Users"].per_second(60, 100) <= 21
    assert told["POST Users"].per_second(250, 300) >= 0.95 * 100


def test_a_quota_that_was_lowered_is_found_within_seconds() -> None:
    told = Simulation(permits(200, raised=(60, 20)), ONE).run(120)
    assert told["POST Users"].per_second(62, 120) >= 0.9 * 20
    assert sum(at >= 64 for at in told["POST Users"].throttled) <= 0.03 * 56 * 20


def test_what_the_other_kind_leaves_is_taken() -> None:
    kinds = dict.fromkeys(("POST Users", "POST Groups"), lambda: 0)
    told = Simulation(permits(20), kinds, work={"POST Groups": 400}).run(240)
    assert told["POST Users"].per_second(160, 240) >= 0.95 * 20


def test_an_idle_client_does_not_take_its_silence_for_leave_to_go_faster() -> None:
    pace = Pace()
    for at in range(1_000):
        pace.accepted(float(at), 1, was_held_back=False)
    assert pace.per_second == 5


def test_a_429_at_the_very_beginning_slows_it_down_for_seconds_only() -> None:
    """Another client has just emptied the bucket."""
    bucket = Bucket(25, 0.0)
    told = Simulation(lambda kind, members, now: now > 0.1 and bucket.take(now), ONE).run(30)
    assert told["POST Users"].per_second(10, 30) >= 0.85 * 25


def test_after_the_first_429_it_narrows_between_what_held_and_what_did_not() -> None:
    """No bucket: 155 a second are permitted, 156 are not."""
    pace, now = Pace(100, 1_000), 0.0
    failed: list[float] = []
    while now < 20:
        now += 1 / pace.per_second
        if pace.per_second > 155:
            failed.append(pace.per_second)
            pace.throttled(now, 1, now)
            assert pace.per_second < 155
        else:
            pace.accepted(now, 1, was_held_back=True)
    assert len(failed) <= 4
    assert 0.97 * 155 < pace.per_second <= 155


def _phases(permits: Permits, *phases: dict[str, int]) -> list[dict[str, Told]]:
    """What became of each phase of a first load, one after the other: kind → how many requests."""
    told: list[dict[str, Told]] = []
    begun = 0.0
    for work in phases:
        size = {kind: (lambda: 60) if "members" in kind else (lambda: 0) for kind in work}
        told.append(Simulation(permits, size, begun=begun, work=work).run())
        begun = _end(told[-1])
    return told


def _end(told: dict[str, Told]) -> float:
    return max(one.accepted[-1][0] for one in told.values())


LOAD = ({"POST Users": 10_000, "POST Groups": 500}, {"PATCH Groups members": 1_000})
"""10,000 users, 500 groups, 60,000 memberships (in two requests for each group)."""


def test_a_first_load_takes_hardly_longer_than_a_limit_for_each_kind_allows() -> None:
    buckets = {kind: Bucket(25, 0.0) for work in LOAD for kind in work}
    memberships = Bucket(300, 0.0)

    def permitting(kind: str, members: int, now: float) -> bool:
        return (not members or memberships.take(now, members)) and buckets[kind].take(now)

    told = _phases(permitting, *LOAD)
    assert _end(told[-1]) <= 1.03 * (10_000 / 25 + 60_000 / 300)
    assert throttled({kind: one for phase in told for kind, one in phase.items()}) < 0.01


def test_a_first_load_takes_what_one_limit_for_all_allows() -> None:
    told = _phases(permits(20), *LOAD)
    assert _end(told[-1]) <= 1.05 * 11_500 / 20
    assert throttled({kind: one for phase in told for kind, one in phase.items()}) <= 0.006
