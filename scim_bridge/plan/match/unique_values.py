"""Unique values: who may take which, and who must wait for a decision.

A value is free if no one holds it on the target, or if its holder takes another value in this very plan. Because a
held record's resource keeps its values, every hold may cause others; `settle` follows them to the end. Holds are only
ever added, so the outcome does not depend on the order of the records.
"""

from collections import defaultdict, deque
from collections.abc import Callable

from scim_bridge.model.capabilities import fold
from scim_bridge.model.identity import ACTIVE, EMAILS, EXTERNAL_ID, Existing
from scim_bridge.model.plan import Conflict, RefusalKey
from scim_bridge.plan import conflict
from scim_bridge.plan.kept_back import waiting
from scim_bridge.plan.match.pairing import Pairing, RecordRow


def settle(pairing: Pairing, *, adopts: Callable[[Existing], bool]) -> None:
    """Hold every record that cannot have what it claims, and write down why.

    adopts: whether a resource found by a match attribute may be adopted unasked (the adopt policy).
    """
    claims = _Claims(pairing)
    for row in pairing.rows:
        claims.weigh(row, adopts)
    for path in claims.paths:
        # Two records with one externalId share a source id, which the mapping has found already (`duplicate_id`).
        if path != EXTERNAL_ID:
            claims.weigh_duplicates(path)
    for row in pairing.rows:
        if claims.is_claimant(row) and not row.is_held:
            claims.weigh_needs(row)
    claims.follow()


class _Claims:
    """The claims of one kind. waiting: (owner, path) → records that count on that owner giving the value up."""

    def __init__(self, pairing: Pairing) -> None:
        self.pairing = pairing
        self.waiting: dict[tuple[str, str], list[RecordRow]] = defaultdict(list)
        self.consequences: deque[tuple[str, tuple[str, ...]]] = deque()
        self.paths = tuple(pairing.values.unique)

    def is_claimant(self, row: RecordRow) -> bool:
        """Only what may be written claims anything: a held object changes nothing for the others."""
        return row.desired.is_valid and bool(row.desired.source_id) and row.may_change

    def weigh(self, row: RecordRow, adopts: Callable[[Existing], bool]) -> None:
        """What the record itself and its match say, before anyone else's claims are looked at."""
        existing, desired = self.pairing.resources.existing, row.desired
        if row.is_protected or row.column == "unwanted":
            return
        row.conflicts += tuple(conflict.of_flaws(desired))
        if not desired.is_valid:
            self._hold(row)
            return
        own = existing[row.target_id] if row.target_id is not None else None
        if row.is_misnamed:
            self._hold(row, conflict.protected_name(desired, own))
            return
        if self.pairing.known.refusals:
            self._weigh_refusal(row)
        if own is None or row.column != "one":
            if row.column == "taken" and row.asked:
                self._hold(row, conflict.rehire(desired, existing[row.asked]))
            elif row.column != "nothing":
                self._hold(row, conflict.of_match(desired, row.column, [existing[t] for t in row.candidates]))
            return
        if row.found_by not in ("link", EXTERNAL_ID, "rehire", "decision") and not adopts(own):
            row.candidates |= {own.target_id}
            self._hold(row, conflict.adopt(desired, own, row.found_by))
        if row.found_by in ("link", "rehire"):
            self._weigh_identity(row, own.target_id, own.external_id)

    def _weigh_refusal(self, row: RecordRow) -> None:
        """What the target refused and is not sent again yet: an object of ours keeps those values, another waits whole.

        Who is to be deactivated is, whatever was refused before.
        """
        key = RefusalKey(self.pairing.kind, row.desired.source_id, "")
        refusal = waiting(self.pairing.known.refusals.get(key), row.target_id or "", row.desired)
        if refusal is None:
            return
        is_shut = row.desired.attributes.get(ACTIVE) is False
        if row.target_id and row.found_by in ("link", EXTERNAL_ID):
            row.kept |= refusal.paths - ({ACTIVE} if is_shut else set())
            _note(row, refusal.conflict)
        elif not (row.target_id and is_shut):
            self._hold(row, refusal.conflict)

    def _weigh_identity(self, row: RecordRow, target_id: str, shown: str) -> None:
        """Linked, or to be taken over from one who has left, but the target shows another record's id here, or ours on
        another record's resource: hold both."""
        pairing, owner = self.pairing, self.pairing.resources.owner
        ours = row.desired.attributes[EXTERNAL_ID]
        if shown == ours and pairing.values.holding(EXTERNAL_ID, ours) == [target_id]:
            return
        others = {owner[t] for t in pairing.values.holding(EXTERNAL_ID, ours) if t != target_id and t in owner}
        if shown != ours and shown in pairing.by_id:
            # Two records, one mark: either could be the user who signs in here. To write our id over the other's would
            # settle by chance whose access this is.
            others.add(shown)
        for other in sorted(others - {row.desired.source_id}):
            its = pairing.by_id.get(other)
            mixed = conflict.mixed_identity(row.desired, other, its.desired if its is not None else None)
            self._hold(row, mixed)
            if its is not None:
                self._hold(its, mixed)

    def weigh_duplicates(self, path: str) -> None:
        """A value claimed by several records: the one whose resource holds it keeps it; else all are held."""
        pairing, how = self.pairing, self.pairing.values.uniqueness(path)
        claimants: dict[str, list[RecordRow]] = defaultdict(list)
        for row in pairing.rows:
            value = row.desired.attributes.get(path)
            if value and self.is_claimant(row):
                claimants[fold(value, how)].append(row)
        for value, rows in claimants.items():
            if len(rows) > 1:
                holding = set(pairing.values.holders[path].get(value, ()))
                # The holder keeps the value: a typing slip in a new record must not lock out the user who has had the
                # name for years.
                losers = [row for row in rows if row.target_id not in holding]
                records = [row.desired for row in rows]
                found = conflict.duplicate(pairing.kind, path, records, [row.desired for row in losers])
                for row in losers:
                    if row.desired.source_id in pairing.links.of and pairing.keeps_drift(row, path):
                        continue  # it claims the value, but does not take it
                    self._refuse(row, path, found)

    def weigh_needs(self, row: RecordRow) -> None:
        """Every unique value the record does not hold yet: is it free, promised by its holder, or taken?"""
        pairing, resources = self.pairing, self.pairing.resources
        for path in self.paths:
            value = row.desired.attributes.get(path)
            if value and pairing.keeps_drift(row, path):
                continue  # it does not take the value: what someone else put in its place stays
            holding = pairing.values.holding(path, value)
            if row.target_id in holding:
                continue
            for hit in holding:
                owner = resources.owner.get(hit)
                if hit not in resources.protected and pairing.gives_up(owner, path, value):
                    # Counted on, not granted: the holder may be held itself by what is found later. `follow` takes it
                    # back then.
                    self.waiting[str(owner), path].append(row)
                else:
                    self._refuse(row, path, conflict.value_taken(row.desired, path, resources.existing[hit]))

    def follow(self) -> None:
        """Hold each record that counted on a value which its holder keeps after all, and so on to the end.

        A held record keeps all its values; a record whose email was refused keeps that one.
        """
        pairing = self.pairing
        # Sorted, and holds are only added: the end is the same whatever the order of the records, which a law checks.
        for source_id in sorted(source_id for source_id, row in pairing.by_id.items() if row.is_held):
            self.consequences.append((source_id, self.paths))
        for source_id in sorted(source_id for source_id, row in pairing.by_id.items() if row.kept):
            self.consequences.append((source_id, tuple(sorted(pairing.by_id[source_id].kept))))
        while self.consequences:
            owner, paths = self.consequences.popleft()
            for path in paths:
                for row in self.waiting.pop((owner, path), ()):
                    holder = pairing.resources.existing[pairing.by_id[owner].target_id or ""]
                    why = conflict.value_taken(row.desired, path, holder)
                    # Without this it would be created beside the very resource that most likely is its own.
                    if self._would_have_matched(row, path):
                        row.column = "taken"
                        self._hold(row, why)
                    else:
                        self._refuse(row, path, why)

    def _would_have_matched(self, row: RecordRow, path: str) -> bool:
        """The record has no resource of its own and this value would have paired it with the one that keeps it."""
        return row.target_id is None and path in (EXTERNAL_ID, *self.pairing.terms.match[self.pairing.kind])

    def _refuse(self, row: RecordRow, path: str, why: Conflict) -> None:
        """This value cannot be had: an email stays as it is on the target, anything else holds the object."""
        if path != EMAILS:
            self._hold(row, why)
        elif path not in row.kept:
            row.kept |= {path}
            self.consequences.append((row.desired.source_id, (path,)))
            _note(row, why)

    def _hold(self, row: RecordRow, *why: Conflict) -> None:
        _note(row, *why)
        if row.desired.source_id and not row.is_held:
            row.is_held = True
            self.consequences.append((row.desired.source_id, self.paths))


def _note(row: RecordRow, *why: Conflict) -> None:
    known = {each.key for each in row.conflicts}
    row.conflicts += tuple(each for each in why if each.key not in known)
