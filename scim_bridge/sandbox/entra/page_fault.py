"""What a fault says in place of Graph's answer, or makes of it."""

import base64
from typing import Any
from urllib.parse import urlsplit

import orjson

from scim_bridge.sandbox.entra.call import GraphRequest
from scim_bridge.sandbox.entra.fault import EntraFault
from scim_bridge.sandbox.entra.refusal import GraphRefusal, denied, unauthorized

PAGE = b"<!doctype html><html><head><title>Service unavailable</title></head><body><h1>Our services</h1></body></html>"
_LINKS = ("@odata.nextLink", "@odata.deltaLink")
_CODES = {500: "InternalServerError", 503: "ServiceUnavailable", 504: "GatewayTimeout", 509: "BandwidthLimitExceeded"}
_CHALLENGE = base64.b64encode(orjson.dumps({"access_token": {"nbf": {"essential": True, "value": "1"}}})).decode()
_EXPIRED = "The delta token is expired; synchronize again from the start."


def refuse_by(fault: EntraFault, request: GraphRequest) -> None:
    """Raise what the fault says. Nothing happens for a fault that is about the content or the delivery."""
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
            location = {"location": f"https://graph.microsoft.com/v1.0/{request.path}?$deltatoken="}
            raise GraphRefusal(410, "syncStateNotFound", _EXPIRED, location)
        case "sync_state":
            raise GraphRefusal(400, "syncStateNotFound", _EXPIRED)
        case "resync":
            raise GraphRefusal(400, "resyncRequired", "Resync required.")
        case "expired_page":
            raise GraphRefusal(400, "Directory_ExpiredPageToken", "The specified page token value has expired.")
        case "redirect":
            raise GraphRefusal(302, "", "", {"location": f"{fault.host}/v1.0/{request.path}?{request.query}"})


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
