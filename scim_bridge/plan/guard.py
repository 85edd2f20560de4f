"""Limits a plan must pass before anything is sent (docs/design.md §3.1). A verdict with numbers and the way out.

Each limit has its own base, and holds for one run and over the sliding window, so that many small runs cannot do what
one may not. Up to `floor` affected objects a percentage does not trip, unless they are all there are.

First it is counted what each limit is about, then each operation is marked with what it counts under, for the journal
is what later runs of the window know of this one; then the limits are held against the numbers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import SourceCounts
from scim_bridge.model.operation import Operation, beside, taken_away
from scim_bridge.model.plan import Trip, Verdict
from scim_bridge.model.policy import Limit, Limits
from scim_bridge.plan.decide.group_members import GroupChange
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.lost_zeros import in_words, lost_zeros
from scim_bridge.plan.match.correlate import Match, Matches


@dataclass(frozen=True, slots=True)
class Base:
    """What the percentages are percentages of.

    active_users, users, groups, memberships: managed ones on the target now, what this plan relinks or adopts included.
    links: remembered pairs. shown: what the source shows now; shown_before: in the last applied run, None if there is
    none to compare with. recent: limit → what runs of the window have counted. is_mapping_new: it differs from the last
    applied run's. lost_zeros: for users and for groups, a clause that says that their ids lost leading zeros, or "".
    """

    active_users: int
    users: int
    groups: int
    memberships: int
    links: int
    shown: SourceCounts
    shown_before: SourceCounts | None
    recent: Mapping[str, frozenset[str]] = field(default_factory=dict)
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


def base_of(matches: Matches, sides: Sides, mapping: str) -> Base:
    """Count what is managed now. mapping: a hash of the mapping this plan was made with."""
    known = sides.known
    users = [m.existing for m in matches.users if m.existing is not None and _is_or_becomes_managed(m)]
    groups = [m.existing for m in matches.groups if m.existing is not None and _is_or_becomes_managed(m)]
    return Base(
        sum(existing.is_active for existing in users),
        len(users),
        len(groups),
        sum(len(sides.members.get(existing.target_id, ())) for existing in groups),
        len(known.users) + len(known.groups),
        sides.directory.counts,
        known.counts if known.counts is not None else _shown_by_target(matches),
        known.recent,
        is_mapping_new=bool(known.mapping) and known.mapping != mapping,
        lost_zeros={
            "users": in_words(lost_zeros(matches.users), "users"),
            "groups": in_words(lost_zeros(matches.groups), "groups"),
        },
    )


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


Counted = Mapping[str, frozenset[str]]
"""Limit → what it counts in a plan, as stable names; every limit is there."""


def count(
    operations: Iterable[Operation], matches: Matches, changes: Sequence[GroupChange], *, is_mapping_new: bool
) -> Counted:
    """What each limit is about in this plan."""
    operations = tuple(operations)
    # Counted by situation, not by operation: a link that is found again by name is gone from the target as well.
    gone = frozenset(f"recreate {m.kind} {m.source_id}" for m in matches if m.row.situation == "missing")
    emptied = frozenset(
        f"empty {c.match.existing.target_id}" for c in changes if c.is_emptied and c.match.existing is not None
    )
    remapped = _remapped(operations, matches, is_mapping_new=is_mapping_new)
    return _taken_away(operations) | {"missing": gone, "empty_group": emptied, "mapping_change": remapped}


def marked(operations: tuple[Operation, ...], counted: Counted) -> tuple[Operation, ...]:
    """The operations, each with the limits that count it for what it is about."""
    if not any(counted[limit] for limit in ("missing", "empty_group", "mapping_change")):
        return operations
    return tuple(_marked(operation, counted) for operation in operations)


def _marked(operation: Operation, counted: Counted) -> Operation:
    items = beside(operation.kind, operation.source_id, operation.target_id)
    counts = tuple(limit for limit, item in items.items() if item in counted[limit])
    return replace(operation, counts=counts) if counts else operation


def guard(counted: Counted, base: Base, limits: Limits) -> Verdict:
    """Whether the plan may be applied; if not, every limit it exceeds, each in one sentence."""
    # Users and groups that are deleted are counted apart, each with its own base: thirty groups among ten thousand
    # users would otherwise vanish below one percent.
    checks: list[tuple[str, int, Limit]] = [
        ("deactivate", base.active_users, limits.deactivate),
        ("delete_user", base.users, limits.delete),
        ("delete_group", base.groups, limits.delete),
        ("empty_group", base.groups, limits.delete),
        ("remove_members", base.memberships, limits.remove_members),
        ("missing", base.links, limits.missing),
        ("mapping_change", base.users, limits.mapping_change),
    ]
    trips = [_check(name, counted[name], among, limit, base, limits) for name, among, limit in checks]
    return Verdict((*(trip for trip in trips if trip is not None), *_check_source(base, limits)))


def _taken_away(operations: Iterable[Operation]) -> dict[str, frozenset[str]]:
    """What the limits on taking away count in a plan, as stable names."""
    found: dict[str, set[str]] = defaultdict(set)
    for operation in operations:
        limit, items = taken_away(operation.kind, operation.target_id, (m.target_id for m in operation.members))
        found[limit].update(items)
    return defaultdict(frozenset, {limit: frozenset(items) for limit, items in found.items()})


def _remapped(operations: Iterable[Operation], matches: Matches, *, is_mapping_new: bool) -> frozenset[str]:
    """Users that a changed mapping changes, and those whose source id another one takes over.

    What the old mapping would have said is not known any more, so under a new one every update counts.
    """
    # Source ids that change for everyone look like one leaver and one joiner each. Under `rehire: link` no one would
    # lose access, but a wrong id column could hand accounts to the wrong people, so it has a limit.
    relinked = {m.source_id for m in matches.users if m.by == "rehire" and not m.is_held}
    kinds = ("update_user", "reactivate_user", "deactivate_user") if is_mapping_new else ()
    changed = {o.source_id for o in operations if o.kind in kinds}
    return frozenset(f"change {source_id}" for source_id in relinked | changed if source_id)


_SAID = {
    "deactivate": "{n} of {base} active managed users would be deactivated",
    "delete_user": "{n} of {base} managed users would be deleted",
    "delete_group": "{n} of {base} managed groups would be deleted",
    "empty_group": "{n} of {base} managed groups would lose their last member",
    "remove_members": "{n} of {base} memberships of managed groups would be removed",
    "missing": "{n} of {base} linked users and groups are gone from the target",
    "mapping_change": "{n} of {base} managed users would be changed by the mapping or by a new source id",
}
_LIMIT_OF = {"delete_user": "delete", "delete_group": "delete", "empty_group": "delete"}
_BY_LEAVING = ("deactivate", "delete_user", "delete_group", "empty_group", "remove_members", "mapping_change")
"""What may trip because ids changed, so that those of before seem to have left."""
_OUT_OF_BASE = ("deactivate", "delete_user", "delete_group", "remove_members")
"""What the window's earlier runs have taken away is no longer in the base; what they changed still is."""


def _check(name: str, items: frozenset[str], among: int, limit: Limit, base: Base, limits: Limits) -> Trip | None:
    """Whether these, together with those of the window's earlier runs, are more than the limit allows."""
    # Items have stable names, so what an earlier run of the window has counted and this plan names again (a removal
    # that was undone and returns) is one item, not two.
    earlier = base.recent.get(name, frozenset()) - items
    count, whole = len(items) + len(earlier), among + (len(earlier) if name in _OUT_OF_BASE else 0)
    # A plan that takes nothing of this kind away is never stopped by what earlier runs did: else nothing could be sent
    # until the window had passed, not even a joiner.
    if not items or not exceeds(count, whole, limit, limits.floor):
        return None
    share = f"{100 * count / whole:.1f} %, " if whole and limit.is_percentage else ""
    said = _SAID[name].format(n=f"{len(items):,}", base=f"{whole:,}")
    before = f", after {len(earlier):,} within the last {_hours(limits.window)}" if earlier else ""
    zeros = base.lost_zeros.get("groups" if name.endswith("_group") else "users", "")
    sentence = f"{said}{before} ({share}limit {limit})" + (f"; {zeros}" if zeros and name in _BY_LEAVING else "")
    return Trip(_LIMIT_OF.get(name, name), count, whole, str(limit), sentence, items)


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
    for what in ("users", "groups", "memberships"):
        before, now = getattr(base.shown_before, what), getattr(base.shown, what)
        if before > now and exceeds(before - now, before, limits.shrink_source, limits.floor):
            sentence = (
                f"the source shows {now:,} {what}, {before - now:,} fewer than the {before:,} of the last applied run "
                f"({100 * (before - now) / before:.1f} %, limit {limits.shrink_source})"
            )
            item = f"shrink {what} {now}"
            trips.append(
                Trip("shrink_source", before - now, before, str(limits.shrink_source), sentence, frozenset([item]))
            )
    return trips


def is_approved(verdict: Verdict, approved: Iterable[Trip]) -> bool:
    """Whether all that tripped is among what someone approved; a shrunk source may have grown since."""
    return not not_approved(verdict, approved)


def not_approved(verdict: Verdict, approved: Iterable[Trip]) -> frozenset[str]:
    """What this verdict counts that no approval covers."""
    granted = frozenset(item for trip in approved for item in trip.items)
    # A source that has grown since the approval is nearer to normal, not a new risk; one that shrank further is.
    lowest = {item.split()[1]: int(item.split()[2]) for item in granted if item.startswith("shrink ")}
    return frozenset(
        item for trip in verdict.tripped for item in trip.items if item not in granted and not _grew(item, lowest)
    )


def _grew(item: str, lowest: dict[str, int]) -> bool:
    if not item.startswith("shrink "):
        return False
    _, what, count = item.split()
    return what in lowest and int(count) >= lowest[what]
