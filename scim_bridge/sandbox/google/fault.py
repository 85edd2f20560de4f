"""What goes wrong, on demand or at random: one switch for each thing that a client of the Directory API must have."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from scim_bridge.sandbox.fault import Fault, FaultKind
from scim_bridge.sandbox.google.refusal import GoogleRefusal, TokenRefusal, forbidden, insufficient, unauthorized

Kind = Literal[
    "user_rate", "quota", "rate", "daily", "plain_rate", "backend", "html", "garbage", "cut", "truncated", "slow",
    "hang", "unauthorized", "forbidden", "insufficient", "api_off", "domain_off", "not_found", "expired_page",
    "short_list", "empty_list", "same_page", "oauth",
]  # fmt: skip
"""user_rate, quota, daily: 403 with these reasons; rate: 429, the account's concurrency; plain_rate: 403 that is no
JSON. backend: `status`, a 5xx; html: the same as a proxy's page. garbage: 200 and no JSON. cut: the connection ends
without an answer; truncated: after half of it. slow: the answer comes after `seconds`; hang: none comes.
unauthorized: 401. forbidden, insufficient: 403 of the role, of the scope. api_off, domain_off: the API is off in the
project, in the account. not_found: 404. expired_page: 400 of a page token. short_list: a page says that it is the last;
empty_list: 200 without a row; same_page: a page leads to itself. oauth: the token endpoint refuses with `status`,
`error` and `description`.
"""
_REFUSALS: dict[str, tuple[int, str, str]] = {
    "user_rate": (403, "userRateLimitExceeded", "User Rate Limit Exceeded"),
    "quota": (403, "quotaExceeded", "Quota exceeded."),
    "rate": (429, "rateLimitExceeded", "Rate Limit Exceeded"),
    "daily": (403, "dailyLimitExceeded", "Daily Limit Exceeded"),
    "api_off": (403, "accessNotConfigured", "Admin SDK API has not been used in project 1 before or it is disabled."),
    "domain_off": (403, "domainCannotUseApis", "Domain cannot use apis."),
    "not_found": (404, "notFound", "Resource Not Found: groupKey"),
    "expired_page": (400, "invalid", "Invalid Input: pageToken"),
    "html": (502, "backendError", "Bad Gateway"),
}
_OWN: dict[str, Callable[[], GoogleRefusal]] = {
    "unauthorized": unauthorized,
    "forbidden": forbidden,
    "insufficient": insufficient,
}
_DELIVERED: dict[str, FaultKind] = {
    "html": "html",
    "garbage": "garbage",
    "cut": "cut_before",
    "truncated": "truncated",
    "slow": "slow",
    "hang": "hang_before",
}
PLAIN = b"The request rate is higher than configured: quota exceeded for quota metric 'Queries'"


@dataclass(slots=True, kw_only=True)
class GoogleFault:
    """One switch. It fits requests by the beginning of the path and by a part of the query string.

    path: below /admin/directory/v1/, or "token". skip: so many fitting requests pass first. chance: of each after
    them, 0 to 1. left: how many more times it strikes, None = forever.
    """

    kind: Kind = field(kw_only=False)
    path: str = field(default="", kw_only=False)
    query: str = ""
    skip: int = 0
    left: int | None = None
    chance: float = 1.0
    retry_after: int | None = None
    status: int = 503
    seconds: float | None = None
    error: str = "invalid_grant"
    description: str = "Invalid JWT Signature."

    def fits(self, path: str, query: str) -> bool:
        """Whether it is about this request."""
        is_token = path == "token"
        return path.startswith(self.path) and self.query in query and is_token == self._is_token

    @property
    def _is_token(self) -> bool:
        return self.kind == "oauth" or self.path == "token"

    @property
    def delivery(self) -> Fault | None:
        """How the answer reaches the client, if this is about that."""
        kind = _DELIVERED.get(self.kind)
        return None if kind is None else Fault(kind, seconds=self.seconds, status=self.status)


def refuse_by(fault: GoogleFault) -> None:
    """Raise what the fault says in place of an answer; nothing for one of content or delivery."""
    if fault.kind == "oauth":
        raise TokenRefusal(fault.status, fault.error, fault.description)
    if fault.kind in _OWN:
        refused = _OWN[fault.kind]()
        raise refused
    if fault.kind in _REFUSALS:
        raise GoogleRefusal(*_REFUSALS[fault.kind], domain="usageLimits")
    if fault.kind in ("backend", "plain_rate"):
        raise GoogleRefusal(403 if fault.kind == "plain_rate" else fault.status, "backendError", "Backend Error")


def reworded(fault: GoogleFault, answer: dict[str, Any], page_token: str) -> dict[str, Any]:
    """The answer as a fault of its content leaves it. page_token: that of the request."""
    if fault.kind in ("short_list", "empty_list"):
        dropped = {"nextPageToken"} | ({"users", "groups", "members"} if fault.kind == "empty_list" else set())
        return {name: value for name, value in answer.items() if name not in dropped}
    if fault.kind == "same_page" and page_token:
        return {**answer, "nextPageToken": page_token}
    return answer
