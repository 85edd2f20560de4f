"""Forgets the history that is older than `history.keep`, a small piece at a time, between two runs.

Whatever a run looks back for stays, however short the keeping is; so does what it goes by (state/history.py).
"""

import logging
from collections.abc import Callable
from datetime import datetime
from time import monotonic

from scim_bridge.config.settings import Settings
from scim_bridge.errors import BridgeError
from scim_bridge.run.bridge import looks_back
from scim_bridge.state.reader import StateReader, utc_now
from scim_bridge.state.writer import State

_LOOK_EVERY = 3600.0
"""Seconds between two looks for something to forget, once everything is forgotten."""
_log = logging.getLogger("scim_bridge.worker")


class Forgetting:
    """What is left to forget."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._left: list[str] | None = None
        self._next = clock()

    def take(self, settings: Settings) -> None:
        """Go by this configuration from the next piece on."""
        self._settings = settings

    def step(self) -> bool:
        """Forget one piece. False if nothing is to be done until the next look, in an hour."""
        if self._left is None and self._clock() < self._next:
            return False
        try:
            with State(self._settings.state) as state:
                return self._step(state)
        except BridgeError as error:
            _log.warning("old runs could not be removed from the history: %s", error)
            return self._rest()

    def _step(self, state: State) -> bool:
        if self._left is None:
            self._left = state.reader.connections()
        if not self._left:
            return self._rest()
        name = self._left[-1]
        if not state.forget_some(name, self._before(state.reader, name)):
            self._left.pop()
        return True

    def _rest(self) -> bool:
        self._left, self._next = None, self._clock() + _LOOK_EVERY
        return False

    def _before(self, reader: StateReader, name: str) -> datetime:
        """What happened before this moment may be forgotten."""
        now, known = utc_now(), self._settings.connections.get(name)
        if known is None:
            return now - self._settings.keep
        before = now - max(self._settings.keep, looks_back(known))
        kept = reader.access(name).all_kept() if known.access is not None else []
        # A plan holds a reading of access against what was written since.
        return min(before, kept[-1].as_of) if kept else before
