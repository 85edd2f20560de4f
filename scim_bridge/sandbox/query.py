"""Queries: the parameters of a list, the few filters, and pages (docs/identity-center.md §2.4, §2.11)."""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote_plus

import orjson

from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.refusal import invalid
from scim_bridge.sandbox.store import Kind, Resource, shown

_LARGEST_PAGE = 100
_EMPTY_CURSOR = re.compile(r"(^|&)cursor=(&|$)")
_COUNT = re.compile(r"(-?)0*([0-9]+)")
_AND = re.compile(r" and ", re.IGNORECASE)
_TERM = re.compile(r'([A-Za-z][\w.$-]*) eq ("(?:[^"\\]|\\.)*")', re.IGNORECASE | re.ASCII)
FILTERS: dict[Kind, tuple[tuple[str, ...], ...]] = {
    "User": (("userName",), ("externalId",), ("groups.value",), ("id", "manager"), ("id",)),
    "Group": (("displayName",), ("externalId",), ("members.value",), ("id", "members"), ("id", "member"), ("id",)),
}
"""The documented combinations, in any order, and no others."""


def read_term(text: str) -> tuple[str, str, str]:
    """One comparison, `attribute eq "value"`, of a filter or of the path of a PATCH (RFC 7644 §3.4.2.2, §3.5.2).

    Attribute in small letters, value, and what follows. Only `eq` with a text is supported; names and operators are
    read in any case, blanks and texts strictly. Raises a 400 if the text does not begin with a term.
    """
    match = _TERM.match(text)
    if match is None:
        raise invalid("Invalid Filter format")
    try:
        value: str = orjson.loads(match[2])  # a text of JSON: no raw control characters, no made-up escapes
    except orjson.JSONDecodeError:
        raise invalid("Invalid Filter format") from None
    return match[1].lower(), value, text[match.end() :]


@dataclass(frozen=True, slots=True)
class Query:
    """A list request. cursor: None = not asked for, "" = the first page. raw_filter binds a cursor to its filter."""

    filter: dict[str, str]
    raw_filter: str
    cursor: str | None
    count: int


def parse(kind: Kind, raw: str, knobs: Knobs) -> Query:
    """The query string of a list request. Raises a 400 for whatever is not documented."""
    given: dict[str, str] = {}
    for part in filter(None, raw.split("&")):
        name, _, value = part.partition("=")
        name = unquote_plus(name)
        if name not in ("cursor", "count", "filter"):
            if knobs.unsupported_parameter == "refuse":
                raise invalid(f"the parameter {name} is not supported")
            continue
        if name in given:
            raise invalid(f"the parameter {name} is there twice")
        given[name] = unquote_plus(value)
    refuses = kind == "Group" and "filter" in given and knobs.empty_cursor_with_filter == "refuse"
    if refuses and _EMPTY_CURSOR.search(raw):
        raise invalid("an empty cursor= with a filter")
    terms = _terms(kind, given["filter"], knobs) if "filter" in given else {}
    return Query(terms, given.get("filter", ""), given.get("cursor"), _count(given.get("count"), knobs))


def _count(text: str | None, knobs: Knobs) -> int:
    if text is None:
        return _LARGEST_PAGE
    number = _COUNT.fullmatch(text)
    if number is None or number[1] or len(number[2]) > 3 or not 1 <= int(number[2]) <= _LARGEST_PAGE:
        if knobs.invalid_count == "refuse":
            raise invalid("the count is not between 1 and 100")
        return 1 if number is not None and (number[1] or number[2] == "0") else _LARGEST_PAGE
    return int(number[2])


def _terms(kind: Kind, text: str, knobs: Knobs) -> dict[str, str]:
    """Attribute, spelt as documented, and value of each comparison."""
    terms: dict[str, str] = {}
    rest = text
    while True:
        name, value, rest = read_term(rest)
        if name in terms:
            raise invalid("Invalid Filter format")
        terms[name] = value
        if not rest:
            break
        joined = _AND.match(rest)
        if joined is None:
            raise invalid("Invalid Filter format")
        rest = rest[joined.end() :]
    names = next((names for names in FILTERS[kind] if {name.lower() for name in names} == terms.keys()), None)
    if names is None or any(name in _refused(knobs) for name in names):
        raise invalid(f"a filter on {' and '.join(terms)} is not supported")
    if not all(terms.values()):
        raise invalid("a filter with an empty value")
    return {name: terms[name.lower()] for name in names}


def _refused(knobs: Knobs) -> set[str]:
    settings = {
        "groups.value": knobs.groups_value_filter,
        "members.value": knobs.members_value_filter,
        "member": knobs.member_filter,
    }
    return {name for name, setting in settings.items() if setting == "refuse"}


def page(query: Query, kind: Kind, resources: Iterable[Resource], size: int) -> dict[str, Any]:
    """A list answer. resources: everything that fits, in order, from the cursor's position on; size: of this page."""
    start = position(query, kind)
    taken: list[Resource] = []
    following = None
    for resource in resources:
        if resource.position < start:
            continue
        if len(taken) == size:
            following = resource.position
            break
        taken.append(resource)
    body: dict[str, Any] = {
        "itemsPerPage": len(taken),
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "Resources": [shown(resource, kind) for resource in taken],
    }
    if query.cursor is None:
        return {"totalResults": len(taken), "startIndex": 1} | body
    if following is not None:
        body["nextCursor"] = _cursor(kind, following, query.raw_filter)
    return body


def position(query: Query, kind: Kind) -> int:
    """Where the page begins. Raises a 400 for a made-up cursor, or one of another list or filter."""
    if not query.cursor:
        return 0
    try:
        start = orjson.loads(base64.b64decode(query.cursor, validate=True))[0]
    except (ValueError, LookupError, TypeError):
        raise invalid("this cursor was never given out") from None
    if not isinstance(start, int) or query.cursor != _cursor(kind, start, query.raw_filter):
        raise invalid("this cursor was never given out for this list and filter")
    return start


def _cursor(kind: Kind, start: int, raw_filter: str) -> str:
    """Position, and a seal over what the cursor is for: the list and its filter."""
    seal = blake2b(f"{kind} {start} {raw_filter}".encode(), key=b"sandbox", digest_size=12).hexdigest()
    return base64.b64encode(orjson.dumps([start, seal])).decode()
