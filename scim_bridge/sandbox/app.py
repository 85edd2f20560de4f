"""The ASGI application: HTTP in, endpoint, HTTP out; counts, tokens, quota and faults in between.

Bare ASGI, since the emulator must never be what a benchmark measures.
"""

import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from random import Random
from typing import Any
from urllib.parse import unquote

import orjson

from scim_bridge.sandbox import refusal
from scim_bridge.sandbox.control import control
from scim_bridge.sandbox.delivery import Delivery, Headers, Receive, Response, Scope, Send, answer, disturbed, read
from scim_bridge.sandbox.endpoint import Endpoint, Request
from scim_bridge.sandbox.fault import Bucket, Fault, Switchboard
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.refusal import Refusal
from scim_bridge.sandbox.store import Store

_LARGEST_BODY = 1_048_576
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def wall_clock() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Counts:
    """Requests that reached the API. invalid: by a strict reading of the documents, the first hundred told in words."""

    total: int = 0
    reads: int = 0
    writes: int = 0
    throttled: int = 0
    invalid: int = 0
    told: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Logged:
    """One request as it was answered; status 0 = not at all."""

    method: str
    path: str
    query: str
    body: Any
    status: int


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the endpoint is: the tenant in its path, the tokens it accepts (two may be alive), the seed of its chance."""

    tenant: str = "3f1c9a40-5b1e-4c86-9c55-0d3b1f6e7712"
    tokens: tuple[str, ...] = ("sandbox-token",)
    seed: int = 0


class App:
    """The emulator as an ASGI application. log: the last requests, None to keep none."""

    def __init__(
        self, knobs: Knobs, identity: Identity, now: Callable[[], datetime], clock: Callable[[], float]
    ) -> None:
        self.identity = identity
        self.store = Store(now, Random(identity.seed), case_exact=knobs.case_exact)
        self.endpoint = Endpoint(self.store, knobs, Random(identity.seed))
        self.faults = Switchboard(identity.seed)
        self.delivery = Delivery()
        self.counts = Counts()
        self.log: deque[Logged] | None = deque(maxlen=200_000)
        self._clock = clock
        self._bucket = Bucket(knobs.rate, clock())
        self._base = f"/{identity.tenant}/scim/v2"

    @property
    def knobs(self) -> Knobs:
        """The settings in force; may be exchanged while it runs."""
        return self.endpoint.knobs

    @knobs.setter
    def knobs(self, knobs: Knobs) -> None:
        self.endpoint.knobs = knobs
        self._bucket = Bucket(knobs.rate, self._clock())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        if scope["type"] != "http":
            return
        body = await read(receive)
        if body is None:
            return
        path = unquote(scope["raw_path"].decode("latin-1")) if "%" not in scope["path"] else scope["path"]
        if path.startswith("/control/"):
            status, told = control(self, scope["method"], path.removeprefix("/control/"), body)
            await answer(send, Response(status, orjson.dumps(told), [(b"content-type", b"application/json")]))
            return
        query = scope["query_string"].decode("latin-1")
        logged = Logged(scope["method"], path.removeprefix(self._base).lstrip("/"), query, None, 0)
        if self.log is not None:
            self.log.append(logged)
        fault = self.faults.strike(logged.method, logged.path)
        response = self._handle(logged, path, dict(scope["headers"]), body, fault)
        logged.status = 0 if fault is not None and fault.is_silent else response.status
        await self.delivery.send(scope, receive, send, response, fault)

    def _handle(
        self, logged: Logged, path: str, headers: dict[bytes, bytes], body: bytes, fault: Fault | None
    ) -> Response:
        self._count(logged.method)
        request_id = str(uuid.uuid4())
        try:
            self._admit(path, headers)
            if not self._bucket.take(self._clock()):
                self._throttled_but_applied(logged, body)
                raise Refusal(429, "Rate exceeded.")
            status, told = 200, None
            if fault is None or fault.is_applied:
                status, told = self._apply(logged, body)
            if fault is not None:
                self._refuse_by(fault, told)
        except Refusal as refused:
            return self._refuse(refused, logged, request_id, fault)
        content = b"" if told is None else orjson.dumps(told)
        return disturbed(Response(status, content, self._headers(request_id)), fault)

    def _refuse_by(self, fault: Fault, told: dict[str, Any] | None) -> None:
        """What a fault says instead of the answer. Raises Refusal."""
        if fault.kind in ("throttle", "throttle_after"):
            raise Refusal(429, "Rate exceeded.")
        if fault.kind in ("error", "error_after"):
            raise Refusal(fault.status, "The service cannot answer now.")
        if fault.kind == "refuse_after":
            raise refusal.invalid("refused by a fault, though it was applied")
        if fault.kind == "invisible" and told is not None and "id" in told:
            self.endpoint.hide(told["id"], self.faults.invisible_for())

    def _count(self, method: str) -> None:
        self.counts.total += 1
        if method in _WRITES:
            self.counts.writes += 1
        else:
            self.counts.reads += 1

    def _admit(self, path: str, headers: dict[bytes, bytes]) -> None:
        """A wrong tenant is a 401 like a wrong token, never a 404."""
        scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme != "Bearer" or token not in self.identity.tokens:
            raise Refusal(401, "Unauthorized")
        if not path.startswith(f"{self._base}/"):
            is_other_tenant = path.count("/") >= 3 and path.split("/")[2:4] == ["scim", "v2"]
            raise Refusal(401, "Unauthorized") if is_other_tenant else Refusal(404, "Not found.", f"no route {path}")

    def _apply(self, logged: Logged, body: bytes) -> tuple[int, dict[str, Any] | None]:
        if len(body) > _LARGEST_BODY:
            raise refusal.invalid("the body is larger than 1 MiB")
        if body:
            try:
                logged.body = orjson.loads(body)
            except orjson.JSONDecodeError:
                raise refusal.invalid("Invalid JSON from RequestBody") from None
        return self.endpoint.answer(Request(logged.method, logged.path, logged.query, logged.body))

    def _throttled_but_applied(self, logged: Logged, body: bytes) -> None:
        if self.knobs.applies_throttled_posts and logged.method == "POST":
            self._apply(logged, body)

    def _refuse(self, refused: Refusal, logged: Logged, request_id: str, fault: Fault | None) -> Response:
        headers = self._headers(request_id)
        if refused.status == 429:
            self.counts.throttled += 1
            after = fault.retry_after if fault is not None else self.knobs.retry_after
            headers += [(b"retry-after", str(after).encode())] if after is not None else []
        elif fault is not None and fault.kind == "refuse_after":
            return self._told(refused, request_id, headers)  # no mistake of the client's
        elif refused.status in (400, 405, 501) or (refused.status == 404 and refused.detail == "Not found."):
            self.counts.invalid += 1
            if len(self.counts.told) < 100:
                self.counts.told.append(f"{logged.method} {logged.path}: {refused.why}")
        elif refused.status == 401 and self.knobs.unauthorized_body == "empty":
            return Response(401, b"", headers)
        return self._told(refused, request_id, headers)

    def _told(self, refused: Refusal, request_id: str, headers: Headers) -> Response:
        told = refusal.body(refused, request_id, self.store.now(), self.knobs.error_keys)
        return Response(refused.status, orjson.dumps(told), headers)

    def _headers(self, request_id: str) -> Headers:
        return [
            (b"date", formatdate(time.time(), usegmt=True).encode()),
            (b"content-type", self.knobs.content_type.encode()),
            (b"x-amzn-requestid", request_id.encode()),
        ]
