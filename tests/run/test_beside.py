"""Which runs count as sending beside this one, and which of them began before it."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from scim_bridge.model.traffic import Use, Uses
from scim_bridge.run.beside import Beside
from tests.fakes import FakeClock


class _Notes:
    """What the state has."""

    def __init__(self) -> None:
        self.found: dict[int, tuple[datetime, Uses]] = {}

    def used_beside(self, run: int, endpoint: str) -> dict[int, tuple[datetime, Uses]]:
        assert (run, endpoint) == (5, "here")
        return self.found


def test_a_run_that_says_nothing_new_for_three_seconds_is_not_counted_whatever_its_clock_shows() -> None:
    """Its machine may be an hour ahead; its process may be dead, which no one has put on record yet."""
    clock, notes = FakeClock(), _Notes()
    beside = Beside(cast("Any", notes), 5, "here", clock)
    mine = {"POST Users": Use(3.0)}
    ahead = datetime.now(UTC) + timedelta(hours=1)
    for second in range(6):
        notes.found = {3: (ahead, mine), 9: (ahead + timedelta(seconds=second), mine)}
        assert beside.uses() == (([mine] if second < 3 else []), [mine])
        clock.wait(1)
    notes.found = {3: (ahead + timedelta(seconds=1), mine)}
    assert beside.uses() == ([mine], [])
