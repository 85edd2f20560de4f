"""What was asked: counts by kind, and the last requests one by one. Tokens and secrets are never kept."""

import re
from collections import deque
from dataclasses import dataclass, field

from scim_bridge.sandbox.entra.fault import Where

_ROUTE = re.compile(r"^(users|groups|servicePrincipals)/(?!delta|\$count|microsoft)[^/]+")
_TOLD = 100


@dataclass(slots=True)
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


@dataclass(slots=True)
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
