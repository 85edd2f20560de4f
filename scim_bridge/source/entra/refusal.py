"""What an answer of Graph other than success means (https://learn.microsoft.com/graph/errors), missing permissions too.

Decided by status and code, never by a message; codes differ in case from answer to answer. The permissions that our
requests need stand here, least first, from the "Permissions" table of each call
(https://learn.microsoft.com/graph/permissions-reference).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from scim_bridge.errors import (
    BridgeError,
    CredentialsRefused,
    ServerFault,
    SourceUnreadable,
    Throttled,
)
from scim_bridge.retry import seconds_of

_FAULTS = (500, 502, 503, 504, 509)
_POSITION_LOST = ("syncstatenotfound", "syncstateinvalid", "resyncrequired", "directory_expiredpagetoken")
_NOT_THERE = ("request_resourcenotfound", "resourcenotfound", "itemnotfound", "notfound")
LOOK = "Look at source.cloud, and at any proxy in between."
NOT_SECURE = "Check the clock, source.cloud.ca_file, and whether a proxy with its own authority stands in between."
"""The way out where no secure connection can be made."""


@dataclass(frozen=True, slots=True)
class Permission:
    """An application permission of Graph. lets: what it allows. or_any_of: greater ones that allow it as well."""

    name: str
    lets: str
    or_any_of: tuple[str, ...] = ()

    def is_granted(self, roles: frozenset[str]) -> bool:
        """Whether a token with these roles has it."""
        return not roles.isdisjoint((self.name, *self.or_any_of))


_WHOLE = ("Directory.Read.All", "Directory.ReadWrite.All")
READ_USERS = Permission("User.Read.All", "read users", ("User.ReadWrite.All", *_WHOLE))
READ_GROUPS = Permission(
    "GroupMember.Read.All",
    "read groups and their members",
    ("GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", *_WHOLE),
)
READ_ASSIGNMENTS = Permission(
    "Application.Read.All",
    "read who is assigned to an application",
    ("Application.ReadWrite.All", *_WHOLE),
)
READ_HIDDEN = Permission("Member.Read.Hidden", "read the members of groups that hide them")


class PermissionMissing(CredentialsRefused):
    """The application signs in, but may not do this."""


class PositionLost(Exception):
    """Graph has lost the place from which to go on reading: start from the beginning. The text says why."""


class Absent(Exception):
    """Graph knows no object with this id."""


def error_of(
    status: int, headers: Mapping[str, str], body: Any, permission: Permission, client: str
) -> BridgeError | PositionLost | Absent:
    """What to raise for an answer, alone or one of a batch. permission: what the request needs."""
    codes, message = _codes(body)
    shown = _shown(status, headers, body)
    after = seconds_of(headers.get("retry-after"))
    if status == 429:
        return Throttled(f"Graph throttles this application ({shown})", after=after)
    if status in _FAULTS:
        return ServerFault(f"Graph fails ({shown})", after=after)
    if status == 410 or any(code in _POSITION_LOST for code in codes):
        return PositionLost(f"Graph has given up the position up to which it was read ({shown})")
    if status == 404 and any(code in _NOT_THERE for code in codes):
        return Absent(shown)
    if status == 403 and "authorization_requestdenied" in codes:
        return refused((permission,), shown, client)
    if status in (401, 403):
        way_out = "Look at the sign-in log of the tenant, and at policies that restrict this application."
        return CredentialsRefused(f"Graph refuses the application {client} ({shown})", way_out)
    if 300 <= status < 400:
        where = _host(headers.get("location", "")) or "another place"
        return SourceUnreadable(f"Graph sends us on to {where} ({shown}); nothing was sent there", LOOK)
    return _unreadable(status, shown, message)


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host
    except httpx.InvalidURL:
        return ""


def unknown_property(error: Exception, names: Iterable[str], kind: str) -> Exception:
    """The same about the mapping, if the refusal is about one of these properties, which it uses."""
    if not isinstance(error, Unusable):
        return error
    unknown = sorted(set(re.findall(r"'([^']+)'", error.what)).intersection(names))
    if not unknown:
        return error
    listed = ", ".join(map(repr, unknown))
    return SourceUnreadable(
        f"Graph cannot give the property {listed} of {kind}s, which the mapping uses ({error.what})",
        "Take it out of the mapping, or write it as Graph does; it may have been removed from the tenant.",
    )


class Unusable(SourceUnreadable):
    """400, 501: Graph does not take the request as it is; perhaps because of a property that it names."""


def _unreadable(status: int, shown: str, message: str) -> SourceUnreadable:
    said = f": {message.rstrip('.')}" if message else ""
    if status in (400, 501):
        way_out = "Look at the names that the mapping uses; if the tenant has no delta queries, set changes: none."
        return Unusable(f"Graph does not take the request ({shown}){said}", way_out)
    return SourceUnreadable(f"Graph gives no answer to the request ({shown}){said}", LOOK)


def _codes(body: Any) -> tuple[list[str], str]:
    """Every code of an error, the outermost first and in small letters, and its message."""
    error = body.get("error") if isinstance(body, dict) else None
    message = str(error.get("message", ""))[:300] if isinstance(error, dict) else ""
    codes = []
    while isinstance(error, dict):
        if error.get("code"):
            codes.append(str(error["code"]).lower())
        error = error.get("innerError") or error.get("innererror")
    return codes, message


def _shown(status: int, headers: Mapping[str, str], body: Any) -> str:
    """Status, code as Graph writes it, and the id by which Microsoft's support finds the request."""
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else ""
    parts = [str(status) + (f" {code}" if code else "")]
    if request_id := headers.get("request-id"):
        parts.append(f"request id {request_id}")
    return ", ".join(parts)


def refused(missing: tuple[Permission, ...], said: str, client: str) -> PermissionMissing:
    """The sentence that names what is missing and the consent that is needed. said: what Graph answered."""
    lets = " and to ".join(permission.lets for permission in missing)
    names = " and ".join(permission.name for permission in missing)
    who = f"application {client}" if client else "the managed identity"
    return PermissionMissing(
        f"{who} is not allowed to {lets} ({said}): it lacks {names}",
        f"Add {names} (application permission of Microsoft Graph) to the app registration, and let an administrator "
        "grant consent to it.",
    )
