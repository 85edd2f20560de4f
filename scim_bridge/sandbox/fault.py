"""The fault switchboard: refusals and cut connections on demand or by chance, the same ones for the same seed."""

from dataclasses import dataclass
from random import Random
from typing import Literal

FaultKind = Literal[
    "throttle", "throttle_after", "error", "error_after", "refuse_after", "html", "garbage", "truncated", "slow",
    "hang_before", "hang_after", "cut_before", "cut_after", "invisible",
]  # fmt: skip
"""What goes wrong. `…_before` (and throttle, error, html): nothing is applied. All others: the change is applied.

throttle, throttle_after: 429. error, error_after: `status`, a 5xx. refuse_after: a 400 though it was applied.
html: a proxy's page with `status`, be it 502 or 200. garbage: a success whose body is no JSON. truncated: half the
body, then the connection is cut. slow: the answer comes after `seconds` (none = 1). hang_before, hang_after: no byte
comes, until `seconds` are over (none = for ever), the client goes away or the emulator ends. cut_before, cut_after: the
connection is closed without an answer. invisible: what was created is unknown (404) to any PATCH for 100 to 500 ms.
"""
_WITHOUT_EFFECT = frozenset({"throttle", "error", "html", "hang_before", "cut_before"})
_SILENT = frozenset({"hang_before", "hang_after", "cut_before", "cut_after"})


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
    seconds: float | None = None

    @property
    def is_applied(self) -> bool:
        """Whether the request has its effect all the same."""
        return self.kind not in _WITHOUT_EFFECT

    @property
    def is_silent(self) -> bool:
        """Whether not a byte of an answer is sent."""
        return self.kind in _SILENT


class Switchboard:
    """All switches, tried in order; the first that strikes counts."""

    def __init__(self, seed: int = 0) -> None:
        self.faults: list[Fault] = []
        self._random = Random(seed)

    def invisible_for(self) -> float:
        """Seconds for which a new id is unknown to PATCH (dialect reference, section 10)."""
        return self._random.uniform(0.1, 0.5)

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
