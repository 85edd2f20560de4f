"""The forms in which values are written in `bridge.yaml`: each a pattern, for the schema, and a reading of it.

The patterns are valid in Python and in JSON schema (ECMA 262) alike, and a reading refuses what its pattern refuses, so
that the published schema and the program cannot disagree. A reading raises ValueError with the rest of a sentence whose
beginning is the place ("bridge.yaml, line 12: service.listen").
"""

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from math import inf
from typing import TypeVar

from scim_bridge.model.alert import EVENTS, Event, QuietHours
from scim_bridge.model.limit import Limit

Written = TypeVar("Written")

SEPARATOR = r"""^(auto|[^A-Za-z0-9"]{1,3})$"""
_NOTHING = r"^0+[smhd]$"
DURATION = r"^[1-9][0-9]{0,4}[smhd]$"
QUIET_HOURS = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"
PERCENTAGE = r"^(100|[1-9]?[0-9])%$"
REPORT = "report"
"""Instead of a limit."""
MOST_RUNS = 100
"""At once, of one worker: each is a process."""
DAY = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
TEXT = r"^[^\u0000-\u001f]*[^\s\u0000-\u001f][^\u0000-\u001f]*$"
"""A path, a glob, a name: something to see, and nothing that steers a terminal."""
CONNECTION = r"""^[^\s\u0000-\u001f./\\:*?"'<>|#%-][^\s\u0000-\u001f/\\:*?"'<>|#%]*$"""
"""A connection's name: also typed on a command line and shown in a URL."""
DEFAULT_STATE = "sqlite:///scim-bridge.db"
_STATE_FILE = r"sqlite:///(?!:memory:$)[^?#\u0000-\u001f]+"
_STATE_SERVER = (
    r"postgresql\+psycopg://([^\s\u0000-\u001f:/@?#]+@)?[^\s\u0000-\u001f/@?#]*/[^\s\u0000-\u001f/?#]+"
    r"(\?(?!([^#]*&)?(ssl)?password=)[^\s\u0000-\u001f#]*)?"
)
"""A database, by the parameters of libpq. It has no place for a password: that is in a file, or the URL is a secret."""

_PORT = r"(0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LOOPBACK = rf"(localhost|127(\.{_OCTET}){{3}}|\[::1\])"
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_AFTER_HOST = rf"(:{_PORT})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
LOOPBACK_URL = rf"^https?://{_LOOPBACK}{_AFTER_HOST}$"
URL = rf"^(https?://{_LOOPBACK}|https://{_LABEL}(\.{_LABEL})*){_AFTER_HOST}$"
LISTEN_LOOPBACK = rf"^{_LOOPBACK}:{_PORT}$"
_IPV4 = rf"{_OCTET}(\.{_OCTET}){{3}}"
LISTEN = rf"^({_LOOPBACK}|{_IPV4}|(?![0-9.]+:){_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:.]{{2,45}}\]):{_PORT}$"
PUBLIC_URL = rf"^(https://{_LABEL}(\.{_LABEL})*|https?://{_LOOPBACK})(:{_PORT})?/?$"

REGION = r"^[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}$"

REFERENCE = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^\u0000-\u001f]*[^\s\u0000-\u001f][^\u0000-\u001f]*)$"
LDAP_URL = rf"^(ldaps?://({_LOOPBACK}|{_LABEL}(\.{_LABEL})*)(:{_PORT})?/?|ldapi://[A-Za-z0-9%._~-]+)$"
STATE = rf"^({_STATE_FILE}|{_STATE_SERVER})$|{REFERENCE}"
_PRIVATE_LDAP = rf"ldaps://.*|ldapi://.*|ldap://{_LOOPBACK}(:{_PORT})?/?"
LDAP_FILTER = r"^\([^\u0000-\u001f]+\)$"
AZURE_NAME = r"^[0-9A-Za-z][0-9A-Za-z._-]{0,252}$"
"""An object id, an application id, a tenant by id or domain: part of a URL, so nothing else may be in it."""
_GUID = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
MAILBOX = r"^[^@\s<>]+@[^@\s<>]+$"
UNIT = r"^/(\S(.*\S)?)?$"
ORIGIN = rf"^https://({_LOOPBACK}|{_LABEL}(\.{_LABEL})*)(:{_PORT})?/?$"
_IN_PLAIN = r"^(?!env:|file:)[!-~]+$"
TOKEN = f"{REFERENCE}|{_IN_PLAIN}"

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def checked(read: Callable[[Written], object]) -> Callable[[Written], Written]:
    """The value as it is written, once `read` has found nothing wrong with it."""

    def check(value: Written) -> Written:
        read(value)
        return value

    return check


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None


def without_blanks(value: str) -> str:
    """A value that was pasted, if nothing in it is a blank or invisible; the sentence says where one is, never what."""
    at = next((number for number, sign in enumerate(value) if sign.isspace() or not sign.isprintable()), None)
    if at is None:
        return value
    if not value[at].isspace():
        what = f"an invisible character (U+{ord(value[at]):04X})"
    else:
        what = "a line break" if value[at] in "\r\n" else "a blank"
    is_at_end = all(sign.isspace() or not sign.isprintable() for sign in value[at:])
    where = "at its beginning" if at == 0 else "at its end" if is_at_end else f"after {at} characters"
    raise ValueError(f" has {what} {where}; delete it")


def _refuse_blanks(pattern: str, value: str) -> None:
    """Raise ValueError if blanks are all that is wrong with a value."""
    if _fits(pattern, "".join(sign for sign in value if not sign.isspace() and sign.isprintable())):
        without_blanks(value)


def text(value: str) -> str:
    """Any text a person can see."""
    if not _fits(TEXT, value):
        raise ValueError(" is empty or holds control characters; write something that can be seen")
    return value


def connection_name(name: str) -> str:
    """A connection's name."""
    if not _fits(CONNECTION, name):
        raise ValueError(" cannot name a connection; use letters, digits, - and _")
    return name


def duration(value: str) -> timedelta:
    """90s, 5m, 24h or 30d: at most 99999 of a unit, never nothing."""
    if _fits(_NOTHING, value):
        raise ValueError(f" lasts no time; write at least 1{value[-1]}")
    if not _fits(DURATION, value):
        raise ValueError(" is not a duration; write 90s, 5m, 24h or 30d")
    return timedelta(**{_UNITS[value[-1]]: int(value[:-1])})


def written(length: timedelta) -> str:
    """A duration as people write it: in whole hours if it can be, else minutes, else seconds."""
    seconds = int(length.total_seconds())
    unit, size = next(each for each in (("h", 3_600), ("m", 60), ("s", 1)) if not seconds % each[1])
    return f"{seconds // size}{unit}"


def interval(value: str) -> timedelta | None:
    """A duration, or None for auto."""
    if value == "auto":
        return None
    if _fits(_NOTHING, value):
        raise ValueError(f" lasts no time; write auto, or at least 1{value[-1]}")
    try:
        return duration(value)
    except ValueError:
        raise ValueError(" is not a duration; write auto, or 15m, 24h …") from None


def pace(value: object) -> float | None:
    """Requests a second, more than 0, or None for auto."""
    if value == "auto":
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < inf:
        return float(value)
    raise ValueError(" is not a number of requests a second; write auto, or a number more than 0, such as 10")


def runs_at_once(value: object) -> int | None:
    """How many runs a worker has at the same moment, or None for auto."""
    if value == "auto":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_RUNS:
        return value
    raise ValueError(f" is not a number of runs; write auto, or a whole number from 1 to {MOST_RUNS}")


def limit(value: object) -> Limit:
    """A whole number such as 5, or a share of 0% to 100%."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Limit(value, is_percentage=False)
    if isinstance(value, str) and _fits(PERCENTAGE, value):
        return Limit(int(value[:-1]), is_percentage=True)
    raise ValueError(" is not a limit; write a whole number such as 5, or a share such as 10%")


def limit_or_report(value: object) -> Limit | None:
    """A limit; None for `report`, which only says what there is."""
    if value == REPORT:
        return None
    try:
        return limit(value)
    except ValueError:
        raise ValueError(" is not a limit; write report, a whole number such as 5, or a share such as 10%") from None


def written_limit(value: Limit | None) -> int | str:
    """A limit as a person writes it."""
    if value is None:
        return REPORT
    return str(value) if value.is_percentage else value.value


def day(value: str) -> date:
    """A date of the calendar, as 2027-03-01."""
    if _fits(DAY, value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # 30 February has the form, and no place in the calendar
    raise ValueError(" is not a date; write 2027-03-01")


def region(name: str) -> str:
    """An AWS Region's code."""
    if not _fits(REGION, name):
        _refuse_blanks(REGION, name)
        raise ValueError(" is not an AWS Region; write its code, such as ap-northeast-1")
    return name


def encoding(name: str) -> str:
    """auto, or a text encoding that Python knows."""
    try:
        if name != "auto":
            "a".encode(name)
    except (LookupError, ValueError):
        raise ValueError(f": {name!r} is not a text encoding; write auto, utf-8, cp932 …") from None
    return name


def separator(value: str) -> str:
    """What stands between the names of a list in one cell, or auto."""
    if not _fits(SEPARATOR, value):
        raise ValueError(': write auto, or what stands between two names, such as ";" or ", "')
    return value


def state(value: str) -> str:
    """Where the state is: sqlite:///FILE, the URL of a PostgreSQL database, or a reference to such a URL."""
    if _fits(STATE, value):
        return value
    if value.startswith("postgres"):
        raise ValueError(
            ": write postgresql+psycopg://USER@HOST/DATABASE without a password; if it needs one, put the whole URL "
            "into a secret and write env:NAME or file:PATH"
        )
    raise ValueError(": write sqlite:///FILE, or postgresql+psycopg://USER@HOST/DATABASE")


def address(value: str) -> tuple[str, int]:
    """Host and port to listen on: a name, an IPv4 address, or an IPv6 address in brackets."""
    if not _fits(LISTEN, value):
        _refuse_blanks(LISTEN, value)
        raise ValueError(": write a host and a port, such as 127.0.0.1:8080 or [::1]:8080")
    host, _, port = value.rpartition(":")
    return host.strip("[]"), int(port)


def is_loopback_address(value: str) -> bool:
    """Whether only this machine can connect to it."""
    return _fits(LISTEN_LOOPBACK, value)


def public_url(url: str) -> str:
    """Scheme, host and port that browsers use, without a slash at the end: https, or http to loopback."""
    if not _fits(PUBLIC_URL, url):
        _refuse_blanks(PUBLIC_URL, url)
        raise ValueError(": write https://HOST, without a path; http is for loopback only")
    return url.rstrip("/")


def issuer(url: str) -> str:
    """An OpenID issuer, exactly as the provider writes it: https, or http to loopback."""
    if not _fits(URL, url):
        _refuse_blanks(URL, url)
        raise ValueError(": write the issuer as the provider shows it, such as https://idp.corp.example")
    return url


def is_loopback_url(url: str) -> bool:
    """Whether what is sent to this URL cannot leave the machine."""
    return _fits(LOOPBACK_URL, url)


def endpoint(url: str) -> str:
    """A SCIM endpoint's URL, without slashes at its end: https, or http to loopback."""
    if _fits(URL, url):
        return url.rstrip("/")
    _refuse_blanks(URL, url)
    if any(sign in url.partition("://")[2] for sign in "@?#"):
        raise ValueError(": leave out user name, password, query and fragment; the token has a key of its own")
    if "<" in url:
        raise ValueError(": put your own tenant id in the place of <…>")
    if url.startswith("http://"):
        raise ValueError(
            ": plain http is allowed to loopback only, since the token would travel in the clear; write https"
        )
    raise ValueError(": write the endpoint's whole URL (https://scim.REGION.amazonaws.com/TENANT/scim/v2)")


def pages_url(url: str) -> str:
    """Where the pages of a running service are, without slashes at the end: https, or http to loopback."""
    if _fits(URL, url):
        return url.rstrip("/")
    _refuse_blanks(URL, url)
    plain = " (plain http is allowed to loopback only)" if url.startswith("http://") else ""
    raise ValueError(f": write the address of the pages, such as https://bridge.corp.example{plain}")


def token(value: str) -> str:
    """A secret by reference, or in plain text; whether that is accepted depends on where it is sent."""
    if not _fits(TOKEN, value):
        _refuse_blanks(TOKEN, value)
        raise ValueError(" is not a reference to a token; write env:NAME or file:PATH")
    return value


def quiet_hours(value: str) -> QuietHours:
    """From when to when, on the clock of the machine: 22:00-06:00."""
    if not _fits(QUIET_HOURS, value) or value[:5] == value[6:]:
        raise ValueError(": write two times of the day, such as 22:00-06:00")
    return QuietHours(time.fromisoformat(value[:5]), time.fromisoformat(value[6:]))


def events(value: object) -> frozenset[Event]:
    """`all`, or a list of events that people want to hear of."""
    if value == "all":
        return frozenset(EVENTS)
    found = [each for each in EVENTS if isinstance(value, list) and each in value]
    if not isinstance(value, list) or len(found) < len(value) or not found:
        raise ValueError(f": write all, or a list of some of {', '.join(EVENTS)}")
    return frozenset(found)


def reference(value: str) -> str:
    """A secret by reference."""
    if not _fits(REFERENCE, value):
        _refuse_blanks(REFERENCE, value)
        raise ValueError(": write env:NAME or file:PATH, never the secret itself")
    return value


def ldap_url(url: str) -> str:
    """A directory server: ldaps://HOST, ldap://HOST or ldapi://SOCKET, the socket's path percent-encoded."""
    if not _fits(LDAP_URL, url):
        _refuse_blanks(LDAP_URL, url)
        raise ValueError(": write ldaps://HOST (or ldap://HOST, ldapi://%2Frun%2Fslapd%2Fldapi), without a path")
    return url.rstrip("/")


def is_private_ldap_url(url: str) -> bool:
    """Whether nothing sent there can be read on the way."""
    return _fits(_PRIVATE_LDAP, url)


def ldap_filter(value: str) -> str:
    """A search filter (RFC 4515) in its parentheses; whether it is one, the server says."""
    if not _fits(LDAP_FILTER, value) or value.count("(") != value.count(")"):
        raise ValueError(" is not a search filter; write it in parentheses, such as (objectClass=inetOrgPerson)")
    return value


def azure_name(value: str) -> str:
    """An id of Entra ID, or a tenant's domain."""
    if "<" in value:
        raise ValueError(": put your own id in the place of <…>")
    if not _fits(AZURE_NAME, value):
        _refuse_blanks(AZURE_NAME, value)
        raise ValueError(" is not an id; copy it from the Entra admin center")
    return value


def azure_id(name: str) -> str:
    """The same id as Entra ID writes it: a GUID in small letters. All else, a tenant's domain say, is left alone."""
    return name.lower() if _fits(_GUID, name) else name


def origin(url: str) -> str:
    """Scheme, host and port of a service, without a slash at its end: https only."""
    if not _fits(ORIGIN, url):
        _refuse_blanks(ORIGIN, url)
        raise ValueError(": write https://HOST, without a path")
    return url.rstrip("/")


def mailbox(value: str) -> str:
    """An e-mail address of one account."""
    if not _fits(MAILBOX, value):
        _refuse_blanks(MAILBOX, value)
        raise ValueError(" is not an e-mail address; write NAME@DOMAIN")
    return value


def unit(path: str) -> str:
    """The path of an organizational unit of Google Workspace, without a slash at its end but for the root's."""
    if not _fits(UNIT, path):
        raise ValueError(": write the whole path as the Admin console shows it, from the slash on: /Staff/Tokyo")
    return path.rstrip("/") or "/"
