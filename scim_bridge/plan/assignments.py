"""Which assignments depend on what a plan touches, and on what no one claims. Pure: they have been read before.

A group that left loses its members, and who is deleted loses everything: the plan names what depends on them. An orphan
that holds a way into an account is a question for a person, not a line among those left alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from scim_bridge.model.assignment import Assignment, Assignments, Principal
from scim_bridge.model.identity import Existing, Notice, TargetKey, Whom
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Conflict, Plan, Skipped
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Remembered
from scim_bridge.model.wording import counted, some
from scim_bridge.plan.conflict import orphan_with_assignments
from scim_bridge.plan.decide.actions import ORPHAN
from scim_bridge.plan.decide.group_members import THE_GROUP
from scim_bridge.plan.make import sort_out
from scim_bridge.plan.match.correlate import Matches


def concerned(plan: Plan, matches: Matches, policy: Policy, *, is_whole: bool) -> tuple[Principal, ...]:
    """Whose assignments this plan asks for, the most urgent first.

    is_whole: the target was read in full just now. Between two such readings an orphan's assignments are trusted like
    everything else that was last seen.
    """
    # What is taken away comes first, since the look-up ends after a number of requests and seconds.
    touched = [_principal(operation) for operation in _touching(plan, matches)]
    orphans = sorted(_orphans(plan, matches, policy), key=lambda e: (not e.is_active, e.kind, e.name, e.target_id))
    asked = [existing.key for existing in orphans] if is_whole else []
    return tuple(dict.fromkeys([*touched, *asked]))


def with_assignments(plan: Plan, matches: Matches, found: Assignments, known: Remembered, policy: Policy) -> Plan:
    """The plan with what was found: named where it touches them, asked about where no one claims them."""
    if not found.is_asked:
        return plan
    plan = with_what_hangs(plan, matches, found)
    held = dict(_questions(_orphans(plan, matches, policy), found, known))
    opened, settled = sort_out(held.values(), known)
    names = Counter(c.subjects[0] for c in opened)
    return replace(
        plan,
        conflicts=plan.conflicts + opened,
        settled=plan.settled + settled,
        skipped=tuple(_without(plan.skipped, names)),
    )


def with_what_hangs(plan: Plan, matches: Matches, found: Assignments) -> Plan:
    """The plan with a warning for each resource that it empties or deletes and that has assignments."""
    told = {}
    for operation in _touching(plan, matches):
        assignments = found.of.get(_principal(operation))
        if assignments:
            told[operation.target_id] = _hanging(operation, assignments)
    return replace(plan, warnings=(*plan.warnings, *told.values()))


def _touching(plan: Plan, matches: Matches) -> Iterator[Operation]:
    """What takes away that on which assignments have hung: deletions, and the emptying of a group that left."""
    left = {m.existing.target_id for m in matches.groups if m.existing and m.row.action == "deprovision"}
    for operation in plan.operations:
        if operation.is_delete or (operation.kind == "remove_members" and operation.target_id in left):
            yield operation


def _principal(operation: Operation) -> Principal:
    return TargetKey(operation.resource, operation.target_id or "")


def _orphans(plan: Plan, matches: Matches, policy: Policy) -> Iterator[Existing]:
    """Orphans to ask about: not what the policy keeps or deactivates, nor what another conflict asks about anyhow."""
    asked = {c.target_id for c in (*plan.conflicts, *plan.settled) if c.kind == "unclaimed"}
    asked |= {operation.target_id for operation in plan.operations}
    kinds = {"report": ("user", "group"), "deactivate": ("group",), "keep": ()}[policy.orphans]
    for match in matches:
        existing = match.existing
        if match.row.action != "orphan policy" or existing is None:
            continue
        if existing.kind in kinds and existing.target_id not in asked:
            yield existing


def _questions(orphans: Iterable[Existing], found: Assignments, known: Remembered) -> Iterator[tuple[str, Conflict]]:
    """A conflict for each orphan that holds something: as it was found now, else as it was last reported."""
    for existing in orphans:
        assignments = found.of.get(existing.key)
        if assignments:
            asked = orphan_with_assignments(existing, len(assignments), listed(assignments))
            yield existing.target_id, replace(asked, about=frozenset({Whom.resource(*existing.key)}))
        # Not asked in this run. Without an answer the old question stays open: a conflict must not close because no one
        # looked.
        elif assignments is None and existing.target_id in known.assigned:
            asked = known.assigned[existing.target_id]
            yield existing.target_id, replace(asked, about=frozenset({Whom.resource(*existing.key)}))


def _without(skipped: Iterable[Skipped], names: Counter[str]) -> Iterator[Skipped]:
    """What is left alone, less the orphans that have become questions."""
    for each in skipped:
        if each.reason == ORPHAN and names[each.subject] > 0:
            names[each.subject] -= 1
        else:
            yield each


def _departure(operation: Operation) -> str:
    return operation.reason.removeprefix(THE_GROUP)


def _hanging(operation: Operation, assignments: tuple[Assignment, ...]) -> Notice:
    what = "will be deleted" if operation.is_delete else f"{_departure(operation)} and loses its members"
    detail = f"{operation.subject} {what}; it has {counted(len(assignments), 'assignment')}: {listed(assignments)}"
    return Notice("assignments", operation.subject, detail)


def listed(assignments: tuple[Assignment, ...]) -> str:
    """The first ones in words, and how many more."""
    return some([str(each) for each in assignments])
