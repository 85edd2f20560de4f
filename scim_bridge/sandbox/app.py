"""The ASGI application: HTTP in, endpoint, HTTP out; counts, tokens, quota and faults in between.

Bare ASGI, since the emulator must never be what a benchmark measures.
"""

import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from random import Random
from typing import Any

import orjson

from scim_bridge.sandbox import refusal
from scim_bridge.sandbox.aws.door import BEFORE, Door, call_of, is_signed
from scim_bridge.sandbox.endpoint import Endpoint, Request
from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.refusal import NO_ROUTE, Refusal
from scim_bridge.sandbox.store import Store
from scim_bridge.sandbox.switchboard import Switchboard
from scim_bridge.sandbox.traffic import Counts, Logged, Quota, memberships
from scim_bridge.sandbox.transport import Delivery, Headers, Receive, Response, Scope, Send, disturbed, read

_LARGEST_BODY = 1_048_576
_MEDIA_TYPES = frozenset({b"application/scim+json", b"application/json"})
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def wall_clock() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the endpoint is: the tenant in its path, the tokens it accepts (two may be alive), the seed of its chance."""

    tenant: str = "3f1c9a40-5b1e-4c86-9c55-0d3b1f6e7712"
    tokens: tuple[str, ...] = ("sandbox-token",)
    seed: int = 0


class App:
    """The emulator as an ASGI application. log: the last requests, None to keep none."""

    def __init__(
        self,
        knobs: Knobs,
        identity: Identity,
        now: Callable[[], datetime] = wall_clock,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.identity = identity
        self.store = Store(now, Random(identity.seed), case_exact=knobs.case_exact)
        self.endpoint = Endpoint(self.store, knobs, Random(identity.seed))
        self.faults = Switchboard[Fault](identity.seed)
        self.delivery = Delivery()
        self.counts = Counts()
        self.log: deque[Logged] | None = deque(maxlen=200_000)
        self._clock = clock
        self._quota = Quota(knobs, clock())
        self.aws = Door(self.store, lambda: self.knobs, clock())
        self._base = f"/{identity.tenant}/scim/v2"

    @property
    def knobs(self) -> Knobs:
        """The settings in force; may be exchanged while it runs (see Endpoint.knobs)."""
        return self.endpoint.knobs

    @knobs.setter
    def knobs(self, knobs: Knobs) -> None:
        before, self.endpoint.knobs = self.endpoint.knobs, knobs
        if (before.rate, before.quota, before.memberships) != (knobs.rate, knobs.quota, knobs.memberships):
            self._quota = Quota(knobs, self._clock())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        if scope["type"] != "http":
            return
        body = await read(receive)
        if body is None:
            return
        path = scope["raw_path"].decode("latin-1")
        headers = dict(scope["headers"])
        if is_signed(headers):
            await self._answer_aws(scope, receive, send, call_of(path, headers), body)
            return
        query = scope["query_string"].decode("latin-1")
        logged = Logged(
            method=scope["method"],
            path=path.removeprefix(f"{self._base}/"),
            query=query,
            body=None,
            status=0,
            at=self._clock(),
        )
        if self.log is not None:
            self.log.append(logged)
        self._count(logged.method)
        hold = self.faults.strike(lambda one: one.fits(logged.method, logged.path, is_holding=True))
        if hold is not None and hold.kind == "hold_before":
            await self.delivery.gate.hold(logged.method, logged.path)
        fault = self.faults.strike(lambda one: one.fits(logged.method, logged.path))
        response = self._handle(logged, path, headers, body, fault)
        if hold is not None and hold.kind == "hold_after":
            await self.delivery.gate.hold(logged.method, logged.path)
        logged.status = 0 if fault is not None and fault.is_silent else response.status
        await self.delivery.send(scope, receive, send, response, fault)

    async def _answer_aws(self, scope: Scope, receive: Receive, send: Send, call: str, body: bytes) -> None:
        """One request of the AWS APIs. Faults name it by its call, `aws/sso:ListInstances`."""
        path = f"{BEFORE}{call}"
        hold = self.faults.strike(lambda one: one.fits("POST", path, is_holding=True))
        if hold is not None and hold.kind == "hold_before":
            await self.delivery.gate.hold("POST", path)
        fault = self.faults.strike(lambda one: one.fits("POST", path))
        response = self.aws.answer(call, body, fault, self._clock())
        if hold is not None and hold.kind == "hold_after":
            await self.delivery.gate.hold("POST", path)
        await self.delivery.send(scope, receive, send, response, fault)

    def _handle(
        self, logged: Logged, path: str, headers: dict[bytes, bytes], body: bytes, fault: Fault | None
    ) -> Response:
        request_id = logged.request_id = str(uuid.uuid4())
        try:
            self._admit(path, headers)
            about = f"{logged.path}?{logged.query} {body.decode('latin-1')}" if self.knobs.quota == "per_api" else ""
            members = memberships(body) if self.knobs.memberships is not None and about else 0
            if not self._quota.take(logged.method, about, self._clock(), members):
                self._throttled_but_applied(logged, headers, body)
                raise Refusal(429, "Rate exceeded.")
            status, told = 200, None
            if fault is not None and fault.is_instead:
                own = self._apply_unseen(logged, headers, body)
                if own is not None and fault.kind == "refuse_after":
                    raise own
            elif fault is None or fault.is_applied:
                status, told = self._apply(logged, headers, body)
            if fault is not None:
                self._refuse_by(fault, told)
        except Refusal as refused:
            return self._refuse(refused, logged, request_id, fault)
        content = b"" if told is None else orjson.dumps(told)
        return disturbed(Response(status, content, self._headers(request_id)), fault)

    def _refuse_by(self, fault: Fault, told: dict[str, Any] | None) -> None:
        """What a fault says instead of the answer. Raises Refusal."""
        match fault.kind:
            case "throttle" | "throttle_after":
                raise Refusal(429, "Rate exceeded.")
            case "error" | "error_after":
                raise Refusal(fault.status, "The service cannot answer now.")
            case "refuse_after":
                raise refusal.invalid("refused by a fault, though it was applied")
            case "unauthorized":
                raise Refusal(401, "Unauthorized")
            case "forbidden":
                raise Refusal(403, "Access denied.")
            case "invisible" if told is not None and "id" in told:
                # How long a new id stays unknown to PATCH: docs/identity-center.md §10.
                self.endpoint.hide(told["id"], self.faults.random.uniform(0.1, 0.5))

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
        if not f"{path}/".startswith(f"{self._base}/"):
            is_other_tenant = path.split("/")[2:4] == ["scim", "v2"]
            raise Refusal(401, "Unauthorized") if is_other_tenant else Refusal(404, NO_ROUTE, f"no route {path}")
        if self.knobs.removed_tenant is not None:
            is_404 = self.knobs.removed_tenant == 404
            raise Refusal(404, "TENANT does not exist.") if is_404 else Refusal(401, "Unauthorized")

    def _apply(self, logged: Logged, headers: dict[bytes, bytes], body: bytes) -> tuple[int, dict[str, Any] | None]:
        if body:
            logged.body = _parsed(logged.method, headers, body)
        return self.endpoint.answer(Request(logged.method, logged.path, logged.query, logged.body))

    def _apply_unseen(self, logged: Logged, headers: dict[bytes, bytes], body: bytes) -> Refusal | None:
        """Do what is asked; another answer is given. The refusal that it would have been, None if it was done."""
        try:
            self._apply(logged, headers, body)
        except Refusal as refused:
            self._note_invalid(refused, logged)
            return refused
        return None

    def _throttled_but_applied(self, logged: Logged, headers: dict[bytes, bytes], body: bytes) -> None:
        if self.knobs.applies_throttled_posts and logged.method == "POST":
            self._apply_unseen(logged, headers, body)

    def _refuse(self, refused: Refusal, logged: Logged, request_id: str, fault: Fault | None) -> Response:
        headers = self._headers(request_id)
        if refused.status == 429:
            self.counts.throttled += 1
            is_by_fault = fault is not None and fault.kind in ("throttle", "throttle_after")
            after = fault.retry_after if fault is not None and is_by_fault else self.knobs.retry_after
            headers += [(b"retry-after", str(after).encode())] if after is not None else []
        elif refused.status == 401 and self.knobs.unauthorized_body == "empty":
            return Response(401, b"", headers)
        elif fault is None or not fault.is_instead:  # else it is not a mistake of the client's
            self._note_invalid(refused, logged)
        return self._told(refused, request_id, headers)

    def _note_invalid(self, refused: Refusal, logged: Logged) -> None:
        """Count what is a mistake of the client's."""
        if refused.status in (400, 405, 501) or (refused.status == 404 and refused.detail == NO_ROUTE):
            self.counts.invalid += 1
            if len(self.counts.told) < 100:
                self.counts.told.append(f"{logged.method} {logged.path}: {refused.why}")

    def _told(self, refused: Refusal, request_id: str, headers: Headers) -> Response:
        told = refusal.body(refused, request_id, self.store.now(), self.knobs.error_keys)
        return Response(refused.status, orjson.dumps(told), headers)

    def _headers(self, request_id: str) -> Headers:
        return [
            (b"date", formatdate(time.time(), usegmt=True).encode()),
            (b"content-type", self.knobs.content_type.encode()),
            (b"x-amzn-requestid", request_id.encode()),
        ]


def _parsed(method: str, headers: dict[bytes, bytes], body: bytes) -> Any:
    """The JSON of a body. Raises a 400 where none belongs, or of another kind."""
    if method not in ("POST", "PUT", "PATCH"):
        raise refusal.invalid(f"a {method} has no body")
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() not in _MEDIA_TYPES:
        raise refusal.invalid("the body is neither application/scim+json nor application/json")
    if len(body) > _LARGEST_BODY:
        raise refusal.invalid("the body is larger than 1 MiB")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refusal.invalid("Invalid JSON from RequestBody") from None
