"""The runs beside this one that send to the same endpoint, of any process and machine, by what they note of it."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from scim_bridge.model.traffic import Uses
from scim_bridge.state.reader import StateReader

_SILENT = 3.0
"""Seconds after which a run that says nothing new sends nothing: it plans, has ended, or its process is dead."""


class Beside:
    """Looked at about once a second. clock: seconds."""

    def __init__(self, reader: StateReader, run: int, endpoint: str, clock: Callable[[], float] = monotonic) -> None:
        self._reader, self._run, self._endpoint, self._clock = reader, run, endpoint, clock
        self._seen: dict[int, tuple[datetime, float]] = {}

    def uses(self) -> tuple[list[Uses], list[Uses]]:
        """What they use now: those that have begun before this run, and those after it. Raises StateUnusable."""
        now, found = self._clock(), self._reader.used_beside(self._run, self._endpoint)
        # Their clocks may be other than ours: what counts is when we saw that they had said something new.
        self._seen = {
            run: self._seen[run] if run in self._seen and self._seen[run][0] == noted else (noted, now)
            for run, (noted, _) in found.items()
        }
        now_there = {run: uses for run, (_, uses) in sorted(found.items()) if now - self._seen[run][1] < _SILENT}
        earlier = [uses for run, uses in now_there.items() if run < self._run]
        return earlier, [uses for run, uses in now_there.items() if run > self._run]
