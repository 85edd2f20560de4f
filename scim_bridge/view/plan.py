"""A plan as people read it: what it would do, by kind; what waits; what is left alone; what the guard says."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby

from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Conflict, Plan
from scim_bridge.view import words
from scim_bridge.view.operation import OperationView, of_operation
from scim_bridge.view.words import printable

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Section:
    """Operations of one kind: at most twenty, then how many more there are."""

    title: str
    lines: tuple[OperationView, ...]
    more: int


@dataclass(frozen=True, slots=True)
class PlanView:
    """Everything a person is shown of a plan."""

    headline: str
    sections: tuple[Section, ...]
    conflicts: tuple[Conflict, ...]
    skipped: tuple[tuple[str, str], ...]
    warnings: tuple[tuple[str, str], ...]
    guard: tuple[str, ...]
    way_out: str
    requests: str


def plan_view(plan: Plan) -> PlanView:
    """The view of a plan."""
    by_kind = groupby(sorted(plan.operations, key=lambda o: list(words.KIND).index(o.kind)), key=lambda o: o.kind)
    return PlanView(
        f"{plan.connection}: {words.summary(plan.summary)}",
        tuple(_section(kind, list(operations)) for kind, operations in by_kind),
        tuple(_safe(conflict) for conflict in plan.conflicts),
        _pairs((s.subject, s.reason) for s in plan.skipped),
        _pairs((n.kind, n.detail) for n in plan.warnings),
        tuple(trip.sentence for trip in plan.verdict.tripped),
        f"If it is right: scim-bridge sync {plan.connection} --approve (after a sync that was stopped by it).",
        f"{plan.requests.writes:,} write requests (at least {plan.requests.lower_bound:,} are needed)",
    )


def in_words(plan: Plan, items: Iterable[str]) -> str:
    """What limits counted, by the names people know: at most three, and how many more."""
    names = {o.target_id: o.subject for o in plan.operations if o.target_id is not None}
    names |= {m.target_id: m.name for o in plan.operations for m in o.members if m.target_id is not None}
    told = sorted(" ".join(names.get(word, word) for word in item.split(" ")) for item in items)
    return printable(", ".join(told[:3])) + (f" and {len(told) - 3:,} more" if len(told) > 3 else "")


def _pairs(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The first twenty, and how many more there are."""
    told = [(printable(subject), printable(reason)) for subject, reason in pairs]
    more = len(told) - _SHOWN
    return (*told[:_SHOWN], *([("…", f"and {more:,} more")] if more > 0 else []))


def _safe(conflict: Conflict) -> Conflict:
    return replace(
        conflict,
        subjects=tuple(map(printable, conflict.subjects)),
        detail=printable(conflict.detail),
        remedy=printable(conflict.remedy),
    )


def _section(kind: str, operations: list[Operation]) -> Section:
    lines = tuple(of_operation(operation) for operation in operations[:_SHOWN])
    return Section(f"{words.KIND[kind]} ({len(operations):,})", lines, max(0, len(operations) - _SHOWN))
