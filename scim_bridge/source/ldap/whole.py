"""Reading everything, in pages; and reading single entries again, within the same bases and filters."""

from collections.abc import Iterable, Iterator

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.source.ldap.entry import Writer, key
from scim_bridge.source.ldap.layout import PLACES, Layout, Selection
from scim_bridge.source.ldap.name import split
from scim_bridge.source.ldap.ranged import complete
from scim_bridge.source.ldap.session import Query, Row, Session
from scim_bridge.source.ldap.value import guid, guid_filter, text

AT_ONCE = 50
"""Entries asked for by their ids in one filter."""


class Reader:
    """Reads entries as they are remembered: key → text. layout: what is asked for."""

    def __init__(self, session: Session, layout: Layout) -> None:
        self._session = session
        self.layout = layout
        self._writer = Writer(layout)

    def listing(self, progress: Progress = silent, *, with_places: bool) -> dict[str, str]:
        """All users and groups, one base after the other; with_places: what they are kept in, too.

        Who moves meanwhile from where no one has looked yet to where that is over is not in it: see everything.py.
        """
        entries: dict[str, str] = {}
        for selection in self.layout.selections:
            done = 0
            for base in selection.bases:
                if with_places:
                    entries |= self.places(base)
                for rows in self._pages(base, selection.filter, selection):
                    entries |= self.entries(selection.kind, rows)
                    done += len(rows)
                    progress(f"read {selection.kind}s", done, None)
        return entries

    def first_page(self, selection: Selection) -> dict[str, str]:
        """One page of one kind, of each of its bases."""
        entries: dict[str, str] = {}
        for base in selection.bases:
            rows = next(self._pages(base, selection.filter, selection), [])
            entries |= self.entries(selection.kind, rows)
        return entries

    def names(self) -> dict[str, str]:
        """Key → DN of all users and groups: a listing without what they hold."""
        found: dict[str, str] = {}
        for selection in self.layout.selections:
            for base in selection.bases:
                query = Query(base, selection.filter, (self.layout.anchor,), f"the {selection.kind}s under {base}")
                for rows in self._session.pages(query):
                    found |= {key(selection.kind, self._anchor(row)): split(row[0])[1] for row in rows}
        return found

    def places(self, base: str) -> dict[str, str]:
        """The places under a base."""
        return self._places(base, PLACES)

    def again(self, anchors: Iterable[str]) -> dict[str, str]:
        """Those of these entries that are still in scope, whatever kind they are."""
        wanted = sorted(anchors)
        entries: dict[str, str] = {}
        for at in range(0, len(wanted), AT_ONCE):
            ids = "".join(self._by_id(anchor) for anchor in wanted[at : at + AT_ONCE])
            for selection in self.layout.selections:
                entries |= self.fitting(selection, f"(|{ids})")
        return entries

    def fitting(self, selection: Selection, condition: str) -> dict[str, str]:
        """The entries of one kind that also fit this filter."""
        entries: dict[str, str] = {}
        for base in selection.bases:
            for rows in self._pages(base, f"(&{selection.filter}{condition})", selection):
                entries |= self.entries(selection.kind, rows)
        return entries

    def places_again(self, anchors: Iterable[str]) -> dict[str, str]:
        """Those of these entries that are places, under whichever base."""
        wanted = sorted(anchors)
        entries: dict[str, str] = {}
        for at in range(0, len(wanted), AT_ONCE):
            ids = "".join(self._by_id(anchor) for anchor in wanted[at : at + AT_ONCE])
            for base in self.layout.bases:
                entries |= self._places(base, f"(&{PLACES}(|{ids}))")
        return entries

    def _places(self, base: str, condition: str) -> dict[str, str]:
        found = self._session.pages(Query(base, condition, (self.layout.anchor,), f"the units under {base}"))
        return {name: text for rows in found for name, text in self.entries("place", rows).items()}

    def entries(self, kind: str, rows: Iterable[Row]) -> dict[str, str]:
        """Rows by their keys, groups with their members in full. Raises SourceUnreadable if one does not say its id."""
        found: dict[str, str] = {}
        for row in rows:
            is_in_ranges = kind == "group" and self.layout.is_ad
            full = complete(self._session, row, self.layout) if is_in_ranges else row
            if full is not None:
                found[key(kind, self._anchor(full))] = self._writer.text(full)
        return found

    def _anchor(self, row: Row) -> str:
        values = row[1].get(self.layout.anchor)
        if not values:
            raise SourceUnreadable(
                f"{self._session.url}: {row[0]} shows no {self.layout.anchor}, which is its id",
                "Let this account read that attribute.",
            )
        return guid(values[0]) if self.layout.is_ad else text(values[0]).lower()

    def _pages(self, base: str, condition: str, selection: Selection) -> Iterator[list[Row]]:
        return self._session.pages(Query(base, condition, selection.asked, f"the {selection.kind}s under {base}"))

    def _by_id(self, anchor: str) -> str:
        return guid_filter(self.layout.anchor, anchor, is_binary=self.layout.is_ad)
