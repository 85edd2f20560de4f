"""Texts in the form in which they are compared (docs/design.md §2.5): the one place that knows it.

One name can be written in several ways that look the same: é is one character or two (Unicode NFC and NFD; macOS and
some export tools write the second), and blanks at the ends are not seen at all. Every comparison of an id, a reference
to one, a name, a unique value or a pattern goes through `normal` or `folded`, on both sides.
"""

import unicodedata

_WHITE = "".join(filter(str.isspace, map(chr, range(0x3001))))
_FORMAT = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
"""Characters of no width that are left over by copying from web pages and dialogs; at an end they say nothing."""
_FILLERS = "\u2800\u3164"
_ENDS = frozenset(_WHITE + _FORMAT + _FILLERS)
_UNSEEN = _ENDS.union(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u200c\u200d\uffa0",
    map(chr, (*range(0x2061, 0x2066), *range(0x206A, 0x2070), *range(0xFE00, 0xFE10), *range(0xE0000, 0xE01F0))),
)
"""Nothing is seen of a text made of these alone. At the end of a text that has more, some of them count: a joiner or a
variation selector changes how the letter before it is drawn."""


def trimmed(text: str) -> str:
    """Without white space, of any kind that Unicode knows, at its ends; "" if nothing of the text can be seen."""
    text = text.strip()
    if text.isascii():
        return text
    if text[0] in _ENDS or text[-1] in _ENDS:
        text = text.strip("".join(_ENDS))
    return "" if text[:1] in _UNSEEN and _UNSEEN.issuperset(text) else text


def is_blank(text: str) -> bool:
    """Whether there is nothing to be seen in a text: it counts as empty everywhere."""
    return not trimmed(text)


def normal(text: str) -> str:
    """Composed (NFC) and trimmed: how ids and case-exact values are compared, and how values are written."""
    text = text.strip()
    return text if text.isascii() else unicodedata.normalize("NFC", trimmed(text))


def folded(text: str) -> str:
    """The same without regard to case, as Unicode defines it (caseless matching, D145): how names are compared."""
    text = text.strip()
    if text.isascii():
        return text.casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", trimmed(text)).casefold())
