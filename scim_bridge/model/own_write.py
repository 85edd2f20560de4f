"""What we have written to a target recently. A listing may not show it yet (docs/identity-center.md §10: lists lag)."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scim_bridge.model.identity import Members, TargetKey

FRESH_FOR = timedelta(minutes=5)
"""So long a listing alone does not prove that someone else changed what we wrote. Lags of a minute were reported."""

Pair = tuple[str, str]
"""A membership: target ids of group and user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWrites:
    """Our answered writes since a moment.

    changed: resource → when its last write was answered; deleted ones are not among them. created: those that we
    created, target id → when that was answered. deleted: what we deleted. members: group → user → whether the user is
    in the group since then, by target ids.
    """

    changed: Mapping[TargetKey, datetime] = field(default_factory=dict)
    created: Mapping[str, datetime] = field(default_factory=dict)
    deleted: frozenset[TargetKey] = frozenset()
    members: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)

    def over(self, read: Members, there: Container[str]) -> tuple[Members, frozenset[Pair]]:
        """Members as they were read, with what we wrote ourselves; and the memberships that the reading lacked.

        there: target ids of the users that are on the target.
        """
        found: dict[str, frozenset[str]] = {}
        lacking: set[Pair] = set()
        deleted = {key.id for key in self.deleted if key.kind == "user"}
        for group_id, shown in read.items():
            ours = self.members.get(group_id, {})
            added = {user_id for user_id, is_in in ours.items() if is_in and user_id in there} - shown
            gone = shown & deleted.union(user_id for user_id, is_in in ours.items() if not is_in)
            found[group_id] = (shown | added) - gone if added or gone else shown
            lacking |= {(group_id, user_id) for user_id in added}
        return found, frozenset(lacking)

    def groups_of(self, user_id: str, read: frozenset[str]) -> frozenset[str]:
        """The groups of one user as they were read, with what we wrote ourselves."""
        ours = {group_id: users[user_id] for group_id, users in self.members.items() if user_id in users}
        return frozenset({*read, *ours} - {group_id for group_id, is_in in ours.items() if not is_in})
