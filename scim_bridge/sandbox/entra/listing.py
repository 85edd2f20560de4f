"""Pages of a list, with the links from one to the next (learn.microsoft.com/graph/paging)."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from scim_bridge.sandbox.entra.link import Sealer
from scim_bridge.sandbox.entra.query import Given, wants_count, written
from scim_bridge.sandbox.entra.refusal import GraphRefusal
from scim_bridge.sandbox.entra.shown import Row
from scim_bridge.sandbox.entra.store import Entry

Mark = str | int
"""Where a page ended: an id in a sorted list, a place in one that only grows at its end."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What is listed. url: absolute, without its query; context: what stands after $metadata#.

    ids: sorted, or in an order that only grows at its end, so that a page goes on where the last one ended, whatever
    changed between. entry: the object of an id, None if it does not (any more) belong.
    """

    url: str
    context: str
    ids: Sequence[str]
    entry: Callable[[str], Entry | None]
    show: Callable[[Entry], Row]
    is_sorted: bool = True

    def count(self) -> int:
        """How many belong."""
        return sum(1 for object_id in self.ids if self.entry(object_id) is not None)


@dataclass(frozen=True, slots=True)
class Paging:
    """size: rows of a page; has_empty: an empty page comes before each page but the first; sealer: of the tokens."""

    size: int
    has_empty: bool
    sealer: Sealer


def page(listed: Listed, given: Given, paging: Paging) -> dict[str, Any]:
    """The body of one page. Raises a 400 for a skip token that was never given out for this query."""
    opened = _opened(listed, given, paging.sealer)
    service, _, _ = listed.url.partition("/v1.0/")
    body: dict[str, Any] = {"@odata.context": f"{service}/v1.0/$metadata#{listed.context}"}
    if wants_count(given) and not opened:
        body["@odata.count"] = listed.count()
    mark: Mark | None = opened.get("m")
    if opened.get("e"):
        return body | {"@odata.nextLink": _link(listed, given, paging.sealer, {"m": mark}), "value": []}
    rows, following = _taken(listed, mark, paging.size)
    if following is not None:
        place = {"m": following, "e": paging.has_empty}
        body["@odata.nextLink"] = _link(listed, given, paging.sealer, place)
    return body | {"value": rows}


def _taken(listed: Listed, mark: Mark | None, size: int) -> tuple[list[Row], Mark | None]:
    """The rows after a mark, and the mark of the next page, None if nothing comes after."""
    rows: list[Row] = []
    last: Mark | None = None
    for place in range(_start(listed, mark), len(listed.ids)):
        entry = listed.entry(listed.ids[place])
        if entry is None:
            continue
        if len(rows) == size:
            return rows, last
        rows.append(listed.show(entry))
        last = listed.ids[place] if listed.is_sorted else place
    return rows, None


def _start(listed: Listed, mark: Mark | None) -> int:
    if mark is None:
        return 0
    return bisect_right(listed.ids, mark) if isinstance(mark, str) else mark + 1


def _opened(listed: Listed, given: Given, sealer: Sealer) -> dict[str, Any]:
    token = given.get("skiptoken")
    if token is None:
        return {}
    opened = sealer.open(token)
    if opened is None or opened.get("q") != _bound(listed, given):
        raise GraphRefusal(400, "Directory_ExpiredPageToken", "The specified page token value has expired.")
    return opened


def _link(listed: Listed, given: Given, sealer: Sealer, content: dict[str, Any]) -> str:
    kept = {name: value for name, value in given.items() if name != "skiptoken"}
    token = sealer.seal({**content, "q": _bound(listed, given)})
    return f"{listed.url}?{written({**kept, 'skiptoken': token})}"


def _bound(listed: Listed, given: Given) -> str:
    """A token goes with its query: the same list, the same options."""
    kept = sorted((name, value) for name, value in given.items() if name != "skiptoken")
    return f"{listed.url} {kept}"
