"""Limits a plan must pass before anything is sent (docs/design.md §3.1). A verdict with numbers and the way out.

Each limit has its own base, and holds for one run and over the sliding window, so that many small runs cannot do what
one may not. Up to `floor` affected objects a percentage does not trip, unless they are all there are.

First it is counted what each limit is about, then each operation is marked with what it counts under, for the journal
is what later runs of the window know of this one; then the limits are held against the numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.effect import SHOWN, Changed, Effect, Lost, Recreated, Shown, Shrunk, by_circumstance, by_itself
from scim_bridge.model.identity import SourceCounts
from scim_bridge.model.limit import COUNTERS, CounterName, CounterRow, Limit, Limits
from scim_bridge.model.operation import Operation
from scim_bridge.model.operation_kind import OPERATION_KINDS
from scim_bridge.model.plan import Trip, Verdict
from scim_bridge.model.wording import counted as with_noun
from scim_bridge.plan.decide.group_members import GroupChange
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.lost_zeros import in_words, lost_zeros
from scim_bridge.plan.match.correlate import Match, Matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What the percentages are percentages of.

    active_users, users, groups, memberships: managed ones on the target now, what this plan relinks or adopts included.
    links: remembered pairs. shown: what the source shows now; shown_before: in the last applied run, None if there is
    none to compare with. recent: what runs of the window have done, by counter. is_mapping_new: it differs from the
    last applied run's. lost_zeros: for users and for groups, a clause that says that their ids lost leading zeros, or
    "".
    """

    active_users: int
    users: int
    groups: int
    memberships: int
    links: int
    shown: SourceCounts
    shown_before: SourceCounts | None
    recent: Mapping[CounterName, frozenset[Effect]] = field(default_factory=dict)
    is_mapping_new: bool = False
    lost_zeros: Mapping[str, str] = field(default_factory=dict)


def refuse_empty(counts: SourceCounts) -> None:
    """A source without any user is never believed, and cannot be approved. Raises SourceUnreadable."""
    # Not a limit: a limit can be raised or approved. An approval given in haste for an empty export would deactivate
    # everyone, and there is no directory for which that is right.
    if counts.users == 0:
        raise SourceUnreadable(
            "the source shows no user at all, so nothing was changed",
            "Look at the export; an empty directory is never applied.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """How many managed ones there are beside those that a plan has loaded. links: remembered pairs."""

    active_users: int = 0
    users: int = 0
    groups: int = 0
    memberships: int = 0
    links: int = 0


NO_OTHERS = Others()


def base_of(matches: Matches, sides: Sides, mapping: str, others: Others = NO_OTHERS) -> Base:
    """Count what is managed now. mapping: a hash of the mapping this plan was made with."""
    known = sides.known
    users = [m.existing for m in matches.users if m.existing is not None and _is_or_becomes_managed(m)]
    groups = [m.existing for m in matches.groups if m.existing is not None and _is_or_becomes_managed(m)]
    return Base(
        active_users=others.active_users + sum(existing.is_active for existing in users),
        users=others.users + len(users),
        groups=others.groups + len(groups),
        memberships=others.memberships + sum(_size(sides, existing.target_id) for existing in groups),
        links=others.links + len(known.users) + len(known.groups),
        shown=sides.directory.counts,
        shown_before=known.earlier.counts if known.earlier.counts is not None else _shown_by_target(matches),
        recent=known.earlier.recent,
        is_mapping_new=known.earlier.mapping not in ("", mapping),
        lost_zeros={
            "users": in_words(lost_zeros(matches.users), "users"),
            "groups": in_words(lost_zeros(matches.groups), "groups"),
        },
    )


def _size(sides: Sides, group_id: str) -> int:
    return sides.sizes.get(group_id, len(sides.members.get(group_id, ())))


def is_counted(operations: Iterable[Operation], matches: Matches) -> bool:
    """Whether any limit is about what this plan does, so that its bases must be known."""
    by_kind = (OPERATION_KINDS[operation.kind].counter or operation.counts for operation in operations)
    return any(by_kind) or any(m.row.situation == "missing" for m in matches)


def _is_or_becomes_managed(match: Match) -> bool:
    # What this plan takes over belongs to the base. On a first run nothing is managed yet, and a share of nothing would
    # trip at the first deactivation.
    return match.existing is not None and (match.is_managed or (match.row.action == "adopt" and not match.is_held))


def _shown_by_target(matches: Matches) -> SourceCounts | None:
    """Without state, what the target still remembers of us stands in for the last run: who is active and has an id.

    So a source that shrank while the state was lost is refused as it would have been with it.
    """
    if not matches.is_relinking:
        return None
    marked = [m.existing for m in matches.users if m.existing is not None and m.existing.external_id]
    groups = sum(1 for m in matches.groups if m.existing is not None and m.existing.external_id)
    return SourceCounts(sum(existing.is_active for existing in marked), groups, 0)


Counted = Mapping[CounterName, frozenset[Effect]]
"""What is counted in a plan; every counter is there."""


def count(
    operations: Iterable[Operation], matches: Matches, changes: Sequence[GroupChange], *, is_mapping_new: bool
) -> Counted:
    """What each limit is about in this plan."""
    operations = tuple(operations)
    # Counted by situation, not by operation: a link that is found again by name is gone from the target as well.
    gone = frozenset(Recreated(m.key) for m in matches if m.row.situation == "missing")
    emptied = frozenset(
        Lost("empty", c.match.existing.target_id) for c in changes if c.is_emptied and c.match.existing is not None
    )
    remapped = _remapped(operations, matches, is_mapping_new=is_mapping_new)
    return _by_themselves(operations) | {"missing": gone, "empty_group": emptied, "mapping_change": remapped}


def marked(operations: tuple[Operation, ...], counted: Counted) -> tuple[Operation, ...]:
    """The operations, each with the limits that count it for what it is about."""
    if not any(counted[counter] for counter in ("missing", "empty_group", "mapping_change")):
        return operations
    return tuple(_marked(operation, counted) for operation in operations)


def _marked(operation: Operation, counted: Counted) -> Operation:
    possible = by_circumstance(operation.kind, operation.source_id, operation.target_id)
    counts = tuple(counter for counter, effect in possible.items() if effect in counted[counter])
    return replace(operation, counts=counts) if counts else operation


def guard(counted: Counted, base: Base, limits: Limits) -> Verdict:
    """Whether the plan may be applied; if not, every limit it exceeds, each in one sentence."""
    # Users and groups that are deleted are counted apart, each with its own base: thirty groups among ten thousand
    # users would otherwise vanish below one percent.
    trips = [_check(counter, counted[counter], base, limits) for counter in COUNTERS]
    return Verdict((*(trip for trip in trips if trip is not None), *_check_source(base, limits)))


def _by_themselves(operations: Iterable[Operation]) -> dict[CounterName, frozenset[Effect]]:
    """What each operation counts, whatever it is about."""
    found: dict[CounterName, set[Effect]] = {counter: set() for counter in COUNTERS}
    for operation in operations:
        counted = by_itself(operation.kind, operation.target_id, (m.target_id for m in operation.members))
        if counted is not None:
            found[counted[0]].update(counted[1])
    return {counter: frozenset(effects) for counter, effects in found.items()}


def _remapped(operations: Iterable[Operation], matches: Matches, *, is_mapping_new: bool) -> frozenset[Effect]:
    """Users that a changed mapping changes, and those whose source id another one takes over.

    What the old mapping would have said is not known any more, so under a new one every update counts.
    """
    # Source ids that change for everyone look like one leaver and one joiner each. Under `rehire: link` no one would
    # lose access, but a wrong id column could hand accounts to the wrong people, so it has a limit.
    relinked = {m.source_id for m in matches.users if m.by == "rehire" and not m.is_held}
    kinds = ("update_user", "reactivate_user", "deactivate_user") if is_mapping_new else ()
    changed = {o.source_id for o in operations if o.kind in kinds}
    return frozenset(Changed(source_id) for source_id in relinked | changed if source_id)


def _check(counter: CounterName, effects: frozenset[Effect], base: Base, limits: Limits) -> Trip | None:
    row = COUNTERS[counter]
    zeros = base.lost_zeros.get(row.of, "") if row.follows_from_ids else ""
    earlier = base.recent.get(counter, frozenset())
    found = check(row, effects, earlier, getattr(base, row.base), limits)
    return replace(found, sentence=f"{found.sentence}; {zeros}") if found is not None and zeros else found


def check(
    row: CounterRow, effects: frozenset[Effect], earlier: frozenset[Effect], of: int, limits: Limits
) -> Trip | None:
    """Whether these, together with those of the window's earlier runs, are more than the limit allows.

    of: what a percentage is a percentage of.
    """
    limit: Limit | None = getattr(limits, row.limit)
    # Items have stable names, so what an earlier run of the window has counted and this plan names again (a removal
    # that was undone and returns) is one item, not two.
    earlier = earlier - effects
    count = len(effects) + len(earlier)
    whole = of + (len(earlier) if row.leaves_base else 0)
    # A plan that takes nothing of this kind away is never stopped by what earlier runs did: else nothing could be sent
    # until the window had passed, not even a joiner.
    if not effects or limit is None or not exceeds(count, whole, limit, limits.floor):
        return None
    share = f"{100 * count / whole:.1f} %, " if whole and limit.is_percentage else ""
    said = row.said.format(n=f"{len(effects):,}", base=f"{whole:,}")
    before = f", after {len(earlier):,} within the last {_hours(limits.window)}" if earlier else ""
    sentence = f"{said}{before} ({share}limit {limit})"
    return Trip(limit=row.limit, counted=count, base=whole, allowed=str(limit), sentence=sentence, effects=effects)


def _hours(window: timedelta) -> str:
    return f"{window.total_seconds() / 3600:g} h"


def exceeds(count: int, base: int, limit: Limit, floor: int) -> bool:
    """Whether this many of base are more than the limit allows."""
    if not limit.is_percentage:
        return count > limit.value
    # `floor` is for small bases, where one leaver is 10 %. But all there are is never few: the last administrator must
    # not leave unseen.
    return count * 100 > limit.value * base and (count > floor or count >= base)


def _check_source(base: Base, limits: Limits) -> list[Trip]:
    if base.shown_before is None:
        return []
    trips = []
    for what in SHOWN:
        before, now = getattr(base.shown_before, what), getattr(base.shown, what)
        if before > now and exceeds(before - now, before, limits.shrink_source, limits.floor):
            sentence = (
                f"the source shows {with_noun(now, what.removesuffix('s'))}, {before - now:,} fewer than the {before:,}"
                f" of the last applied run ({100 * (before - now) / before:.1f} %, limit {limits.shrink_source})"
            )
            allowed, effect = str(limits.shrink_source), Shrunk(what, now)
            trips.append(
                Trip(
                    limit="shrink_source",
                    counted=before - now,
                    base=before,
                    allowed=allowed,
                    sentence=sentence,
                    effects=frozenset([effect]),
                )
            )
    return trips


def is_approved(verdict: Verdict, approved: Iterable[Trip]) -> bool:
    """Whether all that tripped is among what someone approved; a shrunk source may have grown since."""
    return not not_approved(verdict, approved)


def not_approved(verdict: Verdict, approved: Iterable[Trip]) -> frozenset[Effect]:
    """What this verdict counts that no approval covers."""
    granted = frozenset(effect for trip in approved for effect in trip.effects)
    # A source that has grown since the approval is nearer to normal, not a new risk; one that shrank further is.
    lowest = {effect.what: effect.left for effect in granted if isinstance(effect, Shrunk)}
    counted = {effect for trip in verdict.tripped for effect in trip.effects}
    return frozenset(effect for effect in counted - granted if not _has_grown(effect, lowest))


def _has_grown(effect: Effect, lowest: Mapping[Shown, int]) -> bool:
    """A source that shows more than the one that was approved is approved, too."""
    return isinstance(effect, Shrunk) and effect.what in lowest and effect.left >= lowest[effect.what]
