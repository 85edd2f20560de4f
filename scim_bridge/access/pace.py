"""How many requests a second AWS is asked: a ceiling for each budget that AWS counts apart.

sso-admin has one budget of 20 a second for all its callers together, identitystore one for each call (User guide,
limits), organizations smaller ones for each call (organizations/latest/userguide/orgs_reference_limits.html).
"""

import threading
from collections.abc import Callable

_SMALLER = {
    "organizations:ListAccounts": 8.0,
    "organizations:ListDelegatedAdministrators": 5.0,
    "organizations:DescribeOrganization": 1.0,
}


class Pace:
    """Gives turns. per_second: the ceiling of each budget. Safe to use from several threads."""

    def __init__(self, per_second: float, clock: Callable[[], float], wait: Callable[[float], None]) -> None:
        self._per_second, self._clock, self._wait = per_second, clock, wait
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait_for_turn(self, call: str) -> None:
        """Return when this call may be sent."""
        budget, rate = _budget(call), min(self._per_second, _SMALLER.get(call, self._per_second))
        with self._lock:
            now = self._clock()
            turn = max(now, self._next.get(budget, now))
            self._next[budget] = turn + 1 / rate
        if turn > now:
            self._wait(turn - now)

    def pause(self, call: str, seconds: float) -> None:
        """No one's turn in the budget of this call comes before so many seconds are over."""
        with self._lock:
            budget = _budget(call)
            self._next[budget] = max(self._next.get(budget, 0.0), self._clock() + seconds)


def _budget(call: str) -> str:
    service = call.partition(":")[0]
    return service if service == "sso" else call
