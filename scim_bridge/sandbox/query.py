"""Queries: the parameters of a list, the few filters there are, and pages (SCIM guide, ListUsers and ListGroups)."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.refusal import invalid
from scim_bridge.sandbox.store import Kind, Resource, shown

_LARGEST_PAGE = 100
_TERM = re.compile(r'\s*([A-Za-z.]+)\s+(eq|EQ|Eq)\s+"((?:[^"\\]|\\.)*)"\s*')
_AND = re.compile(r"and\s", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)")
FILTERS: dict[Kind, tuple[frozenset[str], ...]] = {
    "User": tuple(map(frozenset, (["userName"], ["externalId"], ["groups.value"], ["id", "manager"], ["id"]))),
    "Group": tuple(
        map(
            frozenset,
            (["displayName"], ["externalId"], ["members.value"], ["id", "members"], ["id", "member"], ["id"]),
        )
    ),
}
"""The documented combinations, and no others."""


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
    had_equals = {}
    for part in filter(None, raw.split("&")):
        name, equals, value = part.partition("=")
        name = unquote_plus(name)
        if name not in ("cursor", "count", "filter"):
            if knobs.unsupported_parameter == "refuse":
                raise invalid(f"the parameter {name} is not supported")
            continue
        if name in given:
            raise invalid(f"the parameter {name} stands twice")
        given[name], had_equals[name] = unquote_plus(value), bool(equals)
    terms = _terms(kind, given["filter"], knobs) if "filter" in given else {}
    cursor = given.get("cursor")
    if (
        cursor == ""
        and had_equals["cursor"]
        and terms
        and kind == "Group"
        and knobs.empty_cursor_with_filter == "refuse"
    ):
        raise invalid("an empty cursor= with a filter")
    return Query(terms, given.get("filter", ""), cursor, _count(given.get("count"), knobs))


def _count(text: str | None, knobs: Knobs) -> int:
    if text is None:
        return _LARGEST_PAGE
    if text.isascii() and text.isdigit() and 1 <= int(text) <= _LARGEST_PAGE:
        return int(text)
    if knobs.invalid_count == "refuse":
        raise invalid(f"count {text} is not between 1 and 100")
    return min(max(int(text), 1), _LARGEST_PAGE) if text.lstrip("-").isdigit() else _LARGEST_PAGE


def _terms(kind: Kind, text: str, knobs: Knobs) -> dict[str, str]:
    terms: dict[str, str] = {}
    rest = text
    while True:
        match = _TERM.match(rest)
        if match is None or match[1] in terms:
            raise invalid("Invalid Filter format")
        terms[match[1]] = _ESCAPED.sub(r"\1", match[3])
        rest = rest[match.end() :]
        if not rest:
            break
        joined = _AND.match(rest)
        if joined is None:
            raise invalid("Invalid Filter format")
        rest = rest[joined.end() :]
    if frozenset(terms) not in FILTERS[kind]:
        raise invalid(f"a filter on {' and '.join(terms)} is not supported")
    if not all(terms.values()):
        raise invalid("a filter with an empty value")
    if ("groups.value" in terms and knobs.groups_value_filter == "refuse") or (
        "members.value" in terms and knobs.members_value_filter == "refuse"
    ):
        raise invalid(f"a filter on {next(iter(terms))} is not supported")
    return terms


def page(query: Query, kind: Kind, resources: Iterable[Resource], size: int) -> dict[str, Any]:
    """A list answer. resources: everything that fits, in order, from the cursor's position on; size: of this page."""
    start = position(query)
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
        body["nextCursor"] = base64.b64encode(f"{following}:{query.raw_filter}".encode()).decode()
    return body


def position(query: Query) -> int:
    """Where the page begins. Raises a 400 for a made-up cursor, or one of another filter."""
    if not query.cursor:
        return 0
    try:
        number, _, raw_filter = base64.b64decode(query.cursor, validate=True).decode().partition(":")
        start = int(number)
    except (binascii.Error, ValueError, UnicodeDecodeError):
        raise invalid("this cursor was never given out") from None
    if raw_filter != query.raw_filter:
        raise invalid("the filter changed between pages")
    return start
