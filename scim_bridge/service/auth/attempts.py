"""Sign-ins that failed are counted, and an address that fails too often has to wait.

A code or a token cannot be guessed. The limit keeps a broken or hostile client from filling the record and the disk.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST, WITHIN = 10, 300.0
"""Failed sign-ins of one address within so many seconds."""
_ADDRESSES = 10_000
"""As many are remembered; more would only cost memory."""


class Attempts:
    """Failed sign-ins by address. clock: seconds that only ever grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_of(self, address: str) -> int:
        """Seconds until this address may try again, 0 if it may now."""
        with self._lock:
            failed = self._failed.get(address, ())
            recent = [at for at in failed if at > self._clock() - WITHIN]
            return int(recent[-MOST] + WITHIN - self._clock()) + 1 if len(recent) >= MOST else 0

    def note_failure(self, address: str) -> None:
        """One more."""
        with self._lock:
            self._failed.setdefault(address, deque(maxlen=MOST)).append(self._clock())
            self._failed.move_to_end(address)
            while len(self._failed) > _ADDRESSES:
                self._failed.popitem(last=False)
