"""A plan for a few named identities (`--only`): what concerns them, and nothing else.

The whole directory is correlated all the same, so a clash with a record that is not named is seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scim_bridge.model.capabilities import Uniqueness, fold
from scim_bridge.model.identity import Kind, SourceKey
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.match.correlate import Match, Matches

Unique = Mapping[Kind, tuple[tuple[str, Uniqueness], ...]]
"""Per kind: the paths whose values no two resources may share, and how they are compared."""


@dataclass(frozen=True, slots=True)
class Named:
    """The identities that were named, users and groups apart."""

    users: tuple[Match, ...]
    groups: tuple[Match, ...]

    @property
    def keys(self) -> frozenset[SourceKey]:
        """What names them."""
        return frozenset(match.key for match in (*self.users, *self.groups))


def in_the_way(matches: Matches, keys: frozenset[SourceKey], unique: Unique) -> frozenset[SourceKey]:
    """Records that must give up a unique value before a named one can take it, those in their way, and so on.

    They are planned too, since a named record can get the value only in this order: two users exchange names, say.
    """
    holders: dict[tuple[Kind, str, str], Match] = {}
    for match in matches:
        for path, how in unique[match.kind]:
            if match.existing is not None and (value := match.existing.attributes.get(path)):
                holders[match.kind, path, fold(value, how)] = match
    found: set[SourceKey] = set()
    waiting = [match for match in matches if match.key in keys]
    while waiting:
        taker = waiting.pop()
        for path, how in unique[taker.kind]:
            value = taker.desired.attributes.get(path) if taker.desired is not None else None
            holder = holders.get((taker.kind, path, fold(value, how))) if value else None
            if holder is None or holder is taker or holder.key in keys | found:
                continue
            # Who is held, departed or unknown gives nothing up, so planning them too would change more than was asked.
            if holder.leaving.is_separated or (holder.desired is not None and not holder.is_held):
                found.add(holder.key)
                waiting.append(holder)
    return frozenset(found)


def narrowed(matches: Matches, sides: Sides, named: Named, groups_of: Mapping[str, frozenset[str]]) -> Sides:
    """The sides as far as these identities go: of other groups only the membership of the named users is left.

    groups_of: target id of a named user → target ids of the groups that the user is in.
    """
    directory = sides.directory
    by_target = {m.existing.target_id: m for m in matches.groups if m.existing is not None}
    whole = {m.source_id for m in named.groups}
    named_ids = {m.source_id for m in named.users if m.source_id}
    wanted: dict[str, frozenset[str]] = {}
    members: dict[str, frozenset[str]] = {}
    for match in matches.groups:
        if match.source_id:
            everybody = directory.members.get(match.source_id, frozenset())
            # Of a group that is not named, only the named users: a revocation for one must not carry out what is
            # planned for the other ninety.
            wanted[match.source_id] = everybody if match.source_id in whole else everybody & named_ids
    for target_id, match in by_target.items():
        if match.source_id in whole and match.source_id:
            members[target_id] = sides.members.get(target_id, frozenset())
            continue
        inside = frozenset(user_id for user_id, groups in groups_of.items() if target_id in groups)
        if inside or wanted.get(match.source_id):
            members[target_id] = inside
    return Sides(replace(directory, members=wanted), sides.inventory, members, sides.known)
