"""Laws of the schedule that workers share, over random histories of workers that claim, end, die and come back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.model.actor import Actor
from scim_bridge.state.schedule import Claim, Planned
from scim_bridge.state.writer import State
from tests.state.conftest import HERE, Clock
from tests.state_on_server import forget_state, move_back

ANN = Actor("ann@corp.example", "page")
HOUR = timedelta(hours=1)
WORKERS = ("w1", "w2")
NAMES = ("a", "b", "c")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), st.sampled_from(WORKERS)),
        st.tuples(st.just("claim"), st.just(WORKERS[0])),
        st.tuples(st.just("end"), st.integers(0, 4)),
        st.tuples(st.just("die"), st.sampled_from(WORKERS)),
        st.tuples(st.just("cancel"), st.sampled_from(NAMES)),
        st.tuples(st.just("change"), st.sampled_from(NAMES)),
        st.tuples(st.just("configure"), st.sets(st.sampled_from(NAMES), min_size=1)),
        st.tuples(st.just("wait"), st.sampled_from((0.2, 0.7, 3.0))),
    ),
    min_size=8,
    max_size=30,
)


class History:
    """What has happened. claims: all that were ever made, the oldest first; held: those that count."""

    def __init__(self, path: Path) -> None:
        self.path, self.clock = path, Clock()
        self.state = State(path, self.clock)
        self.claims: list[Claim] = []
        self.held: dict[str, Claim] = {}
        self.configured: set[str] = set(NAMES)
        for place in range(len(NAMES)):  # one after the other, so that no two are due at one moment
            self.state.schedule.follow(dict.fromkeys(NAMES[: place + 1], HOUR))
            self.clock.pass_by(seconds=1)

    def rows(self) -> dict[str, Planned]:
        return {row.connection: row for row in self.state.schedule.all()}

    def claim(self, worker: str) -> None:
        strangers = tuple(set(NAMES) - self.configured)
        free = [row for row in self.state.schedule.all() if not row.worker and row.connection in self.configured]
        claim = self.state.schedule.claim(worker, without=strangers)
        if claim is not None:
            assert claim.connection not in self.held, "no connection has two runs"
            assert claim.due == free[0].next_due, "what has been due for the longest is first"
            self.held[claim.connection] = claim
            self.claims.append(claim)

    def end(self, place: int) -> None:
        """A run ends, maybe long after its worker was given up."""
        if place >= len(self.claims):
            return
        claim, before = self.claims[place], self.rows()
        self.state.schedule.give(claim, claim.since + HOUR)
        if self.held.get(claim.connection) == claim:
            del self.held[claim.connection]
            assert self.rows()[claim.connection].next_due == claim.since + HOUR
        else:
            assert self.rows() == before, "a claim that was given up changes nothing"

    def die(self, worker: str) -> None:
        his = {name for name, claim in self.held.items() if claim.worker == worker}
        cancelled = {name for name in his if self.rows()[name].cancelled_by}
        assert set(self.state.schedule.give_up(worker)) == his - cancelled
        for name in his:
            claim = self.held.pop(name)
            assert (self.rows()[name].next_due > claim.due) == (name in cancelled)

    def cancel(self, name: str) -> None:
        is_running = name in self.held and not self.rows()[name].cancelled_by
        run = self.state.begin_run(name, HERE, "sync")
        assert self.state.schedule.cancel(name, ANN, run) == is_running

    def change(self, name: str) -> None:
        self.state.schedule.hasten(name)

    def configure(self, names: set[str]) -> None:
        self.configured = names
        self.state.schedule.follow(dict.fromkeys(names, HOUR))

    def wait(self, hours: float) -> None:
        move_back(self.path, "schedule", "next_due", hours)

    def end_of_all(self) -> None:
        """All workers die, and another one begins: it gets everything once, however the history went."""
        for worker in WORKERS:
            self.die(worker)
        self.configure(set(NAMES))
        self.wait(2)
        taken = []
        while (claim := self.state.schedule.claim("w9")) is not None:
            taken.append(claim.connection)
        assert sorted(taken) == list(NAMES)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("schedules")
    return iter(folder / f"{number}.db" for number in range(1_000_000))


@given(steps=STEPS)
def test_no_connection_has_two_runs_and_none_is_lost(paths: Iterator[Path], steps: list[tuple[str, object]]) -> None:
    path = next(paths)
    history = History(path)
    try:
        for kind, about in steps:
            history.clock.pass_by(seconds=1)
            getattr(history, kind)(about)
            assert {name for name, row in history.rows().items() if row.worker} == history.held.keys()
        history.end_of_all()
    finally:
        history.state.close()
        forget_state(path)
