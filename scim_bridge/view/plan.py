"""A plan as people read it: what it would do, by kind; what waits; what is left alone; what the guard says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Conflict, Plan
from scim_bridge.view import words

_SHOWN = 20
_MEMBERS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One operation: its sign, whom it is about, what changes ("title: Engineer → Lead"), and why."""

    symbol: str
    subject: str
    changes: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Section:
    """Operations of one kind: at most twenty, then how many more there are."""

    title: str
    lines: tuple[Line, ...]
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
        plan.conflicts,
        tuple((s.subject, s.reason) for s in plan.skipped[:_SHOWN]) + _and_more(len(plan.skipped)),
        tuple((n.kind, n.detail) for n in plan.warnings[:_SHOWN]) + _and_more(len(plan.warnings)),
        tuple(trip.sentence for trip in plan.verdict.tripped),
        f"If it is right: scim-bridge sync {plan.connection} --approve (after a sync that was stopped by it).",
        f"{plan.requests.writes:,} write requests (at least {plan.requests.lower_bound:,} are needed)",
    )


def _and_more(count: int) -> tuple[tuple[str, str], ...]:
    return (("…", f"and {count - _SHOWN:,} more"),) if count > _SHOWN else ()


def _section(kind: str, operations: list[Operation]) -> Section:
    lines = tuple(_line(operation) for operation in operations[:_SHOWN])
    title = f"{words.KIND[kind]} ({len(operations):,})"
    return Section(title, lines, max(0, len(operations) - _SHOWN))


def _line(operation: Operation) -> Line:
    if operation.members:
        names = tuple(member.name for member in operation.members)
        return Line(words.SYMBOL[operation.kind], operation.subject, (_names(names),), operation.reason)
    changes = tuple(changes_in_words(operation.changes, is_create=operation.is_create))
    return Line(words.SYMBOL[operation.kind], operation.subject, changes, operation.reason)


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MEMBERS_SHOWN:,} more" if len(names) > _MEMBERS_SHOWN else ""
    return ", ".join(names[:_MEMBERS_SHOWN]) + more


def changes_in_words(changes: Mapping[str, Any], *, is_create: bool) -> Iterable[str]:
    """Each change in words; of a create only what it brings."""
    for path, (old, new) in changes.items():
        if is_create:
            yield f"{path}: {words.value(new)}"
        elif old != new:
            yield f"{path}: {words.value(old)} → {words.value(new)}"


def operation_in_words(document: Mapping[str, Any]) -> tuple[str, ...]:
    """What a journaled operation changes, from its document: members by name, or attributes old → new."""
    if document.get("members"):
        return (_names(tuple(member["name"] for member in document["members"])),)
    is_create = str(document.get("kind", "")).startswith("create_")
    return tuple(changes_in_words(document.get("changes", {}), is_create=is_create))
