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
from scim_bridge.source.ldap.entry import Attributes, anchor_of, keys_of, read
from scim_bridge.source.ldap.layout import CONTROL, DN, ENABLED, EXPIRES, GID, ID, MANAGER, Layout, Selection
from scim_bridge.source.ldap.name import folded, parts, split

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Found:
    """A record that a reference fits. id: "" if the record has none."""

    id: str
    dn: str


@dataclass(slots=True)
class Records:
    """The records of one kind, and ways to find them.

    by_anchor, by_dn, by_uid, by_primary: what a reference holds → the records it fits. by_primary: the SID or, of a
    posixGroup, the gidNumber. primary: users, each with the same of the user's primary group. listed: groups, each with
    its members as written.
    """

    layout: Layout
    selection: Selection
    today: str
    records: list[Record] = field(default_factory=list)
    by_anchor: dict[str, tuple[Found, ...]] = field(default_factory=dict)
    by_dn: dict[str, tuple[Found, ...]] = field(default_factory=dict)
    by_uid: dict[str, tuple[Found, ...]] = field(default_factory=dict)
    by_primary: dict[str, tuple[Found, ...]] = field(default_factory=dict)
    primary: list[tuple[Found, str]] = field(default_factory=list)
    listed: list[tuple[Found, list[str]]] = field(default_factory=list)
    _by_parts: dict[tuple[str, ...], tuple[Found, ...]] | None = None
    _managers: list[tuple[int, dict[str, object], tuple[str, ...], list[str]]] = field(default_factory=list)
    _columns: dict[str, tuple[tuple[str, ...], bool]] = field(default_factory=dict)

    def take(self, entries: Mapping[str, str]) -> None:
        """Make a record of every entry of this kind."""
        for key in keys_of(entries, self.selection.kind):
            dn, attributes = read(entries[key])
            self._take(anchor_of(key), dn, attributes)

    def _take(self, anchor: str, dn: str, raw: Attributes) -> None:
        found = self._attributes(raw)
        found[ID], found[DN] = anchor, dn
        before = self._decode(found, raw)
        record_id = normal(_single(found.get(self.selection.id)))
        self.records.append(Record(record_id, found, dn, before) if before else Record(record_id, found, dn))
        self.by_anchor[anchor] = self.by_dn[dn] = (Found(record_id, dn),)
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
        attribute = self.layout.schema.find(returned)
        is_single = attribute is not None and attribute.is_single
        self._columns[returned] = self.layout.names(self.selection, returned), is_single
        return self._columns[returned]

    def _decode(self, found: dict[str, object], raw: Attributes) -> dict[str, str]:
        """Put in what is decoded; gives what it was before."""
        before: dict[str, str] = {}
        if MANAGER in raw and (names := self._columns[MANAGER][0]):
            self._managers.append((len(self.records), found, names, raw[MANAGER]))
            before |= dict.fromkeys(names, "; ".join(split(manager)[1] for manager in raw[MANAGER]))
        if self.layout.is_ad and self.selection.kind == "user" and CONTROL in raw:
            control, expires = _first(raw, CONTROL), _first(raw, EXPIRES)
            enabled = value.is_enabled(control, expires, self.today)
            found |= {ENABLED: enabled} if enabled is not None else {}
            before[ENABLED] = f"{CONTROL}={control}" + (f", {EXPIRES}={expires}" if expires else "")
        if self.layout.is_ad and self.selection.kind == "group":
            plain = [split(name)[1] for name in self._members(raw)]
            found |= {name: plain for name in self.layout.names(self.selection, self.layout.member) if name in found}
        return before

    def _note(self, found: Found, raw: Attributes) -> None:
        """Remember what memberships will be found by."""
        layout = self.layout
        if self.selection.kind == "group":
            self.listed.append((found, self._members(raw)))
            for key in raw.get("objectSid" if layout.is_ad else GID, ()) if layout.has_primary else ():
                _add(self.by_primary, key, found)
            return
        if layout.has_primary and (key := self._primary(raw)):
            self.primary.append((found, key))
        if layout.joins_uid:
            for uid in raw.get("uid", ()):
                _add(self.by_uid, folded(uid), found)

    def _primary(self, raw: Attributes) -> str:
        """What a user's primary group is found by, "" if the user has none."""
        if not self.layout.is_ad:
            return _first(raw, GID)
        domain, group = _first(raw, "objectSid").rpartition("-")[0], _first(raw, "primaryGroupID")
        return f"{domain}-{group}" if domain and group else ""

    def _members(self, raw: Attributes) -> list[str]:
        wanted = self.layout.member.lower()
        return [value for name, values in raw.items() if name.partition(";")[0].lower() == wanted for value in values]

    def find_managers(self) -> None:
        """Managers are named by DN; a mapping sees their ids, "" for those who are not among the users.

        Of several there, no rule can read any: no one knows which one is meant.
        """
        for at, attributes, names, managers in self._managers:
            found = dict.fromkeys(each for manager in managers for each in self.find(manager))
            ids = dict.fromkeys(each.id for each in found)
            attributes.update(dict.fromkeys(names, next(iter(ids)) if len(ids) == 1 else ""))
            if len(ids) > 1:
                detail = f"its manager may be any of {len(found)} users: {shown(found)}"
                self.records[at] = replace(self.records[at], ambiguous=dict.fromkeys(names, detail))

    def find(self, name: str) -> tuple[Found, ...]:
        """The records with this name: by GUID, by the same spelling, by its parts."""
        guid, dn = split(name)
        if guid:
            return self.by_anchor.get(guid, ())
        found = self.by_dn.get(dn)
        if found is not None:
            return found
        if self._by_parts is None:
            self._by_parts = {}
            for known, (record,) in self.by_dn.items():
                _add(self._by_parts, parts(known), record)
        return self._by_parts.get(parts(dn), ())


def shown(found: Iterable[Found]) -> str:
    """These records as people know them, in one order whatever the server's; the first few where they are many."""
    names = sorted(record.dn for record in found)
    return some(names, mark="; ")


def _add(index: dict[_Key, tuple[Found, ...]], key: _Key, found: Found) -> None:
    index[key] = (*index.get(key, ()), found)


def _first(raw: Attributes, name: str) -> str:
    values = raw.get(name)
    return values[0] if values else ""


def _single(found: object) -> str:
    """One text; "" where several values leave it open which is meant."""
    if isinstance(found, list):
        return found[0] if len(found) == 1 else ""
    return str(found) if found is not None else ""
