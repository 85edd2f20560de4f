"""Reading single entries again: those that a server says have changed, and those that a user of `--only` names.

They are read by the same bases and filters as usual. An entry that has left the scope, by whatever change, is not among
those found, and is gone.

An entry rarely changes alone. Servers fix references to an entry that was renamed or deleted without reporting the
entries they fix: Active Directory its links, OpenLDAP by the overlay refint (slapo-refint(5)). So what names such an
entry is read again too. And a look at one user needs the groups around that user: those that list the user now, those
that did, and, where members are found by uid or gidNumber, every other user whom the same reference may mean.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from ldap.filter import escape_filter_chars

from scim_bridge.model.identity import Kind
from scim_bridge.model.source import Memory
from scim_bridge.model.text import normal
from scim_bridge.source.ldap.filtering import may_have, sure_parts
from scim_bridge.source.ldap.layout import GID, ID, MANAGER, Layout, Selection
from scim_bridge.source.ldap.memory import (
    anchor_of,
    key,
    keys_of,
    named_in,
    names_line,
    read,
    refuse_many,
    refuse_moved_places,
    rest_of,
)
from scim_bridge.source.ldap.reader import AT_ONCE, Reader
from scim_bridge.source.ldap.value import folded, guid_filter, is_guid, parts, split, without_bits

_KINDS = ("user", "group", "place")
_STARTS = ("user ", "group ")
Name = tuple[str, ...]
"""A DN as value.parts gives it."""


def as_they_are_now(reader: Reader, memory: Memory, anchors: Iterable[str]) -> dict[str, str | None]:
    """Key → text of the entries with these ids, None for those that are gone or out of scope.

    With them come the entries that name one of those gone. Raises Lost where reading everything is better (too many, or
    a place moved), SourceUnreadable.
    """
    changed = set(anchors)
    refuse_many(len(changed), memory)
    found = _by_ids(reader, changed)
    remembered = [name for anchor in changed for kind in _KINDS if (name := key(kind, anchor)) in memory.entries]
    # Bases are asked one after the other: an entry that moves between two of them meanwhile is found in neither. It is
    # looked for once more before it counts as gone.
    found |= _by_ids(reader, {anchor_of(name) for name in remembered if name not in found})
    gone = [name for name in remembered if name not in found]
    refuse_moved_places(memory, {**dict.fromkeys(gone), **found})
    mentions = mentioning(memory, reader.layout, guids={anchor_of(name) for name in gone}) - changed
    return {**dict.fromkeys(gone), **found, **_by_ids(reader, mentions)}


def _by_ids(reader: Reader, anchors: set[str]) -> dict[str, str]:
    return {**reader.by_ids(anchors), **reader.places_by_ids(anchors)} if anchors else {}


def mentioning(memory: Memory, layout: Layout, guids: Collection[str] = (), names: Collection[Name] = ()) -> set[str]:
    """The ids of the remembered entries that have one of these as member or manager.

    guids: lower-case, of Active Directory; names: as value.parts gives them, of any other server.
    """
    if not guids and not names:
        return set()
    found: set[str] = set()
    named: dict[str, bool] = {}
    kept = {MANAGER, layout.member.lower()} if not layout.joins_uid else {MANAGER}
    sure = sure_parts(guids or {name[0] for name in names})
    for entry, text in memory.beginning(*_STARTS):
        if not may_have(line := names_line(text), sure):
            continue
        for name, values in named_in(line).items():
            if name.lower() not in kept:
                continue
            for value in values:
                if value not in named and may_have(value, sure):
                    named[value] = _is_among(value, guids, names)
                if named.get(value):
                    found.add(anchor_of(entry))
    return found


def _is_among(value: str, guids: Collection[str], names: Collection[Name]) -> bool:
    guid, dn = split(value)
    return guid in guids if guid else bool(names) and parts(without_bits(dn)) in names


def look_again(
    reader: Reader, layout: Layout, memory: Memory, wanted: Sequence[tuple[Kind, str]]
) -> dict[str, str | None]:
    """Key → text of these records as they are now, None for those that the server says do not exist.

    wanted: kind and record id of each. With them come the users and groups around them, as the module says. Raises
    SourceUnreadable.
    """
    changed: dict[str, str | None] = {}
    for kind, record_id in wanted:
        selection = layout.of(kind)
        if selection is None or not _can_exist(layout, selection, record_id):
            continue
        known = _keys_with(layout, selection, memory, record_id)
        found = reader.fitting(selection, _condition(layout, selection, record_id, known))
        # As in as_they_are_now: an entry that moved from one base to another meanwhile was found in neither.
        found |= reader.by_ids(anchor_of(entry) for entry in known if entry not in found)
        changed |= {**dict.fromkeys(known), **found}
    if layout.groups is None:
        return changed
    changed |= _users_around(reader, layout, memory, changed)
    return changed | _groups_around(reader, layout, memory, changed)


def _users_around(
    reader: Reader, layout: Layout, memory: Memory, looked_at: Mapping[str, str | None]
) -> dict[str, str | None]:
    """The users who share a reference with these: the uid of a user, or what a group finds its users by."""
    wanted: set[tuple[str, str]] = set()
    for entry, now in looked_at.items():
        for text in (now, memory.entries.get(entry)):
            wanted |= _references(layout, entry, text)
    found: dict[str, str | None] = {}
    each = sorted(wanted)
    for at in range(0, len(each), AT_ONCE):
        either = "".join(f"({name}={escape_filter_chars(value)})" for name, value in each[at : at + AT_ONCE])
        found |= reader.fitting(layout.users, f"(|{either})")
    known = {(name, folded(value)) for name, value in wanted}
    once = [
        entry
        for entry, text in (memory.beginning("user ") if known else ())
        if not known.isdisjoint(_found_by(text))
        if entry not in looked_at and entry not in found
    ]
    return dict.fromkeys(once) | found | reader.by_ids(map(anchor_of, once))


def _references(layout: Layout, entry: str, text: str | None) -> set[tuple[str, str]]:
    """What leads to a user, or from a group to its users, other than names: (attribute of users, value)."""
    attributes = read(text)[1] if text is not None else {}
    is_group = entry.startswith("group ")
    found: set[tuple[str, str]] = set()
    if layout.joins_uid:
        listing = layout.member.lower() if is_group else "uid"
        found |= {("uid", uid) for name, uids in attributes.items() if name.lower() == listing for uid in uids}
    if is_group and _counts_numbers(layout):
        found |= {(GID, number) for number in attributes.get(GID, ())}
    return found


def _found_by(text: str) -> set[tuple[str, str]]:
    attributes = rest_of(text)[1]
    return {(name, folded(value)) for name in ("uid", GID) for value in attributes.get(name, ())}


def _counts_numbers(layout: Layout) -> bool:
    """Whether a user's gidNumber makes a member."""
    return layout.has_primary and not layout.is_ad


def _groups_around(
    reader: Reader, layout: Layout, memory: Memory, looked_at: Mapping[str, str | None]
) -> dict[str, str | None]:
    """The groups that list these users now, and those that did, as they are now."""
    people = keys_of(looked_at, "user")
    if layout.groups is None or not people:
        return {}
    now = [listing for key in people for listing in _listed_as(layout, looked_at[key])]
    before = [listing for key in people for listing in _listed_as(layout, memory.entries.get(key))]
    found: dict[str, str | None] = {}
    if now:
        listings = "".join(f"({name}={escape_filter_chars(value)})" for name, value in now)
        found |= reader.fitting(layout.groups, f"(|{listings})")
    ids = frozenset(map(anchor_of, people))
    once = [key for key in _listing(layout, memory, before, ids) if key not in looked_at and key not in found]
    return found | dict.fromkeys(once) | reader.by_ids(map(anchor_of, once))


def _listed_as(layout: Layout, text: str | None) -> list[tuple[str, str]]:
    """How groups name the user of this entry: (attribute of groups, value)."""
    if text is None:
        return []
    dn, attributes = read(text)
    names = attributes.get("uid", []) if layout.joins_uid else [dn]
    numbers = attributes.get(GID, []) if _counts_numbers(layout) else []
    return [*((layout.member, name) for name in names), *((GID, number) for number in numbers)]


def _listing(layout: Layout, memory: Memory, before: Sequence[tuple[str, str]], ids: Collection[str]) -> list[str]:
    """The remembered groups that list one of these users, by one of these values or (Active Directory) by GUID."""
    member = layout.member.lower()
    values = [value for name, value in before if name == layout.member]
    wanted, same = {_plain(value) for value in values}, set(values)
    parsed = {parts(value) for value in values} if not layout.joins_uid else set()
    numbers = {value for name, value in before if name != layout.member}
    # Most groups list none of them, and to compare each name of ten thousand members takes a second.
    sure = sure_parts({*values, *ids})

    def lists(text: str) -> bool:
        if numbers and not numbers.isdisjoint(rest_of(text)[1].get(GID, ())):
            return True
        if not may_have(line := names_line(text), sure):
            return False
        return any(
            value in same
            or split(value)[0] in ids
            or _plain(dn := without_bits(split(value)[1])) in wanted
            or ("\\" in dn and parts(dn) in parsed)
            for name, listed in named_in(line).items()
            if name.partition(";")[0].lower() == member
            for value in listed
            if may_have(value, sure)
        )

    return [entry for entry, text in memory.beginning("group ") if lists(text)]


def _plain(value: str) -> str:
    """A name without case and spaces: equal for names that are equal, unless they are escaped differently."""
    return folded(value).replace(" ", "")


def _is_by_anchor(layout: Layout, selection: Selection) -> bool:
    """Whether the mapping's id is the one by which entries are remembered."""
    return selection.id.lower() in (ID, layout.anchor.lower())


def _can_exist(layout: Layout, selection: Selection, record_id: str) -> bool:
    """Whether a directory can have a record with this id at all: a link may be of another kind of source."""
    if _is_by_anchor(layout, selection):
        return is_guid(record_id)
    return record_id == record_id.encode("utf-8", "ignore").decode()


def _keys_with(layout: Layout, selection: Selection, memory: Memory, record_id: str) -> list[str]:
    """The remembered entries whose record has this id."""
    if _is_by_anchor(layout, selection):
        return [name for name in (key(selection.kind, record_id),) if name in memory.entries]
    names = {selection.id.lower()}
    known = layout.schema.find(selection.id)
    names |= {name.lower() for name in known.names} if known is not None else set()

    def bears(text: str) -> bool:
        attributes = rest_of(text)[1]
        return any(name.lower() in names and list(map(normal, attributes[name])) == [record_id] for name in attributes)

    return [entry for entry, text in memory.beginning(f"{selection.kind} ") if bears(text)]


def _condition(layout: Layout, selection: Selection, record_id: str, known: Sequence[str]) -> str:
    """A filter for the record: by its anchor where that is known, and by its id."""
    anchors = {anchor_of(entry) for entry in known}
    by_id = f"({selection.id}={escape_filter_chars(record_id)})"
    if _is_by_anchor(layout, selection):
        anchors, by_id = {record_id}, ""
    return f"(|{''.join(guid_filter(layout.anchor, a, is_binary=layout.is_ad) for a in sorted(anchors))}{by_id})"
