"""Single values: binary ones as the text that people know them by, Active Directory's switches, and names (DNs).

Distinguished names are compared as RFC 4514 and RFC 4518 mean them: by their parts, never by their spelling.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from uuid import UUID

import ldap
import ldap.dn
from ldap.filter import escape_filter_chars

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8}(-[0-9a-f]{8}){3}", re.IGNORECASE)
"""A UUID; or a nsUniqueId, which has the same digits in other groups."""
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER = (0, 0x7FFF_FFFF_FFFF_FFFF)
_DISABLED = 0x2
"""ADS_UF_ACCOUNTDISABLE (https://learn.microsoft.com/windows/win32/adschema/a-useraccountcontrol)."""
_EXTENDED = re.compile(r"(?:<GUID=([0-9a-fA-F-]{36})>;)?(?:<SID=[^>]*>;)?")
_BIT_STRING = re.compile(r"#'[01]*'B$")


def text(value: bytes) -> str:
    """UTF-8; a byte that is none becomes half a surrogate pair, which holds the record wherever a rule reads it."""
    return value.decode("utf-8", "surrogateescape")


def guid(value: bytes) -> str:
    """objectGUID: 16 bytes, the first three fields little-endian. Anything else is given as hexadecimal digits."""
    return str(UUID(bytes_le=value)) if len(value) == 16 else value.hex()


def sid(value: bytes) -> str:
    """objectSid as S-1-5-21-…: revision, count, authority (big-endian), sub-authorities (MS-DTYP 2.4.2.2)."""
    count = value[1] if len(value) > 1 else 0
    if len(value) != 8 + 4 * count:
        return value.hex()
    numbers = [int.from_bytes(value[at : at + 4], "little") for at in range(8, len(value), 4)]
    return "-".join(map(str, ["S", value[0], int.from_bytes(value[2:8], "big"), *numbers]))


def is_guid(guid_text: str) -> bool:
    """Whether this is an id of a directory: 32 hexadecimal digits with dashes, in whichever case."""
    return _GUID.fullmatch(guid_text) is not None


def guid_filter(name: str, guid_text: str, *, is_binary: bool) -> str:
    """A filter for one entry by its id (RFC 4515: binary values byte by byte)."""
    if not is_binary:
        return f"({name}={escape_filter_chars(guid_text)})"
    escaped = "".join(rf"\{byte:02x}" for byte in UUID(guid_text).bytes_le)
    return f"({name}={escaped})"


def is_enabled(user_account_control: str, account_expires: str, today: str) -> bool | None:
    """Whether an account may sign in: not disabled, and not expired when `today` (UTC) began. Lockout does not matter.

    None where one of the two is not a number, so that nothing is said of the account.
    """
    try:
        control, ticks = int(user_account_control), int(account_expires or 0)
    except ValueError:
        return None
    if control & _DISABLED:
        return False
    if ticks in _NEVER:
        return True
    began = datetime.fromisoformat(today).replace(tzinfo=UTC)
    return ticks > (began - _EPOCH) // timedelta(microseconds=1) * 10


def parts(dn: str) -> tuple[str, ...]:
    """A name's RDNs in comparable form, the entry's own first. What is not a DN is one part by itself."""
    try:
        parsed = ldap.dn.str2dn(dn)
    except (ldap.DECODING_ERROR, UnicodeEncodeError):
        return (f"\x00{dn}",)
    return tuple("+".join(sorted(f"{kind.lower()}={folded(value)}" for kind, value, _ in rdn)) for rdn in parsed)


def is_below(dn: str, base: str) -> bool:
    """Whether an entry is the base or lies under it."""
    inner, outer = parts(dn), parts(base)
    return inner[len(inner) - len(outer) :] == outer if len(inner) >= len(outer) else False


def split(value: str) -> tuple[str, str]:
    """(GUID, DN) of a name as Active Directory extends it; the GUID is "" where it was not extended."""
    if not value.startswith("<"):
        return "", value
    found = _EXTENDED.match(value)
    return ((found[1] or "").lower(), value[found.end() :]) if found else ("", value)


def without_bits(value: str) -> str:
    """A uniqueMember's DN without the bit string that may follow it (RFC 4517 §3.3.21)."""
    return _BIT_STRING.sub("", value)


def folded(value: str) -> str:
    """A value as caseIgnoreMatch compares it (RFC 4518)."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
