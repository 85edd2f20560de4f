"""What the target holds: as it is read now, or as it was last seen where that is young enough (docs/design.md §6.8).

Between verifying runs the target is not read: each answered write is added to what was last seen. Only what was
left in doubt by an unclean end is looked at again (docs/design.md §6.4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from scim_bridge.model.doubt import Doubt
from scim_bridge.model.identity import (
    EXTERNAL_ID,
    KINDS,
    Directory,
    Existing,
    Inventory,
    Kind,
    Members,
    Notice,
    TargetKey,
)
from scim_bridge.model.own_write import Pair
from scim_bridge.model.protocol import Progress
from scim_bridge.model.remembered import Remembered
from scim_bridge.model.run import OperationRecord
from scim_bridge.model.source import Memory, SourceReading
from scim_bridge.plan.decide.group_members import unwanted
from scim_bridge.plan.kept_back import with_due
from scim_bridge.plan.match.correlate import Matches
from scim_bridge.plan.plan_file import from_document
from scim_bridge.run.bridge import Bridge
from scim_bridge.run.listing import FEW, Found, ask_all, read_members, read_settled, with_again
from scim_bridge.state.reader import StateReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The target as a run takes it to be. at: when it was last read in full; is_whole: by this run. now: of the run.

    again: what was looked at again, None for what is gone. members: of the groups that were asked for; read_now: those
    of them that the target was asked about in this run; lacking: memberships that its answer did not show yet.
    doubts: writes of earlier runs without a good answer, which can be looked at now. presumed: linked ones that are
    presumed gone (listing.py), which must be asked for before anything is written. compared: the groups of which all
    members are here, None for all groups of members.
    """

    inventory: Inventory
    at: datetime
    is_whole: bool
    now: datetime
    again: Found = field(default_factory=dict)
    members: Members = field(default_factory=dict)
    read_now: frozenset[str] = frozenset()
    lacking: frozenset[Pair] = frozenset()
    doubts: tuple[Doubt, ...] = ()
    presumed: frozenset[TargetKey] = frozenset()
    compared: frozenset[str] | None = None


def knowledge(
    bridge: Bridge, reader: StateReader, now: datetime, *, is_asked: bool = False, with_links: bool = True
) -> Remembered:
    """What earlier runs left behind, as far as this connection's policy asks for it.

    After a lost or restored state, remembered members count only once a run about the whole directory has ended.
    is_asked: a person named these identities, so what the target refused of them is sent again at once. with_links:
    else without links and memberships, for who looks up the few that are wanted.
    """
    known = reader.known(bridge.name, bridge.endpoint, now - bridge.policy.limits.window, with_links=with_links)
    known = with_due(known, bridge.mapping_key, now, is_asked=is_asked)
    # By `verify` and not by `every`: what others change is seen, and set back, once in each whole reading only.
    repaired = reader.repairs(bridge.name, bridge.endpoint, now - bridge.verify.repairs_within)
    known = replace(known, earlier=replace(known.earlier, repaired=repaired))
    if bridge.policy.drift == "report" and with_links:
        is_told = not known.is_fresh or known.earlier.counts is not None
        known = replace(known, memberships=reader.members(bridge.endpoint, None, ours=True) if is_told else {})
    return known


def is_verification_due(bridge: Bridge, reader: StateReader, age: timedelta) -> bool:
    """Whether a whole reading of the target is so old that everything is read again."""
    shortest, longest = bridge.verify.bounds
    # What a reading costs is counted over all memberships, so only where the answer depends on it.
    if not shortest <= age < longest:
        return age >= longest
    capabilities, cost = bridge.target.capabilities, reader.reading_cost(bridge.name, bridge.endpoint)
    return age >= bridge.verify.every(cost.requests(capabilities.page, shows_members=capabilities.shows_members))


def recollect(bridge: Bridge, reader: StateReader, now: datetime) -> Memory | None:
    """What the source remembers, unless it is time to read it whole again."""
    return reader.source_memory(bridge.name, bridge.source.key, now - bridge.verify.source_every)


def said_why_whole(source: SourceReading) -> SourceReading:
    """The same, with a warning if everything had to be read although only changes were wanted."""
    if source.learned is None or not source.learned.reason:
        return source
    detail = f"the whole source was read, because {source.learned.reason}"
    warnings = (*source.snapshot.warnings, Notice("read_in_full", "source", detail))
    return replace(source, snapshot=replace(source.snapshot, warnings=warnings))


def observe(
    bridge: Bridge,
    reader: StateReader,
    known: Remembered,
    now: datetime,
    progress: Progress,
    *,
    in_full: bool,
    looked: Found | None = None,
) -> Observed:
    """Users and groups of the target. in_full: read it whatever is known. looked: what this run has looked at already,
    None if it has asked the target nothing yet."""
    last = reader.last_reading(bridge.name, bridge.endpoint)
    in_doubt = reader.doubtful(bridge.name, bridge.endpoint)
    is_due = in_full or last is None or is_verification_due(bridge, reader, now - last)
    if last is None or is_due or len(in_doubt) > FEW:  # a reading brings a hundred a request
        listed = read_settled(bridge, reader, known, now, progress)
        doubts = doubts_of(in_doubt, known, listed.inventory)
        return Observed(
            inventory=listed.inventory, at=now, is_whole=True, now=now, doubts=doubts, presumed=listed.presumed
        )
    if looked is None:
        bridge.target.check()  # a token that has died is found out now, not with the first revocation
    # Few are looked at by id; of many, a whole reading brings a hundred in one request (above).
    again = dict(looked) if looked is not None else look_at_doubtful(bridge, in_doubt, known)
    seen = with_again(reader.inventory(bridge.endpoint), again)
    doubts = doubts_of(in_doubt, known, seen)
    return Observed(inventory=seen, at=last, is_whole=False, now=now, again=again, doubts=doubts)


def look_at_doubtful(
    bridge: Bridge, in_doubt: Iterable[OperationRecord], known: Remembered
) -> dict[TargetKey, Existing | None]:
    """What writes in doubt have touched, as the target shows it now."""
    again: dict[TargetKey, Existing | None] = {}
    for record in in_doubt:
        again |= _look_again(bridge, record, known)
    return again


def asked_for(bridge: Bridge, reader: StateReader, observed: Observed, progress: Progress) -> Observed:
    """The same, after each resource that was presumed gone was asked for by id."""
    found = ask_all(bridge, reader, observed.presumed, progress)
    return replace(observed, inventory=with_again(observed.inventory, found), presumed=frozenset())


def doubts_of(records: Sequence[OperationRecord], known: Remembered, inventory: Inventory) -> tuple[Doubt, ...]:
    """Writes in doubt, each with its resource: by the journal, by the link that a create left, or by its externalId."""
    shown = ((kind, resource) for kind in KINDS for resource in inventory.of(kind).values())
    marked = {(kind, r.external_id): r.target_id for kind, r in shown if r.external_id} if records else {}
    found = []
    for record in records:
        operation = from_document(record.document)
        link = known.of(operation.resource).get(operation.source_id or "")
        there = link.target_id if link is not None else marked.get((operation.resource, operation.source_id or ""), "")
        target_id = record.target_id or operation.target_id or there
        found.append(Doubt(record.run_id, operation, target_id, record.sent_at or datetime.min.replace(tzinfo=UTC)))
    return tuple(found)


def with_members(
    bridge: Bridge, reader: StateReader, observed: Observed, group_ids: Iterable[str], progress: Progress
) -> Observed:
    """The same with the members of these groups: read now where the groups were, or were never read before."""
    wanted = dict.fromkeys(group_ids)
    stored = {} if observed.is_whole else reader.members(bridge.endpoint, wanted)
    # A group that was in doubt is read again, since its members are in doubt with it.
    known = {group_id: users for group_id, users in stored.items() if ("group", group_id) not in observed.again}
    known |= {group_id: users for group_id, users in observed.members.items() if group_id in wanted}
    unknown = [group_id for group_id in wanted if group_id not in known]
    read, lacking = read_members(bridge, reader, unknown, observed.inventory.users, now=observed.now, progress=progress)
    read_now = observed.read_now | frozenset(unknown)
    return replace(observed, members={**known, **read}, read_now=read_now, lacking=observed.lacking | lacking)


def is_confirmed(bridge: Bridge, observed: Observed, matches: Matches, desired: Directory) -> bool:
    """Before what a filter showed may remove anyone, one member is asked for in another way (docs/design.md §6.9)."""
    # What was not read in this run was checked when it was read. Most runs read no members, and have nothing to look
    # through here.
    if not observed.read_now:
        return True
    read_now = {group: users for group, users in observed.members.items() if group in observed.read_now}
    for group_id, user_id in unwanted(matches, desired, read_now):
        if (group_id, user_id) not in observed.lacking:  # what our own fresh write says, the filter may not show yet
            return bridge.target.confirms(group_id, user_id)
    return True


def without_members(observed: Observed) -> Observed:
    """The same as if no members had been asked for yet, so that they are asked for again."""
    return replace(observed, members={}, read_now=frozenset(), lacking=frozenset())


def _look_again(bridge: Bridge, record: OperationRecord, known: Remembered) -> dict[TargetKey, Existing | None]:
    """What an operation has touched, as the target shows it now.

    A resource that had no id yet when the operation was planned is found by the link that its creation has left; one
    whose creation was not answered either is looked for by its externalId.
    """
    kind: Kind = "user" if record.kind.endswith("_user") else "group"
    source_id = record.document["source_id"] or ""
    link = known.of(kind).get(source_id)
    target_id = record.target_id or (link.target_id if link is not None else None)
    if target_id is not None:
        return {TargetKey(kind, target_id): bridge.target.get(kind, target_id)}
    external_id = record.document.get("changes", {}).get(EXTERNAL_ID, [None, source_id])[1]
    found = bridge.target.find(kind, EXTERNAL_ID, external_id) if external_id else None
    return {found.key: found} if found is not None else {}
