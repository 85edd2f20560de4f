"""The ASGI application: token endpoint, security token service, signJwt and Directory API on one directory.

Bare ASGI and one origin: the paths of Google's four hosts do not meet. Around each answer stand token, quota, faults.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from scim_bridge.sandbox.google import refusal
from scim_bridge.sandbox.google.api import DirectoryApi
from scim_bridge.sandbox.google.directory import Directory
from scim_bridge.sandbox.google.fault import PLAIN, GoogleFault, refuse_by, reworded
from scim_bridge.sandbox.google.knobs import GoogleKnobs
from scim_bridge.sandbox.google.refusal import GoogleRefusal, TokenRefusal
from scim_bridge.sandbox.google.token import Tokens
from scim_bridge.sandbox.switchboard import Switchboard
from scim_bridge.sandbox.transport import Delivery, Receive, Response, Scope, Send, disturbed, read

_API = "admin/directory/v1/"
_JSON = (b"content-type", b"application/json; charset=UTF-8")
_SIGN = "v1/projects/-/serviceAccounts/"
_MINUTE = 60.0


@dataclass(slots=True, kw_only=True)
class Logged:
    """One request as it was answered; status 0 = not at all. path: below /admin/directory/v1/, else below /."""

    method: str
    path: str
    query: str
    status: int = 0

    @property
    def kind(self) -> str:
        """Method and route, ids left out: "GET groups/{id}/members"."""
        parts = self.path.split("/")
        if parts[0] in ("users", "groups"):
            parts[1:2] = ["{id}"] if len(parts) > 1 else []
        return f"{self.method} {'/'.join(parts)}"


class Quota:
    """Queries of a minute; those that are refused count as well."""

    def __init__(self) -> None:
        self._sent: deque[float] = deque()

    def require(self, most: int | None, now: float) -> None:
        """Raise a 403 if this is one too many."""
        self._sent.append(now)
        while self._sent[0] <= now - _MINUTE:
            self._sent.popleft()
        if most is not None and len(self._sent) > most:
            raise GoogleRefusal(403, "userRateLimitExceeded", "User Rate Limit Exceeded", "usageLimits")


class GoogleApp:
    """The emulator as an ASGI application. clock: seconds since 1970. counts: requests by their kind."""

    def __init__(self, knobs: GoogleKnobs, clock: Callable[[], float], delivery: Delivery) -> None:
        self._clock, self._delivery = clock, delivery
        self.directory = Directory(clock)
        self.tokens = Tokens(self.directory, clock)
        self.api = DirectoryApi(self.directory, clock, knobs)
        self.faults = Switchboard[GoogleFault]()
        self.counts: Counter[str] = Counter()
        self.log: deque[Logged] = deque(maxlen=200_000)
        self._quota = Quota()

    @property
    def knobs(self) -> GoogleKnobs:
        """The settings in force; may be exchanged while it runs."""
        return self.api.knobs

    @knobs.setter
    def knobs(self, knobs: GoogleKnobs) -> None:
        self.api.knobs = knobs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        if scope["type"] != "http":
            return
        body = await read(receive)
        if body is None:
            return
        path = unquote(scope["raw_path"].decode("latin-1")).lstrip("/").removeprefix(_API)
        logged = Logged(method=scope["method"], path=path, query=scope["query_string"].decode("latin-1"))
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with self.directory.lock:
            self.counts[logged.kind] += 1
            self.log.append(logged)
            fault = self.faults.strike(lambda fault: fault.fits(logged.path, logged.query))
            response = self._answer(logged, headers.get("authorization", ""), body, fault)
        delivery = fault.delivery if fault is not None else None
        logged.status = 0 if delivery is not None and delivery.is_silent else response.status
        await self._delivery.send(scope, receive, send, disturbed(response, delivery), delivery)

    def _answer(self, logged: Logged, authorization: str, body: bytes, fault: GoogleFault | None) -> Response:
        more = [(b"date", formatdate(self._clock() + self.knobs.skew, usegmt=True).encode())]
        if fault is not None and fault.retry_after is not None:
            more.append((b"retry-after", str(fault.retry_after).encode()))
        try:
            if fault is not None:
                refuse_by(fault)
            told = self._told(logged, authorization, body)
        except GoogleRefusal as refused:
            if fault is not None and fault.kind == "plain_rate":
                return Response(refused.status, PLAIN, [(b"content-type", b"text/plain"), *more])
            return Response(refused.status, orjson.dumps(refusal.body(refused)), [_JSON, *more])
        except TokenRefusal as refused:
            told = {"error": refused.error, "error_description": refused.description}
            return Response(refused.status, orjson.dumps(told), [_JSON, *more])
        if fault is not None:
            told = reworded(fault, told, dict(parse_qsl(logged.query)).get("pageToken", ""))
        return Response(200, orjson.dumps(told), [_JSON, *more])

    def _told(self, logged: Logged, authorization: str, body: bytes) -> dict[str, Any]:
        if logged.method == "POST":
            return self._posted(logged.path, authorization, body)
        scopes = self.tokens.scopes(authorization)
        self._quota.require(self.knobs.queries, self._clock())
        if logged.method != "GET":
            raise refusal.forbidden()
        return self.api.answer(logged.path, logged.query, scopes)

    def _posted(self, path: str, authorization: str, body: bytes) -> dict[str, Any]:
        if path == "token":
            return self.tokens.token(dict(parse_qsl(body.decode("latin-1"))), self.knobs)
        if path == "v1/token":
            is_json = body[:1] == b"{"
            return self.tokens.exchange(orjson.loads(body) if is_json else dict(parse_qsl(body.decode("latin-1"))))
        if path.startswith(_SIGN) and path.endswith(":signJwt"):
            account = path.removeprefix(_SIGN).removesuffix(":signJwt")
            return {**self.tokens.sign(account, authorization, body)}
        raise refusal.not_found(path)
