"""Graph behind HTTP: token, quota, faults and batches before the answer; the documented headers around it."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import orjson

from scim_bridge.sandbox.entra import refusal
from scim_bridge.sandbox.entra.access_token import Tokens
from scim_bridge.sandbox.entra.batch import batch
from scim_bridge.sandbox.entra.call import GraphRequest
from scim_bridge.sandbox.entra.fault import EntraFault, Switchboard
from scim_bridge.sandbox.entra.graph import Graph
from scim_bridge.sandbox.entra.page_fault import PAGE, refuse_by, reworded
from scim_bridge.sandbox.entra.query import parse
from scim_bridge.sandbox.entra.refusal import GraphRefusal, bad_request
from scim_bridge.sandbox.entra.throttle import Throttle, cost
from scim_bridge.sandbox.entra.traffic import Logged, Traffic
from scim_bridge.sandbox.transport import Headers, Response

_ODATA = b"application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_DIAGNOSTIC = b'{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"1","ScaleUnit":"000","RoleInstance":"1"}}'


class GraphDoor:
    """Turns requests into answers of Graph. throttle: may be exchanged while it runs."""

    def __init__(self, graph: Graph, tokens: Tokens, faults: Switchboard, clock: Callable[[], float]) -> None:
        self.throttle = Throttle(None, clock())
        self.traffic = Traffic()
        self._graph, self._tokens, self._faults, self._clock = graph, tokens, faults, clock

    def answer(self, logged: Logged, authorization: str, body: bytes, fault: EntraFault | None) -> Response:
        """The answer to a request, faults of status and content included."""
        request = GraphRequest(logged.method, logged.path, logged.query, logged.headers)

        def told() -> Any:
            if fault is not None:
                refuse_by(fault, request)
            allowed = replace(request, roles=self._tokens.roles(authorization), body=_json(body))
            if allowed.path == "$batch" and allowed.method == "POST":
                return batch(allowed, self._part)
            return self._told(allowed)

        return self._responded(logged, told, fault)

    def _part(self, request: GraphRequest) -> Response:
        """The answer to a request inside a batch."""
        logged = Logged("graph", request.method, request.path, request.query, request.headers, is_part=True)
        self.traffic.note(logged)
        fault = self._faults.strike("graph", request.path, request.query)

        def told() -> Any:
            if fault is not None:
                refuse_by(fault, request)
            return self._told(request)

        response = self._responded(logged, told, fault)
        logged.status = response.status
        return response

    def _told(self, request: GraphRequest) -> Any:
        units = cost(request.path, parse(request.query))
        if not self.throttle.take(units, self._clock()):
            headers = {
                "retry-after": str(self.throttle.retry_after),
                "x-ms-throttle-scope": "Tenant_Application/ReadWrite",
            }
            raise GraphRefusal(429, "TooManyRequests", "Too many requests.", headers)
        return self._graph.answer(request)

    def _responded(self, logged: Logged, told: Callable[[], Any], fault: EntraFault | None) -> Response:
        request_id = str(uuid.uuid4())
        ids = (request_id, logged.headers.get("client-request-id", request_id))
        try:
            answer = told()
        except GraphRefusal as refused:
            self.traffic.refused(logged, refused.status, refused.message)
            return self._refused(refused, fault, ids)
        if isinstance(answer, str):
            return Response(200, answer.encode(), [(b"content-type", b"text/plain"), *self._headers(*ids)])
        if fault is not None:
            answer = reworded(fault, answer)
        headers = [(b"content-type", _ODATA), *self._headers(*ids)]
        if not logged.is_part:
            headers.append((b"x-ms-resource-unit", str(cost(logged.path, parse(logged.query))).encode()))
        return Response(200, orjson.dumps(answer), headers)

    def _refused(self, refused: GraphRefusal, fault: EntraFault | None, ids: tuple[str, str]) -> Response:
        headers = self._headers(*ids)
        more = [(name.encode(), value.encode()) for name, value in refused.headers.items()]
        if fault is not None and fault.kind in ("empty", "redirect"):
            return Response(refused.status, b"", [*headers, *more])
        if fault is not None and fault.kind == "html":
            return Response(refused.status, PAGE, [(b"content-type", b"text/html"), *more])
        told = refusal.body(refused, *ids, datetime.fromtimestamp(self._clock(), UTC))
        return Response(refused.status, orjson.dumps(told), [(b"content-type", b"application/json"), *headers, *more])

    def _headers(self, request_id: str, client_request_id: str) -> Headers:
        headers = [
            (b"date", formatdate(self._clock(), usegmt=True).encode()),
            (b"cache-control", b"no-cache"),
            (b"odata-version", b"4.0"),
            (b"request-id", request_id.encode()),
            (b"client-request-id", client_request_id.encode("latin-1", "replace")),
            (b"x-ms-ags-diagnostic", _DIAGNOSTIC),
        ]
        used = self.throttle.percentage
        if used is not None:
            headers.append((b"x-ms-throttle-limit-percentage", str(used).encode()))
        return headers


def _json(body: bytes) -> Any:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise bad_request("Unable to read JSON request payload.") from None
