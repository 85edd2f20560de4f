"""What an answer of the Directory API other than success means.

Decided by `errors[0].reason`, not by the status: quotas come as 403 (developers.google.com/workspace/admin/directory/
v1/limits), and some frontends refuse a rate in plain text.
"""

from collections.abc import Mapping

import httpx
import orjson

from scim_bridge.errors import (
    BridgeError,
    CredentialsRefused,
    ServerFault,
    SourceUnreadable,
    Throttled,
)
from scim_bridge.retry import seconds_of

_RATES = ("userratelimitexceeded", "ratelimitexceeded", "quotaexceeded")
_RATES_IN_TEXT = ("quota exceeded for quota metric", "request rate is higher", "request rate higher")
LOOK = "Look at any proxy in between; the next run reads again."
NOT_SECURE = "Check the clock, and whether a proxy with its own authority stands in between."
"""The way out where no secure connection can be made."""
_SETTINGS: Mapping[str, tuple[str, str]] = {
    "insufficientpermissions": (
        "the token lacks a scope",
        "Grant all three scopes to the service account's client id, in the Admin console's domain-wide delegation.",
    ),
    "forbidden": (
        "the admin's role does not allow it, or source.customer is another account",
        "Give source.admin a role with the Admin API privileges Users > Read and Groups > Read.",
    ),
    "domaincannotuseapis": (
        "API access is switched off in the account",
        "Admin console > Security > Access and data control > API controls: allow access to the Admin SDK.",
    ),
    "accessnotconfigured": (
        "the Admin SDK API is not enabled in the service account's project",
        "Enable admin.googleapis.com in that project, and wait some minutes.",
    ),
}


class Absent(Exception):
    """Google knows no such user or group."""


class PageLost(Exception):
    """A page token is not good any more: the listing begins again."""


def error_of(answer: httpx.Response, admin: str) -> BridgeError | Absent | PageLost:
    """What to raise for an answer. admin: as whom we ask."""
    status, reason, message = answer.status_code, *_told(answer.content)
    code, shown = reason.lower(), f"{status} {reason}".strip()
    after = seconds_of(answer.headers.get("retry-after"))
    if code == "dailylimitexceeded":
        return SourceUnreadable(f"Google's quota of this day is used up ({shown})", "The next run reads again.")
    if status == 429 or code in _RATES or (status == 403 and any(part in message.lower() for part in _RATES_IN_TEXT)):
        return Throttled(f"Google throttles this account ({shown})", after=after)
    if status >= 500:
        return ServerFault(f"Google fails ({shown})", after=after)
    if status == 404 and code == "notfound":
        return Absent(shown)
    if status == 400 and "pagetoken" in message.lower():
        return PageLost(shown)
    if code in _SETTINGS:
        why, way_out = _SETTINGS[code]
        return CredentialsRefused(f"Google refuses to answer {admin}: {why} ({shown})", way_out)
    if status in (401, 403):
        return CredentialsRefused(f"Google refuses to answer {admin} ({shown})", "Look at the account's audit log.")
    if 300 <= status < 400:
        return SourceUnreadable(f"Google sends us on to another place ({shown}); nothing was sent there", LOOK)
    said = f": {message.rstrip('.')}" if message else ""
    return SourceUnreadable(f"Google does not take the request ({shown}){said}", "Look at source.scope.query, if any.")


def _told(content: bytes) -> tuple[str, str]:
    """The reason of an error body, and its message; of a body that is none, its text."""
    try:
        error = orjson.loads(content)["error"]
        errors = error.get("errors") or [{}]
        return str(errors[0].get("reason") or error.get("status") or ""), str(error.get("message", ""))[:300]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, IndexError):
        return "", content[:300].decode("utf-8", "replace")
