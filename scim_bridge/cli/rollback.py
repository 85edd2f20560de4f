"""`rollback`: undo a run."""

from typing import Annotated

import typer

from scim_bridge.cli.options import ApproveOption, LastAdminOption, Output, OutputOption, require_approve
from scim_bridge.cli.streams import print_bytes, tell
from scim_bridge.errors import Misconfigured


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("rollback")(rollback_command)


def rollback_command(
    context: typer.Context,
    run: Annotated[int, typer.Argument(help="a run's number, as `history` shows it")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would be undone, and send nothing")] = False,
    approve: ApproveOption = False,
    last_admin: LastAdminOption = False,
    output: OutputOption = Output.text,
) -> int:
    """Undo a run, within the limits. It also pauses the connection, so the schedule does not repeat the change."""
    from scim_bridge.cli.outcome import conclude
    from scim_bridge.cli.output import actor, console, print_json, progress, who
    from scim_bridge.config.settings import load
    from scim_bridge.plan.plan_file import to_bytes
    from scim_bridge.run.lifecycle import Order, opened
    from scim_bridge.run.rollback import nothing_to_undo, read_and_invert, roll_back
    from scim_bridge.state.reader import open_reader
    from scim_bridge.state.writer import State
    from scim_bridge.view import terminal
    from scim_bridge.view.plan import plan_view

    require_approve(approve=approve, last_admin=last_admin)
    settings = load(context.obj)
    record = open_reader(settings.state).run(run)
    if record is None:
        raise Misconfigured(f"there is no run {run}", "See: scim-bridge history")
    chosen = settings.connection(record.connection)
    in_vain = nothing_to_undo(open_reader(settings.state), run)
    if in_vain:
        tell(f"{in_vain}; {chosen.name} is not paused")
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
            order = Order(by=actor(), approved_by=who() if approve else "", is_last_admin=last_admin, progress=report)
            result = roll_back(bridge, state, run, order)
        code = conclude(
            result,
            state,
            chosen,
            output,
            approval=f"scim-bridge rollback {run} --approve",
            dry_run=f"scim-bridge rollback {run} --dry-run",
        )
    if result.applied is not None:
        resume = f"scim-bridge resume {chosen.name}"
        tell(f"{chosen.name} is paused, so the schedule does not repeat the change. To go on: {resume}")
    return code
