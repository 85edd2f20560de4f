"""The login host and the metadata endpoint behind HTTP, with the faults that meet them."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import orjson

from scim_bridge.sandbox.entra import aadsts
from scim_bridge.sandbox.entra.aadsts import TokenRefusal
from scim_bridge.sandbox.entra.fault import EntraFault
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.login import Login
from scim_bridge.sandbox.entra.metadata import PATH, Metadata, MetadataRefusal
from scim_bridge.sandbox.entra.page_fault import PAGE
from scim_bridge.sandbox.entra.traffic import Logged
from scim_bridge.sandbox.transport import Headers, Response

_JSON = (b"content-type", b"application/json; charset=utf-8")
Told = tuple[int, dict[str, Any]]


class LoginDoor:
    """Turns requests into answers of both. client: shown in errors; clock: seconds since 1970."""

    def __init__(self, login: Login, metadata: Metadata, client: str, clock: Callable[[], float]) -> None:
        self._login, self._metadata, self._client, self._clock = login, metadata, client, clock

    def answer(self, logged: Logged, body: bytes, fault: EntraFault | None, knobs: EntraKnobs) -> Response:
        """The answer to a request, faults of status and content included."""
        request_id = str(uuid.uuid4())
        headers = self._headers(request_id, logged)
        spoilt = None if fault is None else _spoilt(fault, headers)
        if spoilt is not None:
            return spoilt
        if logged.where == "metadata":
            status, told = self._told_by_metadata(logged, knobs)
        else:
            status, told = self._told_by_login(logged, body, fault, knobs)
        return Response(status, orjson.dumps(told), [_JSON, *headers])

    def _told_by_login(self, logged: Logged, body: bytes, fault: EntraFault | None, knobs: EntraKnobs) -> Told:
        try:
            if fault is not None and fault.kind == "aadsts":
                raise TokenRefusal(fault.code)
            match (logged.method, logged.path):
                case ("GET", "v2.0/.well-known/openid-configuration"):
                    return 200, self._login.discovery(logged.tenant)
                case ("GET", "discovery/v2.0/keys"):
                    return 200, self._login.keys(logged.tenant)
                case ("POST", "oauth2/v2.0/token"):
                    return 200, self._login.token(logged.tenant, body, knobs)
        except TokenRefusal as refused:
            names = {"client": self._client, "tenant": logged.tenant}
            now = datetime.fromtimestamp(self._clock(), UTC)
            return refused.status, aadsts.body(refused, names, str(uuid.uuid4()), now)
        return 404, {"error": "not_found", "error_description": f"There is no {logged.method} {logged.path}."}

    def _told_by_metadata(self, logged: Logged, knobs: EntraKnobs) -> Told:
        if logged.path != PATH or logged.method != "GET":
            return 404, {"error": "not_found", "error_description": "There is no such path."}
        try:
            return 200, self._metadata.token(logged.query, logged.headers, knobs, self._clock())
        except MetadataRefusal as refused:
            return 400, {"error": refused.error, "error_description": refused.description}

    def _headers(self, request_id: str, logged: Logged) -> Headers:
        client_request_id = logged.headers.get("client-request-id", "")
        return [
            (b"date", formatdate(self._clock(), usegmt=True).encode()),
            (b"cache-control", b"no-store, no-cache"),
            (b"x-ms-request-id", request_id.encode()),
            *([(b"client-request-id", client_request_id.encode("latin-1", "replace"))] if client_request_id else []),
        ]


def _spoilt(fault: EntraFault, headers: Headers) -> Response | None:
    """What a fault says in place of the answer, None if it is about something else."""
    after = [] if fault.retry_after is None else [(b"retry-after", str(fault.retry_after).encode())]
    match fault.kind:
        case "throttle":
            told = {"error": "temporarily_unavailable", "error_description": "AADSTS90055: Too many requests."}
            return Response(429, orjson.dumps(told), [_JSON, *headers, *after])
        case "error":
            told = {
                "error": "temporarily_unavailable",
                "error_description": "AADSTS90033: A transient error has occurred.",
            }
            return Response(fault.status, orjson.dumps(told), [_JSON, *headers, *after])
        case "empty":
            return Response(fault.status, b"", [*headers, *after])
        case "html":
            return Response(fault.status, PAGE, [(b"content-type", b"text/html"), *after])
        case "redirect":
            return Response(302, b"", [(b"location", fault.host.encode()), *headers])
    return None
