"""Microsoft Graph v1.0 as far as a directory's reader needs it: which path is answered by which call, also in a batch.

Around each answer stand token, quota and faults, and the documented headers.
"""

import base64
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import orjson

from scim_bridge.sandbox.entra import calls, refusal
from scim_bridge.sandbox.entra.calls import Call, GraphRequest
from scim_bridge.sandbox.entra.credential import Tokens
from scim_bridge.sandbox.entra.delta import Asked, Delta
from scim_bridge.sandbox.entra.directory import Directory, service_principal_id
from scim_bridge.sandbox.entra.fault import PAGE, EntraFault, refuse_by, reworded
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.query import Schema, Sealer, parse
from scim_bridge.sandbox.entra.refusal import GraphRefusal, bad_request, unsupported
from scim_bridge.sandbox.entra.schema import HIDDEN_MEMBERS
from scim_bridge.sandbox.entra.store import Memberships
from scim_bridge.sandbox.entra.traffic import Logged, Throttle, Traffic, cost
from scim_bridge.sandbox.switchboard import Switchboard
from scim_bridge.sandbox.transport import Headers, Response

_BY_APP = re.compile(r"servicePrincipals\(appId='([^']+)'\)")
_DELTA = ("delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()")
_MOST_PARTS = 20
_KEPT = (b"content-type", b"retry-after", b"location", b"cache-control")
_ODATA = b"application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_DIAGNOSTIC = b'{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"1","ScaleUnit":"000","RoleInstance":"1"}}'


class Graph:
    """Answers requests that carry a token. origin: scheme, host and port, for the links it gives out."""

    def __init__(self, origin: str, directory: Directory, clock: Callable[[], float], knobs: EntraKnobs) -> None:
        self.knobs = knobs
        self._sealer = Sealer()
        self.delta = Delta(directory.store, self._sealer, clock)
        self._service = f"{origin}/v1.0/"
        self._store = directory.store
        self._memberships = Memberships(directory.store)

    def answer(self, request: GraphRequest) -> dict[str, Any] | str:
        """The body of a success: JSON, or text for a $count segment. Raises GraphRefusal."""
        parts = [part for part in request.path.split("/") if part]
        found = _BY_APP.fullmatch(parts[0]) if parts else None
        if found:
            parts = ["servicePrincipals", service_principal_id(found[1]), *parts[1:]]
        call = Call(
            request=replace(request, path="/".join(parts)),
            given=parse(request.query),
            service=self._service,
            store=self._store,
            memberships=self._memberships,
            schema=Schema(frozenset(self._store.extensions), self.knobs.without),
            knobs=self.knobs,
            sealer=self._sealer,
        )
        if request.method == "POST" and parts in (
            ["directoryObjects", "getByIds"],
            ["directoryObjects", "microsoft.graph.getByIds"],
        ):
            return calls.by_ids(call)
        if request.method != "GET":
            raise unsupported(f"The sandbox does not change the directory: {request.method} is not served.")
        return self._read(call, parts)

    def _read(self, call: Call, parts: list[str]) -> dict[str, Any] | str:
        match parts:
            case ["users" | "groups" as name, last] if last in _DELTA:
                return self._delta(call, name)
            case ["users" | "groups" | "servicePrincipals" as name]:
                return calls.listed(call, name)
            case ["users" | "groups" as name, "$count"]:
                return calls.counted(call, name)
            case ["users" | "groups" | "servicePrincipals" as name, object_id]:
                return calls.single(call, name, object_id)
            case ["users", user_id, "manager"]:
                return calls.manager(call, user_id)
            case ["groups", group_id, "members" | "transitiveMembers" as relation, *cast]:
                return calls.members(call, group_id, relation, cast)
            case ["users" | "groups" as name, object_id, "memberOf" | "transitiveMemberOf", *_]:
                return calls.groups_of(call, name, object_id, parts[2:])
            case ["servicePrincipals", object_id, "appRoleAssignedTo"]:
                return calls.assigned(call, object_id)
            case ["directory", "deletedItems", "microsoft.graph.user" | "microsoft.graph.group" as cast_to]:
                return calls.deleted(call, cast_to)
        raise bad_request(f"Resource not found for the segment '{parts[-1] if parts else ''}'.")

    def _delta(self, call: Call, name: str) -> dict[str, Any]:
        call.require("users/delta" if name == "users" else "groups")
        shows_hidden = not HIDDEN_MEMBERS.isdisjoint(call.request.roles)
        asked = Asked(calls.COLLECTIONS[name], call.url, call.given, call.request.headers, shows_hidden)
        return self.delta.answer(asked, call.schema, self.knobs)


class GraphDoor:
    """Turns requests into answers of Graph. throttle: may be exchanged while it runs."""

    def __init__(
        self, graph: Graph, tokens: Tokens, faults: Switchboard[EntraFault], clock: Callable[[], float]
    ) -> None:
        self.throttle = Throttle(None, clock())
        self.traffic = Traffic()
        self._graph, self._tokens, self._faults, self._clock = graph, tokens, faults, clock

    def answer(self, logged: Logged, authorization: str, body: bytes, fault: EntraFault | None) -> Response:
        """The answer to a request, faults of status and content included."""
        request = GraphRequest(method=logged.method, path=logged.path, query=logged.query, headers=logged.headers)

        def told() -> Any:
            if fault is not None:
                refuse_by(fault, request.path, request.query)
            allowed = replace(request, roles=self._tokens.roles(authorization), body=_json(body))
            if allowed.path == "$batch" and allowed.method == "POST":
                return _batch(allowed, self._part)
            return self._told(allowed)

        return self._responded(logged, told, fault)

    def _part(self, request: GraphRequest) -> Response:
        """The answer to a request inside a batch."""
        logged = Logged(
            where="graph",
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            is_part=True,
        )
        self.traffic.note(logged)
        fault = self._faults.strike(lambda fault: fault.fits("graph", request.path, request.query))

        def told() -> Any:
            if fault is not None:
                refuse_by(fault, request.path, request.query)
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


def _batch(outer: GraphRequest, one: Callable[[GraphRequest], Response]) -> dict[str, Any]:
    """Up to twenty requests in one, each with its own status (learn.microsoft.com/graph/json-batching).

    The answers come in another order than the requests. Raises a 400 for a batch that is none.
    """
    given = outer.body.get("requests") if isinstance(outer.body, dict) else None
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise bad_request("Invalid batch payload format.")
    if len(given) > _MOST_PARTS:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of '{_MOST_PARTS}'.")
    ids = [item.get("id") for item in given]
    if None in ids or len(set(ids)) != len(ids):
        raise bad_request("Every request of a batch needs an id of its own.")
    return {"responses": [_answered(item, outer, one) for item in reversed(given)]}


def _answered(item: dict[str, Any], outer: GraphRequest, one: Callable[[GraphRequest], Response]) -> dict[str, Any]:
    path, _, query = str(item.get("url", "")).lstrip("/").partition("?")
    headers = {str(name).lower(): str(value) for name, value in (item.get("headers") or {}).items()}
    method = str(item.get("method", "GET"))
    response = one(
        GraphRequest(method=method, path=path, query=query, headers=headers, roles=outer.roles, body=item.get("body"))
    )
    shown = {name.decode().title(): value.decode() for name, value in response.headers if name in _KEPT}
    return {"id": item["id"], "status": response.status, "headers": shown, "body": _part_body(response)}


def _part_body(response: Response) -> Any:
    if not response.content:
        return None
    if response.content[:1] in b"{[":
        return orjson.loads(response.content)
    return base64.b64encode(response.content).decode()
