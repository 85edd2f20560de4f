"""Sign-ins that failed are counted, and an address that fails too often has to wait.

A code or a token cannot be guessed. The limit keeps a broken or hostile client from filling the audit and the disk.
"""

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST, WITHIN = 10, 300.0
"""Failed sign-ins of one address within so many seconds."""
MOST_RECORDED = 100
"""Failed sign-ins of all addresses together that go to the audit within the same time."""
_ADDRESSES = 10_000
"""As many are remembered; more would only cost memory."""


class Attempts:
    """Failed sign-ins by address. clock: seconds that only ever grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._recorded: deque[float] = deque(maxlen=MOST_RECORDED)
        self._lock = threading.Lock()

    def wait_of(self, address: str) -> int:
        """Seconds until this address may try again, 0 if it may now."""
        with self._lock:
            return self._wait_of(address)

    def _wait_of(self, address: str) -> int:
        failed = self._failed.get(address)
        if failed is None or len(failed) < MOST:
            return 0
        return max(0, math.ceil(failed[0] + WITHIN - self._clock()))

    def note_failure(self, address: str) -> bool:
        """One more. Gives whether it is worth a line in the audit: not once there were too many."""
        with self._lock:
            was_too_many = self._wait_of(address) > 0
            self._failed.setdefault(address, deque(maxlen=MOST)).append(self._clock())
            self._failed.move_to_end(address)
            while len(self._failed) > _ADDRESSES:
                self._failed.popitem(last=False)
            is_full = len(self._recorded) == MOST_RECORDED and self._recorded[0] > self._clock() - WITHIN
            if was_too_many or is_full:
                return False
            self._recorded.append(self._clock())
            return True
