"""Reading everything, so that no entry is missed that moves or is renamed meanwhile; or what has changed since.

Bases are read one after the other, page by page. An entry that moves meanwhile, from a base not read yet to one that
has been read, is in no page and would count as gone. A user who is renamed between the users' pages and the groups'
would lose all memberships. So a reading ends with what has changed since it began. Where the server does not report
that, it ends with a second listing of who is there under which name.

Which way of learning changes serves here depends on what the server offers and what this account may use.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.protocol import Progress
from scim_bridge.model.source import Memory, moved_on
from scim_bridge.source.ldap import dirsync, syncrepl, usn
from scim_bridge.source.ldap.layout import MEMBER_URL, Layout
from scim_bridge.source.ldap.memory import (
    MANY,
    NOTHING,
    Changes,
    Lost,
    Tracker,
    Untracked,
    anchor_of,
    keys_of,
    position,
    read,
)
from scim_bridge.source.ldap.reader import Reader
from scim_bridge.source.ldap.reread import mentioning
from scim_bridge.source.ldap.session import Session
from scim_bridge.source.ldap.value import parts

_TRIES = 3
_WAYS = {
    syncrepl.KIND: "content synchronization (syncrepl)",
    dirsync.KIND: "DirSync",
    usn.KIND: "uSNChanged",
    dirsync.LIMITED_KIND: "DirSync as far as this account may see, and who is gone by a listing of all ids; with the "
    'right "Replicating Directory Changes", or to see Deleted Objects, nothing is listed',
}


@dataclass(frozen=True, slots=True)
class Everything:
    """All entries (key → text), and the position up to which changes are in them.

    why: what hinders learning of changes, as the rest of "because …"; "" if nothing does.
    """

    entries: Mapping[str, str]
    watermark: str
    why: str = ""


def everything(session: Session, layout: Layout, reader: Reader, progress: Progress) -> Everything:
    """All there is at the end of the reading. Raises SourceUnreadable."""
    # The position is taken before the listing, so that whatever happens during the listing is among the changes.
    try:
        start = started(session, layout, reader)
    except Untracked as untracked:
        return Everything(without_changes(reader, progress), NOTHING, str(untracked))
    entries = reader.listing(progress, with_places=True)
    try:
        since = resumed(session, layout, reader, Memory(start, entries))
    except Lost as lost:
        return Everything(_settled(reader, entries, progress), NOTHING, str(lost))
    found = moved_on(entries, since.entries)
    dynamic = dynamic_group(found)
    return Everything(found, NOTHING if dynamic else since.watermark, dynamic)


def without_changes(reader: Reader, progress: Progress) -> dict[str, str]:
    """All there is (key → text), without help of a server that reports changes. Raises SourceUnreadable."""
    return _settled(reader, reader.listing(progress, with_places=False), progress)


def _settled(reader: Reader, entries: dict[str, str], progress: Progress) -> dict[str, str]:
    """A listing with those read again that are new or renamed since, and those that named them.

    An entry in the listing that the second look does not find stays: it was there, and the next run decides.
    """
    for _ in range(_TRIES):
        late = _late(reader, entries)
        if len(late) <= MANY:
            return entries | reader.by_ids(late)
        entries = reader.listing(progress, with_places=False)
    raise SourceUnreadable(
        f"more than {MANY:,} entries moved while the directory was read, {_TRIES} times",
        "The next run tries again.",
    )


def _late(reader: Reader, entries: Mapping[str, str]) -> set[str]:
    """The ids of entries that are new, or have another DN, since the listing; and of those that name them."""
    found: set[str] = set()
    former: set[tuple[str, ...]] = set()
    for key, dn in reader.names().items():
        before = read(entries[key])[0] if key in entries else None
        if before != dn:
            found.add(anchor_of(key))
            former |= {parts(before)} if before is not None else set()
    return found | mentioning(Memory(NOTHING, entries), reader.layout, names=former)


def dynamic_group(entries: Mapping[str, str]) -> str:
    """Why changes cannot be followed where a group is dynamic, as the rest of "because …"; "" where none is."""
    for key in keys_of(entries, "group"):
        if f'"{MEMBER_URL}":' in entries[key]:  # a quote within a value would have a backslash before it
            return f"the members of {read(entries[key])[0]} are worked out by its {MEMBER_URL}, which no server reports"
    return ""


def started(session: Session, layout: Layout, reader: Reader) -> str:
    """The watermark of now, by the first way that serves. Raises Untracked if none does, SourceUnreadable."""
    if layout.unreported:
        raise Untracked(f"mapping or filter use {layout.unreported}, whose changes no server reports")
    if not layout.is_ad:
        return syncrepl.Syncrepl(session, layout, reader).start()
    # In the order of what a run costs: with DirSync by right and with sequence numbers, only what has changed.
    ways: list[Tracker] = [
        dirsync.DirSync(session, layout, reader),
        usn.Usn(session, layout, reader),
        dirsync.DirSync(session, layout, reader, is_limited=True),
    ]
    for way in ways[:-1]:
        with suppress(Untracked):
            return way.start()
    return ways[-1].start()


def resumed(session: Session, layout: Layout, reader: Reader, memory: Memory) -> Changes:
    """What has changed since the memory, by the way that wrote its watermark. Raises Lost, SourceUnreadable.

    Lost with an empty text: nothing could be said about changes the last time either, which has been reported then.
    """
    ways: dict[str, Tracker] = {syncrepl.KIND: syncrepl.Syncrepl(session, layout, reader)}
    if layout.is_ad:
        ways = {
            dirsync.KIND: dirsync.DirSync(session, layout, reader),
            usn.KIND: usn.Usn(session, layout, reader),
            dirsync.LIMITED_KIND: dirsync.DirSync(session, layout, reader, is_limited=True),
        }
    kind = position(memory.watermark)["kind"]
    if kind not in ways:
        raise Lost("" if kind == "none" else "what is remembered is of another kind of server")
    try:
        return ways[kind].changes(memory)
    except Untracked as untracked:
        raise Lost(str(untracked)) from None


def how_changes_are_learned(session: Session, layout: Layout, reader: Reader, entries: Mapping[str, str]) -> str:
    """For people, the way that serves here. entries: some of each kind, to see whether a group is dynamic."""
    if dynamic := dynamic_group(entries):
        return read_each_time(dynamic)
    try:
        kind = position(started(session, layout, reader))["kind"]
    except Untracked as untracked:
        return read_each_time(str(untracked))
    return f"changes by {_WAYS[kind]}"


def read_each_time(why: str) -> str:
    """For people, what is done where changes cannot be learned."""
    return f"everything is read each time, because {why}"
