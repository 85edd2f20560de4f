"""Long member lists of Active Directory come in ranges (MS-ADTS 3.1.1.3.1.3.3): `member;range=0-1499`, …, `…-*`.

What the server gave decides what is asked next. If the group changed between the first range and the last, the list is
of no moment at all and is read again.
"""

import re

from scim_bridge.errors import SourceUnreadable
from scim_bridge.source.ldap.layout import CHANGED, Layout
from scim_bridge.source.ldap.name import split
from scim_bridge.source.ldap.session import Row, Session

_RANGE = re.compile(r"range=(\d+)-(\d+|\*)", re.IGNORECASE)
_TRIES = 5


def complete(session: Session, row: Row, layout: Layout) -> Row | None:
    """A row with all of its members under their plain name, None if the group is gone by now.

    Raises SourceUnreadable if the group never holds still.
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
        if again is None:
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
