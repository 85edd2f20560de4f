"""Which remembered entries cannot have a name, by their text alone: taking one apart costs fifty times as much."""

import re
from collections.abc import Collection, Iterable

from scim_bridge.source.ldap.value import folded

_FEW = 16
"""Of more names than these, none is looked for in the text of an entry before it is taken apart."""
_PLAIN = re.compile("[a-z0-9_.@-]+")
FOLDING = re.compile(
    "[\u0085-\u00df\u0130-\u0149\u017f\u01c4-\u01f3\u02b0-\u02e3\u037a-\u0385\u1680\u1d2c-\u1d65\u1d9c-\u1dbb\u1e96-\u1e9e"
    "\u1fbd-\u20a8\u2100-\u2189\u2460-\u24ea\u2a74-\u2a76\u2c7c-\u2c7d\u3000\u309b-\u309c\u3200-\u325f\u32b1-\u32cf"
    "\u3358-\u33ff\ua7f2-\ua7f4\ufb00-\ufb29\ufc5e-\ufc63\ufdfa-\ufe7e\uff01-\uff5e\uffe3\U000107a5"
    "\U0001d400-\U0001d6a3\U0001d7ce-\U0001d7ff\U0001f100-\U0001f190\U0001fbf0-\U0001fbf9]"
)
"""Characters that may be ASCII ones, or have ASCII ones in them, in the form in which names are compared (RFC 4518)."""


def sure_parts(names: Collection[str]) -> set[str]:
    """What of these names (DNs, first RDNs or GUIDs) stands in every entry that has one, in small letters.

    "", which stands in every text, for a name of which nothing is sure, and for many names.
    """
    return {_sure_part(name) for name in names} if len(names) <= _FEW else {""}


def _sure_part(name: str) -> str:
    if any(mark in name for mark in '\\+"#'):
        return ""
    first = folded(name).partition(",")[0]
    return max(_PLAIN.findall(first.partition("=")[2] or first), key=len, default="")


def may_have(text: str, sure: Iterable[str]) -> bool:
    """Whether an entry's text may have one of the names with these parts, however it is spelled or escaped there."""
    small = text.lower()
    if any(part in small for part in sure) or "\\" in text:
        return True
    return not text.isascii() and FOLDING.search(text) is not None
