"""Which workers there are: this one by its name, and whether the others live.

The name of a worker is a lock: of the operating system beside a file, of a session on a server (state/lock.py). So a
worker that has died is known at once, and one that stands still after a while.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from uuid import uuid4

from scim_bridge.model.state_address import StateAddress
from scim_bridge.state.fence import BEAT
from scim_bridge.state.lock import forget_lock, give_up_holder, is_held, lock
from scim_bridge.state.writer import State


class Roll:
    """Of one worker. Used by several threads. clock: seconds."""

    def __init__(self, address: StateAddress, clock: Callable[[], float] = monotonic) -> None:
        self.name = uuid4().hex[:12]
        self._address, self._clock = address, clock
        # A server that was away has lost the locks of everyone; those who live have taken theirs again after a beat.
        self._patience = 0.0 if isinstance(address, Path) else 2 * BEAT
        self._gone: dict[str, float] = {}
        self._changing = threading.Lock()

    @contextmanager
    def present(self) -> Iterator[None]:
        """While this lasts, others see that this worker lives. Raises StateUnusable."""
        with lock(self._address, _lock_name(self.name), datetime.now(UTC)):
            try:
                yield
            finally:
                forget_lock(self._address, _lock_name(self.name))

    def is_dead(self, worker: str) -> bool:
        """Whether this worker has ended, or stands still, and has for as long as one that lives may seem to."""
        if worker == self.name or is_held(self._address, _lock_name(worker)):
            with self._changing:
                self._gone.pop(worker, None)
            return False
        with self._changing:
            return self._clock() - self._gone.setdefault(worker, self._clock()) >= self._patience

    def look_anew(self) -> None:
        """The state was away: who seemed to be dead before may only have lost it, too."""
        with self._changing:
            self._gone.clear()

    def is_alone(self, state: State) -> bool:
        """Whether no other worker of this state lives."""
        others = (each.name for each in state.workers.all() if each.name != self.name)
        return not any(is_held(self._address, _lock_name(name)) for name in others)

    def bury(self, state: State) -> list[str]:
        """Give up the workers that are dead: what they had in hand is due again. Which connections that was."""
        names = state.schedule.holders() | {each.name for each in state.workers.all()}
        freed: list[str] = []
        for name in sorted(names - {self.name}):
            if self.is_dead(name):
                give_up_holder(self._address, _lock_name(name))
                freed += state.schedule.give_up(name)
                state.workers.forget(name)
        return freed


def _lock_name(worker: str) -> str:
    return f"worker-{worker}"
