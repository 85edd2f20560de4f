"""The order of the operations (docs/design.md §6.1). Here is only what must land before what, and why.

What to do is decided in plan/decide. The phases and their order are those of model/operation_kind.py: revocations come
first, then what frees unique names, then users, then groups, then member additions. Inside a phase an operation waits
only for those it needs: the taker of a name for its giver, a user for the manager. A circle of names is opened by a
temporary name, a circle of managers by a second request.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush

from scim_bridge.model.capabilities import Uniqueness, fold
from scim_bridge.model.identity import ACTIVE, EMAILS, MANAGER, Kind, Value
from scim_bridge.model.operation import Operation
from scim_bridge.model.operation_kind import Phase
from scim_bridge.plan.decide.draft_operation import Draft

Unique = Mapping[Kind, tuple[tuple[str, Uniqueness], ...]]


def put_in_order(drafts: Sequence[Draft], unique: Unique) -> list[Draft]:
    """All drafts, extra ones included, so that every draft comes after all it waits for."""
    ordered = sorted(drafts, key=_by_name)  # which circle is opened where must not depend on the input's order
    # Names first, then managers: what is split off to free a name may carry a manager, which must wait in turn.
    creating = {d.match.source_id: d for d in drafts if d.kind == "create_user"}
    for kind in ("user", "group"):
        ordered += _order_names([d for d in ordered if d.resource == kind], dict(unique[kind]), creating)
    ordered += _order_managers([d for d in ordered if d.changes.get(MANAGER)], creating)
    group_creates = {d.match.source_id: d for d in ordered if d.kind == "create_group"}
    for draft in ordered:
        if draft.kind == "add_members" and draft.match.source_id in group_creates:
            draft.after.append(group_creates[draft.match.source_id])
    for draft in ordered:
        if draft.is_delete:
            # Deletions are revocations too, in the same phase as removals. Sent first, the deletion of a user would
            # make the removal from a group a 404, and that of a group would take the members with it unseen.
            draft.after += _removals_before(draft, ordered)
    return _line_up(ordered)


def _removals_before(deletion: Draft, drafts: Iterable[Draft]) -> list[Draft]:
    """A group is emptied before it is deleted; a user leaves the groups first, for later no removal is possible."""
    removals = (draft for draft in drafts if draft.kind == "remove_members")
    if deletion.kind == "delete_group":
        return [draft for draft in removals if draft.match is deletion.match]
    target_id = deletion.match.existing.target_id if deletion.match.existing is not None else ""
    return [draft for draft in removals if any(member.target_id == target_id for member in draft.members)]


def numbered(drafts: Sequence[Draft]) -> tuple[Operation, ...]:
    """Operations with ids in the order of sending ("op-000001" …)."""
    ids = {draft: f"op-{number:06d}" for number, draft in enumerate(drafts, start=1)}
    return tuple(
        Operation(
            id=ids[draft],
            kind=draft.kind,
            phase=draft.phase,
            source_id=draft.match.source_id or None,
            target_id=draft.match.existing.target_id if draft.match.existing is not None else None,
            subject=draft.match.name,
            reason=draft.reason,
            changes=draft.changes,
            members=draft.members,
            after=tuple(dict.fromkeys(ids[needed] for needed in draft.after)) if draft.after else (),
            drifted=draft.drifted,
        )
        for draft in drafts
    )


def _order_names(drafts: list[Draft], unique: Mapping[str, Uniqueness], creating: Mapping[str, Draft]) -> list[Draft]:
    """Let every taker of a unique value wait for its giver. Returns the extra drafts this needs."""
    # Before the givers are counted: a deactivation that kept its rename would wait for someone, and the account would
    # stay open meanwhile.
    extra = _split_deactivations(drafts, unique, creating)
    everything = [*drafts, *extra]
    givers = _givers(everything, unique)
    needs: dict[Draft, list[tuple[Draft, str]]] = defaultdict(list)
    for draft in everything if givers else ():
        for path, value in _takes(draft, unique):
            giver = givers.get((path, value))
            if giver is not None and giver is not draft:
                needs[draft].append((giver, path))
                # Moved up, never down: a deactivation that also gives a name up stays a revocation.
                if giver.phase > Phase.FREE_NAMES:
                    giver.phase = Phase.FREE_NAMES
    extra += _defer_managers(everything, creating)
    # Only takers can be part of a circle. With 100,000 drafts and three renames the walk must not visit them all.
    takers = [draft for draft in everything if draft in needs]
    closing = _closing_edges(takers, lambda d: [giver for giver, _ in needs.get(d, ())])
    makeshift: dict[Draft, Draft] = {}
    for draft in takers:
        for giver, path in needs[draft]:
            if (draft, giver) in closing:
                # One temporary request for each giver, even if it gives up name and email at once.
                early = makeshift.get(giver) or _temporary(giver)
                makeshift[giver] = early
                _make_way(giver, early, path)
                draft.after.append(early)
            else:
                draft.after.append(giver)
    return extra + list(makeshift.values())


def _givers(drafts: Iterable[Draft], unique: Mapping[str, Uniqueness]) -> dict[tuple[str, str], Draft]:
    """(path, compared value) → the draft that gives this value up."""
    givers = {}
    for draft in drafts:
        if draft.is_create:
            continue
        for path, how in unique.items():
            old, new = draft.changes.get(path, (None, None))
            if old and fold(old, how) != fold(new, how):
                # Folded on both sides: a change of case alone gives nothing up, and anyone who waited for it would wait
                # for a name that stays taken.
                givers[path, fold(old, how)] = draft
    return givers


def _takes(draft: Draft, unique: Mapping[str, Uniqueness]) -> Iterator[tuple[str, str]]:
    for path, how in unique.items():
        new = draft.changes.get(path, (None, None))[1]
        if new:
            yield path, fold(new, how)


def _split_deactivations(
    drafts: Sequence[Draft], unique: Mapping[str, Uniqueness], creating: Mapping[str, Draft]
) -> list[Draft]:
    """A deactivation waits for nothing: changes that must wait follow in their own request (docs/design.md §6.1)."""
    givers = _givers(drafts, unique)
    extra = []
    for draft in drafts:
        if draft.kind != "deactivate_user" or len(draft.changes) == 1:
            continue
        # Only for a giver in this plan. A value that no one gives up is a 409, and then the engine sends the
        # deactivation alone, at once (docs/design.md §6.6).
        waits = any(givers.get(need, draft) is not draft for need in _takes(draft, unique))
        is_led = draft.changes.get(MANAGER, (None, None))[1] in creating
        if waits or is_led:
            rest = {
                path: change for path, change in draft.changes.items() if path != ACTIVE and (waits or path == MANAGER)
            }
            draft.changes = {path: change for path, change in draft.changes.items() if path not in rest}
            is_adoption = not draft.match.is_managed
            reason = "the other changes, which had to wait"
            extra.append(
                Draft(
                    kind="adopt_user" if is_adoption else "update_user",
                    match=draft.match,
                    reason=reason,
                    changes=rest,
                    is_extra=True,
                )
            )
    return extra


def _defer_managers(drafts: Sequence[Draft], creating: Mapping[str, Draft]) -> list[Draft]:
    """Who frees a name cannot wait for a manager who is created later: that reference follows on its own."""
    extra = []
    for draft in drafts:
        if draft.phase == Phase.FREE_NAMES and draft.changes.get(MANAGER, (None, None))[1] in creating:
            manager = {MANAGER: draft.changes.pop(MANAGER)}
            reason = "the manager, who had to be created first"
            extra.append(
                Draft(
                    kind="update_user", match=draft.match, reason=reason, changes=manager, after=[draft], is_extra=True
                )
            )
    return extra


def _temporary(giver: Draft) -> Draft:
    """A request that makes a resource give up a value before it can take its new one."""
    kind: Kind = giver.resource
    early = Draft(
        kind="update_user" if kind == "user" else "update_group",
        match=giver.match,
        reason="a temporary value, to exchange names",
        is_extra=True,
    )
    early.phase = Phase.FREE_NAMES
    giver.after.append(early)
    return early


def _make_way(giver: Draft, early: Draft, path: str) -> None:
    if path in early.changes:
        return
    old, new = giver.changes[path]
    stand_in = _stand_in(giver, path, old)
    early.changes[path] = (old, stand_in)
    giver.changes[path] = (stand_in, new)


def _stand_in(giver: Draft, path: str, old: Value | None) -> Value | None:
    """A value no one else has. An email is taken away for that moment: mail must not go astray."""
    if path == EMAILS:
        return None
    target_id = giver.match.existing.target_id if giver.match.existing is not None else ""
    # From the id, not by chance: the same input gives the same plan, and a plan that was cut and made again does not
    # leave a second temporary name. Cut to 100 so that the longest name (128) still fits.
    return f"{str(old)[:100]}.swap-{hashlib.sha256(f'{target_id} {path}'.encode()).hexdigest()[:8]}"


def _order_managers(drafts: Sequence[Draft], creating: Mapping[str, Draft]) -> list[Draft]:
    """Managers are created before those who name them. A circle costs one more request each (docs/design.md §6.8)."""

    def manager_of(draft: Draft) -> list[Draft]:
        manager = creating.get(str(draft.changes[MANAGER][1])) if MANAGER in draft.changes else None
        return [] if manager is None else [manager]

    closing = _closing_edges([d for d in drafts if d.is_create], manager_of)
    extra = []
    for draft in drafts:
        for manager in manager_of(draft):
            if (draft, manager) in closing or manager is draft:
                change = {MANAGER: draft.changes.pop(MANAGER)}
                reason = "closes a circle of managers"
                extra.append(
                    Draft(
                        kind="update_user",
                        match=draft.match,
                        reason=reason,
                        changes=change,
                        after=[draft, manager],
                        is_extra=True,
                    )
                )
            else:
                draft.after.append(manager)
    return extra


def _closing_edges(drafts: Sequence[Draft], needs: Callable[[Draft], list[Draft]]) -> set[tuple[Draft, Draft]]:
    """The pairs (who waits, for whom) that would close a circle, found by one depth-first walk without recursion."""
    closing: set[tuple[Draft, Draft]] = set()
    open_: set[Draft] = set()
    done: set[Draft] = set()
    for root in drafts:
        if root in done:
            continue
        open_.add(root)
        path = [(root, iter(needs(root)))]
        while path:
            draft, waiting_for = path[-1]
            needed = next(waiting_for, None)
            if needed is None:
                path.pop()
                open_.discard(draft)
                done.add(draft)
            elif needed in open_:
                closing.add((draft, needed))
            elif needed not in done:
                open_.add(needed)
                path.append((needed, iter(needs(needed))))
    return closing


def _by_name(draft: Draft) -> tuple[str, str, str]:
    """By kind, where "deactivate" happens to come before "remove": account is closed before the keys are taken."""
    return draft.kind, draft.match.name, draft.match.source_id


def _line_up(drafts: Sequence[Draft]) -> list[Draft]:
    """By phase, then by what waits for what, then by kind and name, so that the same input gives the same list."""
    ranked = sorted(drafts, key=lambda d: (d.phase, *_by_name(d)))
    rank = {draft: number for number, draft in enumerate(ranked)}
    waits: dict[Draft, int] = {}
    followers: dict[Draft, list[Draft]] = defaultdict(list)
    for draft in drafts:
        needed_ones = set(draft.after) if draft.after else ()
        waits[draft] = len(needed_ones)
        for needed in needed_ones:
            followers[needed].append(draft)
    ready = [rank[d] for d in drafts if not waits[d]]  # a rank is by phase first
    heapify(ready)
    lined = []
    while ready:
        draft = ranked[heappop(ready)]
        lined.append(draft)
        for follower in followers.get(draft, ()):
            waits[follower] -= 1
            if not waits[follower]:
                heappush(ready, rank[follower])
    if len(lined) != len(drafts):
        raise AssertionError("operations wait for each other in a circle")  # better no plan than one that lost some
    return lined
