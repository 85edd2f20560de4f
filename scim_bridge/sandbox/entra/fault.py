"""What goes wrong, on demand or by chance: one switch for each thing that a client of Graph must have."""

from dataclasses import dataclass
from random import Random
from typing import Literal

from scim_bridge.sandbox.fault import Fault, FaultKind

Where = Literal["graph", "login", "metadata"]
Kind = Literal[
    "throttle", "error", "empty", "html", "garbage", "cut", "truncated", "slow", "hang",
    "unauthorized", "challenge", "forbidden", "gone", "sync_state", "resync", "expired_page",
    "foreign_link", "lost_link", "redirect", "aadsts",
]  # fmt: skip
"""throttle: 429, with retry_after or without. error: `status`, a 5xx, with a body; empty: none; html: a proxy's page.
garbage: 200 and no JSON. cut: the connection ends without an answer; truncated: after half of it. slow: the answer
comes after `seconds`; hang: none comes. unauthorized: 401, the token is said to have expired; challenge: 401 with
claims. forbidden: 403. gone: 410 with a Location; sync_state, resync: 400 of a delta link that expired; expired_page:
400 of a page token. foreign_link: next and delta links lead to `host`; lost_link: they are missing (as reported in
msgraph-sdk-dotnet, issue 2569); redirect: 302 to `host`. aadsts: the token endpoint refuses with the error `code`.
"""
_DELIVERED: dict[str, FaultKind] = {
    "garbage": "garbage",
    "cut": "cut_before",
    "truncated": "truncated",
    "slow": "slow",
    "hang": "hang_before",
}


@dataclass(slots=True)
class EntraFault:
    """One switch. It fits requests to `where` by the beginning of the path and by a part of the query string.

    path: below /v1.0/, or below the tenant at the login. skip: so many fitting requests pass first. chance: of each
    after them, 0 to 1. left: how many more times it strikes, None = forever.
    """

    kind: Kind
    path: str = ""
    where: Where = "graph"
    query: str = ""
    skip: int = 0
    left: int | None = None
    chance: float = 1.0
    retry_after: int | str | None = None
    status: int = 503
    seconds: float | None = None
    host: str = "https://graph.attacker.example"
    code: int = 7000215

    def fits(self, where: Where, path: str, query: str) -> bool:
        """Whether it is about this request."""
        return self.left != 0 and where == self.where and path.startswith(self.path) and self.query in query

    @property
    def delivery(self) -> Fault | None:
        """How the answer reaches the client, if this is about that."""
        kind = _DELIVERED.get(self.kind)
        return None if kind is None else Fault(kind, seconds=self.seconds)


class Switchboard:
    """All switches, tried in order; the first that strikes counts."""

    def __init__(self, seed: int = 0) -> None:
        self.faults: list[EntraFault] = []
        self._random = Random(seed)

    def strike(self, where: Where, path: str, query: str) -> EntraFault | None:
        """The fault that meets this request, if any."""
        for fault in self.faults:
            if not fault.fits(where, path, query):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.chance < 1 and self._random.random() >= fault.chance:
                continue
            if fault.left is not None:
                fault.left -= 1
            return fault
        return None
