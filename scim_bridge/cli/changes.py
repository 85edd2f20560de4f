"""`plan`, `sync` and `apply`: what would be done, doing it, and doing what was saved."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from scim_bridge.cli.output import Output, OutputOption, console, print_bytes, print_json, printing, progress, tell, who
from scim_bridge.config.settings import ConnectionSettings, Settings, load
from scim_bridge.errors import Busy, Misconfigured
from scim_bridge.model.comparison import Comparison
from scim_bridge.model.plan import Plan
from scim_bridge.model.run import RequestRecord
from scim_bridge.model.wording import counted
from scim_bridge.plan.plan_file import from_bytes, to_bytes
from scim_bridge.run.bridge import open_bridge
from scim_bridge.run.inbox import Inbox, wait_for_answer
from scim_bridge.run.lifecycle import Order, Result, opened
from scim_bridge.run.only import read_and_plan_only, sync_only
from scim_bridge.run.rollback import nothing_to_undo, read_and_invert, roll_back
from scim_bridge.run.sync import apply_saved, read_and_plan, sync
from scim_bridge.run.what_if import what_if
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import State
from scim_bridge.view import document, report, terminal
from scim_bridge.view.operation import of_record
from scim_bridge.view.plan import Decided, in_words, plan_view
from scim_bridge.view.run import view_run

ConnectionArgument = Annotated[str | None, typer.Argument(help="a connection of the configuration file")]
ApproveOption = Annotated[
    bool, typer.Option("--approve", help="approve what the limits of the last stopped plan counted")
]
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", metavar="USER_OR_GROUP", help="this one alone, at once; may be repeated")
]
RestoreOption = Annotated[
    bool, typer.Option("--after-restore", help="the state is a copy of unknown age: trust the target (with --full)")
]
FullOption = Annotated[bool, typer.Option("--full", help="read the whole target, however young the last reading is")]
_ALL = 1_000_000


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("plan")(plan_command)
    app.command("sync")(sync_command)
    app.command("apply")(apply_command)
    app.command("rollback")(rollback_command)


def plan_command(
    context: typer.Context,
    connection: ConnectionArgument = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="3: operations to do, 4: guard, 5: conflicts")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="save the plan, for `apply`")] = None,
    full: FullOption = False,
    only: OnlyOption = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", help="try this mapping in place of today's")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="for a comment in a code review")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="as one page to hand round")] = None,
    output: OutputOption = Output.text,
) -> int:
    """Dry run: what a sync would do, and why. Nothing is written to the target."""
    settings = load(context.obj)
    chosen = settings.connection(connection)
    if only and mapping is not None:
        raise Misconfigured("--only and --mapping do not go together", "Leave one of them out.")
    if only and out is not None:
        raise Misconfigured(
            "a plan for some identities alone cannot be applied later, so --only and --out do not go together",
            f"To carry it out: scim-bridge sync {chosen.name} --only {only[0]}",
        )
    with open_bridge(chosen, to_be_tried=mapping) as bridge, progress() as bars:
        order = Order(progress=bars, in_full=full)
        reader = open_reader(settings.state)
        comparison: Comparison | None = None
        if mapping is not None:
            found = what_if(bridge, reader, mapping, order)
            plan, comparison = found.plan, found.comparison
        elif only:
            plan = read_and_plan_only(bridge, reader, only, order).plan
        else:
            plan = read_and_plan(bridge, reader, order).plan
    _hand_round(plan, comparison, markdown, html)
    more = {} if comparison is None else {"comparison": document.comparison_document(comparison)}
    saved = to_bytes(plan, **more) if out is not None or output is Output.json else b""
    if out is not None:
        _save(out, saved)
    if output is Output.json:
        print_bytes(saved)
    else:
        _show(report.report_view(plan, comparison), chosen)
    return _plan_code(plan) if exit_code else 0


def _hand_round(plan: Plan, comparison: Comparison | None, markdown: Path | None, html: Path | None) -> None:
    """Write the reports that were asked for."""
    if markdown is not None:
        _save(markdown, report.markdown(report.report_view(plan, comparison)).encode())
    if html is not None:
        _save(html, report.page(report.report_view(plan, comparison, shown=None)).encode())


def _show(view: report.ReportView, chosen: ConnectionSettings) -> None:
    if view.comparison is not None:
        terminal.show_comparison(console(), view.comparison)
    terminal.show_plan(console(), view.plan)
    _warn_of_expiry(chosen)


def _save(path: Path, document_bytes: bytes) -> None:
    """Plan files name people, so nobody else may read them."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written ({error.strerror})", "Name another file.") from None
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(document_bytes)
    tell(f"saved: {path}")


def _plan_code(plan: Plan) -> int:
    if not plan.verdict.passed:
        return 4
    if plan.conflicts:
        return 5
    return 3 if plan.operations else 0


def sync_command(
    context: typer.Context,
    connection: ConnectionArgument = None,
    approve: ApproveOption = False,
    full: FullOption = False,
    after_restore: RestoreOption = False,
    only: OnlyOption = None,
    output: OutputOption = Output.text,
) -> int:
    """Bring the target to what the source says, within the limits."""
    settings = load(context.obj)
    chosen = settings.connection(connection)
    if after_restore and (only or not full):
        raise Misconfigured("--after-restore reads everything anew", "Use it with --full and without --only.")
    if only:
        return _sync_only(settings, chosen, only, output, is_approved=approve)
    with State(settings.state) as state, opened(chosen, state, "sync") as bridge:
        with progress() as report:
            who_approves = who() if approve else ""
            order = Order(who_approves, progress=report, in_full=full, after_restore=after_restore)
            result = sync(bridge, state, order, Inbox)
        anew = " --full --after-restore" if after_restore else ""
        return _conclude(result, state, chosen, output, f"scim-bridge sync {chosen.name}{anew} --approve")


def _sync_only(
    settings: Settings, chosen: ConnectionSettings, only: list[str], output: Output, *, is_approved: bool
) -> int:
    """One or a few identities, at once: by a run of our own, or by the one in progress."""
    with State(settings.state) as state, opened(chosen, state, "sync") as bridge:
        order = Order(approved_by=who() if is_approved else "", asked_by=who())
        while True:
            try:
                with progress() as report:
                    result = sync_only(bridge, state, only, replace(order, progress=report))
                approval = f"scim-bridge sync {chosen.name} --only {only[0]} --approve"
                return _conclude(result, state, chosen, output, approval)
            except Busy:
                answer = wait_for_answer(bridge, state, only, order)
            if answer is not None:
                return _told_by(answer, state, output)


def _told_by(answer: RequestRecord, state: State, output: Output) -> int:
    """What the run in progress made of a request."""
    if answer.error:
        tell(f"scim-bridge: {answer.error}")
        return answer.exit_code
    run = state.reader.run(answer.run_id or 0)
    if run is not None and output is Output.json:
        print_json(document.show_document(run, state.reader.operations(run.id, limit=_ALL)))
    elif run is not None:
        operations = [of_record(operation) for operation in state.reader.operations(run.id)]
        terminal.show_run(console(), view_run(run), operations, len(operations))
    tell(f"run {answer.run_id} is done, by the run in progress")
    return answer.exit_code


def apply_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="a plan saved by `plan --out`")],
    approve: ApproveOption = False,
    output: OutputOption = Output.text,
) -> int:
    """Apply a saved plan exactly, or refuse by name if either side has changed since."""
    settings = load(context.obj)
    try:
        saved = from_bytes(file.read_bytes(), file.name)
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read ({error.strerror})", "Name a plan saved by `plan --out`.") from None
    chosen = settings.connection(saved.connection)
    with State(settings.state) as state, opened(chosen, state, "apply") as bridge:
        with progress() as report:
            order = Order(approved_by=who() if approve else "", progress=report)
            result = apply_saved(bridge, state, saved, order, Inbox)
        return _conclude(result, state, chosen, output, f"scim-bridge apply {file} --approve")


def rollback_command(
    context: typer.Context,
    run: Annotated[int, typer.Argument(help="a run's number, as `history` shows it")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show the way back, and send nothing")] = False,
    approve: ApproveOption = False,
    output: OutputOption = Output.text,
) -> int:
    """Undo a run within the limits, as a run of its own; the connection is paused, so that it stays undone."""
    settings = load(context.obj)
    record = open_reader(settings.state).run(run)
    if record is None:
        raise Misconfigured(f"there is no run {run}", "See: scim-bridge history")
    chosen = settings.connection(record.connection)
    in_vain = nothing_to_undo(open_reader(settings.state), run)
    if in_vain:
        tell(f"{in_vain}; {chosen.name} goes on as before")
        if output is Output.json:
            print_json({"operations": []})
        return 0
    with State(settings.state) as state, opened(chosen, state, "rollback") as bridge:
        if dry_run:
            with progress() as report:
                plan = read_and_invert(bridge, state.reader, run, Order(progress=report)).plan
            if output is Output.json:
                print_bytes(to_bytes(plan))
            else:
                terminal.show_plan(console(), plan_view(plan, approval=f"scim-bridge rollback {run} --approve"))
            return 0
        with progress() as report:
            order = Order(approved_by=who() if approve else "", progress=report)
            result = roll_back(bridge, state, run, order, who())
        code = _conclude(result, state, chosen, output, f"scim-bridge rollback {run} --approve")
    if result.applied is not None:
        tell(f"{chosen.name} is paused, so that it stays so. To go on: scim-bridge resume {chosen.name}")
    return code


def _conclude(result: Result, state: State, chosen: ConnectionSettings, output: Output, approval: str) -> int:
    """Show what became of a run, and give its exit code with its sentence. approval: the command that approves it."""
    with printing(f"Look at the run: scim-bridge show {result.run_id}"):
        _print_outcome(result, state, chosen, output, approval)
    if result.applied is None:
        tell(f"scim-bridge: {_refusal(result, chosen.name, approval)}")
    else:
        tell(_unfinished(result) or f"run {result.run_id} is done")
    return result.exit_code


def _print_outcome(result: Result, state: State, chosen: ConnectionSettings, output: Output, approval: str) -> None:
    run = state.reader.run(result.run_id)
    if output is Output.json and run is not None:
        operations = state.reader.operations(result.run_id, limit=_ALL)
        open_now = [document.conflict_document(c) for c in state.reader.conflicts(chosen.name)]
        print_json(document.show_document(run, operations) | {"open_conflicts": open_now})
    elif output is Output.text:
        decided: Decided = "stopped" if result.applied is None else "approved"
        terminal.show_plan(console(), plan_view(result.plan, approval=approval, decided=decided))
        if run is not None and run.failed:
            terminal.show_ending(console(), view_run(run))
        _warn_of_expiry(chosen)


def _unfinished(result: Result) -> str:
    """What failed and what waits, each with where to look at it; "" if neither is there."""
    failed, waiting = result.conclusion.failed, len(result.conclusion.conflicts)
    found = []
    if failed:
        found.append((f"{counted(failed, 'operation')} failed", f"scim-bridge show {result.run_id}"))
    if waiting:
        found.append((f"{counted(waiting, 'conflict')} {'waits' if waiting == 1 else 'wait'} for a person",
                      "scim-bridge conflicts"))  # fmt: skip
    if not found:
        return ""
    told, places = (" and ".join(words) for words in zip(*found, strict=True))
    return f"scim-bridge: run {result.run_id} is done, but {told}. To see: {places}"


def _refusal(result: Result, connection: str, approval: str) -> str:
    sentences = "; ".join(trip.sentence for trip in result.plan.verdict.tripped)
    if result.new:
        sentences += f". The plan that was approved did not hold {in_words(result.plan, result.new)}"
    return (
        f"Stopped before the first write: {sentences}. Look at them: scim-bridge show {result.run_id}, "
        f"scim-bridge plan {connection}. If it is right: {approval}"
    )


def _warn_of_expiry(chosen: ConnectionSettings) -> None:
    from scim_bridge.cli.setup import token_age

    age = token_age(chosen.target)
    if age.warns:
        tell(f"warning: {age.sentence}")
