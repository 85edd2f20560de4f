"""What a run concludes when the sending is over: conflicts that the target added, and what to remember of each pair."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from scim_bridge.apply.engine import Applied
from scim_bridge.errors import EndpointDown
from scim_bridge.model.identity import Kind
from scim_bridge.model.operation import Operation, Outcome
from scim_bridge.model.plan import SUMMARY, Bookkeeping, Conflict, Paired, Plan
from scim_bridge.plan.correlate import Matches
from scim_bridge.plan.make import bookkeeping, sort_out
from scim_bridge.plan.refusal import Ended, answered, told
from scim_bridge.plan.sides import Sides

Key = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What is so now. counts: what → (source shows, target holds). failed: operations that the next run tries again.

    summary: what was done, by the keys of a plan's summary, with those that were held and those that failed.
    has_tried: everything was sent that could be, so a refusal of an earlier run that did not come again is over.
    settled: what the target refused of that which is sent in every run, where a person decided to leave it so.
    """

    conflicts: tuple[Conflict, ...]
    books: Bookkeeping
    counts: Mapping[str, tuple[int, int]]
    failed: int = 0
    summary: Mapping[str, int] = field(default_factory=dict)
    has_tried: bool = False
    settled: tuple[Conflict, ...] = ()


def conclude(
    matches: Matches,
    sides: Sides,
    plan_now: Plan,
    plan_applied: Plan,
    applied: Applied | None,
    only: Container[Key] | None = None,
) -> Conclusion:
    """Sum up a run. plan_now: of what was read; plan_applied: what was sent, which a saved file may hold.

    applied is None if nothing was sent. only: the identities it was about, None for all.
    """
    outcomes = applied.outcomes if applied is not None else ()
    ended = list(zip(plan_applied.operations, outcomes, strict=False))
    refused = told(_about_one(applied, ended), matches)
    opened, settled = sort_out((t.conflict for t in refused if t.remembered is None), sides.known)
    again = [
        t for t in refused if t.remembered is not None
    ]  # it was sent once more: what was decided before is used up
    open_now = {c.key: c for c in (*plan_now.conflicts, *opened, *(t.conflict for t in again))}
    books = _without(sides.known.aside, matches, bookkeeping(matches, plan_now, sides.directory))
    if only is not None:
        mine = tuple(pair for pair in books.paired if (pair.kind, pair.source_id) in only)
        books = replace(books, paired=mine, forgotten=tuple(key for key in books.forgotten if key in only))
    superseded = applied.superseded if applied is not None else frozenset()
    books = replace(books, paired=tuple(p for p in books.paired if (p.kind, p.source_id) not in superseded))
    books = replace(
        _as_it_is(books, plan_now.operations, ended),
        refusals=tuple(t.remembered for t in again if t.remembered is not None),
        answered=answered(sides.known, ended),
    )
    earlier = applied.earlier if applied is not None else frozenset()
    new = [(o, outcome) for o, outcome in ended if outcome.status == "done" and o.id not in earlier]
    failed = sum(outcome.status in ("failed", "not_sent") for outcome in outcomes)
    return Conclusion(
        tuple(open_now.values()),
        books,
        _counts(sides, new),
        failed,
        _done((pair for pair in ended if pair[0].id not in earlier), held=plan_applied.held, failed=failed),
        applied is not None and applied.has_ended,
        settled,
    )


def _without(aside: frozenset[Key], matches: Matches, books: Bookkeeping) -> Bookkeeping:
    """Links that were set aside, and whose record is not there, are over: what they named is listed instead."""
    over = aside - {(match.kind, match.source_id) for match in matches}
    return replace(books, forgotten=(*books.forgotten, *sorted(over))) if over else books


def _about_one(applied: Applied | None, ended: list[Ended]) -> list[Ended]:
    """What tells something about one object: where the endpoint turned out to be down, no unanswered request does."""
    if applied is None or not isinstance(applied.stopped, EndpointDown):
        return ended
    return [(operation, outcome) for operation, outcome in ended if outcome.conflict_kind != "not_answered"]


def _as_it_is(
    books: Bookkeeping, planned_now: Iterable[Operation], ended: Iterable[tuple[Operation, Outcome]]
) -> Bookkeeping:
    """The books with only what is so. A pair whose change did not succeed keeps what was applied before, and a pair
    that was still to be adopted is none yet."""
    done: set[Key] = set()
    pending: set[Key] = {key for operation in planned_now for key in _key(operation)}
    for operation, outcome in ended:
        is_done = outcome.status == "done" and outcome.landed is None
        (done if is_done else pending).update(_key(operation))
    done -= {key for operation, outcome in ended if outcome.status != "done" for key in _key(operation)}
    return replace(books, paired=tuple(_still_paired(books.paired, pending - done)))


def _key(operation: Operation) -> Iterator[Key]:
    """The identity whose attributes an operation changes; a membership operation changes none."""
    if not operation.members and operation.source_id is not None:
        yield operation.resource, operation.source_id


def _still_paired(paired: Iterable[Paired], pending: set[Key]) -> Iterator[Paired]:
    for pair in paired:
        if (pair.kind, pair.source_id) not in pending:
            yield pair
        elif pair.is_managed:
            yield replace(pair, applied=None)


def _done(ended: Iterable[tuple[Operation, Outcome]], *, held: int, failed: int) -> dict[str, int]:
    """How much of each kind is on the target now, whatever the plan had in mind; memberships one by one."""
    counts = dict.fromkeys(SUMMARY, 0)
    for operation, outcome in ended:
        if operation.members and outcome.status in ("done", "held"):
            counts[operation.kind.removesuffix("s")] += len(operation.members) - len(outcome.refused)
        elif not operation.members and (outcome.status == "done" or outcome.landed):
            counts[operation.kind] += 1
    return counts | {"held": held, "failed": failed}


def _counts(sides: Sides, new: Iterable[Ended]) -> dict[str, tuple[int, int]]:
    """What the source shows and the target holds after these operations."""
    new = tuple(new)
    created = {kind: sum(o.kind == kind for o, _ in new) for kind in ("create_user", "create_group")}
    added = sum(len(o.members) - len(end.refused) for o, end in new if o.kind == "add_members")
    removed = sum(len(o.members) - len(end.refused) for o, end in new if o.kind == "remove_members")
    held = sum(map(len, sides.members.values()))
    shown = sides.directory.counts
    return {
        "users": (shown.users, len(sides.inventory.users) + created["create_user"]),
        "groups": (shown.groups, len(sides.inventory.groups) + created["create_group"]),
        "memberships": (shown.memberships, held + added - removed),
    }
