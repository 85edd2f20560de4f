"""What an LDAP server or the way to it failed with, as a sentence for a person (RFC 4511 §4.1.9 and appendix A.2).

Whatever cuts a listing short is an error here: a part of a directory is never taken for the whole.
"""

import re
from typing import Any

import ldap

from scim_bridge.errors import CredentialsRefused, Misconfigured, SourceUnreadable, Stop

NO_CONNECTION = (ldap.SERVER_DOWN, ldap.CONNECT_ERROR, ldap.TIMEOUT, ldap.UNAVAILABLE, ldap.BUSY)
"""What lets the next server be tried."""

_LIMITS = (
    "Raise the limit for this account (OpenLDAP: limits dn.exact=… size.prtotal=unlimited time.hard=unlimited), "
    "or narrow base and filter."
)
_PRIVACY = "Use ldaps://, or tls: {start: true}."
_AGAIN = "The next run tries again; if it fails again, look at the server's log."

_SEARCH: dict[type[Exception], tuple[str, str]] = {
    ldap.SIZELIMIT_EXCEEDED: ("the server's size limit cut the reading of {what} short", _LIMITS),
    ldap.TIMELIMIT_EXCEEDED: ("the server's time limit cut the reading of {what} short", _LIMITS),
    ldap.ADMINLIMIT_EXCEEDED: ("an administrative limit of the server cut the reading of {what} short", _LIMITS),
    ldap.NO_SUCH_OBJECT: (
        "{what} does not exist, or this account may not see it",
        "Correct the base, or let the account read it.",
    ),
    ldap.INSUFFICIENT_ACCESS: ("this account may not read {what}", "Give it the right to read there."),
    ldap.SERVER_DOWN: ("the connection was lost while {what} was read", _AGAIN),
    ldap.TIMEOUT: ("the server did not answer in time while {what} was read", "Raise timeout, or look at its load."),
    ldap.BUSY: ("the server is too busy to give {what}", _AGAIN),
    ldap.UNAVAILABLE: ("the server is shutting down or not ready to give {what}", _AGAIN),
    ldap.REFERRAL: ("the server refers to another one for {what}", "Name the server that holds it in urls."),
    ldap.UNAVAILABLE_CRITICAL_EXTENSION: (
        "the server does not give {what} in pages (RFC 2696)",
        "Allow paged results on the server; without them its limits would cut the listing.",
    ),
    ldap.STRONG_AUTH_REQUIRED: ("the server gives {what} over a protected connection only", _PRIVACY),
    ldap.CONFIDENTIALITY_REQUIRED: ("the server gives {what} over a protected connection only", _PRIVACY),
}

_BIND: dict[type[Exception], tuple[str, str]] = {
    ldap.STRONG_AUTH_REQUIRED: ("the server accepts this sign-in over a protected connection only", _PRIVACY),
    ldap.CONFIDENTIALITY_REQUIRED: ("the server accepts this sign-in over a protected connection only", _PRIVACY),
    ldap.INAPPROPRIATE_AUTH: ("the server does not accept this way of signing in", "Try another bind.method."),
    ldap.AUTH_METHOD_NOT_SUPPORTED: ("the server does not know this way of signing in", "Try another bind.method."),
    ldap.AUTH_UNKNOWN: ("this machine does not know this way of signing in", "Install its SASL mechanism."),
    ldap.UNWILLING_TO_PERFORM: ("the server refuses to sign this account in", "Look at the server's log."),
    ldap.INVALID_DN_SYNTAX: (
        "the server does not accept bind.dn as a name",
        "Write a DN such as cn=bridge,dc=corp,dc=example.",
    ),
}

_AD_CODES = {
    "525": ("there is no such account", "Correct bind.dn."),
    "52e": ("the password is wrong", "Correct bind.password."),
    "530": ("the account may not sign in at this hour", "Change its logon hours."),
    "531": ("the account may not sign in from this machine", "Change its permitted workstations."),
    "532": ("the password has expired", "Set a new one that does not expire."),
    "533": ("the account is disabled", "Enable it."),
    "701": ("the account has expired", "Extend it."),
    "773": ("the password must be changed first", "Sign in once as this account, or clear that flag."),
    "775": ("the account is locked", "Unlock it; there were too many wrong passwords."),
}
"""Active Directory tells why by a Win32 error code in its text: "AcceptSecurityContext error, data 52e"."""


def code(error: ldap.LDAPError) -> int:
    """The result code; -1 for a failure of the library's own."""
    result = _told(error).get("result", -1)
    return result if isinstance(result, int) else -1


def reason(error: ldap.LDAPError) -> str:
    """The server's or the library's own words, on one line."""
    told = _told(error)
    words = [str(told[key]) for key in ("desc", "info") if told.get(key)]
    return " ".join(": ".join(words).split()) or type(error).__name__


def unreadable(error: ldap.LDAPError, what: str, url: str) -> Stop:
    """A search that failed. what: what was read, as a noun."""
    if isinstance(error, ldap.FILTER_ERROR | ldap.INVALID_DN_SYNTAX | ldap.INVALID_SYNTAX):
        part = "filter" if isinstance(error, ldap.FILTER_ERROR) else "base"
        return Misconfigured(
            f"the {part} of {what} is not one that the server understands ({reason(error)})", f"Fix the {part}."
        )
    for kind, (sentence, way_out) in _SEARCH.items():
        if isinstance(error, kind):
            return SourceUnreadable(f"{url}: {sentence.format(what=what)}; nothing was concluded from it", way_out)
    return SourceUnreadable(f"{url}: {what} could not be read ({reason(error)})", _AGAIN)


def not_signed_in(error: ldap.LDAPError, who: str, url: str) -> Stop:
    """A bind that failed. who: the account, as people know it."""
    if isinstance(error, ldap.INVALID_CREDENTIALS):
        found = re.search(r"\bdata ([0-9a-f]{3})\b", reason(error))
        why, way_out = _AD_CODES.get(
            found[1] if found else "", ("the server does not say why", "Look at bind.dn and bind.password.")
        )
        return CredentialsRefused(f"{url} refused to sign {who} in: {why}", way_out)
    if isinstance(error, ldap.LOCAL_ERROR):
        return CredentialsRefused(
            f"{who} could not be signed in to {url} ({reason(error)})",
            "For gssapi a Kerberos ticket is needed: kinit, or a keytab named by KRB5_CLIENT_KTNAME.",
        )
    for kind, (sentence, way_out) in _BIND.items():
        if isinstance(error, kind):
            return CredentialsRefused(f"{url}: {sentence} ({reason(error)})", way_out)
    return SourceUnreadable(
        f"{url}: {who} could not be signed in ({reason(error)})", "Look at bind, and the server's log."
    )


def _told(error: ldap.LDAPError) -> dict[str, Any]:
    told = error.args[0] if error.args else {}
    return told if isinstance(told, dict) else {"desc": str(told)}
