"""The outcome of a run, as the command prints it: what was done, or what stopped it, and the exit code."""

from scim_bridge.cli.access_sessions import tell_sessions
from scim_bridge.cli.options import EVERYTHING, Output
from scim_bridge.cli.output import console, print_json
from scim_bridge.cli.streams import printing, tell
from scim_bridge.cli.token_age import warn_of_expiry
from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.model.run import RequestRecord, RunRecord
from scim_bridge.model.wording import counted
from scim_bridge.run.lifecycle import Result
from scim_bridge.run.revocation import taken_by
from scim_bridge.state.writer import State
from scim_bridge.view import document, terminal
from scim_bridge.view.operation import of_record
from scim_bridge.view.plan import Decided, approving, in_words, plan_view
from scim_bridge.view.run import view_run


def conclude(
    result: Result, state: State, chosen: ConnectionSettings, output: Output, *, approval: str, dry_run: str
) -> int:
    """Show the outcome of a run, and give its exit code with its sentence.

    approval: the command that approves its plan. dry_run: the one that shows the plan again, and sends nothing.
    """
    with printing(f"Look at the run: scim-bridge show {result.run_id}"):
        _print_outcome(result, state, chosen, output, approval)
    if result.reading.looked_at:
        tell(result.reading.looked_at)
    _tell_sessions(result, state, chosen)
    if result.in_shadow:
        tell(f"{chosen.name} is in shadow: nothing was written. See: scim-bridge shadow {chosen.name}")
    elif result.applied is None:
        tell(f"scim-bridge: {_refusal(result, approval, dry_run)}")
    else:
        tell(_unfinished(result) or f"run {result.run_id} is done")
    return result.exit_code


def _print_outcome(result: Result, state: State, chosen: ConnectionSettings, output: Output, approval: str) -> None:
    run = state.reader.run(result.run_id)
    if output is Output.json and run is not None:
        operations = state.reader.operations(result.run_id, limit=EVERYTHING)
        open_now = [document.conflict_document(c) for c in state.reader.conflicts(chosen.name)]
        print_json(document.show_document(run, operations) | {"open_conflicts": open_now})
    elif output is Output.text:
        decided: Decided = "shadow" if result.in_shadow else "stopped" if result.applied is None else "approved"
        terminal.show_plan(console(), plan_view(result.plan, approval=approval, decided=decided))
        if run is not None and run.failed:
            terminal.show_ending(console(), view_run(run))
        warn_of_expiry(chosen)


def _tell_sessions(result: Result, state: State, chosen: ConnectionSettings) -> None:
    """What may still run of those who have lost access; of those who would, if nothing was sent."""
    run = state.reader.run(result.run_id)
    if result.applied is not None and run is not None:
        _tell_sessions_after(run, state, chosen)
    elif not result.in_shadow:
        tell_sessions(chosen, state.address, result.plan.operations)


def _tell_sessions_after(run: RunRecord, state: State, chosen: ConnectionSettings) -> None:
    tell_sessions(chosen, state.address, taken_by(state.reader, run.id), run.ended, run.id)


def _unfinished(result: Result) -> str:
    """What failed and what waits, each with where to look at it; "" if neither is there."""
    failed, waiting = result.conclusion.failed, len(result.conclusion.conflicts)
    found = []
    if failed:
        found.append((f"{counted(failed, 'operation')} failed", f"scim-bridge show {result.run_id}"))
    if waiting:
        found.append((f"{counted(waiting, 'conflict')} {'waits' if waiting == 1 else 'wait'} for a decision",
                      "scim-bridge conflicts"))  # fmt: skip
    if not found:
        return ""
    told, places = (" and ".join(words) for words in zip(*found, strict=True))
    return f"scim-bridge: run {result.run_id} is done, but {told}. See: {places}"


def _refusal(result: Result, approval: str, dry_run: str) -> str:
    sentences = "; ".join(trip.sentence for trip in result.plan.verdict.tripped)
    if result.new:
        sentences += f". The plan that was approved did not hold {in_words(result.plan, result.new)}"
    return (
        f"Stopped before the first write: {sentences}. Look at the plan: scim-bridge show {result.run_id}, or "
        f"{dry_run}. If the plan is right: {approving(result.plan, approval)}"
    )


def tell_answer(answer: RequestRecord, state: State, chosen: ConnectionSettings, output: Output) -> int:
    """Print the outcome of an order that the run in progress carried out."""
    if answer.error:
        tell(f"scim-bridge: {answer.error}")
        return answer.exit_code
    run = state.reader.run(answer.run_id or 0)
    if run is not None and output is Output.json:
        print_json(document.show_document(run, state.reader.operations(run.id, limit=EVERYTHING)))
    elif run is not None:
        operations = [of_record(operation) for operation in state.reader.operations(run.id)]
        terminal.show_run(console(), view_run(run), operations, len(operations))
    if run is not None:
        _tell_sessions_after(run, state, chosen)
    tell(f"done as run {answer.run_id}, inside the run in progress")
    return answer.exit_code
