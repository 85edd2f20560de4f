"""Renders view values on a terminal. Colour is a hint only: whatever it says stands there in words too."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from scim_bridge.model.audit import Entry
from scim_bridge.model.shadow import Lasting
from scim_bridge.model.wording import counted
from scim_bridge.view import words
from scim_bridge.view.check import Check
from scim_bridge.view.conflict import ConflictView
from scim_bridge.view.explain import Explanation, InAws
from scim_bridge.view.impact import COLUMNS, ImpactView
from scim_bridge.view.mapping_comparison import ComparisonView
from scim_bridge.view.operation import OperationView, OutcomeView
from scim_bridge.view.plan import SHOWN, PlanView, Section
from scim_bridge.view.run import RunView
from scim_bridge.view.shadow import ShadowView, view_difference
from scim_bridge.view.words import Status

_COLOUR = {"+": "green", "-": "red", "~": "yellow", "=": "cyan"}
_TONE = {"good": "green", "bad": "bold red", "wait": "yellow", "quiet": "dim"}


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def show_plan(console: Console, view: PlanView) -> None:
    """A plan: what matters most, the human diff, then what waits, what is left alone, and what the guard says."""
    if view.first:
        console.print(Text(view.first, style="bold red"), soft_wrap=True)
    console.print(Text(view.headline, style="bold"))
    for section in view.sections:
        _show_section(console, section)
    if view.access is not None:
        _show_impact(console, view.access)
    _show_waiting(console, [(c.kind, c.key, c.detail, c.remedy) for c in view.conflicts])
    _show_pairs(console, "Left alone", view.skipped)
    _show_pairs(console, "Warnings", view.warnings)
    console.print()
    if view.guard:
        console.print(Text(view.guard_said, style="bold red" if view.way_out else "bold"))
        for sentence in (*view.guard, view.way_out):
            _say(console, sentence)
    console.print("; ".join(filter(None, (view.requests, view.target_read))), highlight=False)


def show_comparison(console: Console, view: ComparisonView) -> None:
    """What a changed mapping would make different: its rules, then whom it touches."""
    console.print(Text(view.headline, style="bold"))
    for rule in view.rules:
        console.print()
        told = f"  ({rule.effect})" if rule.effect else ""
        console.print(Text(f"  {rule.place}").append(told, style="dim"), soft_wrap=True)
        for sign, text in (("-", rule.old), ("+", rule.new)):
            if text is not None:
                _indented(console, 6, Text(f"{sign} {text}", style=_COLOUR[sign]))
    for section in view.sections:
        _show_section(console, section)
    console.print()
    console.print(Text(view.guard))
    console.print()


def _show_section(console: Console, section: Section) -> None:
    console.print()
    console.print(Text(section.title, style="bold"))
    for line in section.lines:
        console.print(_named(line, line.subject).append(f"  ({line.reason})", style="dim"), soft_wrap=True)
        for effect in line.effects:
            _indented(console, 6, Text(effect))
    if section.more:
        console.print(f"  … and {section.more:,} more", highlight=False)


def _show_impact(console: Console, view: ImpactView) -> None:
    console.print()
    console.print(Text(view.headline, style="bold"), soft_wrap=True)
    for note in view.notes:
        _indented(console, 2, Text(note))
    for table in view.tables:
        console.print()
        console.print(f"  {table.title}", highlight=False)
        show_rows(console, COLUMNS, table.rows)
        if table.more:
            console.print(f"  … and {table.more:,} more", highlight=False)


def _named(operation: OperationView, name: str) -> Text:
    """The sign and what it is about, coloured by what it does."""
    return Text("  ").append(f"{operation.sign} {name}", style=_COLOUR.get(operation.sign, ""))


def _show_waiting(console: Console, conflicts: Sequence[tuple[str, str, str, str]]) -> None:
    if not conflicts:
        return
    console.print()
    console.print(Text(f"Waiting for a decision ({len(conflicts):,})", style="bold yellow"))
    for kind, key, detail, remedy in conflicts:
        console.print(f"  {escape(kind)} [dim]{key}[/dim]", highlight=False)
        _indented(console, 6, Text(f"{detail}."))
        _indented(console, 6, Text(remedy, style="italic"))


def _indented(console: Console, by: int, text: Text) -> None:
    """Wrapped and indented on a terminal; elsewhere one line, for programs that look for it."""
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, by)))
    else:
        console.print(Text(" " * by) + text, soft_wrap=True)


def _show_pairs(console: Console, title: str, pairs: Sequence[tuple[str, str]]) -> None:
    if not pairs:
        return
    console.print()
    console.print(Text(title, style="bold"))
    for subject, reason in pairs:
        console.print(f"  {escape(subject)}: {escape(reason)}", soft_wrap=True, highlight=False)


def show_runs(console: Console, runs: Sequence[RunView]) -> None:
    """The history, newest first."""
    if not runs:
        console.print("No run yet.")
        return
    columns = ("run", "connection", "kind", "started", "took", "status", "what it did")
    table = _table(*columns)
    for run in runs:
        when = (words.local(run.started), run.took)
        table.add_row(str(run.id), escape(run.connection), run.kind, *when, _status(run.status), escape(run.told))
    console.print(table)


def _status(status: Status) -> Text:
    return Text(f"{status.sign} {status.words}", style=_TONE[status.tone])


def show_ending(console: Console, run: RunView) -> None:
    """How a run ended in one line, where the plan above it did not become true."""
    told = ", ".join(run.result.changed) or "nothing changed"
    console.print(Text.assemble((f"Run {run.id}: ", "bold"), _status(run.status), f"; {told}"), soft_wrap=True)


def show_run(console: Console, run: RunView, outcomes: Sequence[OutcomeView], total: int) -> None:
    """One run with its operations; total: how many it has."""
    console.print(Text.assemble((f"Run {run.id} of {run.connection}: ", "bold"), _status(run.status)))
    begun = f"{run.kind}, started {words.local(run.started)}" + (f", took {run.took}" if run.took else "")
    _say(console, f"{begun}, {run.process}")
    _say(console, f"{', '.join(run.result.changed) or 'nothing changed'}; {counted(run.result.requests, 'request')}")
    for count in run.result.counts:
        _say(console, f"{count.name}: {count.source:,} in the source, {count.target:,} on the target")
    for sentence in dict.fromkeys((run.result.detail, *run.result.guard)):
        _say(console, sentence)
    if run.approved_by:
        _say(console, f"approved by {run.approved_by}")
    if run.access is not None:
        _show_impact(console, run.access)
    if outcomes:
        console.print()
        _show_outcomes(console, outcomes)
    if total > len(outcomes):
        console.print(f"… and {total - len(outcomes):,} more (--output json shows all)", highlight=False)


def _say(console: Console, sentence: str) -> None:
    if sentence:
        console.print(f"  {escape(sentence)}", highlight=False, soft_wrap=True)


def _show_outcomes(console: Console, outcomes: Iterable[OutcomeView]) -> None:
    """Each operation over a few lines, so that 80 columns are enough; a refusal with the request id to look for."""
    for outcome in outcomes:
        operation = outcome.operation
        line = _named(operation, f"{operation.words} {operation.subject}")
        console.print(line.append("  ").append_text(_status(outcome.status)), soft_wrap=True)
        for told in (*operation.effects, operation.reason, outcome.detail):
            if told:
                _indented(console, 6, Text(told))
        if outcome.request_id:
            console.print(Text(f"      request {outcome.request_id}", style="dim"), soft_wrap=True)


def show_conflicts(console: Console, conflicts: Sequence[ConflictView]) -> None:
    """What waits for a decision."""
    if not conflicts:
        console.print("Nothing waits for a decision.")
        return
    for conflict in conflicts:
        heading = f"{conflict.kind}  {conflict.key}  {conflict.connection}, since {words.local(conflict.first_seen)}"
        console.print(Text(heading, style="bold"))
        _indented(console, 2, Text(f"{conflict.detail}."))
        if conflict.decision:
            _indented(console, 2, Text(f"decided: {conflict.decision}"))
        else:
            _indented(console, 2, Text(conflict.remedy, style="italic"))


def show_audit(console: Console, entries: Sequence[Entry]) -> None:
    """Who did what, the newest first."""
    if not entries:
        console.print("The audit has no entry yet.")
        return
    columns = ("number", "when", "who", "from", "did", "connection", "what")
    table = _table(*columns)
    for entry in entries:
        source = " ".join(part for part in (entry.actor.via, entry.actor.address) if part)
        told = "; ".join(part for part in (entry.subject, entry.detail) if part)
        when = words.local(entry.at)
        written = (str(entry.number), when, entry.actor.name, source, entry.action, entry.connection, told)
        table.add_row(*(escape(words.printable(cell)) for cell in written))
    console.print(table)


def show_shadow(console: Console, view: ShadowView) -> None:
    """A connection in shadow: the verdict, the trend day by day, then each difference of the newest plan."""
    if view.began is None:
        console.print(f"{escape(view.connection)}: {view.because[0]}", highlight=False)
        return
    since = f"in shadow since {words.local(view.began)}, {counted(view.runs, 'run')}; nothing was written"
    console.print(Text(f"{view.connection}: {since}"), soft_wrap=True)
    console.print(Text(view.ready, style="bold yellow" if view.because else "bold green"), soft_wrap=True)
    if view.days:
        console.print()
        columns = ("day (UTC)", "runs", "differences: last", "fewest", "most")
        show_rows(console, columns, [(d.day, *map(str, (d.runs, d.last, d.fewest, d.most))) for d in view.days])
    for title, found in view.parts:
        _show_standing(console, title, found)
    if view.adoptions:
        console.print()
        console.print(f"The first run that writes would adopt {counted(view.adoptions, 'resource')}.", highlight=False)


def _show_standing(console: Console, title: str, found: Sequence[Lasting]) -> None:
    if not found:
        return
    console.print()
    console.print(Text(f"{title} ({len(found):,})", style="bold"))
    for each in map(view_difference, found[:SHOWN]):
        effect = f": {each.effect}" if each.effect else ""
        line = f"  {each.sign} {each.words} {each.subject}{effect}"
        told = Text(line, style=_COLOUR.get(each.sign, ""))
        console.print(told.append(f"  ({each.reason}; since {words.local(each.since)})", style="dim"), soft_wrap=True)
    if len(found) > SHOWN:
        console.print(f"  … and {len(found) - SHOWN:,} more (--output json shows all)", highlight=False)


def show_checks(console: Console, checks: Sequence[Check]) -> None:
    """One line a check: ok, or what is wrong and how to fix it."""
    for check in checks:
        mark = Text("ok    ", style="green") if check.ok else Text("not ok", style="bold red")
        console.print(Text.assemble(mark, f"  {check.name}: {check.detail}"), soft_wrap=True)
        for problem in check.problems:
            _indented(console, 10, Text(problem))


def show_rows(console: Console, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A plain table, every cell filled."""
    table = _table(*columns)
    for row in rows:
        table.add_row(*(escape(words.value(cell)) for cell in row))
    console.print(table)


def show_explanation(console: Console, told: Explanation) -> None:
    """One identity, from record to what is remembered."""
    console.print(Text(f"{told.kind} {told.name}", style="bold"))
    shown = told.source
    console.print(f"  record: {escape(', '.join(shown.places) or 'the source does not show it')}", highlight=False)
    for name, value in shown.record.items():
        decoded = f"    [dim]decoded from {escape(words.value(shown.raw[name]))}[/dim]" if name in shown.raw else ""
        console.print(f"    {escape(name)} = {escape(words.value(value))}{decoded}", highlight=False, soft_wrap=True)
    console.print(f"  scope: {escape(shown.scope)}", highlight=False)
    for rule in shown.rules:
        result = f"failed: {rule.failure}" if rule.failure else words.value(rule.value)
        console.print(f"    {rule.path} = {escape(result)}    [dim]{escape(rule.rule)}  {escape(rule.place)}[/dim]",
                      highlight=False, soft_wrap=True)  # fmt: skip
    but = f" ({told.plan.but})" if told.plan.but else ""
    console.print(f"  situation: {told.plan.situation} → {told.plan.action}{but}", highlight=False, soft_wrap=True)
    around = ("members" if told.kind == "group" else "groups", shown.groups or ("none",))
    for title, lines in (("plan", told.plan.operations), ("waiting", told.plan.conflicts), around):
        for line in lines or ("nothing",):
            console.print(f"  {title}: {escape(line)}", highlight=False, soft_wrap=True)
    console.print(f"  on the target: {escape(told.target.target_id or 'no resource')}", highlight=False)
    if told.access is not None:
        _show_access(console, told.access)
    _show_memory(console, told)


def _show_access(console: Console, access: InAws) -> None:
    lines = [*map(str, access.ways), *(f"application {name}" for name in access.applications)]
    read = words.ago(access.as_of, datetime.now(UTC))
    for line in lines or ("none",):
        console.print(f"  access: {escape(words.printable(line))}", highlight=False, soft_wrap=True)
    older = "; runs have changed users, groups or memberships since" if access.is_outdated else ""
    again = "scim-bridge access --full reads it again"
    console.print(f"  access: as AWS was read {read}{older} ({again})", highlight=False, soft_wrap=True)
    if access.sessions:
        console.print(f"  sessions: {escape(access.sessions)}", highlight=False, soft_wrap=True)


def _show_memory(console: Console, told: Explanation) -> None:
    sides = (told.target.applied, told.target.seen)
    paths = sorted({*sides[0], *sides[1]})
    if not paths:
        return
    table = _table("    attribute", "last applied", "last seen")
    for path in paths:
        table.add_row(f"    {path}", *(escape(words.value(side.get(path))) for side in sides))
    console.print(table)
