"""Entries become what the source shows. The one way there: a whole reading and one of changes both take it.

Here the scope is applied, and members and managers that are no one here are left out and told.
"""

from collections.abc import Iterable, Mapping

from scim_bridge.model.identity import Notice, Record, Snapshot
from scim_bridge.model.source import DirectMembers
from scim_bridge.model.text import normal
from scim_bridge.model.wording import counted, some
from scim_bridge.source.google.memory import Entries, GroupEntry, UserEntry
from scim_bridge.source.google.scope import Reach
from scim_bridge.source.google.user import MANAGER


class Shown:
    """Records and members of these entries. anchors: of users and of groups, the attributes that are records' ids."""

    def __init__(self, everybody: Entries, reach: Reach, anchors: tuple[str, str]) -> None:
        self._everybody, self._reach = everybody, reach
        of_users, of_groups = anchors
        self.user_ids = {key: _anchored(user.attributes, of_users) for key, user in everybody.users.items()}
        self.group_ids = {key: _anchored(everybody.groups[key].row, of_groups) for key in reach.groups}

    def snapshot(self) -> Snapshot:
        """All of it."""
        members = {self.group_ids[key]: self.members(key) for key in sorted(self._reach.groups)}
        return Snapshot(
            tuple(self.user(key) for key in sorted(self._reach.users)),
            tuple(self.group(key) for key in sorted(self._reach.groups)),
            {group: inside for group, inside in members.items() if group and any(inside)},
            self.notices(),
        )

    def user(self, user_id: str) -> Record:
        """One user."""
        entry = self._everybody.users[user_id]
        attributes, raw = dict(entry.attributes), dict[str, str]()
        manager = attributes.pop(MANAGER, None)
        if manager is not None and self.user_ids.get(manager):
            attributes[MANAGER] = self.user_ids[manager]
            raw[MANAGER] = entry.manager
        return Record(self.user_ids[user_id], attributes, f"Google user {user_id}", raw)

    def group(self, group_id: str) -> Record:
        """One group."""
        row = self._everybody.groups[group_id].row
        return Record(self.group_ids[group_id], row, f"Google group {group_id}")

    def members(self, group_id: str) -> DirectMembers:
        """The ids of the records that are directly in a group."""
        group = self._everybody.groups[group_id]
        users = (user_id for user_id in group.users if user_id in self._reach.users)
        return _named(users, self.user_ids), _named(group.groups, self.group_ids)

    def notices(self) -> tuple[Notice, ...]:
        """What a person should know of members and managers that do not appear."""
        groups = (_outside(key, self._everybody.groups[key]) for key in sorted(self._reach.groups))
        managers = _unknown_managers(self._everybody.users[key] for key in self._reach.users)
        return tuple(notice for notice in (*groups, managers) if notice is not None)


def _outside(group_id: str, group: GroupEntry) -> Notice | None:
    """Identity Center cannot sign people from outside in through Google, so they are left out."""
    if not group.outside:
        return None
    who = f"{counted(len(group.outside), 'member')} from outside the account ({some(group.outside)})"
    name = group.row.get("email") or group_id
    return Notice("member_left_out", group_id, f"group {name}: {who}, who cannot sign in through Google; left out")


def _unknown_managers(users: Iterable[UserEntry]) -> Notice | None:
    """Google takes any text for a manager, so there may be thousands: they are counted, and a few are shown."""
    texts = [user.manager for user in users if user.manager and MANAGER not in user.attributes]
    if not texts:
        return None
    shown = some(sorted(set(texts)))
    detail = f"{counted(len(texts), 'manager')} who are not users of the account were left out ({shown})"
    return Notice("unknown_manager", MANAGER, detail)


def _anchored(attributes: Mapping[str, object], anchor: str) -> str:
    """The id of the record, "" if it has none."""
    value = attributes.get(anchor)
    return "" if value is None else normal(str(value))


def _named(object_ids: Iterable[str], ids: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids[object_id] for object_id in object_ids if ids.get(object_id)))
