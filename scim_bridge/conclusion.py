"""What a run concludes when the sending is over: conflicts that the target added, and what to remember of each pair."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scim_bridge.apply.engine import Applied
from scim_bridge.model.identity import Kind, Value
from scim_bridge.model.operation import Operation, Outcome
from scim_bridge.model.plan import Bookkeeping, Conflict, Paired, Plan, conflict_key
from scim_bridge.plan.correlate import Matches
from scim_bridge.plan.make import Sides, bookkeeping

Key = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What is so now. counts: what → (source shows, target holds). failed: operations that the next run tries again."""

    conflicts: tuple[Conflict, ...]
    books: Bookkeeping
    counts: Mapping[str, tuple[int, int]]
    failed: int = 0


def conclude(matches: Matches, sides: Sides, fresh: Plan, plan: Plan, applied: Applied | None) -> Conclusion:
    """Sum up a run. fresh: the plan of what was read; plan: the one that was applied, which a saved file may hold.

    applied is None if nothing was sent.
    """
    outcomes = applied.outcomes if applied is not None else ()
    done = {o.id: o for o, outcome in zip(plan.operations, outcomes, strict=False) if outcome.status == "done"}
    refused = [
        _refused(operation, outcome)
        for operation, outcome in zip(plan.operations, outcomes, strict=False)
        if outcome.status == "held"
    ]
    open_now = {conflict.key: conflict for conflict in (*plan.conflicts, *refused)}
    books = _settled(bookkeeping(matches, fresh, sides.directory), fresh.operations, done.values())
    failed = sum(outcome.status in ("failed", "not_sent") for outcome in outcomes)
    return Conclusion(tuple(open_now.values()), books, _counts(sides, done.values()), failed)


def _refused(operation: Operation, outcome: Outcome) -> Conflict:
    """The target refused one operation: its conflict, with the request id to look for."""
    kind = "refused_by_target" if outcome.conflict_kind == "refused" else outcome.conflict_kind
    ids = [f"{operation.resource}:{operation.source_id}", *(m.source_id or "" for m in outcome.refused)]
    subjects = tuple(m.name for m in outcome.refused) or (operation.subject,)
    remedy = "Look in CloudTrail for the request id; AWS says there which attribute it was, then mend it in the source."
    if not outcome.request_id:
        remedy = "Mend it in the source, or on the target."
    return Conflict(conflict_key(kind, ids), kind, subjects, outcome.detail, remedy, outcome.target_id)


def _settled(books: Bookkeeping, planned: Iterable[Operation], done: Iterable[Operation]) -> Bookkeeping:
    """The books with only what is so: a pair whose change did not succeed keeps what was applied before."""
    done = tuple(done)
    landed: dict[Key, dict[str, Value | None]] = {}
    for operation in done:
        if operation.source_id is not None and not operation.members:
            values = landed.setdefault((operation.resource, operation.source_id), {})
            values |= {path: new for path, (_, new) in operation.changes.items()}
    ids = {operation.id for operation in done}
    pending = {(o.resource, o.source_id) for o in planned if not o.members and o.id not in ids}
    return replace(books, paired=tuple(_as_it_is(pair, pending, landed) for pair in books.paired))


def _as_it_is(
    pair: Paired, pending: set[tuple[Kind, str | None]], landed: Mapping[Key, dict[str, Value | None]]
) -> Paired:
    key = (pair.kind, pair.source_id)
    seen = {path: v for path, v in {**pair.seen, **landed.get(key, {})}.items() if v is not None}
    applied = pair.applied
    if key in pending or (applied is None and key in landed):
        applied = None
    return replace(pair, seen=seen, applied=applied)


def _counts(sides: Sides, done: Iterable[Operation]) -> dict[str, tuple[int, int]]:
    done = tuple(done)
    created = {kind: sum(o.kind == kind for o in done) for kind in ("create_user", "create_group")}
    added = sum(len(o.members) for o in done if o.kind == "add_members")
    removed = sum(len(o.members) for o in done if o.kind == "remove_members")
    held = sum(map(len, sides.members.values()))
    shown = sides.directory.counts
    return {
        "users": (shown.users, len(sides.inventory.users) + created["create_user"]),
        "groups": (shown.groups, len(sides.inventory.groups) + created["create_group"]),
        "memberships": (shown.memberships, held + added - removed),
    }
