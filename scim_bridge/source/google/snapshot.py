"""Entries become what the source shows. The one way there: a whole reading and one of changes both take it.

Here the scope is applied, and members and managers that are no one here are left out and told.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from scim_bridge.model.identity import Notice, Record, Snapshot
from scim_bridge.model.source import DirectMembers
from scim_bridge.model.text import normal
from scim_bridge.model.wording import counted, some
from scim_bridge.source.google.listing import Row
from scim_bridge.source.google.memory import GroupEntry
from scim_bridge.source.google.scope import Reach
from scim_bridge.source.google.user import MANAGER, Selection, attributes_of, manager_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Records and members. user_ids, group_ids: id of Google → id of the record, of all who are shown or are members.

    chosen: what is read of users. manager_of: gives the record's id of the user of an address, None if there is none.
    """

    chosen: Selection
    manager_of: Callable[[str], str | None]
    user_ids: Mapping[str, str]
    group_ids: Mapping[str, str]
    groups: Mapping[str, GroupEntry]
    reach: Reach
    _everyone: list[tuple[str, ...]] = field(default_factory=list)

    def snapshot(self, users: Iterable[Row], unknown: Notice | None) -> Snapshot:
        """All of it. users: those in the scope, in any order; unknown: what is noted of managers."""
        inside = sorted(self.reach.groups)
        members = {self.group_ids[key]: self.members(key) for key in inside}
        return Snapshot(
            tuple(self.user(row) for row in sorted(users, key=lambda row: str(row["id"]))),
            tuple(self.group(key) for key in inside),
            {group: found for group, found in members.items() if group and any(found)},
            self.notices(unknown),
        )

    def user(self, row: Row) -> Record:
        """One user."""
        address = manager_address(row) if MANAGER in self.chosen.names else ""
        manager = self.manager_of(address) if address else None
        attributes = attributes_of(row, self.chosen, manager or None)
        raw = {MANAGER: address} if manager else {}
        return Record(self.user_ids[row["id"]], attributes, f"Google user {row['id']}", raw)

    def group(self, group_id: str) -> Record:
        """One group."""
        return Record(self.group_ids[group_id], self.groups[group_id].row, f"Google group {group_id}")

    def members(self, group_id: str) -> DirectMembers:
        """The ids of the records that are directly in a group."""
        group = self.groups[group_id]
        users: Iterable[str] = (user_id for user_id in group.users if user_id in self.reach.users)
        if group.is_everyone:
            users = self._all_users()
        return _named(users, self.user_ids), _named(group.groups, self.group_ids)

    def notices(self, unknown: Notice | None) -> tuple[Notice, ...]:
        """What a person should know of members and managers that do not appear."""
        groups = (_outside(key, self.groups[key]) for key in sorted(self.reach.groups))
        return tuple(notice for notice in (*groups, unknown) if notice is not None)

    def _all_users(self) -> tuple[str, ...]:
        if not self._everyone:
            self._everyone.append(tuple(sorted(self.reach.users)))
        return self._everyone[0]


def anchored(attributes: Mapping[str, object], anchor: str) -> str:
    """The id of the record, "" if it has none."""
    value = attributes.get(anchor)
    return "" if value is None else normal(str(value))


def _outside(group_id: str, group: GroupEntry) -> Notice | None:
    """Identity Center cannot sign people from outside in through Google, so they are left out."""
    if not group.outside:
        return None
    who = f"{counted(len(group.outside), 'member')} from outside the account ({some(group.outside)})"
    name = group.row.get("email") or group_id
    return Notice("member_left_out", group_id, f"group {name}: {who}, who cannot sign in through Google; left out")


def _named(object_ids: Iterable[str], ids: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids[object_id] for object_id in object_ids if ids.get(object_id)))
