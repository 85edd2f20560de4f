"""The requests that came: counts by kind, the last ones one by one, and the quota that lets them through or not.

Tokens and secrets are never kept.
"""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_WINDOW = 10.0
_COSTS = (
    (re.compile(r"(users|groups|servicePrincipals)$"), 2),
    (re.compile(r"groups/[^/]+/members"), 3),
    (re.compile(r"groups/[^/]+/transitiveMembers"), 5),
    (re.compile(r".*/appRoleAssigned"), 2),
    (re.compile(r"directoryObjects/(microsoft\.graph\.)?getByIds"), 3),
)
_SMALL_PAGE = 20
_ROUTE = re.compile(r"^(users|groups|servicePrincipals)/(?!delta|\$count|microsoft)[^/]+")
_TOLD = 100
Where = Literal["graph", "login", "metadata"]


@dataclass(slots=True, kw_only=True)
class Logged:
    """One request as it was answered; status 0 = not at all. headers: without authorization.

    path: below /v1.0/, or below the tenant at the login. is_part: inside a batch.
    """

    where: Where
    method: str
    path: str
    query: str
    headers: dict[str, str]
    status: int = 0
    is_part: bool = False
    tenant: str = ""

    @property
    def kind(self) -> str:
        """Method and route, ids left out: "GET groups/{id}/members"."""
        path = _ROUTE.sub(r"\1/{id}", self.path) if self.where == "graph" else self.path
        return f"{self.method} {path}"


@dataclass(slots=True, kw_only=True)
class Counts:
    """Requests so far. token: to the token endpoint; graph: below /v1.0/, a batch is one; parts: those inside batches.

    kinds: by Logged.kind, parts included. invalid: refused by Graph with 400, the first hundred told in words.
    """

    total: int = 0
    token: int = 0
    discovery: int = 0
    metadata: int = 0
    graph: int = 0
    parts: int = 0
    throttled: int = 0
    invalid: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


class Traffic:
    """Counts and log. log: None to keep none."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.log: deque[Logged] | None = deque(maxlen=200_000)

    def note(self, logged: Logged) -> None:
        """A request has come."""
        counts = self.counts
        counts.kinds[logged.kind] = counts.kinds.get(logged.kind, 0) + 1
        if self.log is not None:
            self.log.append(logged)
        if logged.is_part:
            counts.parts += 1
            return
        counts.total += 1
        if logged.where == "graph":
            counts.graph += 1
        elif logged.where == "metadata":
            counts.metadata += 1
        elif logged.path.endswith("/token"):
            counts.token += 1
        else:
            counts.discovery += 1

    def refused(self, logged: Logged, status: int, why: str) -> None:
        """It was refused."""
        if status == 429:
            self.counts.throttled += 1
        if status == 400:
            self.counts.invalid += 1
            if len(self.counts.told) < _TOLD:
                self.counts.told.append(f"{logged.method} {logged.path}: {why}")

    def forget(self) -> None:
        """Start again."""
        self.counts = Counts()
        if self.log is not None:
            self.log.clear()


def cost(path: str, given: Mapping[str, str]) -> int:
    """Resource units of a request: one less by $select or a small $top, one more by $expand; never below 1.

    given: its query options. learn.microsoft.com/graph/throttling-limits, identity and access
    """
    units = next((units for pattern, units in _COSTS if pattern.match(path)), 1)
    units -= "select" in given
    units += "expand" in given
    top = given.get("top", "")
    units -= top.isdigit() and int(top) < _SMALL_PAGE
    return max(1, units)


class Throttle:
    """The quota of Graph's identity service, a token bucket. units: in ten seconds, None = any number.

    Requests refused in a penalty count all the same.
    """

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
