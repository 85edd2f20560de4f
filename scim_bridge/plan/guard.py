"""Limits a plan must pass before anything is sent (design.md §3, *limits*). A verdict with numbers and the way out.

Each limit has its own base. Up to `floor` affected objects a percentage does not trip, unless they are all there are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import Members, SourceCounts
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Trip, Verdict
from scim_bridge.model.policy import Limit, Limits
from scim_bridge.plan.correlate import Match, Matches
from scim_bridge.plan.membership import GroupChange


@dataclass(frozen=True, slots=True)
class Base:
    """What the percentages are percentages of.

    active_users, groups, memberships: managed ones on the target now, what this plan relinks or adopts included.
    shown: what the source shows now; shown_before: in the last applied run, None if there is none to compare with.
    """

    active_users: int
    groups: int
    memberships: int
    shown: SourceCounts
    shown_before: SourceCounts | None


def refuse_empty(counts: SourceCounts) -> None:
    """A source without any user is never believed, and cannot be approved. Raises SourceUnreadable."""
    if counts.users == 0:
        raise SourceUnreadable(
            "the source shows no user at all, so nothing was changed",
            "Look at the export; an empty directory is never applied.",
        )


def base_of(matches: Matches, members: Members, shown: SourceCounts, shown_before: SourceCounts | None) -> Base:
    """Count what is managed now."""
    groups = [m for m in matches.groups if _is_or_becomes_managed(m)]
    return Base(
        sum(m.existing.is_active for m in matches.users if m.existing is not None and _is_or_becomes_managed(m)),
        len(groups),
        sum(len(members.get(m.existing.target_id, ())) for m in groups if m.existing is not None),
        shown,
        shown_before if shown_before is not None else _shown_by_target(matches),
    )


def _is_or_becomes_managed(match: Match) -> bool:
    return match.existing is not None and (match.is_managed or (match.row.action == "adopt" and not match.is_held))


def _shown_by_target(matches: Matches) -> SourceCounts | None:
    """Without state, what the target still remembers of us stands in for the last run: who is active and bears an id.

    So a source that shrank while the state was lost is refused as it would have been with it.
    """
    if not matches.is_relinking:
        return None
    marked = [m.existing for m in matches.users if m.existing is not None and m.existing.external_id]
    groups = sum(1 for m in matches.groups if m.existing is not None and m.existing.external_id)
    return SourceCounts(sum(existing.is_active for existing in marked), groups, 0)


def guard(operations: Iterable[Operation], changes: Sequence[GroupChange], base: Base, limits: Limits) -> Verdict:
    """Whether the plan may be applied; if not, every limit it exceeds, each in one sentence."""
    operations = tuple(operations)
    leaving = frozenset(f"deactivate {o.target_id}" for o in operations if o.kind == "deactivate_user")
    removed = frozenset(
        f"remove {m.target_id} from {o.target_id}" for o in operations if o.kind == "remove_members" for m in o.members
    )
    emptied = frozenset(
        f"empty {c.match.existing.target_id}" for c in changes if c.is_emptied and c.match.existing is not None
    )
    checks = [
        _check("deactivate", leaving, base.active_users, limits.deactivate, limits.floor),
        _check("delete", emptied, base.groups, limits.delete, limits.floor),
        _check("remove_members", removed, base.memberships, limits.remove_members, limits.floor),
        *_check_source(base, limits),
    ]
    return Verdict(tuple(trip for trip in checks if trip is not None))


_SAID = {
    "deactivate": "{n} of {base} active managed users would be deactivated",
    "delete": "{n} of {base} managed groups would lose their last member",
    "remove_members": "{n} of {base} memberships of managed groups would be removed",
}


def _check(name: str, items: frozenset[str], base: int, limit: Limit, floor: int) -> Trip | None:
    if not exceeds(len(items), base, limit, floor):
        return None
    share = f"{100 * len(items) / base:.1f} %, " if base and limit.is_percentage else ""
    sentence = f"{_SAID[name].format(n=f'{len(items):,}', base=f'{base:,}')} ({share}limit {limit})"
    return Trip(name, len(items), base, str(limit), sentence, items)


def exceeds(count: int, base: int, limit: Limit, floor: int) -> bool:
    """Whether this many of base are more than the limit allows."""
    if not limit.is_percentage:
        return count > limit.value
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
    """Whether all that tripped is among what somebody approved; a shrunk source may have grown since."""
    return not not_approved(verdict, approved)


def not_approved(verdict: Verdict, approved: Iterable[Trip]) -> frozenset[str]:
    """What this verdict counts that no approval covers."""
    granted = frozenset(item for trip in approved for item in trip.items)
    lowest = {item.split()[1]: int(item.split()[2]) for item in granted if item.startswith("shrink ")}
    return frozenset(
        item for trip in verdict.tripped for item in trip.items if item not in granted and not _grew(item, lowest)
    )


def _grew(item: str, lowest: dict[str, int]) -> bool:
    if not item.startswith("shrink "):
        return False
    _, what, count = item.split()
    return what in lowest and int(count) >= lowest[what]
