"""A plan as people read it: what it would do, by kind; what waits; what is left alone; what the guard says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal

from scim_bridge.model.effect import Effect
from scim_bridge.model.operation import Operation
from scim_bridge.model.operation_kind import OPERATION_KINDS, OperationKind
from scim_bridge.model.plan import Conflict, Plan
from scim_bridge.model.wording import counted, some
from scim_bridge.view import words
from scim_bridge.view.conflict import still_open
from scim_bridge.view.effect_names import EffectNames
from scim_bridge.view.impact import ImpactView, impact_view
from scim_bridge.view.operation import OperationView, of_operation
from scim_bridge.view.words import printable

_ORDER = {kind: place for place, kind in enumerate(OPERATION_KINDS)}
SHOWN = 20
"""How many of a kind are shown where a person scrolls: a terminal, a comment."""


@dataclass(frozen=True, slots=True)
class Section:
    """Operations of one kind, and how many more there are than are shown."""

    title: str
    lines: tuple[OperationView, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """Everything a person is shown of a plan. first: what is said before all else, "" for nothing.

    guard: a sentence for each limit that tripped; guard_said: what came of that, "" if none did; way_out: "" if
    someone has approved it. access: what it does to who may enter what, None where that is not known.
    """

    headline: str
    first: str
    sections: tuple[Section, ...]
    conflicts: tuple[Conflict, ...]
    skipped: tuple[tuple[str, str], ...]
    warnings: tuple[tuple[str, str], ...]
    guard: tuple[str, ...]
    guard_said: str
    way_out: str
    requests: str
    target_read: str
    access: ImpactView | None = None


Decided = Literal["open", "stopped", "approved", "shadow"]
"""The outcome of a plan that exceeds a limit: no one has tried it yet, the guard stopped it, it was approved, or no one
can try it as long as the connection is in shadow."""
_GUARD_SAID: Mapping[Decided, str] = {
    "open": "The guard would stop this before the first write:",
    "stopped": "The guard stopped this before the first write:",
    "approved": "Approved by you:",
    "shadow": "The guard would stop this before the first write:",
}


def plan_view(plan: Plan, shown: int | None = SHOWN, *, approval: str = "", decided: Decided = "open") -> PlanView:
    """The view of a plan. shown: at most so many operations of a kind, None for all.

    approval: the command that approves it, `sync` where nothing is said. decided: its outcome, if it tripped.
    """
    by_kind = groupby(sorted(plan.operations, key=lambda o: _ORDER[o.kind]), key=lambda o: o.kind)
    return PlanView(
        headline=f"{plan.connection}: {words.summary(plan.summary)}",
        first=still_open(plan.conflicts),
        sections=tuple(_section(kind, list(operations), shown) for kind, operations in by_kind),
        conflicts=tuple(_safe(conflict) for conflict in plan.conflicts),
        skipped=_pairs(((s.subject, s.reason) for s in plan.skipped), shown),
        warnings=_pairs(((n.kind, n.detail) for n in plan.warnings), shown),
        guard=tuple(printable(trip.sentence) for trip in plan.verdict.tripped),
        guard_said=_GUARD_SAID[decided] if plan.verdict.tripped else "",
        way_out=_way_out(plan, approval or f"scim-bridge sync {plan.connection} --approve", decided),
        requests=_requests(plan),
        target_read=_target_read(plan),
        access=_access(plan, shown),
    )


def _access(plan: Plan, shown: int | None) -> ImpactView | None:
    if plan.impact is None:
        return None
    return impact_view(plan.impact.document(), datetime.fromisoformat(plan.created), shown)


def _way_out(plan: Plan, approval: str, decided: Decided) -> str:
    """The command that approves the plan; an approval covers what a stopped run has counted, so one comes first."""
    if decided in ("approved", "shadow"):
        return ""
    first = f"{approval.removesuffix(' --approve')}, which stops here. Then: " if decided == "open" else ""
    return f"If the plan is right: {first}{approving(plan, approval)}"


def approving(plan: Plan, approval: str) -> str:
    """The command that approves this plan. approval: with `--approve`, which is not enough for the last door."""
    return f"{approval} --last-admin" if plan.verdict.closes_last_door else approval


def _requests(plan: Plan) -> str:
    """How many writes the plan costs, and the fewest that could do the same."""
    writes, least = plan.requests.writes, plan.requests.lower_bound
    return f"{counted(writes, 'write request')} (at least {least:,} {'is' if least == 1 else 'are'} needed)"


def _target_read(plan: Plan) -> str:
    """How old what the plan knows of the target is; nothing to say of what was read for it."""
    read, made = (datetime.fromisoformat(moment) for moment in (plan.basis.target_read, plan.created))
    return f"target as read {words.ago(read, made)}" if made - read >= timedelta(minutes=1) else ""


def in_words(plan: Plan, effects: Iterable[Effect]) -> str:
    """What limits counted, by the names people know: at most three, and how many more."""
    names = EffectNames.of(plan)
    return printable(some(sorted(map(names.say, effects)), 3))


def _pairs(pairs: Iterable[tuple[str, str]], shown: int | None) -> tuple[tuple[str, str], ...]:
    """The first ones, and how many more there are."""
    told = [(printable(subject), printable(reason)) for subject, reason in pairs]
    more = len(told) - len(told[:shown])
    return (*told[:shown], *([("…", f"and {more:,} more")] if more else []))


def _safe(conflict: Conflict) -> Conflict:
    return replace(
        conflict,
        subjects=tuple(map(printable, conflict.subjects)),
        detail=printable(conflict.detail),
        remedy=printable(conflict.remedy),
    )


def _section(kind: OperationKind, operations: list[Operation], shown: int | None) -> Section:
    lines = [of_operation(operation) for operation in operations[:shown]]
    members = sum(len(operation.members) for operation in operations)
    groups = len({operation.source_id or operation.target_id for operation in operations})
    count = f"{members:,} in {counted(groups, 'group')}" if members else ""
    return section(OPERATION_KINDS[kind].words, lines, len(operations), count)


def section(title: str, lines: Iterable[OperationView], total: int, count: str = "") -> Section:
    """A section with its number: total, of which these lines are shown. count: what is said in place of the number."""
    told = tuple(lines)
    return Section(f"{title} ({count or f'{total:,}'})", told, total - len(told))
