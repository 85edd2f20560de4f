"""Limits: when they trip, what they say, and what an approval covers."""

from dataclasses import replace

import pytest

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.effect import Effect, Lost, Recreated, Shrunk
from scim_bridge.model.identity import SourceCounts, SourceKey
from scim_bridge.model.limit import CounterName, Limit, Limits, percent
from scim_bridge.model.plan import Trip, Verdict
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import EarlierRuns
from scim_bridge.plan.guard import exceeds, is_approved, refuse_empty
from tests.builders import directory, group, linked, on_target, planned, target, user

STRICT = Policy(limits=Limits(missing=percent(15)))


@pytest.mark.parametrize(
    ("count", "base", "limit", "trips"),
    [
        (0, 0, percent(10), False),
        (3, 10, percent(10), False),  # the floor
        (3, 3, percent(10), True),  # all there are
        (4, 10, percent(10), True),
        (4, 40, percent(10), False),
        (5, 40, percent(10), True),
        (10, 10, percent(100), False),
        (5, 1000, Limit(5, is_percentage=False), False),
        (6, 1000, Limit(5, is_percentage=False), True),
        (1, 1, Limit(0, is_percentage=False), True),
    ],
)
def test_when_a_limit_trips(count: int, base: int, limit: Limit, trips: bool) -> None:
    assert exceeds(count, base, limit, floor=3) is trips


def test_a_group_that_would_lose_its_last_member_counts_under_delete() -> None:
    people = [user(f"u{n}") for n in range(5)]
    groups = [group(f"g{n}") for n in range(5)]
    existing = target(
        *(on_target(f"t{n}", p) for n, p in enumerate(people)),
        *(on_target(f"s{n}", g) for n, g in enumerate(groups)),
        members={f"s{n}": [f"t{n}"] for n in range(5)},
    )
    links = [("user", f"u{n}", f"t{n}") for n in range(5)] + [("group", f"g{n}", f"s{n}") for n in range(5)]
    lenient = Policy(limits=Limits(remove_members=percent(100)))
    plan = planned(directory(*people, *groups), existing, linked(*links), lenient)  # type: ignore[arg-type]
    assert [(t.limit, t.counted, t.base) for t in plan.verdict.tripped] == [("delete", 5, 5)]
    assert "5 of 5 managed groups would lose their last member" in plan.verdict.tripped[0].sentence


def _anew(number: int) -> Effect:
    return Recreated(SourceKey("user", f"u{number}"))


def test_what_earlier_runs_of_the_window_made_anew_counts_and_is_still_in_the_base() -> None:
    people = [user(f"u{n}") for n in range(20)]
    existing = target(*(on_target(f"t{n}", p) for n, p in enumerate(people) if n != 7))
    known = linked(*[("user", f"u{n}", f"t{n}") for n in range(20)])
    earlier: dict[CounterName, frozenset[Effect]] = {"missing": frozenset(_anew(n) for n in (1, 2, 3, 7))}
    [trip] = planned(
        directory(*people), existing, replace(known, earlier=EarlierRuns(recent=earlier)), STRICT
    ).verdict.tripped
    assert (trip.limit, trip.counted, trip.base, trip.effects) == ("missing", 4, 20, frozenset({_anew(7)}))
    assert "1 of 20 linked users and groups are gone from the target, after 3 within the last 24 h" in trip.sentence


def test_an_operation_says_which_limits_count_it_for_what_it_is_about() -> None:
    dev = group("g")
    existing = target(on_target("t", user("u")), on_target("s", dev), members={"s": ["t"]})
    known = linked(("user", "u", "t"), ("user", "v", "gone"), ("group", "g", "s"))
    plan = planned(
        directory(user("u", title="Lead"), user("v"), dev),
        existing,
        replace(known, earlier=EarlierRuns(mapping="older")),
    )
    counts = {operation.kind: operation.counts for operation in plan.operations}
    assert counts == {
        "remove_members": ("empty_group",),
        "create_user": ("missing",),
        "update_user": ("mapping_change",),
    }


def test_an_empty_source_is_refused_outright() -> None:
    with pytest.raises(SourceUnreadable, match="no user at all"):
        refuse_empty(SourceCounts(0, 5, 5))


def _verdict(*effects: Effect) -> Verdict:
    trip = Trip(
        limit="deactivate", counted=len(effects), base=10, allowed="10%", sentence="…", effects=frozenset(effects)
    )
    return Verdict((trip,))


def _off(target_id: str) -> Effect:
    return Lost("deactivate", target_id)


def test_an_approval_covers_what_was_counted_and_less() -> None:
    approved = _verdict(_off("a"), _off("b")).tripped
    assert is_approved(_verdict(_off("a")), approved)
    assert not is_approved(_verdict(_off("a"), _off("c")), approved)
    assert not is_approved(_verdict(_off("a")), ())


def test_an_approved_shrinking_covers_a_source_that_has_grown_again() -> None:
    approved = _verdict(Shrunk("users", 20)).tripped
    assert is_approved(_verdict(Shrunk("users", 25)), approved)
    assert not is_approved(_verdict(Shrunk("users", 19)), approved)
    assert not is_approved(_verdict(Shrunk("groups", 25)), approved)
