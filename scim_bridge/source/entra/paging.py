"""Pages to their end (https://learn.microsoft.com/graph/paging): all of them, or none is believed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.protocol import Progress
from scim_bridge.source.entra.entry import GraphObject
from scim_bridge.source.entra.form import AGAIN, DELTA, next_of, rows_of
from scim_bridge.source.entra.graph import Graph, Request

_MOST_PAGES = 20_000
"""More than that is not a directory but a listing that never ends (200 rows a page make four million)."""
_MOST_EMPTY = 1_000
"""Pages without a row that may follow each other: some do, but a listing must get on."""


@dataclass(slots=True)
class Tally:
    """Told while pages are read: how many rows of what."""

    step: str
    progress: Progress
    done: int = 0

    def add(self, rows: int) -> None:
        """So many more."""
        self.done += rows
        self.progress(self.step, self.done, None)


def pages(graph: Graph, first: Request, tally: Tally) -> Iterator[dict[str, Any]]:
    """Every page, the first included. Raises SourceUnreadable if they do not come to an end."""
    request, seen, empty = first, {first.url}, 0
    while len(seen) <= _MOST_PAGES and empty <= _MOST_EMPTY:
        page = graph.send(request)
        rows = rows_of(page)
        empty = 0 if rows else empty + 1
        tally.add(len(rows))
        yield page
        link = next_of(page)
        if link is None:
            return
        if link in seen:
            raise SourceUnreadable("a listing of Graph leads in a circle: a next link came twice", AGAIN)
        seen.add(link)
        request = Request(link, first.permission, headers=first.headers)
    raise SourceUnreadable(f"a listing of Graph does not end: {len(seen) - 1:,} pages were read", AGAIN)


def listing(graph: Graph, first: Request, tally: Tally) -> list[GraphObject]:
    """Every row of a listing."""
    return [row for page in pages(graph, first, tally) for row in rows_of(page)]


def changes(graph: Graph, first: Request, tally: Tally) -> tuple[list[GraphObject], str]:
    """Every row of one round of a delta query, in the order in which they came, and the link for the next round.

    A round ends with its delta link and nothing else: without it the pages are not all there.
    """
    rows: list[GraphObject] = []
    link = ""
    for page in pages(graph, first, tally):
        rows += rows_of(page)
        link = page.get(DELTA, "")
    if not isinstance(link, str) or not link:
        raise SourceUnreadable("a listing of changes was cut short: its last page has no delta link", AGAIN)
    return rows, link
