"""Active Directory says which entries changed; how they are now is read again, by the same bases and filters as ever.

So an entry that has left the scope, by whatever change, is not among those found, and is gone.
"""

from collections.abc import Iterable

from scim_bridge.model.source import Memory
from scim_bridge.source.ldap.change import refuse_many, refuse_moved_places
from scim_bridge.source.ldap.entry import anchor_of, key
from scim_bridge.source.ldap.mention import mentioning
from scim_bridge.source.ldap.whole import Reader

_KINDS = ("user", "group", "place")


def as_they_are_now(reader: Reader, memory: Memory, anchors: Iterable[str]) -> dict[str, str | None]:
    """Key → text of the entries with these ids, None for those that are gone or out of scope. Raises Lost."""
    changed = set(anchors)
    refuse_many(len(changed), memory)
    found = _read(reader, changed)
    remembered = [name for anchor in changed for kind in _KINDS if (name := key(kind, anchor)) in memory.entries]
    # Bases are asked one after the other: who moves between two of them meanwhile is found in neither, but later on.
    found |= _read(reader, {anchor_of(name) for name in remembered if name not in found})
    gone = [name for name in remembered if name not in found]
    refuse_moved_places(memory, {**dict.fromkeys(gone), **found})
    mentions = mentioning(memory, reader.layout, guids={anchor_of(name) for name in gone}) - changed
    return {**dict.fromkeys(gone), **found, **_read(reader, mentions)}


def _read(reader: Reader, anchors: set[str]) -> dict[str, str]:
    return {**reader.again(anchors), **reader.places_again(anchors)} if anchors else {}
