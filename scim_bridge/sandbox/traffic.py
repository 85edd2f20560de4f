"""The requests that reach the API: counted, kept one by one, and let through or not by the quota.

The quota: 20 requests a second together, as documented, or for each API apart, as a knob says.
"""

from dataclasses import dataclass, field
from typing import Any

import orjson

from scim_bridge.sandbox.knobs import Knobs

_WRITES, _READS = 25.0, 40.0


@dataclass(slots=True, kw_only=True)
class Counts:
    """Requests that reached the API. invalid: by a strict reading of the documents, the first hundred told in words."""

    total: int = 0
    reads: int = 0
    writes: int = 0
    throttled: int = 0
    invalid: int = 0
    told: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Logged:
    """One request as it was answered; status 0 = not at all. at: when it came, seconds; request_id: in the answer."""

    method: str
    path: str
    query: str
    body: Any
    status: int
    at: float = 0.0
    request_id: str = ""


class Bucket:
    """The token bucket of a documented quota: `rate` requests a second, `burst` at once (as many, if not named)."""

    def __init__(self, rate: float | None, now: float, burst: float | None = None) -> None:
        self._rate = rate
        self._burst = burst or rate or 0.0
        self._level = self._burst
        self._filled = now

    def has(self, now: float, cost: float = 1) -> bool:
        """Whether something of this cost may pass at this moment (seconds of a monotonic clock).

        What costs more than the whole bucket passes when the bucket is full, and leaves a debt.
        """
        if self._rate is None:
            return True
        self._level = min(self._burst, self._level + (now - self._filled) * self._rate)
        self._filled = now
        return self._level >= min(cost, self._burst)

    def take(self, now: float, cost: float = 1) -> bool:
        """The same, and it passes if it may."""
        may_pass = self.has(now, cost)
        self._level -= cost if may_pass else 0
        return may_pass


class Quota:
    """The buckets that the knobs ask for."""

    def __init__(self, knobs: Knobs, now: float) -> None:
        self._knobs = knobs
        self._now = now
        self._together = Bucket(knobs.rate, now)
        self._apart: dict[str, Bucket] = {}
        self._memberships = Bucket(knobs.memberships, now)

    def take(self, method: str, about: str, now: float, members: int = 0) -> bool:
        """Whether a request may pass. about: its path, query and body; those about memberships are an API apart.

        members: memberships that it changes, which count against a limit of their own.
        """
        if self._knobs.quota == "together" or self._knobs.rate is None:
            return self._together.take(now)
        if members and not self._memberships.has(now, members):
            return False
        may_pass = self._api(method, about).take(now)
        if may_pass and members:
            self._memberships.take(now, members)
        return may_pass

    def _api(self, method: str, about: str) -> Bucket:
        kind, _, rest = about.partition("?")[0].partition("/")
        api = f"{method} {kind} {bool(rest)} {'members' in about or 'groups.value' in about}"
        rate = _READS if method == "GET" else _WRITES
        return self._apart.setdefault(api, Bucket(rate, self._now))


def memberships(content: bytes) -> int:
    """How many memberships the body of a request names: each counts against their limit."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return 0
    if not isinstance(body, dict):
        return 0
    named = len(body["members"]) if isinstance(body.get("members"), list) else 0
    operations = body.get("Operations", body.get("operations"))
    for operation in operations if isinstance(operations, list) else ():
        if isinstance(operation, dict) and str(operation.get("path", "")).startswith("members"):
            value = operation.get("value")
            named += len(value) if isinstance(value, list) else 1
    return named
