"""The state, kept open by a process that looks at it again and again. Opening it takes a hundred times a look.

A state file may be moved away, and a new one made in its place, while such a process runs; then the new one is opened.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from scim_bridge.model.state_address import StateAddress
from scim_bridge.state.reader import StateReader, open_reader, utc_now
from scim_bridge.state.writer import State


class KeptOpen:
    """Opens the state once. Used by several threads. now: UTC."""

    def __init__(self, address: StateAddress, now: Callable[[], datetime] = utc_now) -> None:
        self._address = address
        self._now = now
        self._opening = threading.Lock()
        self._state: State | None = None
        self._file: tuple[int, int] | None = None

    def state(self) -> State:
        """The state that is at this address now; made if there is none. Raises StateUnusable."""
        with self._opening:
            if self._state is None or self._file != self._at_path():
                self._close()
                self._state = State(self._address, self._now)
                self._file = self._at_path()
            return self._state

    def checked(self) -> State:
        """The same, for who has not looked for a while: another version of the program may have changed its tables.

        Raises StateUnusable.
        """
        state = self.state()
        if not state.is_current():
            with self._opening:
                self._close()
            state = self.state()  # says what is to be done
        return state

    def reader(self) -> StateReader:
        """To look at the state that is at this path now; at an empty one if there is none. Raises StateUnusable."""
        return self.state().reader if self.is_there() else StateReader(None)

    def is_there(self) -> bool:
        """Whether there is a state at this address. Raises StateUnusable."""
        if isinstance(self._address, Path):
            return self._at_path() is not None
        if self._state is not None:
            return True
        reader = open_reader(self._address)
        reader.close()
        return reader.is_there

    def close(self) -> None:
        """Let go of the file."""
        with self._opening:
            self._close()

    def _close(self) -> None:
        if self._state is not None:
            self._state.close()
        self._state = None

    def _at_path(self) -> tuple[int, int] | None:
        if not isinstance(self._address, Path):
            return None
        try:
            found = self._address.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
