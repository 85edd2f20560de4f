"""Distinguished names, compared as RFC 4514 and RFC 4518 mean them: by their parts, never by their spelling."""

import re
import unicodedata

import ldap
import ldap.dn

_EXTENDED = re.compile(r"(?:<GUID=([0-9a-fA-F-]{36})>;)?(?:<SID=[^>]*>;)?")
_BIT_STRING = re.compile(r"#'[01]*'B$")


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
