"""One comparison of a filter, `attribute eq "value"`, in a query or in the path of a PATCH (RFC 7644 §3.4.2.2).

Only `eq` with a text is supported. Names and operators are read in any case, blanks and texts strictly.
"""

import re

import orjson

from scim_bridge.sandbox.refusal import invalid

_TERM = re.compile(r'([A-Za-z][\w.$-]*) eq ("(?:[^"\\]|\\.)*")', re.IGNORECASE | re.ASCII)


def read_term(text: str) -> tuple[str, str, str]:
    """Attribute in small letters, value, and what follows. Raises a 400 if the text does not begin with a term."""
    match = _TERM.match(text)
    if match is None:
        raise invalid("Invalid Filter format")
    try:
        value: str = orjson.loads(match[2])  # a text of JSON: no raw control characters, no made-up escapes
    except orjson.JSONDecodeError:
        raise invalid("Invalid Filter format") from None
    return match[1].lower(), value, text[match.end() :]
