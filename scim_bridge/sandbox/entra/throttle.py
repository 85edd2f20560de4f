"""The quota of Graph's identity service: resource units in ten seconds.

learn.microsoft.com/graph/throttling-limits
"""

import re

from scim_bridge.sandbox.entra.query import Given

_WINDOW = 10.0
_COSTS = (
    (re.compile(r"(users|groups|servicePrincipals)$"), 2),
    (re.compile(r"groups/[^/]+/members"), 3),
    (re.compile(r"groups/[^/]+/transitiveMembers"), 5),
    (re.compile(r".*/appRoleAssigned"), 2),
    (re.compile(r"directoryObjects/(microsoft\.graph\.)?getByIds"), 3),
)
_SMALL_PAGE = 20


def cost(path: str, given: Given) -> int:
    """Resource units of a request: one less by $select or a small $top, one more by $expand; never below 1."""
    units = next((units for pattern, units in _COSTS if pattern.match(path)), 1)
    units -= "select" in given
    units += "expand" in given
    top = given.get("top", "")
    units -= top.isdigit() and int(top) < _SMALL_PAGE
    return max(1, units)


class Throttle:
    """A token bucket. units: in ten seconds, None = any number. Requests refused in a penalty count all the same."""

    def __init__(self, units: int | None, now: float) -> None:
        self._units = units
        self._level = float(units or 0)
        self._filled = now

    def take(self, units: int, now: float) -> bool:
        """Whether a request of this cost may pass at this moment (seconds)."""
        if self._units is None:
            return True
        self._level = min(self._units, self._level + (now - self._filled) * self._units / _WINDOW)
        self._filled = now
        may_pass = self._level >= units
        self._level = max(-float(self._units), self._level - units)
        return may_pass

    @property
    def percentage(self) -> float | None:
        """How much of the quota is used, told from 0.8 on."""
        if self._units is None:
            return None
        used = 1 - self._level / self._units
        return round(used, 1) if used >= 0.8 else None

    @property
    def retry_after(self) -> int:
        """Seconds until a request may pass again."""
        if self._units is None or self._level > 0:
            return 1
        return int(-self._level * _WINDOW / self._units) + 1
