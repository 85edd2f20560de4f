"""What goes wrong, on demand or at random: one switch for each thing that a client of Graph must have."""

import base64
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson

from scim_bridge.sandbox.entra.refusal import GraphRefusal, denied, unauthorized
from scim_bridge.sandbox.entra.traffic import Where
from scim_bridge.sandbox.fault import Fault, FaultKind

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
PAGE = b"<!doctype html><html><head><title>Service unavailable</title></head><body><h1>Our services</h1></body></html>"
_LINKS = ("@odata.nextLink", "@odata.deltaLink")
_CODES = {500: "InternalServerError", 503: "ServiceUnavailable", 504: "GatewayTimeout", 509: "BandwidthLimitExceeded"}
_CHALLENGE = base64.b64encode(orjson.dumps({"access_token": {"nbf": {"essential": True, "value": "1"}}})).decode()
_EXPIRED = "The delta token is expired; synchronize again from the start."
_DELIVERED: dict[str, FaultKind] = {
    "garbage": "garbage",
    "cut": "cut_before",
    "truncated": "truncated",
    "slow": "slow",
    "hang": "hang_before",
}


@dataclass(slots=True, kw_only=True)
class EntraFault:
    """One switch. It fits requests to `where` by the beginning of the path and by a part of the query string.

    path: below /v1.0/, or below the tenant at the login. skip: so many fitting requests pass first. chance: of each
    after them, 0 to 1. left: how many more times it strikes, None = forever.
    """

    kind: Kind = field(kw_only=False)
    path: str = field(default="", kw_only=False)
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
        return where == self.where and path.startswith(self.path) and self.query in query

    @property
    def delivery(self) -> Fault | None:
        """How the answer reaches the client, if this is about that."""
        kind = _DELIVERED.get(self.kind)
        return None if kind is None else Fault(kind, seconds=self.seconds)


def refuse_by(fault: EntraFault, path: str, query: str) -> None:
    """Raise what the fault says in place of Graph's answer to this request.

    Nothing happens for a fault that is about the content or the delivery.
    """
    after = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    match fault.kind:
        case "throttle":
            raise GraphRefusal(429, "TooManyRequests", "Too many requests.", after)
        case "error" | "empty" | "html":
            code = _CODES.get(fault.status, "UnknownError")
            raise GraphRefusal(fault.status, code, "The service cannot answer now.", after)
        case "unauthorized":
            raise unauthorized("Lifetime validation failed, the token is expired.")
        case "challenge":
            raise unauthorized("Continuous access evaluation resulted in challenge.", _CHALLENGE)
        case "forbidden":
            raise denied()
        case "gone":
            location = {"location": f"https://graph.microsoft.com/v1.0/{path}?$deltatoken="}
            raise GraphRefusal(410, "syncStateNotFound", _EXPIRED, location)
        case "sync_state":
            raise GraphRefusal(400, "syncStateNotFound", _EXPIRED)
        case "resync":
            raise GraphRefusal(400, "resyncRequired", "Resync required.")
        case "expired_page":
            raise GraphRefusal(400, "Directory_ExpiredPageToken", "The specified page token value has expired.")
        case "redirect":
            raise GraphRefusal(302, "", "", {"location": f"{fault.host}/v1.0/{path}?{query}"})


def reworded(fault: EntraFault, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with links that lead elsewhere, or without them, if that is the fault."""
    if fault.kind == "lost_link":
        return {name: value for name, value in answer.items() if name not in _LINKS}
    if fault.kind == "foreign_link":
        return {name: _moved(value, fault.host) if name in _LINKS else value for name, value in answer.items()}
    return answer


def _moved(url: str, host: str) -> str:
    parts = urlsplit(url)
    return f"{host}{parts.path}?{parts.query}"
