"""Reading everything, in pages; and reading single entries again, within the same bases and filters."""

from collections.abc import Iterable, Iterator

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.source.ldap.entry import Writer, key
from scim_bridge.source.ldap.layout import PLACES, Layout, Selection
from scim_bridge.source.ldap.ranged import complete
from scim_bridge.source.ldap.session import Query, Row, Session
from scim_bridge.source.ldap.value import guid, guid_filter, text

_AT_ONCE = 50
"""Entries asked for by their ids in one filter."""


class Reader:
    """Reads entries as they are remembered: key → text. layout: what is asked for."""

    def __init__(self, session: Session, layout: Layout) -> None:
        self._session = session
        self.layout = layout
        self._writer = Writer(layout)

    def everything(self, progress: Progress = silent, *, with_places: bool) -> dict[str, str]:
        """All users and groups; with_places: what they are kept in, too."""
        entries: dict[str, str] = {}
        for selection in self.layout.selections:
            done = 0
            for base in selection.bases:
                if with_places:
                    entries |= self.places(base)
                for rows in self._pages(base, selection.filter, selection):
                    entries.update(self.entry(selection.kind, row) for row in rows)
                    done += len(rows)
                    progress(f"read {selection.kind}s", done, None)
        return entries

    def first_page(self, selection: Selection) -> dict[str, str]:
        """One page of one kind, of each of its bases."""
        entries: dict[str, str] = {}
        for base in selection.bases:
            rows = next(self._pages(base, selection.filter, selection), [])
            entries.update(self.entry(selection.kind, row) for row in rows)
        return entries

    def places(self, base: str) -> dict[str, str]:
        """The places under a base."""
        return self._places(base, PLACES)

    def again(self, anchors: Iterable[str]) -> dict[str, str]:
        """Those of these entries that are still in scope, whatever kind they are."""
        wanted = sorted(anchors)
        entries: dict[str, str] = {}
        for at in range(0, len(wanted), _AT_ONCE):
            ids = "".join(self._by_id(anchor) for anchor in wanted[at : at + _AT_ONCE])
            for selection in self.layout.selections:
                entries |= self.fitting(selection, f"(|{ids})")
        return entries

    def fitting(self, selection: Selection, condition: str) -> dict[str, str]:
        """The entries of one kind that also fit this filter."""
        entries: dict[str, str] = {}
        for base in selection.bases:
            for rows in self._pages(base, f"(&{selection.filter}{condition})", selection):
                entries.update(self.entry(selection.kind, row) for row in rows)
        return entries

    def places_again(self, anchors: Iterable[str]) -> dict[str, str]:
        """Those of these entries that are places, under whichever base."""
        wanted = sorted(anchors)
        entries: dict[str, str] = {}
        for at in range(0, len(wanted), _AT_ONCE):
            ids = "".join(self._by_id(anchor) for anchor in wanted[at : at + _AT_ONCE])
            for base in self.layout.bases:
                entries |= self._places(base, f"(&{PLACES}(|{ids}))")
        return entries

    def _places(self, base: str, condition: str) -> dict[str, str]:
        found = self._session.pages(Query(base, condition, (self.layout.anchor,), f"the units under {base}"))
        return dict(self.entry("place", row) for rows in found for row in rows)

    def entry(self, kind: str, row: Row) -> tuple[str, str]:
        """A row's key and text; a group's members in full. Raises SourceUnreadable if it does not say its id."""
        if kind == "group" and self.layout.is_ad:
            row = complete(self._session, row, self.layout)
        return key(kind, self._anchor(row)), self._writer.text(row)

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
