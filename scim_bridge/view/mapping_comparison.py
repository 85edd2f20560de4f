"""A changed mapping as people judge it: which rules differ, and what would be different for whom, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scim_bridge.model.identity import ACTIVE, Kind
from scim_bridge.model.mapping_comparison import AttributeChange, Comparison, MemberChange, RuleChange, ScopeChange
from scim_bridge.model.operation import Change
from scim_bridge.model.operation_kind import OPERATION_KINDS
from scim_bridge.model.plan import Conflict, Verdict
from scim_bridge.model.wording import counted
from scim_bridge.view.operation import ChangeView, OperationView, changes_view
from scim_bridge.view.plan import SHOWN, Section, section
from scim_bridge.view.words import printable


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule before and after; None: there is no rule. effect: for how many it makes a difference."""

    place: str
    old: str | None
    new: str | None
    effect: str


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """Everything a person is shown of a comparison. guard: what it says under either mapping."""

    headline: str
    rules: tuple[RuleView, ...]
    sections: tuple[Section, ...]
    guard: str


def comparison_view(comparison: Comparison, verdict: Verdict, shown: int | None = SHOWN) -> ComparisonView:
    """The view of a comparison. verdict: the guard's, under the changed mapping. shown: as for a plan."""
    return ComparisonView(
        f"{comparison.connection} under the changed mapping: {_headline(comparison)}",
        tuple(_rule(rule, comparison) for rule in comparison.rules),
        tuple(_sections(comparison, shown)),
        _guard(comparison.verdict, verdict),
    )


def _headline(comparison: Comparison) -> str:
    entered, left, changed = map(len, (comparison.entered, comparison.left, comparison.attributes))
    users = sum(len(change.users) for change in comparison.members)
    held, released = len(comparison.held), len(comparison.released)
    told = [
        (entered, f"{entered:,} record enters scope", f"{entered:,} records enter scope"),
        (left, f"{left:,} record leaves scope", f"{left:,} records leave scope"),
        (changed, f"{changed:,} resource changes", f"{changed:,} resources change"),
        (users, f"{users:,} membership changes", f"{users:,} memberships change"),
        (held, f"{held:,} conflict begins", f"{held:,} conflicts begin"),
        (released, f"{released:,} conflict ends", f"{released:,} conflicts end"),
    ]
    return ", ".join(one if n == 1 else many for n, one, many in told if n) or "nothing would be different"


def _rule(rule: RuleChange, comparison: Comparison) -> RuleView:
    old, new = (None if text is None else printable(text) for text in (rule.old, rule.new))
    return RuleView(printable(rule.cause), old, new, _effect(rule, comparison))


def _effect(rule: RuleChange, comparison: Comparison) -> str:
    """ "" where it cannot be counted, or shows only in who waits."""
    changed = sum(change.kind == rule.kind and rule.path in change.changes for change in comparison.attributes)
    moved = sum(change.kind == rule.kind for change in (*comparison.entered, *comparison.left))
    touched = moved if rule.path == "scope" else changed
    return f"makes a difference for {counted(touched, rule.kind)}" if touched else ""


def _guard(now: Verdict, changed: Verdict) -> str:
    was, is_ = (", ".join(trip.limit for trip in verdict.tripped) for verdict in (now, changed))
    if not is_:
        return "The guard would let it through" + (f" (today it would stop: {was})." if was else ".")
    return f"The guard would stop it: {is_}" + (f" (today: {was})." if was else " (today it would let it through).")


_KINDS: tuple[Kind, Kind] = ("user", "group")


def _sections(comparison: Comparison, shown: int | None) -> Iterator[Section]:
    for kind in _KINDS:
        yield from _of_scope(f"{kind}s entering scope", "+", [c for c in comparison.entered if c.kind == kind], shown)
        yield from _of_scope(f"{kind}s leaving scope", "-", [c for c in comparison.left if c.kind == kind], shown)
    for kind in _KINDS:
        yield from _of_attributes(kind, [c for c in comparison.attributes if c.kind == kind], shown)
    for verb, sign, title in (("joins", "+", "memberships begun"), ("leaves", "-", "memberships ended")):
        yield from _of_members(title, sign, [c for c in comparison.members if c.verb == verb], shown)
    yield from _of_conflicts("starting to wait for a decision", "!", comparison.held, shown)
    yield from _of_conflicts("no longer waiting for a decision", "=", comparison.released, shown)


def _of_scope(title: str, sign: str, changes: Sequence[ScopeChange], shown: int | None) -> Iterator[Section]:
    if changes:
        lines = (
            OperationView(
                kind="scope",
                sign=sign,
                words=title,
                subject=printable(c.name),
                reason=printable(_why_and_then(c)),
                changes=(),
                members=(),
            )
            for c in changes[:shown]
        )
        yield section(title, lines, len(changes))


def _why_and_then(change: ScopeChange) -> str:
    done = OPERATION_KINDS[change.operation].words if change.operation is not None else "nothing to do on the target"
    return f"{change.place}, by {change.why}: {done}"


def _of_attributes(kind: Kind, changes: Sequence[AttributeChange], shown: int | None) -> Iterator[Section]:
    """Those who may sign in under one mapping only come first."""
    ordered = sorted(changes, key=lambda change: ACTIVE not in change.changes)
    title = f"{kind}s whose attributes differ"
    if changes:
        lines = (
            OperationView(
                kind="attributes",
                sign="~",
                words=title,
                subject=printable(c.name),
                reason=printable(c.why),
                changes=_old_and_new(c.changes),
                members=(),
            )
            for c in ordered[:shown]
        )
        yield section(title, lines, len(changes))


def _old_and_new(changes: Mapping[str, Change]) -> tuple[ChangeView, ...]:
    """Both values in words: here a missing one is a finding, unlike in a create."""
    return tuple(replace(change, old=change.old or "(none)") for change in changes_view(changes))


def _of_members(title: str, sign: str, changes: Sequence[MemberChange], shown: int | None) -> Iterator[Section]:
    """A line a group and reason; the number in the title counts memberships."""
    if changes:
        lines = tuple(
            OperationView(
                kind="members",
                sign=sign,
                words=title,
                subject=printable(c.group),
                reason=printable(c.why),
                changes=(),
                members=tuple(map(printable, c.users)),
            )
            for c in changes[:shown]
        )
        told = sum(len(line.members) for line in lines)
        total = sum(len(change.users) for change in changes)
        yield Section(f"{title} ({total:,})", lines, total - told)


def _of_conflicts(title: str, sign: str, conflicts: Sequence[Conflict], shown: int | None) -> Iterator[Section]:
    if conflicts:
        lines = (
            OperationView(
                kind="conflict",
                sign=sign,
                words=title,
                subject=", ".join(map(printable, c.subjects)),
                reason=c.kind.replace("_", " "),
                changes=changes_view({"why": (None, c.detail), "what to do": (None, c.remedy)}),
                members=(),
            )
            for c in conflicts[:shown]
        )
        yield section(title, lines, len(conflicts))
