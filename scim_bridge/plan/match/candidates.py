"""The working table of one kind's correlation: who owns which resource, by what it was found, and who must wait.

It is filled in stages (links, then externalId, then match attributes) because a resource that an earlier stage gave to
its owner is not a match for a later one, unless the owner gives the value up in this very plan.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scim_bridge.model.capabilities import Uniqueness, fold
from scim_bridge.model.identity import ACTIVE, EMAILS, EXTERNAL_ID, NAMES, Desired, Existing, Kind
from scim_bridge.model.plan import Conflict, Refusal
from scim_bridge.model.policy import Policy, Protect, Rehire
from scim_bridge.model.remembered import Link, Remembered, Resolution
from scim_bridge.plan.conflict import rehire_key
from scim_bridge.plan.drift import left_alone
from scim_bridge.plan.match.situation import TargetColumn


@dataclass(frozen=True, slots=True)
class Terms:
    """How a connection matches. match: the mapping's match attributes. unique: the target's unique attributes.
    policy: what is protected, and what is done when names meet."""

    match: Mapping[Kind, tuple[str, ...]]
    unique: Mapping[Kind, tuple[tuple[str, Uniqueness], ...]]
    policy: Policy


def protected_resources(
    kind: Kind, existing: Mapping[str, Existing], links: Iterable[Link], protect: Protect
) -> set[str]:
    """Target ids that have a protected name, or were linked under one. Links are parsed late, so only where needed."""
    if not protect.of(kind):
        return set()
    name = NAMES[kind]
    shown = {target_id for target_id, each in existing.items() if protect.covers(kind, each.attributes.get(name))}
    return shown | {link.target_id for link in links if protect.covers(kind, link.applied.get(name))}


@dataclass(slots=True)
class Pairing:
    """One kind's table. Keys are source ids, except where a record may have none: then the record's own identity.

    owner: target id → source id of the record it belongs to. holders: path → compared value → target ids that hold it.
    candidates: every resource a record points at by name. held: source ids that wait. kept: source id → paths that
    stay as they are. relinked: source id that has left → the newcomer who gets its resource. separated: source ids that
    have left and give their names up to a namesake. asked: newcomers who may be either of the two.
    returned: source id of a newcomer → the link of the one who left, where a person or the policy says they are the
    same. protected: target ids that have a protected name, or were linked under one. protected_records: records matched
    with such a resource. misnamed: records that map to a protected name.
    aside: target id → a link of a restored state that the target has not confirmed. decided_left: target ids of those
    who left while the state was lost, as a person decided.
    """

    kind: Kind
    desired: tuple[Desired, ...]
    existing: Mapping[str, Existing]
    links: Mapping[str, Link]
    terms: Terms
    elsewhere: frozenset[str]
    unique: Mapping[str, Uniqueness]
    by_id: dict[str, Desired] = field(default_factory=dict)
    holders: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    owner: dict[str, str] = field(default_factory=dict)
    target_of: dict[str, str] = field(default_factory=dict)
    found_by: dict[str, str] = field(default_factory=dict)
    by_external_id: int = 0
    columns: dict[int, TargetColumn] = field(default_factory=dict)
    candidates: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    protected_records: set[int] = field(default_factory=set)
    misnamed: set[int] = field(default_factory=set)
    shielded: dict[str, Desired] = field(default_factory=dict)
    pointed_at: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    kept: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    conflicts: dict[int, list[Conflict]] = field(default_factory=lambda: defaultdict(list))
    resolutions: Mapping[str, Resolution] = field(default_factory=dict)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    decided: set[str] = field(default_factory=set)
    relinked: dict[str, str] = field(default_factory=dict)
    returned: dict[str, Link] = field(default_factory=dict)
    separated: set[str] = field(default_factory=set)
    asked: dict[int, str] = field(default_factory=dict)
    is_fresh: bool = False
    aside: Mapping[str, Link] = field(default_factory=dict)
    decided_left: set[str] = field(default_factory=set)

    @classmethod
    def begin(
        cls, kind: Kind, desired: tuple[Desired, ...], existing: Mapping[str, Existing], known: Remembered, terms: Terms
    ) -> "Pairing":
        """A table with the links, the externalIds and the match attributes looked up, nothing settled yet."""
        elsewhere = frozenset(target_id for k, target_id in known.linked_elsewhere if k == kind)
        pairing = cls(kind, desired, existing, known.of(kind), terms, elsewhere, dict(terms.unique[kind]))
        pairing.by_id = {d.source_id: d for d in desired if d.source_id}
        pairing.resolutions = known.resolutions
        pairing.refusals = {key: r for (of, key, member), r in known.refusals.items() if of == kind and not member}
        pairing.is_fresh = known.is_fresh
        pairing._protect()
        pairing.aside = {link.target_id: link for (k, _), link in known.aside.items() if k == kind}
        pairing._take_decisions()
        pairing._index()
        pairing._follow_links()
        pairing._find_by_external_id()
        pairing._find_by_name()
        return pairing

    def uniqueness(self, path: str) -> Uniqueness:
        """How values of this path are compared; match attributes that need not be unique are case-folded too."""
        return self.unique.get(path, "folded")

    def holding(self, path: str, value: object) -> list[str]:
        """Target ids of the resources that hold this value now."""
        if not value:
            return []
        return self.holders[path].get(fold(value, self.uniqueness(path)), [])

    def gives_up(self, source_id: str | None, path: str, value: object) -> bool:
        """Whether the plan makes this record's resource take another value: its own record is in scope and valid."""
        if source_id in self.separated:
            return path in (NAMES[self.kind], EMAILS)
        record = self.by_id.get(source_id or "")
        if record is None or not record.is_valid or path not in record.attributes or not self.may_change(record):
            return False
        how = self.uniqueness(path)
        return fold(record.attributes[path], how) != fold(value, how) and not self.keeps_drift(record, path)

    def keeps_drift(self, record: Desired, path: str) -> bool:
        """Under `report`, what someone else gave the resource it keeps, unless a person decided for the source."""
        target_id = self.target_of.get(record.source_id)
        if self.terms.policy.drift != "report" or target_id is None or self._is_for_source(record):
            return False
        link = self.links.get(record.source_id)
        if link is None and not (self.is_fresh and self.found_by[record.source_id] == EXTERNAL_ID):
            return False
        change = (self.existing[target_id].attributes.get(path), record.attributes[path] or None)
        return bool(left_alone({path: change}, link))

    def _is_for_source(self, record: Desired) -> bool:
        return any(
            r.decision == "source" and (r.resource, r.source_id) == (self.kind, record.source_id)
            for r in self.resolutions.values()
        )

    def is_protected(self, desired: Desired) -> bool:
        """The resource that this record is or would be matched with is protected."""
        return id(desired) in self.protected_records

    def is_misnamed(self, desired: Desired) -> bool:
        """The record maps to a protected name that its own resource does not have."""
        return id(desired) in self.misnamed and id(desired) not in self.protected_records

    def may_change(self, desired: Desired) -> bool:
        """No protected name stands in the way: the record takes what it claims, and gives up what it does not."""
        return id(desired) not in self.protected_records and id(desired) not in self.misnamed

    def is_deactivated_by_us(self, desired: Desired) -> bool:
        """We left this record's resource inactive, for this record or before its return: it may be active again."""
        by = self.found_by.get(desired.source_id, "")
        link = self.links[desired.source_id] if by == "link" else self.returned.get(desired.source_id)
        return link is not None and link.applied.get(ACTIVE) is False

    def is_spoken_for(self, target_id: str) -> bool:
        """A held record points at this resource, or another connection has it: it is not an orphan."""
        return target_id in self.pointed_at or target_id in self.elsewhere

    def column(self, desired: Desired) -> TargetColumn:
        """What was found for a record where no link decides."""
        return self.columns.get(id(desired), "nothing")

    def pair(self, desired: Desired, target_id: str, by: str) -> None:
        """Give this resource to this record."""
        before = self.owner.get(target_id, desired.source_id)
        if before != desired.source_id:
            self.relinked[before] = desired.source_id
            self.returned[desired.source_id] = self.links[before]
        self.owner[target_id] = desired.source_id
        self.target_of[desired.source_id] = target_id
        self.found_by[desired.source_id] = by
        self.columns[id(desired)] = "one"

    def _protect(self) -> None:
        """What nothing may touch, and the records that would like to be called so."""
        name, protect = NAMES[self.kind], self.terms.policy.protect
        self.protected = protected_resources(self.kind, self.existing, self.links.values(), protect)
        self.misnamed = {id(d) for d in self.desired if protect.covers(self.kind, d.attributes.get(name))}

    def _take_decisions(self) -> None:
        """A resource that a person gave to a record is linked to it, and to no one else."""
        chosen = {
            resolution.target_id: resolution.source_id
            for resolution in self.resolutions.values()
            if resolution.resource == self.kind
            and resolution.decision in ("link", "adopt")
            and resolution.target_id in self.existing
            and resolution.target_id not in self.elsewhere
            and resolution.source_id in self.by_id
            and not self._is_anothers(resolution.target_id, resolution.source_id)
        }
        self.decided = set(chosen.values())
        for link in self.links.values() if chosen else ():
            newcomer = self.by_id.get(chosen.get(link.target_id, ""))
            if newcomer is not None and self._has_returned(newcomer, link):
                self.returned[newcomer.source_id] = link
        kept = {
            source_id: link
            for source_id, link in self.links.items()
            if source_id not in self.decided and link.target_id not in chosen
        }
        decided = {source_id: Link(self.kind, source_id, target_id) for target_id, source_id in chosen.items()}
        self.links = kept | decided
        self._take_leavers()

    def _is_anothers(self, target_id: str, source_id: str) -> bool:
        """Another record in scope has this resource, by a link or by its externalId: no one can give it away."""
        marked = self.existing[target_id].external_id
        if marked in self.by_id and marked != source_id:
            return marked not in self.links or self.links[marked].target_id == target_id
        linked = (link.source_id for link in self.links.values() if link.target_id == target_id)
        return any(other in self.by_id and other != source_id for other in linked)

    def _take_leavers(self) -> None:
        """Users who left while the state was lost, as a person decided: departed, as if a link had said so."""
        linked = {link.target_id for link in self.links.values()}
        for resolution in self.resolutions.values():
            target_id = resolution.target_id
            is_leaver = (resolution.resource, resolution.decision, resolution.source_id) == (self.kind, "source", "")
            if not is_leaver or target_id not in self.existing or target_id in linked | self.elsewhere:
                continue
            link = self.aside.get(target_id)
            source_id = link.source_id if link is not None else self.existing[target_id].external_id
            if source_id and source_id not in self.by_id and source_id not in self.links:
                self.links = {**self.links, source_id: link or Link(self.kind, source_id, target_id)}
                self.decided_left.add(target_id)

    def _has_returned(self, newcomer: Desired, left: Link) -> bool:
        """Someone who has left is this newcomer, as a person answered."""
        answer = self.resolutions.get(rehire_key(newcomer, left.target_id))
        return left.source_id not in self.by_id and answer is not None and answer.decision == "link"

    def _index(self) -> None:
        paths = set(self.unique) | set(self.terms.match[self.kind]) | {EXTERNAL_ID}
        for path in paths:
            how, holders = self.uniqueness(path), self.holders.setdefault(path, {})
            for target_id, existing in self.existing.items():
                value = existing.attributes.get(path)
                if value:
                    holders.setdefault(fold(value, how), []).append(target_id)

    def _follow_links(self) -> None:
        for source_id, link in self.links.items():
            if link.target_id not in self.existing:
                continue
            self.owner[link.target_id] = source_id
            desired = self.by_id.get(source_id)
            if desired is not None:
                self.pair(desired, link.target_id, "decision" if source_id in self.decided else "link")
                if link.target_id in self.protected:
                    self.protected_records.add(id(desired))

    def _find_by_external_id(self) -> None:
        for desired in self.desired:
            if desired.source_id in self.target_of or not desired.source_id:
                continue
            hits = self.holding(EXTERNAL_ID, desired.attributes.get(EXTERNAL_ID))
            if hits:
                self._choose(desired, dict.fromkeys(hits, EXTERNAL_ID))
                self.by_external_id += desired.source_id in self.target_of

    def _find_by_name(self) -> None:
        claims: dict[str, list[tuple[Desired, str]]] = defaultdict(list)
        unpaired = [d for d in self.desired if d.source_id not in self.target_of and id(d) not in self.columns]
        sound = [d for d in unpaired if d.is_valid and d.source_id]
        for desired in unpaired:
            if not desired.is_valid or not desired.source_id:
                may_be = {t: EXTERNAL_ID for t in desired.may_be if t in self.existing and t not in self.owner}
                self._shield(desired, may_be | self._hits(desired))
        for desired in sound:
            hits = self._hits(desired)
            if hits:
                self._choose(desired, hits, claims)
        for target_id, claimants in claims.items():
            if len(claimants) == 1:
                by = "rehire" if target_id in self.owner else claimants[0][1]
                self.pair(claimants[0][0], target_id, by)
                continue
            for desired, _ in claimants:
                self.columns[id(desired)] = "contested"

    def _hits(self, desired: Desired) -> dict[str, str]:
        """Resources that a record points at by a match attribute, or by the name or email of someone who has left."""
        match = self.terms.match[self.kind]
        left = {
            hit: path
            for path in (EMAILS, NAMES[self.kind])
            if path not in match and path in self.holders
            for hit in self.holding(path, desired.attributes.get(path))
            if self._has_left(hit)
        }
        return left | {
            hit: path for path in reversed(match) for hit in self.holding(path, desired.attributes.get(path))
        }

    def _has_left(self, target_id: str) -> bool:
        """This resource's record is gone or out of scope, and no broken record may be it."""
        owner = self.owner.get(target_id)
        return owner is not None and owner not in self.by_id and target_id not in self.shielded

    def _rehire(self, desired: Desired, target_id: str) -> Rehire:
        resolution = self.resolutions.get(rehire_key(desired, target_id))
        if resolution is not None and resolution.decision in ("link", "separate"):
            return "link" if resolution.decision == "link" else "separate"
        return self.terms.policy.rehire

    def _choose(
        self, desired: Desired, hits: Mapping[str, str], claims: dict[str, list[tuple[Desired, str]]] | None = None
    ) -> None:
        """Sort out the resources a record points at: protected, free, taken, or given up by their owner."""
        if any(hit in self.protected for hit in hits):
            self.protected_records.add(id(desired))
            return
        free: list[str] = []
        taken: list[str] = []
        for hit, path in hits.items():
            if self.gives_up(self.owner.get(hit), path, desired.attributes[path]):
                continue
            has_left = self._has_left(hit) and path != EXTERNAL_ID
            if has_left and not self.may_change(desired):
                continue  # nothing will be done about this record, so the leaver would never be deactivated
            how = self._rehire(desired, hit) if has_left else None
            if how == "separate":
                self.separated.add(self.owner[hit])
                continue
            if how == "ask":
                self.asked[id(desired)] = hit
            is_owned = (hit in self.owner and how != "link") or hit in self.elsewhere
            (taken if is_owned else free).append(hit)
        self.candidates[id(desired)].update(free, taken)
        self.pointed_at.update(free)
        if len(free) + len(taken) > 1:
            self.columns[id(desired)] = "several"
        elif taken:
            self.columns[id(desired)] = "taken"
        elif free and claims is None:
            self.pair(desired, free[0], hits[free[0]])
        elif free and claims is not None:
            claims[free[0]].append((desired, hits[free[0]]))

    def _shield(self, desired: Desired, hits: Mapping[str, str]) -> None:
        """A record that lost its id still names a resource: it is held with the record and never taken for departed."""
        for hit, path in hits.items():
            if self.gives_up(self.owner.get(hit), path, desired.attributes[path]):
                continue
            self.candidates[id(desired)].add(hit)
            self.pointed_at.add(hit)
            if self.owner.get(hit) not in self.by_id:
                self.shielded[hit] = desired
