"""Both sides as the state has them, and over them what this run has read since: asked for by the few it is about.

What was before counts as well as what is now: who claimed a value that someone has just given up may take it in this
very plan.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from scim_bridge.mapping.flatten import reached
from scim_bridge.model.desired_side import CALLED, KNOWN_AS, Claim, Mapped, Membership, claims_of
from scim_bridge.model.identity import Existing, Kind, SourceKey, TargetKey
from scim_bridge.model.remembered import Link
from scim_bridge.state.lookup import Lookup


class Overlay:
    """The relations of plan/match/related.py over the state. Everything that was looked up is kept.

    now: records that are not as they were; again: resources that were looked at again, None for what is gone. pairs:
    records and resources that belong together by a decision or a write in doubt: kind, source id, target id.
    """

    def __init__(
        self,
        lookup: Lookup,
        now: Mapping[SourceKey, Mapped],
        again: Mapping[TargetKey, Existing | None],
        pairs: Iterable[tuple[Kind, str, str]],
    ) -> None:
        self.lookup = lookup
        self.now = now
        self.again = again
        self.links: dict[Kind, dict[str, Link]] = {"user": {}, "group": {}}
        self.elsewhere: set[TargetKey] = set()
        self._pairs = [*pairs]
        self._before: dict[SourceKey, Mapped | None] = {}
        self._seen: dict[TargetKey, Existing | None] = {}
        self._claimed: dict[tuple[Kind, Claim], set[str]] = defaultdict(set)
        self._held: dict[tuple[Kind, Claim], set[str]] = defaultdict(set)
        for key, mapped in now.items():
            for claim in mapped.claims:
                self._claimed[key.kind, claim].add(key.id)
        for target, existing in again.items():
            for claim in claims_of(target.kind, existing.attributes) if existing is not None else ():
                self._held[target.kind, claim].add(target.id)

    def before(self, keys: Iterable[SourceKey]) -> dict[SourceKey, Mapped]:
        """These records as they were, as far as they were there."""
        wanted = frozenset(keys)
        unknown = wanted - self._before.keys()
        found = self.lookup.mapped(unknown)
        self._before |= {key: found.get(key) for key in unknown}
        return {key: mapped for key in wanted if (mapped := self._before[key]) is not None}

    def records(self, kind: Kind, ids: Iterable[str]) -> list[Mapped]:
        """These records as they are now, as far as they are there; in the order of their ids."""
        keys = sorted(SourceKey(kind, source_id) for source_id in ids)
        stored = self.before(key for key in keys if key not in self.now)
        found = (self.now.get(key) or stored.get(key) for key in keys)
        return [mapped for mapped in found if mapped is not None and mapped.rows]

    def seen(self, kind: Kind, target_ids: Iterable[str]) -> dict[str, Existing]:
        """These resources as they were last seen before this run."""
        wanted = {TargetKey(kind, target_id) for target_id in target_ids}
        unknown = wanted - self._seen.keys()
        found = self.lookup.resources(kind, (key.id for key in unknown))
        self._seen |= {key: found.get(key.id) for key in unknown}
        return {key.id: existing for key in wanted if (existing := self._seen[key]) is not None}

    def resources(self, kind: Kind, target_ids: Iterable[str]) -> dict[str, Existing]:
        """These resources as they are taken to be now; in the order of their ids."""
        ids = sorted(set(target_ids))
        seen = self.seen(kind, ids)
        found = ((each, self.again.get(TargetKey(kind, each), seen.get(each))) for each in ids)
        return {target_id: existing for target_id, existing in found if existing is not None}

    def claims(self, kind: Kind, ids: Collection[str]) -> set[Claim]:
        """What these records claim, and claimed before."""
        keys = [SourceKey(kind, source_id) for source_id in ids]
        found = {claim for mapped in self.before(keys).values() for claim in mapped.claims}
        found |= {claim for key in keys if key in self.now for claim in self.now[key].claims}
        return {claim for claim in found if claim[0] not in (CALLED, KNOWN_AS)}

    def values(self, kind: Kind, target_ids: Collection[str]) -> set[Claim]:
        """What these resources hold, and held before."""
        seen = self.seen(kind, target_ids)
        found = {claim for existing in seen.values() for claim in claims_of(kind, existing.attributes)}
        for target_id in target_ids:
            again = self.again.get(TargetKey(kind, target_id))
            found |= set(claims_of(kind, again.attributes)) if again is not None else set()
        return found

    def claiming(self, kind: Kind, claims: Collection[Claim]) -> set[str]:
        """The records that claim one of these, or did."""
        found = self.lookup.claiming(kind, claims)
        return found.union(*(self._claimed.get((kind, claim), ()) for claim in claims))

    def holding(self, kind: Kind, claims: Collection[Claim]) -> set[str]:
        """The resources that hold one of these, or did."""
        found = self.lookup.holding(kind, claims)
        return found.union(*(self._held.get((kind, claim), ()) for claim in claims))

    def bound(self, kind: Kind, ids: Collection[str], target_ids: Collection[str]) -> tuple[set[str], set[str]]:
        """Records and resources that a link, a decision or a write in doubt binds to these."""
        links, elsewhere = self.lookup.links(kind, ids, target_ids)
        self.links[kind] |= links
        self.elsewhere |= elsewhere
        pairs = [(link.source_id, link.target_id) for link in links.values()]
        # Who has left while the state was lost is known by the mark that we gave the resource (docs/design.md §7.5).
        pairs += [(each.external_id, each.target_id) for each in self.resources(kind, target_ids).values()]
        pairs += [
            (source_id, target_id)
            for of, source_id, target_id in self._pairs
            if of == kind and (source_id in ids or target_id in target_ids)
        ]
        return {source_id for source_id, _ in pairs if source_id}, {target_id for _, target_id in pairs if target_id}


class Edges:
    """Who is in which group by the source, directly or by groups inside of groups, before and now.

    joined, left: direct memberships that are not as they were. is_flat: a group's users are those of the groups in it
    too.
    """

    def __init__(
        self, lookup: Lookup, joined: frozenset[Membership], left: frozenset[Membership], *, is_flat: bool
    ) -> None:
        self._lookup = lookup
        self.is_flat = is_flat
        self._around: dict[SourceKey, set[str]] = {}
        self._inside: dict[str, set[SourceKey]] = {}
        self._joined, self._left = _both_ways(joined), _both_ways(left)

    def direct(self, members: Iterable[SourceKey], *, before: bool = False) -> dict[SourceKey, set[str]]:
        """Member → ids of the groups that it is directly in."""
        wanted = frozenset(members)
        unknown = wanted - self._around.keys()
        found = self._lookup.groups_around(unknown)
        self._around |= {key: found.get(key, set()) for key in unknown}
        if before:
            return {key: self._around[key] for key in wanted}
        joined, left = self._joined[0], self._left[0]
        return {key: (self._around[key] - left.get(key, set())) | joined.get(key, set()) for key in wanted}

    def members(self, groups: Iterable[str], *, before: bool = False) -> dict[str, set[SourceKey]]:
        """Group id → who is directly in it."""
        wanted = frozenset(groups)
        unknown = wanted - self._inside.keys()
        found = self._lookup.direct_members(unknown)
        self._inside |= {group: found.get(group, set()) for group in unknown}
        if before:
            return {group: self._inside[group] for group in wanted}
        joined, left = self._joined[1], self._left[1]
        return {group: (self._inside[group] - left.get(group, set())) | joined.get(group, set()) for group in wanted}

    def above(self, members: Iterable[SourceKey], *, before: bool = False) -> dict[SourceKey, set[str]]:
        """Member → ids of all groups whose users it is one of, or its users are."""
        start = self.direct(members, before=before)
        if not self.is_flat:
            return start
        parents: dict[str, set[str]] = {}
        waiting = set[str]().union(*start.values()) if start else set()
        while waiting:
            found = self.direct((SourceKey("group", group) for group in waiting), before=before)
            parents |= {key.id: groups for key, groups in found.items()}
            waiting = set[str]().union(*found.values()) - parents.keys()
        return {key: reached(groups, parents) for key, groups in start.items()}

    def groups_below(self, groups: Iterable[str]) -> set[str]:
        """These groups, and all that are inside of them."""
        start = set(groups)
        return reached(start, _nested(self._inside_of(start)) if self.is_flat else {})

    def users_below(self, groups: Iterable[str], *, before: bool = False) -> dict[str, set[str]]:
        """Group id → source ids of all its users."""
        start = frozenset(groups)
        children = self._inside_of(start, before=before)
        inner = _nested(children)
        users = {group: {key.id for key in inside if key.kind == "user"} for group, inside in children.items()}
        below = {group: reached({group}, inner) if self.is_flat else {group} for group in start}
        return {group: set[str]().union(*(users.get(g, ()) for g in inside)) for group, inside in below.items()}

    def _inside_of(self, groups: Iterable[str], *, before: bool = False) -> dict[str, set[SourceKey]]:
        """Group id → who is directly in it: for these groups and, where groups are flat, for all inside of them."""
        children: dict[str, set[SourceKey]] = {}
        waiting = set(groups)
        while waiting:
            found = self.members(waiting, before=before)
            children |= found
            waiting = (set[str]().union(*_nested(found).values()) - children.keys()) if self.is_flat else set()
        return children


def _nested(inside: Mapping[str, set[SourceKey]]) -> dict[str, set[str]]:
    return {group: {key.id for key in members if key.kind == "group"} for group, members in inside.items()}


def _both_ways(pairs: Iterable[Membership]) -> tuple[dict[SourceKey, set[str]], dict[str, set[SourceKey]]]:
    around: dict[SourceKey, set[str]] = defaultdict(set)
    inside: dict[str, set[SourceKey]] = defaultdict(set)
    for group, member in pairs:
        around[member].add(group)
        inside[group].add(member)
    return around, inside
