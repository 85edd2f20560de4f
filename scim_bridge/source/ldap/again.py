"""Active Directory says which entries changed; how they are now is read again, by the same bases and filters as ever.

So an entry that has left the scope, by whatever change, is not among those found, and is gone.
"""

from collections.abc import Iterable

from scim_bridge.model.source import Memory
from scim_bridge.source.ldap.change import Lost, refuse_moved_places
from scim_bridge.source.ldap.entry import anchor_of, key
from scim_bridge.source.ldap.mention import mentioning
from scim_bridge.source.ldap.whole import Reader

_KINDS = ("user", "group", "place")
_MANY = 2_000
"""Up to so many changed entries are always read one by one, more of them only where that is less than a quarter."""


def as_they_are_now(reader: Reader, memory: Memory, anchors: Iterable[str]) -> dict[str, str | None]:
    """Key → text of the entries with these ids, None for those that are gone or out of scope. Raises Lost."""
    changed = set(anchors)
    if len(changed) > max(_MANY, len(memory.entries) // 4):
        raise Lost(f"{len(changed):,} entries changed, which is more than reading everything takes")
    found = _read(reader, changed)
    remembered = [key(kind, anchor) for anchor in changed for kind in _KINDS]
    gone = [name for name in remembered if name in memory.entries and name not in found]
    refuse_moved_places(memory, {**dict.fromkeys(gone), **found})
    mentions = mentioning(memory, reader.layout, guids={anchor_of(name) for name in gone}) - changed
    return {**dict.fromkeys(gone), **found, **_read(reader, mentions)}


def _read(reader: Reader, anchors: set[str]) -> dict[str, str]:
    return {**reader.again(anchors), **reader.places_again(anchors)} if anchors else {}
