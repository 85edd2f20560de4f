"""$batch: up to twenty requests in one, each with its own status (learn.microsoft.com/graph/json-batching)."""

import base64
from collections.abc import Callable
from typing import Any

import orjson

from scim_bridge.sandbox.entra.call import GraphRequest
from scim_bridge.sandbox.entra.refusal import bad_request
from scim_bridge.sandbox.transport import Response

_MOST = 20


def batch(outer: GraphRequest, one: Callable[[GraphRequest], Response]) -> dict[str, Any]:
    """The answers, in another order than the requests. Raises a 400 for a batch that is none."""
    given = outer.body.get("requests") if isinstance(outer.body, dict) else None
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise bad_request("Invalid batch payload format.")
    if len(given) > _MOST:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of '{_MOST}'.")
    ids = [item.get("id") for item in given]
    if None in ids or len(set(ids)) != len(ids):
        raise bad_request("Every request of a batch needs an id of its own.")
    return {"responses": [_answered(item, outer, one) for item in reversed(given)]}


def _answered(item: dict[str, Any], outer: GraphRequest, one: Callable[[GraphRequest], Response]) -> dict[str, Any]:
    path, _, query = str(item.get("url", "")).lstrip("/").partition("?")
    headers = {str(name).lower(): str(value) for name, value in (item.get("headers") or {}).items()}
    response = one(GraphRequest(str(item.get("method", "GET")), path, query, headers, outer.roles, item.get("body")))
    shown = {name.decode().title(): value.decode() for name, value in response.headers if name in _KEPT}
    return {"id": item["id"], "status": response.status, "headers": shown, "body": _body(response)}


_KEPT = (b"content-type", b"retry-after", b"location", b"cache-control")


def _body(response: Response) -> Any:
    if not response.content:
        return None
    if response.content[:1] in b"{[":
        return orjson.loads(response.content)
    return base64.b64encode(response.content).decode()
