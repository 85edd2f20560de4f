"""Entries become records: ids, managers, switches, and what members are found by. Pure.

The same for remembered and new entries. Who is in which group is in snapshot.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from scim_bridge.model.identity import Record
from scim_bridge.model.text import normal
from scim_bridge.model.wording import some
from scim_bridge.source.ldap import value
from scim_bridge.source.ldap.layout import CONTROL, DN, ENABLED, EXPIRES, GID, ID, MANAGER, Layout, Selection
from scim_bridge.source.ldap.memory import Attributes, anchor_of, keys_of, read
from scim_bridge.source.ldap.value import folded, parts, split

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Found:
    """A record that a reference fits. id: "" if the record has none."""

    id: str
    dn: str


Fits = tuple[Found, ...]
"""The records that one reference fits: none, the one that is meant, or several that it may mean."""


@dataclass(slots=True)
class References:
    """What a reference may hold → the records of one kind that it fits.

    by_anchor: the server's id; by_dn: the DN as the server spells it; by_uid: a uid, folded, where members are uids;
    by_primary: what a user's primary group is found by: the group's SID or, of a posixGroup, its gidNumber.
    """

    by_anchor: dict[str, Fits] = field(default_factory=dict)
    by_dn: dict[str, Fits] = field(default_factory=dict)
    by_uid: dict[str, Fits] = field(default_factory=dict)
    by_primary: dict[str, Fits] = field(default_factory=dict)
    _by_parts: dict[tuple[str, ...], Fits] | None = None

    def find(self, name: str) -> Fits:
        """The records with this name: by GUID, by the same spelling, by its parts."""
        guid, dn = split(name)
        if guid:
            return self.by_anchor.get(guid, ())
        found = self.by_dn.get(dn)
        if found is not None:
            return found
        # Taking names apart costs far more than looking them up. Most servers spell a name the same everywhere, so the
        # names are taken apart only when the first one is spelled differently.
        if self._by_parts is None:
            self._by_parts = {}
            for known, (record,) in self.by_dn.items():
                _add(self._by_parts, parts(known), record)
        return self._by_parts.get(parts(dn), ())


@dataclass(slots=True)
class Records:
    """The records of one kind, and what memberships are made from.

    primary: users, each with what the user's primary group is found by. listed: groups, each with its members as
    written.
    """

    records: list[Record] = field(default_factory=list)
    references: References = field(default_factory=References)
    primary: list[tuple[Found, str]] = field(default_factory=list)
    listed: list[tuple[Found, list[str]]] = field(default_factory=list)


def records_of(entries: Mapping[str, str], layout: Layout, selection: Selection, today: str) -> Records:
    """A record of every entry of one kind, in their order.

    entries: key → text; today: UTC date (YYYY-MM-DD), by which an account's expiry is judged.

    A record whose id attribute is empty, or has several values, has the id "".
    """
    maker = _Maker(layout, selection, today)
    for key in keys_of(entries, selection.kind):
        dn, attributes = read(entries[key])
        maker.take(anchor_of(key), dn, attributes)
    if selection.kind == "user":
        maker.name_managers()
    return maker.made


@dataclass(frozen=True, slots=True)
class _ManagerOf:
    """The manager of one record, to be named when all records are there. at: the record's place among them.

    attributes: the record's, to be changed; names: under which it has the manager; dns: the managers as written.
    """

    at: int
    attributes: dict[str, object]
    names: tuple[str, ...]
    dns: list[str]


class _Maker:
    """Makes the records of one kind. Which names an attribute goes under is looked up once for each spelling."""

    def __init__(self, layout: Layout, selection: Selection, today: str) -> None:
        self.made = Records()
        self._layout, self._selection, self._today = layout, selection, today
        self._columns: dict[str, tuple[tuple[str, ...], bool]] = {}
        self._managers: list[_ManagerOf] = []

    def take(self, anchor: str, dn: str, raw: Attributes) -> None:
        """Make one record. raw: attribute as it came → its values."""
        found = self._attributes(raw)
        found[ID], found[DN] = anchor, dn
        before = self._decode(found, raw)
        record_id = normal(_single(found.get(self._selection.id)))
        self.made.records.append(Record(record_id, found, dn, before) if before else Record(record_id, found, dn))
        references = self.made.references
        references.by_anchor[anchor] = references.by_dn[dn] = (Found(record_id, dn),)
        self._note(Found(record_id, dn), raw)

    def _attributes(self, raw: Attributes) -> dict[str, object]:
        found: dict[str, object] = {}
        columns = self._columns
        for returned, values in raw.items():
            names, is_single = columns.get(returned) or self._column(returned)
            for name in names:
                found[name] = (values[0] if values else "") if is_single else values
        return found

    def _column(self, returned: str) -> tuple[tuple[str, ...], bool]:
        """The names that a record has an attribute under, and whether it is one text."""
        attribute = self._layout.schema.find(returned)
        is_single = attribute is not None and attribute.is_single
        self._columns[returned] = self._layout.names(self._selection, returned), is_single
        return self._columns[returned]

    def _decode(self, found: dict[str, object], raw: Attributes) -> dict[str, str]:
        """Put in what is decoded; gives what it was before."""
        before: dict[str, str] = {}
        if MANAGER in raw and (names := self._columns[MANAGER][0]):
            self._managers.append(_ManagerOf(len(self.made.records), found, names, raw[MANAGER]))
            before |= dict.fromkeys(names, "; ".join(split(manager)[1] for manager in raw[MANAGER]))
        if self._layout.is_ad and self._selection.kind == "user" and CONTROL in raw:
            control, expires = _first(raw, CONTROL), _first(raw, EXPIRES)
            enabled = value.is_enabled(control, expires, self._today)
            found |= {ENABLED: enabled} if enabled is not None else {}
            before[ENABLED] = f"{CONTROL}={control}" + (f", {EXPIRES}={expires}" if expires else "")
        if self._layout.is_ad and self._selection.kind == "group":
            plain = [split(name)[1] for name in self._members(raw)]
            found |= {name: plain for name in self._layout.names(self._selection, self._layout.member) if name in found}
        return before

    def _note(self, found: Found, raw: Attributes) -> None:
        """Remember what memberships will be found by."""
        layout = self._layout
        if self._selection.kind == "group":
            self.made.listed.append((found, self._members(raw)))
            for key in raw.get("objectSid" if layout.is_ad else GID, ()) if layout.has_primary else ():
                _add(self.made.references.by_primary, key, found)
            return
        if layout.has_primary and (key := self._primary(raw)):
            self.made.primary.append((found, key))
        if layout.joins_uid:
            for uid in raw.get("uid", ()):
                _add(self.made.references.by_uid, folded(uid), found)

    def _primary(self, raw: Attributes) -> str:
        """What a user's primary group is found by, "" if the user has none."""
        if not self._layout.is_ad:
            return _first(raw, GID)
        domain, group = _first(raw, "objectSid").rpartition("-")[0], _first(raw, "primaryGroupID")
        return f"{domain}-{group}" if domain and group else ""

    def _members(self, raw: Attributes) -> list[str]:
        wanted = self._layout.member.lower()
        return [value for name, values in raw.items() if name.partition(";")[0].lower() == wanted for value in values]

    def name_managers(self) -> None:
        """Managers are named by DN; a mapping sees their ids, "" for those who are not among the users.

        If several fit, no rule can read the manager: which one is meant is unknown.
        """
        for manager in self._managers:
            found = dict.fromkeys(each for dn in manager.dns for each in self.made.references.find(dn))
            ids = dict.fromkeys(each.id for each in found)
            manager.attributes.update(dict.fromkeys(manager.names, next(iter(ids)) if len(ids) == 1 else ""))
            if len(ids) > 1:
                detail = f"its manager may be any of {len(found)} users: {shown(found)}"
                ambiguous = dict.fromkeys(manager.names, detail)
                self.made.records[manager.at] = replace(self.made.records[manager.at], ambiguous=ambiguous)


def shown(found: Iterable[Found]) -> str:
    """These records as people know them, in one order whatever the server's; the first few where they are many."""
    names = sorted(record.dn for record in found)
    return some(names, mark="; ")


def _add(index: dict[_Key, Fits], key: _Key, found: Found) -> None:
    index[key] = (*index.get(key, ()), found)


def _first(raw: Attributes, name: str) -> str:
    values = raw.get(name)
    return values[0] if values else ""


def _single(found: object) -> str:
    """One text; "" where several values leave it open which is meant."""
    if isinstance(found, list):
        return found[0] if len(found) == 1 else ""
    return str(found) if found is not None else ""
