"""The fault switchboard: refusals and cut connections on demand or by chance, the same ones for the same seed."""

from dataclasses import dataclass
from random import Random
from typing import Literal

FaultKind = Literal["throttle", "error", "cut_before", "cut_after"]
"""throttle: 429. error: 500 or 503, nothing applied. cut_before, cut_after: the connection closes without an answer,
before or after the change is applied."""


@dataclass(slots=True)
class Fault:
    """One switch. It fits requests by method ("" = any) and by the beginning of the path below the base.

    chance: of each fitting request, 0 to 1. left: how many more times it strikes, None = for ever.
    """

    kind: FaultKind
    method: str = ""
    path: str = ""
    chance: float = 1.0
    left: int | None = None
    retry_after: int | None = None
    status: int = 503


class Switchboard:
    """All switches, tried in order; the first that strikes counts."""

    def __init__(self, seed: int = 0) -> None:
        self.faults: list[Fault] = []
        self._random = Random(seed)

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault that meets this request, if any."""
        for fault in self.faults:
            if fault.left == 0 or (fault.method and fault.method != method) or not path.startswith(fault.path):
                continue
            if fault.chance < 1 and self._random.random() >= fault.chance:
                continue
            if fault.left is not None:
                fault.left -= 1
            return fault
        return None


class Bucket:
    """The token bucket of the documented quota: `rate` requests a second, as many at once."""

    def __init__(self, rate: float | None, now: float) -> None:
        self._rate = rate
        self._level = rate or 0.0
        self._filled = now

    def take(self, now: float) -> bool:
        """Whether a request may pass at this moment (seconds of a monotonic clock)."""
        if self._rate is None:
            return True
        self._level = min(self._rate, self._level + (now - self._filled) * self._rate)
        self._filled = now
        if self._level < 1:
            return False
        self._level -= 1
        return True
