"""Graph's refusals: status, code and message, in the body they travel in (learn.microsoft.com/graph/errors).

Status and code are Graph's, the messages ours: a client must not depend on them.
"""

from datetime import datetime
from typing import Any


class GraphRefusal(Exception):
    """An answer of Graph other than success."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def bad_request(message: str) -> GraphRefusal:
    """What the OData layer cannot understand."""
    return GraphRefusal(400, "BadRequest", message)


def unsupported(message: str) -> GraphRefusal:
    """What it understands and does not do."""
    return GraphRefusal(400, "Request_UnsupportedQuery", message)


def not_found(resource_id: str) -> GraphRefusal:
    """No such object, or it is deleted."""
    return GraphRefusal(
        404,
        "Request_ResourceNotFound",
        f"Resource '{resource_id}' does not exist, or an object that the query refers to does not.",
    )


def denied() -> GraphRefusal:
    """The token lacks the permission. Graph does not say which."""
    return GraphRefusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def unauthorized(message: str, claims: str = "") -> GraphRefusal:
    """The token is refused. claims: a claims challenge, as base64, of continuous access evaluation."""
    challenge = 'Bearer realm="", client_id="00000003-0000-0000-c000-000000000000"'
    if claims:
        challenge += f', error="insufficient_claims", claims="{claims}"'
    return GraphRefusal(401, "InvalidAuthenticationToken", message, {"www-authenticate": challenge})


def body(refusal: GraphRefusal, request_id: str, client_request_id: str, now: datetime) -> dict[str, Any]:
    """The error body."""
    inner = {
        "date": f"{now:%Y-%m-%dT%H:%M:%S}",
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    return {"error": {"code": refusal.code, "message": refusal.message, "innerError": inner}}
