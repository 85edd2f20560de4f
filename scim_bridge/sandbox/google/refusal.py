"""Refusals of the Directory API: status, reason and message, in the body they travel in.

developers.google.com/workspace/admin/directory/v1/limits has the quotas; a client decides by `errors[0].reason`.
"""

from typing import Any


class GoogleRefusal(Exception):
    """An answer of the Directory API other than success. domain: of the reason, as Google sorts them."""

    def __init__(self, status: int, reason: str, message: str, domain: str = "global") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.domain = domain


class TokenRefusal(Exception):
    """An answer of the token endpoint other than success. error, description: of OAuth (RFC 6749 §5.2)."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description


def bad_request(message: str, reason: str = "invalid") -> GoogleRefusal:
    """What cannot be understood."""
    return GoogleRefusal(400, reason, message)


def not_found(what: str) -> GoogleRefusal:
    """No such user, group or domain. what: the parameter that names it (userKey, groupKey)."""
    return GoogleRefusal(404, "notFound", f"Resource Not Found: {what}")


def forbidden() -> GoogleRefusal:
    """The admin's role does not allow it, or it is another customer's."""
    return GoogleRefusal(403, "forbidden", "Not Authorized to access this resource/api")


def unauthorized() -> GoogleRefusal:
    """The token is none, or is not good any more."""
    return GoogleRefusal(401, "authError", "Invalid Credentials")


def insufficient() -> GoogleRefusal:
    """The token lacks the scope."""
    message = "Request had insufficient authentication scopes."
    return GoogleRefusal(403, "insufficientPermissions", message)


def body(refused: GoogleRefusal) -> dict[str, Any]:
    """The error body."""
    one = {"message": refused.message, "domain": refused.domain, "reason": refused.reason}
    return {"error": {"code": refused.status, "message": refused.message, "errors": [one]}}
