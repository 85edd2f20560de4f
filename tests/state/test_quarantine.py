"""When a schedule stops itself: the guard, refused credentials, six failures in a row; a good run lifts it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scim_bridge.model.actor import Actor
from scim_bridge.model.run import Quarantine
from scim_bridge.state.writer import Ending, State
from tests.state.conftest import HERE, MORNING

End = Callable[..., Quarantine | None]


@pytest.fixture
def end(tmp_path: Path) -> End:
    """Carry out a run that ends so, some minutes after the one before, and say whether the schedule has stopped."""
    now = [MORNING]

    def clock() -> datetime:
        return now[0]

    def run(status: str, detail: str = "", *, of_one: bool = False, refused: bool = False) -> Quarantine | None:
        now[0] += timedelta(minutes=5)
        with State(tmp_path / "state.db", clock) as state:
            number = state.begin_run("corp", HERE, "sync", of_one=of_one)
            state.finish(number, Ending(status=status, detail=detail, cause="credentials" if refused else ""))  # type: ignore[arg-type]
            return state.reader.quarantine("corp")

    return run


def test_the_guard_stops_the_schedule_until_a_person_acts(end: End) -> None:
    found = end("stopped_by_guard", "12 of 20 deactivations")
    assert found is not None
    assert (found.cause, found.reason) == ("guard", "12 of 20 deactivations")
    assert found.holds(MORNING + timedelta(days=9))
    assert end("done", of_one=True) is not None
    assert end("interrupted") is not None
    assert end("done") is None


def test_refused_credentials_stop_it_at_once_and_are_tried_again_every_hour(end: End) -> None:
    first = end("failed", "the token was refused", refused=True)
    assert first is not None
    assert first.holds(first.tried + timedelta(minutes=59))
    assert not first.holds(first.tried + timedelta(minutes=60))
    again = end("failed", "the token was refused", refused=True)
    assert again is not None
    assert again.since == first.since
    assert again.tried > first.tried


def test_it_takes_six_failures_in_a_row(end: End) -> None:
    assert [end("failed") for _ in range(5)] == [None] * 5
    assert end("done") is None
    assert [end("failed") for _ in range(5)] == [None] * 5
    found = end("failed", "the endpoint never answered")
    assert found is not None
    assert found.cause == "failures"


def test_a_person_lifts_it(end: End, tmp_path: Path) -> None:
    end("stopped_by_guard")
    with State(tmp_path / "state.db") as state:
        assert state.resume("corp", Actor("ann"))
        assert state.reader.quarantine("corp") is None
        assert not state.resume("corp", Actor("ann"))
