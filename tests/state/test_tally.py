"""Totals grow with each run that ends, once; a run inside another one counts its requests with that one's."""

from scim_bridge.model.traffic import Traffic
from scim_bridge.model.watched import BUCKETS, RunTotal
from scim_bridge.state.tally import with_one_more
from scim_bridge.state.writer import Ending
from tests.state.conftest import HERE, Desk, begin, done, operation


def totals(desk: Desk) -> dict[tuple[str, str], RunTotal]:
    with desk.open() as state:
        return {(total.kind, total.outcome): total for total in state.reader.watched().runs}


def ended(desk: Desk, status: str, requests: int, *, seconds: float = 2) -> None:
    with desk.open() as state:
        run_id = state.begin_run("corp", HERE, "sync")
        desk.clock.pass_by(seconds=seconds)
        state.finish(run_id, Ending(status=status, traffic=Traffic(requests, 1)))  # type: ignore[arg-type]  # a status


def test_each_run_counts_once_by_its_outcome(desk: Desk) -> None:
    ended(desk, "done", 10)
    ended(desk, "done", 5, seconds=100)
    ended(desk, "failed", 1)
    found = totals(desk)
    good = found["sync", "done"]
    assert (good.runs, good.requests, good.throttled, good.seconds) == (2, 15, 2, 102)
    assert good.buckets == (0, 1, 0, 0, 1, 0, 0, 0, 0)
    assert (found["sync", "failed"].runs, found["sync", "failed"].last_run) == (1, 3)


def test_a_run_that_was_cut_counts_when_the_next_one_finds_it_with_what_is_known_of_its_operations(desk: Desk) -> None:
    with desk.open() as state:
        operations = [operation(n, "update_user", f"u{n}", f"t-u{n}", title="x") for n in range(3)]
        journal = begin(state, *operations)
        for each in operations[:2]:
            journal.begin(each)
        journal.end(operations[0], done(operations[0]))
    ended(desk, "done", 1)
    found = totals(desk)
    assert (found["sync", "interrupted"].runs, found["sync", "interrupted"].seconds) == (1, 0)
    with desk.open() as state:
        counted = {key[1:]: count for key, count in state.reader.watched().operations.items()}
    assert counted == {("update_user", "done"): 1, ("update_user", "unknown"): 1, ("update_user", "not_sent"): 1}


def test_what_a_run_inside_another_one_sends_is_counted_once(desk: Desk) -> None:
    with desk.open() as state:
        outer = state.begin_run("corp", HERE, "sync")
        inner = state.begin_run("corp", HERE, "sync", of_one=True, inside=outer)
        state.finish(inner, Ending(status="done", traffic=Traffic(7)))
        state.finish(outer, Ending(status="done", traffic=Traffic(20)))
    found = totals(desk)
    assert (found["only", "done"].runs, found["only", "done"].requests) == (1, 0)
    assert found["sync", "done"].requests == 20


def test_a_bucket_holds_what_took_at_most_so_long() -> None:
    assert with_one_more([], 1.0)[0] == 1
    assert with_one_more([], 1.1)[1] == 1
    assert with_one_more([], BUCKETS[-1] + 1)[-1] == 1
    assert sum(with_one_more([], None)) == 0
