"""Renders view values on a terminal. Colour is a hint only: whatever it says stands there in words too."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from scim_bridge.model.run import ConflictRecord, OperationRecord, RunRecord
from scim_bridge.view import words
from scim_bridge.view.check import Check
from scim_bridge.view.explain import Explanation
from scim_bridge.view.plan import PlanView, Section, operation_in_words

_COLOUR = {"+": "green", "-": "red", "~": "yellow", "=": "cyan"}
_STATUS_COLOUR = {"done": "green", "failed": "red", "stopped_by_guard": "red", "held": "yellow", "running": "cyan"}


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def show_plan(console: Console, view: PlanView) -> None:
    """A plan: the human diff, then what waits, what is left alone, and what the guard says."""
    console.print(Text(view.headline, style="bold"))
    for section in view.sections:
        _show_section(console, section)
    _show_waiting(console, [(c.kind, c.key, c.detail, c.remedy) for c in view.conflicts])
    _show_pairs(console, "Left alone", view.skipped)
    _show_pairs(console, "Warnings", view.warnings)
    console.print()
    if view.guard:
        console.print(Text("The guard would stop this before the first write:", style="bold red"))
        for sentence in view.guard:
            console.print(f"  {escape(sentence)}", soft_wrap=True, highlight=False)
        console.print(f"  {escape(view.way_out)}", soft_wrap=True, highlight=False)
    console.print(view.requests, highlight=False)


def _show_section(console: Console, section: Section) -> None:
    console.print()
    console.print(Text(section.title, style="bold"))
    for line in section.lines:
        text = Text("  ")
        text.append(f"{line.symbol} {line.subject}", style=_COLOUR[line.symbol])
        text.append(f"  ({line.reason})", style="dim")
        console.print(text, soft_wrap=True)
        for change in line.changes:
            console.print(Text(f"      {change}"), soft_wrap=True)
    if section.more:
        console.print(f"  … and {section.more:,} more", highlight=False)


def _show_waiting(console: Console, conflicts: Sequence[tuple[str, str, str, str]]) -> None:
    if not conflicts:
        return
    console.print()
    console.print(Text(f"Waiting for a person ({len(conflicts):,})", style="bold yellow"))
    for kind, key, detail, remedy in conflicts:
        console.print(f"  {escape(kind)} [dim]{key}[/dim]", highlight=False)
        console.print(Padding(Text(f"{detail}."), (0, 0, 0, 6)))
        console.print(Padding(Text(remedy, style="italic"), (0, 0, 0, 6)))


def _show_pairs(console: Console, title: str, pairs: Sequence[tuple[str, str]]) -> None:
    if not pairs:
        return
    console.print()
    console.print(Text(title, style="bold"))
    for subject, reason in pairs:
        console.print(f"  {escape(subject)}: {escape(reason)}", soft_wrap=True, highlight=False)


def show_runs(console: Console, runs: Sequence[RunRecord]) -> None:
    """The history, newest first."""
    if not runs:
        console.print("No run yet.")
        return
    table = _table("run", "connection", "started", "took", "status", "what it did", "waiting")
    for run in runs:
        table.add_row(
            str(run.id),
            escape(run.connection),
            words.local(run.started),
            words.duration(run.started, run.ended),
            _status(run.status),
            words.summary(run.summary) if run.status != "failed" or not run.detail else escape(run.detail),
            str(run.conflicts),
        )
    console.print(table)


def _status(status: str) -> Text:
    return Text(words.STATUS.get(status, status), style=_STATUS_COLOUR.get(status, ""))


def show_run(console: Console, run: RunRecord, operations: Iterable[OperationRecord], total: int) -> None:
    """One run with its operations."""
    console.print(Text(f"Run {run.id} of {run.connection}: {words.STATUS[run.status]}", style="bold"))
    console.print(f"  {run.command}, started {words.local(run.started)}, {words.duration(run.started, run.ended)}, "
                  f"process {run.pid} on {escape(run.host)}", highlight=False)  # fmt: skip
    console.print(f"  {words.summary(run.summary)}; {run.requests:,} requests", highlight=False)
    for what, (source, target) in run.counts.items():
        console.print(f"  {what}: {source:,} in the source, {target:,} on the target", highlight=False)
    for sentence in (*((run.detail,) if run.detail else ()), *run.guard):
        console.print(f"  {escape(sentence)}", highlight=False, soft_wrap=True)
    if run.approved_by:
        console.print(f"  approved by {escape(run.approved_by)}", highlight=False)
    table = _table("operation", "kind", "subject", "status", "what", "request id")
    shown = 0
    for record in operations:
        what = record.detail or "; ".join(operation_in_words(record.document))
        table.add_row(
            record.operation_id,
            words.KIND.get(record.kind, record.kind),
            escape(record.subject),
            _status(record.status),
            escape(what),
            record.request_id,
        )
        shown += 1
    if shown:
        console.print()
        console.print(table)
    if total > shown:
        console.print(f"… and {total - shown:,} more (--output json shows all)", highlight=False)


def show_conflicts(console: Console, conflicts: Sequence[ConflictRecord]) -> None:
    """What waits for a person."""
    if not conflicts:
        console.print("Nothing waits for a person.")
        return
    for conflict in conflicts:
        heading = f"{conflict.kind}  {conflict.key}  {conflict.connection}, since {words.local(conflict.first_seen)}"
        console.print(Text(heading, style="bold"))
        console.print(Padding(Text(f"{conflict.detail}."), (0, 0, 0, 2)))
        console.print(Padding(Text(conflict.remedy, style="italic"), (0, 0, 0, 2)))


def show_checks(console: Console, checks: Sequence[Check]) -> None:
    """One line a check: ok, or what is wrong and how to mend it."""
    for check in checks:
        mark = Text("ok    ", style="green") if check.ok else Text("not ok", style="bold red")
        console.print(Text.assemble(mark, f"  {check.name}: {check.detail}"), soft_wrap=True)


def show_rows(console: Console, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A plain table, every cell filled."""
    table = _table(*columns)
    for row in rows:
        table.add_row(*(escape(words.value(cell)) for cell in row))
    console.print(table)


def show_explanation(console: Console, told: Explanation) -> None:
    """One identity, from record to what is remembered."""
    console.print(Text(f"{told.kind} {told.name}", style="bold"))
    console.print(f"  record: {escape(', '.join(told.places) or 'the source does not show it')}", highlight=False)
    for name, value in told.record.items():
        console.print(f"    {escape(name)} = {escape(words.value(value))}", highlight=False, soft_wrap=True)
    console.print(f"  scope: {escape(told.scope)}", highlight=False)
    for rule in told.rules:
        result = f"failed: {rule.failure}" if rule.failure else words.value(rule.value)
        console.print(f"    {rule.path} = {escape(result)}    [dim]{escape(rule.rule)}  {escape(rule.place)}[/dim]",
                      highlight=False, soft_wrap=True)  # fmt: skip
    console.print(f"  situation: {told.situation} → {told.action}", highlight=False)
    for title, lines in (("plan", told.operations), ("waiting", told.conflicts), ("groups", told.groups)):
        for line in lines or ("nothing",):
            console.print(f"  {title}: {escape(line)}", highlight=False, soft_wrap=True)
    console.print(f"  on the target: {escape(told.target_id or 'no resource')}", highlight=False)
    _show_memory(console, told)


def _show_memory(console: Console, told: Explanation) -> None:
    paths = sorted({*told.applied, *told.seen})
    if not paths:
        return
    table = _table("    attribute", "last applied", "last seen")
    for path in paths:
        table.add_row(f"    {path}", *(escape(words.value(side.get(path))) for side in (told.applied, told.seen)))
    console.print(table)
