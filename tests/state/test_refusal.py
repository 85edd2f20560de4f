"""What the target refused, kept with the time at which it is sent again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from scim_bridge.model.backoff import pause
from scim_bridge.model.plan import Bookkeeping, Refusal
from scim_bridge.model.remembered import Remembered
from scim_bridge.state.writer import Ending
from tests.state.conftest import HERE, SHOWN, Desk, conflict

CONFLICT = conflict("c-1", "refused_by_target")
REFUSAL = Refusal(
    kind="user",
    source_id="sato",
    member="",
    target_id="t-sato",
    digest="digest",
    conflict=CONFLICT,
    paths=frozenset({"title"}),
)
DONE = Ending(status="done", is_complete=True, mapping="m")


@pytest.mark.parametrize(("times", "hours"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 24), (7, 24), (10_000, 24)])
def test_it_waits_twice_as_long_each_time_up_to_a_day(times: int, hours: int) -> None:
    assert pause(times) == timedelta(hours=hours)


def run(desk: Desk, *refusals: Refusal, answered: tuple[Refusal, ...] = (), is_open: bool = True) -> Remembered:
    """One run in which this was refused; what is known afterwards."""
    with desk.open() as state:
        run_id = state.begin_run("corp", HERE, "sync")
        state.begin_applying(run_id, "plan", ())
        books = Bookkeeping(counts=SHOWN, refusals=refusals, answered=frozenset(r.key for r in answered))
        state.finish(run_id, DONE, (CONFLICT,) if is_open else (), books)
        return state.reader.known("corp", HERE)


def test_it_is_known_to_the_next_run_with_its_conflict_and_its_time(desk: Desk) -> None:
    (kept,) = run(desk, REFUSAL).refusals.values()
    assert (kept.paths, kept.digest, kept.mapping, kept.conflict.key) == (frozenset({"title"}), "digest", "m", "c-1")
    assert kept.due == desk.clock.at + timedelta(hours=1)


def test_the_same_once_more_waits_longer_and_another_record_begins_anew(desk: Desk) -> None:
    run(desk, REFUSAL)
    (again,) = run(desk, REFUSAL).refusals.values()
    assert again.due == desk.clock.at + timedelta(hours=2)
    (other,) = run(desk, replace(REFUSAL, digest="another")).refusals.values()
    assert other.due == desk.clock.at + timedelta(hours=1)


def test_what_was_sent_again_and_done_is_forgotten(desk: Desk) -> None:
    run(desk, REFUSAL)
    assert run(desk, answered=(REFUSAL,)).refusals == {}


def test_a_refusal_goes_with_its_conflict(desk: Desk) -> None:
    run(desk, REFUSAL)
    assert run(desk, is_open=False).refusals == {}
    assert run(desk).refusals == {}
