"""Everything, so that no one is missed who moves or is renamed while it is read.

Bases are read one after the other, page by page. Who moves meanwhile from where no one has looked yet to where that is
over is in no page, and would be taken for gone; who is renamed between the users' pages and the groups' would lose all
memberships. So a reading ends with what has changed since it began; where the server does not report that, with a
second look at who is there under which name.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.protocol import Progress
from scim_bridge.model.source import Memory, moved_on
from scim_bridge.source.ldap.change import MANY, NOTHING, Lost, Untracked, dynamic_group
from scim_bridge.source.ldap.entry import anchor_of, read
from scim_bridge.source.ldap.layout import Layout
from scim_bridge.source.ldap.mention import mentioning
from scim_bridge.source.ldap.name import parts
from scim_bridge.source.ldap.session import Session
from scim_bridge.source.ldap.tracking import resumed, started
from scim_bridge.source.ldap.whole import Reader

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Everything:
    """All entries, and the position up to which changes are in them. why: what hinders learning of them, or ""."""

    entries: Mapping[str, str]
    watermark: str
    why: str = ""


def everything(session: Session, layout: Layout, reader: Reader, progress: Progress) -> Everything:
    """All there is at the end of the reading. Raises SourceUnreadable."""
    try:
        start = started(session, layout, reader)
    except Untracked as untracked:
        return Everything(unreported(reader, progress), NOTHING, str(untracked))
    entries = reader.listing(progress, with_places=True)
    try:
        since = resumed(session, layout, reader, Memory(start, entries))
    except Lost as lost:
        return Everything(_settled(reader, entries, progress), NOTHING, str(lost))
    found = moved_on(entries, since.entries)
    dynamic = dynamic_group(found)
    return Everything(found, NOTHING if dynamic else since.watermark, dynamic)


def unreported(reader: Reader, progress: Progress) -> dict[str, str]:
    """All there is, without help of a server that reports changes."""
    return _settled(reader, reader.listing(progress, with_places=False), progress)


def _settled(reader: Reader, entries: dict[str, str], progress: Progress) -> dict[str, str]:
    """A listing with those read again who are new or renamed since, and those who named them."""
    for _ in range(_TRIES):
        late = _late(reader, entries)
        if len(late) <= MANY:
            return entries | reader.again(late)
        entries = reader.listing(progress, with_places=False)
    raise SourceUnreadable(
        f"more than {MANY:,} entries moved while the directory was read, {_TRIES} times over",
        "The next run tries again.",
    )


def _late(reader: Reader, entries: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    former: set[tuple[str, ...]] = set()
    for key, dn in reader.names().items():
        before = read(entries[key])[0] if key in entries else None
        if before != dn:
            found.add(anchor_of(key))
            former |= {parts(before)} if before is not None else set()
    return found | mentioning(Memory(NOTHING, entries), reader.layout, names=former)
