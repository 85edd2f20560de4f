"""Pages of a collection, with the links from one to the next (learn.microsoft.com/graph/paging)."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from scim_bridge.sandbox.entra.link import Sealer
from scim_bridge.sandbox.entra.query import Given, wants_count, written
from scim_bridge.sandbox.entra.refusal import GraphRefusal
from scim_bridge.sandbox.entra.shown import Row
from scim_bridge.sandbox.entra.store import Entry


@dataclass(frozen=True, slots=True)
class Collection:
    """What is listed. url: absolute, without its query. context: what follows $metadata#.

    ids: in an order that only grows at the end, or sorted (is_sorted), so that a page goes on where the last one ended,
    whatever changed between. entry: the object of an id, None if it does not (any more) belong. count: how many belong.
    """

    url: str
    context: str
    ids: Sequence[str]
    is_sorted: bool
    entry: Callable[[str], Entry | None]
    show: Callable[[Entry], Row]
    count: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Page:
    """How much of it. size: rows; has_empty: an empty page comes before each page but the first."""

    size: int
    has_empty: bool = False


def page(collection: Collection, given: Given, wanted: Page, sealer: Sealer) -> dict[str, Any]:
    """The body of one page. Raises a 400 for a skip token that was never given out for this query."""
    mark = _opened(given, collection, sealer)
    body: dict[str, Any] = {"@odata.context": f"{_service(collection.url)}$metadata#{collection.context}"}
    if wants_count(given) and not mark:
        body["@odata.count"] = collection.count()
    if mark.get("e"):
        return body | {"@odata.nextLink": _link(collection, given, sealer, {**mark, "e": 0}), "value": []}
    taken = _Taken()
    following = taken.fill(_from(collection, mark.get("m")), collection, wanted.size)
    if following is not None:
        place = {"m": following, "e": int(wanted.has_empty)}
        body["@odata.nextLink"] = _link(collection, given, sealer, place)
    return body | {"value": taken.rows}


@dataclass(slots=True)
class _Taken:
    rows: list[Row] = field(default_factory=list)

    def fill(self, places: Iterator[int], collection: Collection, size: int) -> str | int | None:
        """Take rows until the page is full. Gives the mark of the next page if there is another row."""
        mark: str | int | None = None
        for place in places:
            entry = collection.entry(collection.ids[place])
            if entry is None:
                continue
            if len(self.rows) == size:
                return mark
            self.rows.append(collection.show(entry))
            mark = collection.ids[place] if collection.is_sorted else place
        return None


def _from(collection: Collection, mark: str | int | None) -> Iterator[int]:
    if mark is None:
        start = 0
    elif isinstance(mark, str):
        start = bisect_right(collection.ids, mark)
    else:
        start = mark + 1
    return iter(range(start, len(collection.ids)))


def _opened(given: Given, collection: Collection, sealer: Sealer) -> dict[str, Any]:
    token = given.get("skiptoken")
    if token is None:
        return {}
    mark = sealer.open(token)
    if mark is None or mark.get("q") != _bound(given, collection):
        raise GraphRefusal(400, "Directory_ExpiredPageToken", "The specified page token value has expired.")
    return mark


def _link(collection: Collection, given: Given, sealer: Sealer, mark: dict[str, Any]) -> str:
    kept = {name: value for name, value in given.items() if name != "skiptoken"}
    token = sealer.seal({**mark, "q": _bound(given, collection)})
    return f"{collection.url}?{written({**kept, 'skiptoken': token})}"


def _bound(given: Given, collection: Collection) -> str:
    """A token goes with its query: the same collection, the same options."""
    kept = sorted((name, value) for name, value in given.items() if name != "skiptoken")
    return f"{collection.url.partition('/v1.0/')[2]} {kept}"


def _service(url: str) -> str:
    return url[: url.index("/v1.0/") + len("/v1.0/")]
