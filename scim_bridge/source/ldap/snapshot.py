"""Records become one snapshot: who is in which group, and which references fit no one, or several. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scim_bridge.model.identity import AmbiguousMember, Kind, Notice, Snapshot
from scim_bridge.source.ldap.layout import GID, Layout
from scim_bridge.source.ldap.record import Fits, Found, Records, records_of, shown
from scim_bridge.source.ldap.value import folded, split, without_bits

Members = tuple[tuple[str, ...], tuple[str, ...]]


def snapshot(entries: Mapping[str, str], layout: Layout, today: str, *, with_members: bool = True) -> Snapshot:
    """Everything that these entries show. today: UTC date, by which an account's expiry is judged.

    Members and managers that are not among the entries are left out; members are noted as unknown_member.
    """
    users = records_of(entries, layout, layout.users, today)
    if layout.groups is None:
        return Snapshot(tuple(users.records), (), {})
    groups = records_of(entries, layout, layout.groups, today)
    if not with_members:
        return Snapshot(tuple(users.records), tuple(groups.records), {})
    found = _Memberships(layout, users, groups)
    members = found.all()
    return Snapshot(
        tuple(users.records), tuple(groups.records), members, tuple(found.notices), tuple(found.ambiguous())
    )


def unknown_member(dn: str, name: str) -> Notice:
    """What is noted of a member who is no one here. dn: the group's; name: as the group has it."""
    text = split(name)[1]
    detail = f"{dn}: its member {text!r} is not a user or group that is read; it was dropped"
    return Notice("unknown_member", text, detail)


@dataclass(slots=True)
class _Doubt:
    """One reference that fits several records. groups, members: those at its two ends."""

    fits: Fits
    groups: dict[Found, None] = field(default_factory=dict)
    members: dict[Found, None] = field(default_factory=dict)
    count: int = 0


class _Memberships:
    """Direct members of every group, each once. notices: members that are no one among the entries.

    users and groups of which a reference fits several are in doubt: reference → who they are, apart for users, groups
    and primary groups.
    """

    def __init__(self, layout: Layout, users: Records, groups: Records) -> None:
        self._layout, self._users, self._groups = layout, users, groups
        self.notices: list[Notice] = []
        self._doubts: dict[tuple[Kind, str], _Doubt] = {}
        self._primary_doubts: dict[str, _Doubt] = {}

    def all(self) -> dict[str, Members]:
        """Group id → its users and groups."""
        found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
        for group, names in self._groups.listed:
            if group.id and names:
                self._add(found.setdefault(group.id, ({}, {})), group, names)
        for user, key in self._users.primary:
            fits = self._groups.references.by_primary.get(key, ())
            if _is_ambiguous(fits):
                doubt = self._primary_doubts.setdefault(key, _Doubt(fits, dict.fromkeys(fits)))
                doubt.members[user] = None
                doubt.count += 1
            elif fits and fits[0].id and user.id:
                found.setdefault(fits[0].id, ({}, {}))[0][user.id] = None
        return {
            group_id: (tuple(users), tuple(groups)) for group_id, (users, groups) in found.items() if users or groups
        }

    def ambiguous(self) -> Iterable[AmbiguousMember]:
        """The references that fit several records, each once for all groups that it stands in."""
        for (kind, reference), doubt in self._doubts.items():
            fits, where = doubt.fits, shown(doubt.groups)
            ids = _ids(fits)
            yield AmbiguousMember(
                reference=reference,
                groups=_ids(doubt.groups),
                users=ids if kind == "user" else (),
                nested=ids if kind == "group" else (),
                fits=_named(kind, fits),
                detail=f"{self._layout.member} {reference!r} of {where} fits {len(fits)} {kind}s: {shown(fits)}",
                remedy=self._remedy(kind),
                count=doubt.count,
            )
        for number, doubt in self._primary_doubts.items():
            reference, fits = f"{GID} {number}", doubt.fits
            yield AmbiguousMember(
                reference=reference,
                groups=_ids(fits),
                users=_ids(doubt.members),
                nested=(),
                fits=_named("group", fits),
                detail=f"{reference}, which users have, fits {len(fits)} groups: {shown(fits)}",
                remedy=f"Give each group a {GID} of its own, or leave one of the groups out by groups.base or "
                "groups.filter.",
                count=doubt.count,
            )

    def _remedy(self, kind: Kind) -> str:
        if self._layout.joins_uid:
            return "Give each user a uid of its own, or leave one of the users out by users.base or users.filter."
        return f"Give each {kind} a name of its own, or leave one of them out by {kind}s.base or {kind}s.filter."

    def _add(self, members: tuple[dict[str, None], dict[str, None]], group: Found, names: list[str]) -> None:
        for name in names:
            kind, fits = self._find(name)
            if not fits:
                self.notices.append(unknown_member(group.dn, name))
            elif _is_ambiguous(fits):
                reference = folded(name) if self._layout.joins_uid else without_bits(name)
                doubt = self._doubts.setdefault((kind, reference), _Doubt(fits))
                doubt.groups[group] = None
                doubt.count += 1
            elif fits[0].id:
                members[0 if kind == "user" else 1][fits[0].id] = None

    def _find(self, name: str) -> tuple[Kind, Fits]:
        """The users that a member fits, else the groups."""
        if self._layout.joins_uid:
            return "user", self._users.references.by_uid.get(folded(name), ())
        dn = without_bits(name)
        users = self._users.references.find(dn)
        return ("user", users) if users else ("group", self._groups.references.find(dn))


def _is_ambiguous(fits: Fits) -> bool:
    """Whether these are several records. Those that share an id are one, which waits by itself (duplicate_id)."""
    return len(fits) > 1 and (len({found.id for found in fits}) > 1 or not fits[0].id)


def _ids(found: Iterable[Found]) -> tuple[str, ...]:
    return tuple(record.id for record in found if record.id)


def _named(kind: Kind, found: Iterable[Found]) -> tuple[tuple[Kind, str], ...]:
    return tuple((kind, record.id or record.dn) for record in found)
