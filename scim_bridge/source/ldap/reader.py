"""Reading entries: pages, single ones by their ids, and long member lists, each entry as text to remember.

Values become text here, binary ones as value.py writes them; what is neither text nor known is left out. Nothing else
is decided: that is for record.py, which sees remembered entries and new ones alike.

Long member lists of Active Directory come in ranges (MS-ADTS 3.1.1.3.1.3.3): `member;range=0-1499`, …, `…-*`. What the
server gave decides what is asked next. If the group changed between the first range and the last, the list mixes two
states and is read again.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.source.ldap import value
from scim_bridge.source.ldap.layout import CHANGED, MANAGER, PLACES, Layout, Selection
from scim_bridge.source.ldap.memory import Attributes, key, write
from scim_bridge.source.ldap.schema import Attribute, is_secret
from scim_bridge.source.ldap.session import Query, Row, Session
from scim_bridge.source.ldap.value import split

Decode = Callable[[list[bytes]], list[str]]

AT_ONCE = 50
"""Entries asked for by their ids in one filter."""
_RANGE = re.compile(r"range=(\d+)-(\d+|\*)", re.IGNORECASE)
_TRIES = 5


class Reader:
    """Reads entries as they are remembered: key → text (memory.py). layout: what is asked for.

    Every method raises SourceUnreadable where an answer is not whole.
    """

    def __init__(self, session: Session, layout: Layout) -> None:
        self._session = session
        self.layout = layout
        self._writer = Writer(layout)

    def listing(self, progress: Progress = silent, *, with_places: bool) -> dict[str, str]:
        """All users and groups, one base after the other; with_places: what they are kept in, too.

        Who moves meanwhile from where no one has looked yet to where that is over is not in it: see full_read.py.
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

    def by_ids(self, anchors: Iterable[str]) -> dict[str, str]:
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

    def places_by_ids(self, anchors: Iterable[str]) -> dict[str, str]:
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
        return value.guid(values[0]) if self.layout.is_ad else value.text(values[0]).lower()

    def _pages(self, base: str, condition: str, selection: Selection) -> Iterator[list[Row]]:
        return self._session.pages(Query(base, condition, selection.asked, f"the {selection.kind}s under {base}"))

    def _by_id(self, anchor: str) -> str:
        return value.guid_filter(self.layout.anchor, anchor, is_binary=self.layout.is_ad)


class Writer:
    """Turns rows into text. Rows come by the million, so how an attribute is decoded is looked up once a spelling."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: dict[str, tuple[str, Decode | None]] = {}
        self._naming = (MANAGER, layout.member.lower())

    def text(self, row: Row) -> str:
        """A row as it is remembered."""
        dn, attributes = row
        known = self._known
        found: Attributes = {}
        for returned, values in attributes.items():
            name, decode = known.get(returned) or self._learn(returned)
            if decode is _texts and len(values) == 1:  # nearly every value of nearly every entry
                found[name] = [values[0].decode("utf-8", "surrogateescape")]
            elif decode is not None:
                found[name] = decode(values)
        return write(split(dn)[1], found, self._naming)

    def _learn(self, returned: str) -> tuple[str, Decode | None]:
        """Under which name an attribute is kept (the schema's, with its options), and how its values are decoded."""
        attribute = self._layout.schema.find(returned)
        option = returned.partition(";")[2]
        name = returned if attribute is None or option else attribute.names[0]
        self._known[returned] = name, self._decoder(returned, attribute)
        return self._known[returned]

    def _decoder(self, name: str, attribute: Attribute | None) -> Decode | None:
        how: Decode | None = _texts
        if ";binary" in name.lower() or is_secret(name) or (attribute is not None and not attribute.is_text):
            how = None
        elif attribute is not None and attribute.is_guid:
            how = _guids
        elif attribute is not None and attribute.is_sid:
            how = _sids
        elif attribute is not None and attribute.is_dn and self._layout.is_ad and not self._is_resolved(name):
            how = _plain_names
        return how

    def _is_resolved(self, name: str) -> bool:
        """Whether these names are looked up by their GUID later, so that it must stay with them (EXTENDED_DN)."""
        return name.partition(";")[0].lower() in (MANAGER, self._layout.member.lower())


def _texts(values: list[bytes]) -> list[str]:
    return list(map(value.text, values))


def _guids(values: list[bytes]) -> list[str]:
    return [value.guid(item) for item in values]


def _sids(values: list[bytes]) -> list[str]:
    return [value.sid(item) for item in values]


def _plain_names(values: list[bytes]) -> list[str]:
    return [split(text)[1] for text in _texts(values)]


def complete(session: Session, row: Row, layout: Layout) -> Row | None:
    """A row with all of its members under their plain name, None if the group is gone by now.

    layout: of Active Directory, whose uSNChanged (CHANGED) tells whether the group changed between two ranges. Raises
    SourceUnreadable if the group never holds still.
    """
    given = _given(row, layout.member)
    if given is None:
        return row
    others = {name: values for name, values in row[1].items() if not _is_of(name, layout.member)}
    for _ in range(_TRIES):
        found = _rest(session, row[0], layout.member, given, _version(row))
        if found is not None:
            return row[0], {**others, layout.member: found}
        again = session.entry(_by_guid(row[0]), (f"{layout.member};range=0-*", CHANGED), f"the group {_shown(row[0])}")
        if again is None:  # deleted meanwhile, which is not the same as a group without members
            return None
        given = _given(again, layout.member)
        if given is None:
            return row[0], {**others, layout.member: []}
        row = (row[0], {**others, CHANGED: again[1].get(CHANGED, [])})
    raise SourceUnreadable(
        f"{session.url}: the group {_shown(row[0])} kept changing while its members were read",
        "The next run tries again.",
    )


def _rest(
    session: Session, dn: str, member: str, given: tuple[list[bytes], str], version: list[bytes]
) -> list[bytes] | None:
    """All members, beginning with those given; None if the group has changed meanwhile."""
    members, last = list(given[0]), given[1]
    while last != "*":
        asked = (f"{member};range={int(last) + 1}-*", CHANGED)
        row = session.entry(_by_guid(dn), asked, f"the group {_shown(dn)}")
        following = _given(row, member) if row is not None else None
        if row is None or following is None or _version(row) != version:
            return None
        members += following[0]
        last = following[1]
    return members


def _given(row: Row, member: str) -> tuple[list[bytes], str] | None:
    """The values of the range that came, and its end; None if none came."""
    for name, values in row[1].items():
        found = _RANGE.search(name) if _is_of(name, member) else None
        if found is not None:
            return values, found[2]
    return None


def _version(row: Row) -> list[bytes]:
    return row[1].get(CHANGED, [])


def _is_of(name: str, member: str) -> bool:
    return name.partition(";")[0].lower() == member.lower()


def _by_guid(dn: str) -> str:
    guid = split(dn)[0]
    return f"<GUID={guid}>" if guid else dn


def _shown(dn: str) -> str:
    return split(dn)[1]
