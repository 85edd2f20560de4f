"""Who is who: fills the table of pairing.py with what links, externalIds and match attributes find.

It is filled in stages (decisions, links, then externalId, then match attributes) because a resource that an earlier
stage gave to its owner is not a match for a later one, unless the owner gives the value up in this very plan.
"""

from collections import defaultdict
from collections.abc import Mapping

from scim_bridge.model.identity import ACTIVE, EMAILS, EXTERNAL_ID, NAMES
from scim_bridge.model.policy import Rehire
from scim_bridge.model.remembered import Link
from scim_bridge.plan.conflict import rehire_key
from scim_bridge.plan.match.pairing import Pairing, RecordRow

_Claims = dict[str, list[tuple[RecordRow, str]]]
"""Target id → the records that point at it by a match attribute, and by which."""


def find(pairing: Pairing) -> None:
    """Look the links, the externalIds and the match attributes up. Nothing is held yet."""
    _take_decisions(pairing)
    _follow_links(pairing)
    _find_by_external_id(pairing)
    _find_by_name(pairing)
    _leave_out(pairing)


def _take_decisions(pairing: Pairing) -> None:
    """A resource that a person gave to a record is linked to it, and to no one else."""
    links, resources = pairing.links, pairing.resources
    chosen = {
        resolution.target_id: resolution.source_id
        for resolution in pairing.known.resolutions.values()
        if resolution.resource == pairing.kind
        and resolution.decision in ("link", "adopt")
        and resolution.target_id in resources.existing
        and resolution.target_id not in resources.elsewhere
        and resolution.source_id in pairing.by_id
        and not _is_anothers(pairing, resolution.target_id, resolution.source_id)
    }
    links.decided = frozenset(chosen.values())
    for link in links.of.values() if chosen else ():
        newcomer = pairing.by_id.get(chosen.get(link.target_id, ""))
        if newcomer is not None and _has_returned(pairing, newcomer, link):
            newcomer.returned = link
    kept = {
        source_id: link
        for source_id, link in links.of.items()
        if source_id not in links.decided and link.target_id not in chosen
    }
    links.of = kept | {
        source_id: Link(kind=pairing.kind, source_id=source_id, target_id=target_id)
        for target_id, source_id in chosen.items()
    }
    _take_leavers(pairing)


def _is_anothers(pairing: Pairing, target_id: str, source_id: str) -> bool:
    """Another record in scope has this resource, by a link or by its externalId: no one can give it away."""
    links, by_id = pairing.links.of, pairing.by_id
    marked = pairing.resources.existing[target_id].external_id
    if marked in by_id and marked != source_id:
        return marked not in links or links[marked].target_id == target_id
    linked = (link.source_id for link in links.values() if link.target_id == target_id)
    return any(other in by_id and other != source_id for other in linked)


def _has_returned(pairing: Pairing, newcomer: RecordRow, left: Link) -> bool:
    """Someone who has left is this newcomer, as a person answered."""
    answer = pairing.known.resolutions.get(rehire_key(newcomer.desired, left.target_id))
    return left.source_id not in pairing.by_id and answer is not None and answer.decision == "link"


def _take_leavers(pairing: Pairing) -> None:
    """Users who left while the state was lost, as a person decided: departed, as if a link had said so."""
    links, resources = pairing.links, pairing.resources
    linked = {link.target_id for link in links.of.values()}
    for resolution in pairing.known.resolutions.values():
        target_id = resolution.target_id
        is_leaver = (resolution.resource, resolution.decision, resolution.source_id) == (pairing.kind, "source", "")
        if not is_leaver or target_id not in resources.existing or target_id in linked | resources.elsewhere:
            continue
        link = links.aside.get(target_id)
        source_id = link.source_id if link is not None else resources.existing[target_id].external_id
        if source_id and source_id not in pairing.by_id and source_id not in links.of:
            links.of = {
                **links.of,
                source_id: link or Link(kind=pairing.kind, source_id=source_id, target_id=target_id),
            }
            links.decided_left.add(target_id)


def _follow_links(pairing: Pairing) -> None:
    resources = pairing.resources
    for source_id, link in pairing.links.of.items():
        if link.target_id not in resources.existing:
            continue
        resources.owner[link.target_id] = source_id
        row = pairing.by_id.get(source_id)
        if row is not None:
            pairing.pair(row, link.target_id, "decision" if source_id in pairing.links.decided else "link")
            row.is_protected = row.is_protected or link.target_id in resources.protected


def _find_by_external_id(pairing: Pairing) -> None:
    for row in pairing.rows:
        if row.target_id is not None or not row.desired.source_id:
            continue
        hits = pairing.values.holding(EXTERNAL_ID, row.desired.attributes.get(EXTERNAL_ID))
        if hits:
            _choose(pairing, row, dict.fromkeys(hits, EXTERNAL_ID))
            pairing.by_external_id += row.target_id is not None


def _find_by_name(pairing: Pairing) -> None:
    claims: _Claims = defaultdict(list)
    unpaired = [row for row in pairing.rows if row.target_id is None and row.column == "nothing"]
    sound = [row for row in unpaired if row.desired.is_valid and row.desired.source_id]
    for row in unpaired:
        if not row.desired.is_valid or not row.desired.source_id:
            resources = pairing.resources
            free = (t for t in row.desired.may_be if t in resources.existing and t not in resources.owner)
            _shield(pairing, row, dict.fromkeys(free, EXTERNAL_ID) | _hits(pairing, row))
    for row in sound:
        hits = _hits(pairing, row)
        if hits:
            _choose(pairing, row, hits, claims)
    for target_id, claimants in claims.items():
        if len(claimants) == 1:
            row, path = claimants[0]
            pairing.pair(row, target_id, "rehire" if target_id in pairing.resources.owner else path)
            continue
        for row, _ in claimants:
            row.column = "contested"


def _leave_out(pairing: Pairing) -> None:
    """An inactive record without a resource claims nothing, where the policy creates no user for it."""
    if pairing.terms.policy.create_inactive:
        return
    for row in pairing.rows:
        is_absent = row.target_id is None and row.column == "nothing"
        if is_absent and row.desired.is_valid and row.desired.attributes.get(ACTIVE) is False:
            row.column = "unwanted"


def _hits(pairing: Pairing, row: RecordRow) -> dict[str, str]:
    """Resources that a record points at by a match attribute, or by the name or email of someone who has left."""
    match, values, attributes = pairing.terms.match[pairing.kind], pairing.values, row.desired.attributes
    left = {
        hit: path
        for path in (EMAILS, NAMES[pairing.kind])
        if path not in match and path in values.holders
        for hit in values.holding(path, attributes.get(path))
        if _has_left(pairing, hit)
    }
    return left | {hit: path for path in reversed(match) for hit in values.holding(path, attributes.get(path))}


def _has_left(pairing: Pairing, target_id: str) -> bool:
    """This resource's record is gone or out of scope, and no broken record may be it."""
    owner = pairing.resources.owner.get(target_id)
    return owner is not None and owner not in pairing.by_id and target_id not in pairing.resources.shielded


def _rehire(pairing: Pairing, row: RecordRow, target_id: str) -> Rehire:
    resolution = pairing.known.resolutions.get(rehire_key(row.desired, target_id))
    if resolution is not None and resolution.decision in ("link", "separate"):
        return "link" if resolution.decision == "link" else "separate"
    return pairing.terms.policy.rehire


def _choose(pairing: Pairing, row: RecordRow, hits: Mapping[str, str], claims: _Claims | None = None) -> None:
    """Sort out the resources a record points at: protected, free, taken, or given up by their owner."""
    resources = pairing.resources
    if any(hit in resources.protected for hit in hits):
        row.is_protected = True
        return
    free: list[str] = []
    taken: list[str] = []
    for hit, path in hits.items():
        if pairing.gives_up(resources.owner.get(hit), path, row.desired.attributes[path]):
            continue
        has_left = _has_left(pairing, hit) and path != EXTERNAL_ID
        if has_left and not row.may_change:
            continue  # nothing will be done about this record, so the leaver would never be deactivated
        how = _rehire(pairing, row, hit) if has_left else None
        if how == "separate":
            pairing.links.separated.add(resources.owner[hit])
            continue
        if how == "ask":
            row.asked = hit
        is_owned = (hit in resources.owner and how != "link") or hit in resources.elsewhere
        (taken if is_owned else free).append(hit)
    row.candidates = row.candidates.union(free, taken)
    resources.pointed_at.update(free)
    if len(free) + len(taken) > 1:
        row.column = "several"
    elif taken:
        row.column = "taken"
    elif free and claims is None:
        pairing.pair(row, free[0], hits[free[0]])
    elif free and claims is not None:
        claims[free[0]].append((row, hits[free[0]]))


def _shield(pairing: Pairing, row: RecordRow, hits: Mapping[str, str]) -> None:
    """A record that lost its id still names a resource: it is held with the record and never taken for departed."""
    resources = pairing.resources
    for hit, path in hits.items():
        if pairing.gives_up(resources.owner.get(hit), path, row.desired.attributes[path]):
            continue
        row.candidates |= {hit}
        resources.pointed_at.add(hit)
        if resources.owner.get(hit) not in pairing.by_id:
            resources.shielded[hit] = row
