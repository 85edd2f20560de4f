"""Unique values: who may take which, and who must wait for a decision.

A value is free if no one holds it on the target, or if its holder takes another value in this very plan. Because a
held record's resource keeps its values, every hold may cause others; `settle` follows them to the end. Holds are only
ever added, so the outcome does not depend on the order of the records.
"""

from collections import defaultdict, deque

from scim_bridge.model.capabilities import fold
from scim_bridge.model.identity import ACTIVE, EMAILS, EXTERNAL_ID, Desired
from scim_bridge.model.plan import Conflict
from scim_bridge.plan import conflict
from scim_bridge.plan.backoff import waiting
from scim_bridge.plan.match.candidates import Pairing


def settle(pairing: Pairing, *, adopts_by_name: bool) -> None:
    """Hold every record that cannot have what it claims, and write down why.

    adopts_by_name: whether a resource found by a match attribute may be adopted unasked (the adopt policy).
    """
    claims = _Claims(pairing)
    for desired in pairing.desired:
        claims.weigh(desired, adopts_by_name=adopts_by_name)
    for path in pairing.unique:
        # Two records with one externalId share a source id, which the mapping has found already (`duplicate_id`).
        if path != EXTERNAL_ID:
            claims.weigh_duplicates(path)
    for desired in pairing.desired:
        if claims.is_claimant(desired) and desired.source_id not in pairing.held:
            claims.weigh_needs(desired)
    claims.follow()


class _Claims:
    """The claims of one kind. waiting: (owner, path) → records that count on that owner giving the value up."""

    def __init__(self, pairing: Pairing) -> None:
        self.pairing = pairing
        self.waiting: dict[tuple[str, str], list[Desired]] = defaultdict(list)
        self.consequences: deque[tuple[str, tuple[str, ...]]] = deque()
        self.paths = tuple(pairing.unique)

    def is_claimant(self, desired: Desired) -> bool:
        """Only what may be written claims anything: a held object changes nothing for the others."""
        return desired.is_valid and bool(desired.source_id) and self.pairing.may_change(desired)

    def weigh(self, desired: Desired, *, adopts_by_name: bool) -> None:
        """What the record itself and its match say, before anyone else's claims are looked at."""
        pairing = self.pairing
        if pairing.is_protected(desired):
            return
        pairing.conflicts[id(desired)] += conflict.of_flaws(desired)
        if not desired.is_valid:
            self._hold(desired)
            return
        if pairing.is_misnamed(desired):
            own = pairing.target_of.get(desired.source_id)
            self._hold(desired, conflict.protected_name(desired, pairing.existing[own] if own is not None else None))
            return
        self._weigh_refusal(desired)
        column = pairing.column(desired)
        if column != "one":
            others = pairing.candidates[id(desired)]
            if column == "taken" and id(desired) in pairing.asked:
                self._hold(desired, conflict.rehire(desired, pairing.existing[pairing.asked[id(desired)]]))
            elif column != "nothing":
                self._hold(desired, conflict.of_match(desired, column, [pairing.existing[t] for t in others]))
            return
        by = pairing.found_by[desired.source_id]
        existing = pairing.existing[pairing.target_of[desired.source_id]]
        if by not in ("link", EXTERNAL_ID, "rehire", "decision") and not adopts_by_name:
            pairing.candidates[id(desired)].add(existing.target_id)
            self._hold(desired, conflict.adopt(desired, existing, by))
        if by in ("link", "rehire"):
            self._weigh_identity(desired, existing.target_id, existing.external_id)

    def _weigh_refusal(self, desired: Desired) -> None:
        """What the target refused and is not sent again yet: an object of ours keeps those values, another waits whole.

        Who is to be deactivated is, whatever was refused before.
        """
        pairing = self.pairing
        target_id = pairing.target_of.get(desired.source_id, "")
        refusal = waiting(pairing.refusals.get(desired.source_id), target_id, desired)
        if refusal is None:
            return
        is_shut = desired.attributes.get(ACTIVE) is False
        if target_id and pairing.found_by[desired.source_id] in ("link", EXTERNAL_ID):
            pairing.kept[desired.source_id] |= refusal.paths - ({ACTIVE} if is_shut else set())
            self._note(desired, refusal.conflict)
        elif not (target_id and is_shut):
            self._hold(desired, refusal.conflict)

    def _weigh_identity(self, desired: Desired, target_id: str, shown: str) -> None:
        """Linked, or to be taken over from one who has left, but the target shows another record's id here, or ours on
        another record's resource: hold both."""
        pairing = self.pairing
        ours = desired.attributes[EXTERNAL_ID]
        others = {pairing.owner[t] for t in pairing.holding(EXTERNAL_ID, ours) if t != target_id and t in pairing.owner}
        if shown != ours and shown in pairing.by_id:
            # Two records, one mark: either could be the user who signs in here. To write our id over the other's would
            # settle by chance whose access this is.
            others.add(shown)
        for other in sorted(others - {desired.source_id}):
            record = pairing.by_id.get(other)
            mixed = conflict.mixed_identity(desired, other, record)
            self._hold(desired, mixed)
            if record is not None:
                self._hold(record, mixed)

    def weigh_duplicates(self, path: str) -> None:
        """One value claimed by several records: who holds it on the target keeps it; if no one does, all wait."""
        pairing = self.pairing
        claimants: dict[str, list[Desired]] = defaultdict(list)
        for desired in pairing.desired:
            value = desired.attributes.get(path)
            if value and self.is_claimant(desired):
                claimants[fold(value, pairing.uniqueness(path))].append(desired)
        for value, records in claimants.items():
            if len(records) > 1:
                holding = set(pairing.holders[path].get(value, ()))
                # The holder keeps the value: a typing slip in a new record must not lock out the user who has had the
                # name for years.
                losers = [d for d in records if pairing.target_of.get(d.source_id) not in holding]
                found = conflict.duplicate(pairing.kind, path, records, losers)
                for desired in losers:
                    if desired.source_id in pairing.links and pairing.keeps_drift(desired, path):
                        continue  # it claims the value, but does not take it
                    self._refuse(desired, path, found)

    def weigh_needs(self, desired: Desired) -> None:
        """Every unique value the record does not hold yet: is it free, promised by its holder, or taken?"""
        pairing = self.pairing
        own = pairing.target_of.get(desired.source_id)
        for path in self.paths:
            value = desired.attributes.get(path)
            if value and pairing.keeps_drift(desired, path):
                continue  # it does not take the value: what someone else put in its place stays
            for hit in pairing.holding(path, value):
                if hit == own or own in pairing.holding(path, value):
                    continue
                owner = pairing.owner.get(hit)
                if hit not in pairing.protected and pairing.gives_up(owner, path, value):
                    # Counted on, not granted: the holder may be held itself by what is found later. `follow` takes it
                    # back then.
                    self.waiting[str(owner), path].append(desired)
                else:
                    self._refuse(desired, path, conflict.value_taken(desired, path, pairing.existing[hit]))

    def follow(self) -> None:
        """Anyone who counted on a value that is not given up after all must wait too, and so on to the end.

        A held record keeps all its values; a record whose email was refused keeps that one.
        """
        # Sorted, and holds are only added: the end is the same whatever the order of the records, which a law checks.
        for source_id in sorted(self.pairing.held):
            self.consequences.append((source_id, self.paths))
        for source_id, kept in sorted(self.pairing.kept.items()):
            self.consequences.append((source_id, tuple(sorted(kept))))
        while self.consequences:
            owner, paths = self.consequences.popleft()
            for path in paths:
                for desired in self.waiting.pop((owner, path), ()):
                    holder = self.pairing.existing[self.pairing.target_of[owner]]
                    why = conflict.value_taken(desired, path, holder)
                    # Without this it would be created beside the very resource that most likely is its own.
                    if self._would_have_matched(desired, path):
                        self.pairing.columns[id(desired)] = "taken"
                        self._hold(desired, why)
                    else:
                        self._refuse(desired, path, why)

    def _would_have_matched(self, desired: Desired, path: str) -> bool:
        """The record has no resource of its own and this value would have paired it with the one that keeps it."""
        is_unpaired = desired.source_id not in self.pairing.target_of
        return is_unpaired and path in (EXTERNAL_ID, *self.pairing.terms.match[self.pairing.kind])

    def _refuse(self, desired: Desired, path: str, why: Conflict) -> None:
        """This value cannot be had: an email stays as it is on the target, anything else holds the object."""
        if path != EMAILS:
            self._hold(desired, why)
        elif path not in self.pairing.kept[desired.source_id]:
            self.pairing.kept[desired.source_id].add(path)
            self.consequences.append((desired.source_id, (path,)))
            self._note(desired, why)

    def _hold(self, desired: Desired, *why: Conflict) -> None:
        self._note(desired, *why)
        if desired.source_id and desired.source_id not in self.pairing.held:
            self.pairing.held.add(desired.source_id)
            self.consequences.append((desired.source_id, self.paths))

    def _note(self, desired: Desired, *why: Conflict) -> None:
        notes = self.pairing.conflicts[id(desired)]
        notes += (c for c in why if c.key not in {known.key for known in notes})
