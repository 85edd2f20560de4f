"""How far a run has come and what it sends, noted in the state: for a page of any process, and for other runs.

It is written by a thread of its own, at most once a second: a run never waits for it, and it never fails for it. The
same thread looks at what other runs send to the same endpoint, and leaves them their share of its pace.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from scim_bridge.errors import BridgeError
from scim_bridge.model.progress import RunProgress
from scim_bridge.model.protocol import Progress
from scim_bridge.model.traffic import Uses
from scim_bridge.run.beside import Beside
from scim_bridge.run.bridge import Bridge
from scim_bridge.state.writer import State

_FIRST, _EVERY = 0.25, 1.0
"""Seconds until the first note, and between two of them. Most runs have ended before the first one."""
_Said = tuple[str, int, int | None]


@contextmanager
def noted(state: State, run_id: int, bridge: Bridge, also: Progress) -> Iterator[Progress]:
    """A Progress that is noted for this run while the block lasts. also: gets the same."""
    notes = _Notes(state, run_id, bridge)
    over = threading.Event()

    def progress(step: str, done: int, total: int | None) -> None:
        notes.latest = (step, done, total)
        also(step, done, total)

    def go_on() -> None:
        pause = _FIRST
        while not over.wait(pause):
            with suppress(BridgeError):  # the run itself says what is wrong with the state
                notes.note()
                notes.look()
            pause = _EVERY

    with suppress(BridgeError):
        notes.look()
    thread = threading.Thread(target=go_on, name="progress", daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        over.set()
        thread.join()


class _Notes:
    """latest: what was said last of how far the run has come."""

    def __init__(self, state: State, run_id: int, bridge: Bridge) -> None:
        self.latest: _Said | None = None
        self._state, self._run, self._bridge = state, run_id, bridge
        self._beside = Beside(state.reader, run_id, bridge.endpoint)
        self._before: _Said | None = None
        self._step_began = datetime.now(UTC)

    def note(self) -> None:
        """Write down what is new."""
        said, uses = self.latest, self._bridge.target.uses()
        if said is None or (said == self._before and not _is_sending(uses)):
            return
        now = datetime.now(UTC)
        if self._before is None or self._before[0] != said[0]:
            self._step_began = now
        self._before = said
        step, done, total = said
        told = RunProgress(
            run=self._run,
            connection=self._bridge.name,
            step=step,
            done=done,
            total=total,
            step_began=self._step_began,
            noted=now,
            requests=self._bridge.target.traffic.requests,
            uses=uses,
        )
        self._state.note_progress(told)

    def look(self) -> None:
        """Leave the others their share."""
        self._bridge.target.share(*self._beside.uses())


def _is_sending(uses: Uses) -> bool:
    return any(use.per_second >= 0.1 for use in uses.values())
