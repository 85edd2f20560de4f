"""Entries become one snapshot: ids, memberships, managers, switches. Pure; the same for remembered and new entries."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scim_bridge.model.identity import Notice, Record, Snapshot
from scim_bridge.model.text import folded, normal
from scim_bridge.source.ldap import value
from scim_bridge.source.ldap.entry import Attributes, anchor_of, keys_of, read
from scim_bridge.source.ldap.layout import CONTROL, DN, ENABLED, EXPIRES, ID, MANAGER, Layout, Selection
from scim_bridge.source.ldap.name import parts, split, without_bits

Members = tuple[tuple[str, ...], tuple[str, ...]]


def snapshot(entries: Mapping[str, str], layout: Layout, today: str, *, with_members: bool = True) -> Snapshot:
    """Everything that these entries show. today: UTC date, by which an account's expiry is judged.

    Members and managers that are not among the entries are left out; members are noted as unknown_member.
    """
    users = _Kind(layout, layout.users, today)
    users.take(entries)
    users.find_managers()
    if layout.groups is None:
        return Snapshot(tuple(users.records), (), {})
    groups = _Kind(layout, layout.groups, today)
    groups.take(entries)
    if not with_members:
        return Snapshot(tuple(users.records), tuple(groups.records), {})
    memberships = _Memberships(layout, users, groups)
    return Snapshot(tuple(users.records), tuple(groups.records), memberships.all(), tuple(memberships.notices))


@dataclass(slots=True)
class _Kind:
    """The records of one kind, and ways to find them. ids: anchor → record id; by_dn, by_parts: name → record id."""

    layout: Layout
    selection: Selection
    today: str
    records: list[Record] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    by_dn: dict[str, str] = field(default_factory=dict)
    by_uid: dict[str, str] = field(default_factory=dict)
    by_sid: dict[str, str] = field(default_factory=dict)
    primary: list[tuple[str, str]] = field(default_factory=list)
    listed: list[tuple[str, str, list[str]]] = field(default_factory=list)
    _by_parts: dict[tuple[str, ...], str] | None = None
    _managers: list[tuple[dict[str, object], tuple[str, ...], str]] = field(default_factory=list)
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
        self.ids[anchor] = self.by_dn[dn] = record_id
        self._note(record_id, dn, raw)

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
            manager = _single(raw[MANAGER])
            self._managers.append((found, names, manager))
            before |= dict.fromkeys(names, split(manager)[1])
        if self.layout.is_ad and self.selection.kind == "user" and CONTROL in raw:
            control, expires = _first(raw, CONTROL), _first(raw, EXPIRES)
            enabled = value.is_enabled(control, expires, self.today)
            found |= {ENABLED: enabled} if enabled is not None else {}
            before[ENABLED] = f"{CONTROL}={control}" + (f", {EXPIRES}={expires}" if expires else "")
        if self.layout.is_ad and self.selection.kind == "group":
            plain = [split(name)[1] for name in self._members(raw)]
            found |= {name: plain for name in self.layout.names(self.selection, self.layout.member) if name in found}
        return before

    def _note(self, record_id: str, dn: str, raw: Attributes) -> None:
        """Remember what memberships will be found by."""
        if self.selection.kind == "group":
            self.listed.append((record_id, dn, self._members(raw)))
            for sid in raw.get("objectSid", ()):
                self.by_sid[sid] = record_id
            return
        if self.layout.is_ad:
            domain = _first(raw, "objectSid").rpartition("-")[0]
            if domain and raw.get("primaryGroupID"):
                self.primary.append((record_id, f"{domain}-{_first(raw, 'primaryGroupID')}"))
        if self.layout.joins_uid:
            for uid in raw.get("uid", ()):
                is_shared = self.by_uid.setdefault(folded(uid), record_id) != record_id
                if is_shared:
                    self.by_uid[folded(uid)] = ""

    def _members(self, raw: Attributes) -> list[str]:
        wanted = self.layout.member.lower()
        return [value for name, values in raw.items() if name.partition(";")[0].lower() == wanted for value in values]

    def find_managers(self) -> None:
        """Managers are named by DN; a mapping sees their ids, "" for those who are not among the users."""
        for attributes, names, manager in self._managers:
            attributes.update(dict.fromkeys(names, self.find(manager) or ""))

    def find(self, name: str) -> str | None:
        """The id of the record with this name, None if there is none: by GUID, by the same spelling, by its parts."""
        guid, dn = split(name)
        if guid:
            return self.ids.get(guid)
        found = self.by_dn.get(dn)
        if found is not None:
            return found
        if self._by_parts is None:
            self._by_parts = {parts(known): record_id for known, record_id in self.by_dn.items()}
        return self._by_parts.get(parts(dn))


class _Memberships:
    """Direct members of every group, each once. notices: members that are nobody among the entries."""

    def __init__(self, layout: Layout, users: _Kind, groups: _Kind) -> None:
        self._layout, self._users, self._groups = layout, users, groups
        self.notices: list[Notice] = []

    def all(self) -> dict[str, Members]:
        """Group id → its users and groups."""
        found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
        for group_id, dn, names in self._groups.listed:
            if group_id and names:
                self._add(found.setdefault(group_id, ({}, {})), dn, names)
        for user_id, sid in self._users.primary:
            group_id = self._groups.by_sid.get(sid, "")
            if group_id and user_id:
                found.setdefault(group_id, ({}, {}))[0][user_id] = None
        return {
            group_id: (tuple(users), tuple(groups)) for group_id, (users, groups) in found.items() if users or groups
        }

    def _add(self, members: tuple[dict[str, None], dict[str, None]], dn: str, names: list[str]) -> None:
        users, groups = members
        for name in names:
            user = self._user(name)
            if user:
                users[user] = None
                continue
            group = None if self._layout.joins_uid else self._groups.find(without_bits(name))
            if group:
                groups[group] = None
            else:
                shown = split(name)[1]
                detail = f"{dn}: its member {shown!r} is no user or group that is read; it was dropped"
                self.notices.append(Notice("unknown_member", shown, detail))

    def _user(self, name: str) -> str | None:
        if self._layout.joins_uid:
            return self._users.by_uid.get(folded(name))
        return self._users.find(without_bits(name))


def _first(raw: Attributes, name: str) -> str:
    values = raw.get(name)
    return values[0] if values else ""


def _single(found: object) -> str:
    """One text; "" where several values leave it open which is meant."""
    if isinstance(found, list):
        return found[0] if len(found) == 1 else ""
    return str(found) if found is not None else ""
