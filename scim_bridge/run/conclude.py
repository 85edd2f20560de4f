"""What a run concludes when the sending is over: conflicts that the target added, and what to remember of each pair."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from scim_bridge.apply.engine import Applied
from scim_bridge.errors import EndpointDown
from scim_bridge.model.conflict_kind import LASTING, TOLD_BY_TARGET
from scim_bridge.model.identity import SourceKey, TargetKey, Whom
from scim_bridge.model.operation import Operation, Outcome
from scim_bridge.model.operation_kind import OPERATION_KINDS, SUMMARY
from scim_bridge.model.plan import Bookkeeping, Conflict, Paired, Plan, Remark
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Link, Remembered, Resolution
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.make import OUT_OF_SCOPE, bookkeeping, sort_out
from scim_bridge.plan.match.correlate import Match, Matches
from scim_bridge.plan.refusal import Ended, answered, told


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What is so now. counts: what → (source shows, target holds). failed: operations that the next run tries again.

    summary: what was done, by the keys of a plan's summary, with those that were held and those that failed.
    has_tried: everything was sent that could be, so a refusal of an earlier run that did not come again is over.
    settled: what the target refused of that which is sent in every run, where a person decided to leave it so.
    carried_out, pending: keys of conflicts whose decision this run has carried out, and has not. touched: whom the next
    run looks at again, since something was sent about them, or to be sent.
    """

    conflicts: tuple[Conflict, ...]
    books: Bookkeeping
    counts: Mapping[str, tuple[int, int]]
    failed: int = 0
    summary: Mapping[str, int] = field(default_factory=dict)
    has_tried: bool = False
    settled: tuple[Conflict, ...] = ()
    carried_out: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()
    touched: frozenset[Whom] = frozenset()


def conclude(
    matches: Matches,
    sides: Sides,
    plan_now: Plan,
    plan_applied: Plan,
    applied: Applied | None,
    policy: Policy,
    *,
    only: Container[Whom] | None = None,
    holds: Mapping[str, int] | None = None,
) -> Conclusion:
    """Sum up a run. plan_now: of what was read; plan_applied: what was sent, which a saved file may hold.

    applied is None if nothing was sent. only: the identities it was about, None for all. holds: what the target holds
    (users, groups, memberships), None where all of it is in sides.
    """
    outcomes = applied.outcomes if applied is not None else ()
    ended = list(zip(plan_applied.operations, outcomes, strict=False))
    refused = told(_about_one(applied, ended), matches)
    # What is sent in every run may be left as it is by decision; of what was sent once more, the decision is used up.
    opened, settled = sort_out((t.conflict for t in refused if t.remembered is None), sides.known)
    again = [t for t in refused if t.remembered is not None]
    open_now = {c.key: c for c in (*plan_now.conflicts, *opened, *(t.conflict for t in again))}
    books = _without_aside(bookkeeping(matches, plan_now, sides.directory), matches, sides, plan_now)
    if only is not None:
        # Of the others this run knows only what was last seen, which is no reason to move their grace or what was
        # applied.
        mine = tuple(pair for pair in books.paired if Whom.record(pair.key) in only)
        over = tuple(key for key in books.forgotten if Whom.record(key) in only)
        books = replace(books, paired=mine, forgotten=over)
    superseded = applied.superseded if applied is not None else frozenset()
    # An urgent run has put these on record after this plan was made; ours is the older word.
    books = replace(books, paired=tuple(p for p in books.paired if p.key not in superseded))
    books = _as_it_is(books, plan_now.operations, ended)
    books = replace(
        books,
        paired=tuple(_with_grace(books.paired, matches, sides, ended, policy)),
        refusals=tuple(t.remembered for t in again if t.remembered is not None),
        answered=answered(sides.known, ended),
    )
    earlier = applied.earlier if applied is not None else frozenset()
    new = [(o, outcome) for o, outcome in ended if outcome.status == "done" and o.id not in earlier]
    carried_out, pending = _decisions(sides.known, matches, plan_now, ended if applied is not None else None, only)
    failed = sum(outcome.status in ("failed", "not_sent") for outcome in outcomes)
    return Conclusion(
        conflicts=tuple(open_now.values()),
        books=books,
        counts=_counts(sides, new, holds),
        failed=failed,
        summary=_done((pair for pair in ended if pair[0].id not in earlier), held=plan_applied.held, failed=failed),
        has_tried=applied is not None and applied.has_ended,
        settled=settled,
        carried_out=carried_out,
        pending=pending,
        touched=_touched((*plan_now.operations, *plan_applied.operations), books, sides.known, carried_out)
        | _lost(matches),
    )


def _touched(
    operations: Iterable[Operation], books: Bookkeeping, known: Remembered, carried_out: Iterable[str]
) -> frozenset[Whom]:
    """About whom something was to be sent, or is remembered otherwise than before: the next plan may be another one."""
    found = {whom for operation in operations for whom in _whom(operation)}
    found |= set(map(Whom.record, books.forgotten))
    for pair in books.paired:
        if _is_news(pair, known.of(pair.kind).get(pair.source_id)):
            found |= {Whom.record(pair.key), Whom.resource(*pair.target_key)}
    for decided in (known.resolutions[key] for key in carried_out):
        found |= {Whom.record(decided.key)} if decided.source_id else set()
        found |= {Whom.resource(decided.resource, decided.target_id)} if decided.target_id else set()
    return frozenset(found)


def _lost(matches: Matches) -> frozenset[Whom]:
    """The records whose resource is gone: a limit counts them, also while they are held and nothing is sent."""
    return frozenset(Whom.record(match.key) for match in matches if match.row.situation == "missing")


def _is_news(pair: Paired, link: Link | None) -> bool:
    if link is None or link.target_id != pair.target_id:
        return True
    if pair.departed != (link.departed is not None) or pair.has_left != (link.left_at is not None) or pair.is_shut_now:
        return True
    applied = {path: value for path, value in (pair.applied or {}).items() if value != ""}
    return pair.applied is not None and link.applied != applied


def _whom(operation: Operation) -> Iterator[Whom]:
    for member in operation.members:
        if member.source_id:
            yield Whom("source", "user", member.source_id)
        if member.target_id:
            yield Whom("target", "user", member.target_id)
    # Of a group only what changes itself: its members are looked at one by one, for it may have 10,000.
    if not operation.members and operation.source_id:
        yield Whom.record(operation.key)
    if not operation.members and operation.target_id:
        yield Whom.resource(operation.resource, operation.target_id)


def remarks_of(plan: Plan, matches: Matches, only: Container[Whom] | None) -> tuple[Remark, ...]:
    """What a plan says of single records and resources, to be said again by plans about others."""
    skipped = (Remark(s.about, "skipped", "", s.subject, s.reason) for s in plan.skipped if s.about is not None)
    warned = (Remark(n.about, "warning", n.kind, n.subject, n.detail) for n in plan.warnings if n.about is not None)
    held = (Remark(m.whom, "held") for m in matches if m.is_held)
    found = (*skipped, *warned, *held)
    # Who is out of scope is found by the records themselves: there may be very many.
    return tuple(r for r in found if (only is None or r.about in only) and not r.detail.startswith(OUT_OF_SCOPE))


def _decisions(
    known: Remembered,
    matches: Matches,
    plan_now: Plan,
    ended: Sequence[tuple[Operation, Outcome]] | None,
    only: Container[Whom] | None,
) -> tuple[frozenset[str], frozenset[str]]:
    """Conflicts whose decision was carried out, and those whose decision still waits: for a run that is let through,
    for an answer that is not a refusal, for a hold that ends. ended: None if the guard stopped the run.

    Whatever follows from a decision is in the plan of now, which a saved plan that was sent in its place may lack.
    """
    done = [operation for operation, outcome in ended or () if outcome.status == "done" and outcome.landed is None]
    asked_anew = {conflict.key for conflict in plan_now.conflicts}
    refused = {
        SourceKey(c.resource, c.source_id) for c in plan_now.conflicts if c.kind in TOLD_BY_TARGET and c.source_id
    }
    carried_out: set[str] = set()
    pending: set[str] = set()
    for key, decided in known.resolutions.items():
        is_lasting = decided.decision in LASTING
        if is_lasting or key in asked_anew or (only is not None and not _is_in(decided, only)):
            continue
        needed = [operation for operation in plan_now.operations if decided.is_about(operation)]
        # A decision about a held object has not been carried out even if the plan has no operation for it: it would be
        # lost just because something else was wrong with the record.
        waits = any(match.is_held for match in matches if _is_concerned(match, decided))
        waits = waits or decided.key in refused
        has_landed = all(any(_is_same(each, other) for other in done) for each in needed)
        (carried_out if ended is not None and has_landed and not waits else pending).add(key)
    return frozenset(carried_out), frozenset(pending)


def _is_in(decided: Resolution, only: Container[Whom]) -> bool:
    return Whom.record(decided.key) in only or Whom.resource(decided.resource, decided.target_id) in only


def _is_concerned(match: Match, decided: Resolution) -> bool:
    target_id = match.existing.target_id if match.existing is not None else ""
    is_it = bool(decided.source_id) and match.source_id == decided.source_id
    return match.kind == decided.resource and (is_it or (bool(target_id) and target_id == decided.target_id))


def _is_same(planned: Operation, sent: Operation) -> bool:
    """Whether what a saved plan sent is what is planned now; the two number their operations apart."""
    facts = attrgetter("kind", "source_id", "target_id", "changes", "members")
    return bool(facts(planned) == facts(sent))


def _without_aside(books: Bookkeeping, matches: Matches, sides: Sides, plan_now: Plan) -> Bookkeeping:
    """Forget links set aside whose resource is gone or has another record, or about which no question is open.

    A link stays aside while its record is held and not paired, and while a conflict asks about its resource.
    """
    paired = {p.target_key: p.source_id for p in books.paired}
    there = {match.key for match in matches if match.source_id}
    asked = {TargetKey(c.resource, c.target_id or "") for c in plan_now.conflicts if c.kind == "unclaimed"}
    over = []
    for key, link in sides.known.aside.items():
        resource = link.target_key
        is_gone = link.target_id not in sides.inventory.of(link.kind)
        is_anothers = paired.get(resource, link.source_id) != link.source_id
        if is_gone or is_anothers or (key not in there and resource not in asked):
            over.append(key)
    return replace(books, forgotten=(*books.forgotten, *sorted(over))) if over else books


def _about_one(applied: Applied | None, ended: list[Ended]) -> list[Ended]:
    """What tells something about one object: where the endpoint turned out to be down, no unanswered request does."""
    # An outage fails the requests of that moment. Remembered as refusals, these users would wait an hour for nothing.
    if applied is None or not isinstance(applied.stopped, EndpointDown):
        return ended
    return [(operation, outcome) for operation, outcome in ended if outcome.conflict_kind != "not_answered"]


def _as_it_is(
    books: Bookkeeping, planned_now: Iterable[Operation], ended: Iterable[tuple[Operation, Outcome]]
) -> Bookkeeping:
    """The books with only what is so. A pair whose change did not succeed keeps what was applied before, and a pair
    that was still to be adopted is none yet."""
    done: set[SourceKey] = set()
    pending: set[SourceKey] = {key for operation in planned_now for key in _key(operation)}
    for operation, outcome in ended:
        is_done = outcome.status == "done" and outcome.landed is None
        (done if is_done else pending).update(_key(operation))
    # One resource may have several operations (a deactivation and what had to wait). It is as planned only if all of
    # them are done.
    done -= {key for operation, outcome in ended if outcome.status != "done" for key in _key(operation)}
    return replace(books, paired=tuple(_still_paired(books.paired, pending - done)))


def _with_grace(
    paired: Iterable[Paired],
    matches: Matches,
    sides: Sides,
    ended: Sequence[tuple[Operation, Outcome]],
    policy: Policy,
) -> Iterator[Paired]:
    """The pairs, those that have left with whether their grace runs: from the moment they are deactivated, not before.

    A policy that keeps leavers begins no grace. A user who is deactivated again, after a rollback or after someone
    activated the account, begins another.
    """
    left = {m.key: m for m in matches if m.row.action == "deprovision" and not m.is_kept_by(policy)}
    for pair in paired:
        match = left.get(pair.key)
        if not pair.departed or match is None or match.existing is None:
            yield replace(pair, departed=False, has_left=True) if pair.departed else pair
            continue
        mine = [(o, end) for o, end in ended if o.resource == pair.kind and o.target_id == pair.target_id]
        shutting = [end.status == "done" for o, end in mine if o.kind in ("deactivate_user", "remove_members")]
        # The grace runs from a deactivation that landed. Begun earlier, a user whose deactivation was refused for a
        # month would be deleted in the next run after the account was closed at last, without any time to object.
        is_open = match.existing.is_open or bool(sides.members.get(pair.target_id))
        is_shut = all(shutting) if shutting else not is_open
        yield replace(pair, departed=is_shut, is_shut_now=bool(shutting), has_left=True)


def _key(operation: Operation) -> Iterator[SourceKey]:
    """The identity whose attributes an operation changes; a membership operation changes none."""
    if not operation.members and operation.source_id is not None:
        yield operation.key


def _still_paired(paired: Iterable[Paired], pending: set[SourceKey]) -> Iterator[Paired]:
    for pair in paired:
        if pair.key not in pending:
            yield pair
        elif pair.is_managed:
            yield replace(pair, applied=None)


def _done(ended: Iterable[tuple[Operation, Outcome]], *, held: int, failed: int) -> dict[str, int]:
    """How much of each kind is on the target now, whatever the plan had in mind; memberships one by one."""
    counts = dict.fromkeys(SUMMARY, 0)
    for operation, outcome in ended:
        if operation.members and outcome.status in ("done", "held"):
            counts[OPERATION_KINDS[operation.kind].key] += len(operation.members) - len(outcome.refused)
        elif not operation.members and (outcome.status == "done" or outcome.landed):
            counts[OPERATION_KINDS[operation.kind].key] += 1
    return counts | {"held": held, "failed": failed}


def _counts(sides: Sides, new: Iterable[Ended], holds: Mapping[str, int] | None) -> dict[str, tuple[int, int]]:
    """What the source shows and the target holds after these operations."""
    new = tuple(new)
    created = {kind: sum(o.kind == kind for o, _ in new) for kind in ("create_user", "create_group")}
    added = sum(len(o.members) - len(end.refused) for o, end in new if o.kind == "add_members")
    removed = sum(len(o.members) - len(end.refused) for o, end in new if o.kind == "remove_members")
    if holds is None:
        users, groups = len(sides.inventory.users), len(sides.inventory.groups)
        holds = {"users": users, "groups": groups, "memberships": sum(map(len, sides.members.values()))}
    shown = sides.directory.counts
    return {
        "users": (shown.users, holds["users"] + created["create_user"]),
        "groups": (shown.groups, holds["groups"] + created["create_group"]),
        "memberships": (shown.memberships, holds["memberships"] + added - removed),
    }
