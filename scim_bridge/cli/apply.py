"""`apply`: carry out a plan that was saved."""

from pathlib import Path
from typing import Annotated

import typer

from scim_bridge.cli.options import (
    THE_TOKEN,
    ApproveOption,
    LastAdminOption,
    Output,
    OutputOption,
    ServerOption,
    TokenOption,
    require_approve,
)
from scim_bridge.errors import Misconfigured


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("apply")(apply_command)


def apply_command(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(help="a plan saved by `plan --out` or `switch-report --fix-plan`; with --server, its number"),
    ],
    approve: ApproveOption = False,
    last_admin: LastAdminOption = False,
    output: OutputOption = Output.text,
    server: ServerOption = None,
    token: TokenOption = THE_TOKEN,
) -> int:
    """Apply a saved plan exactly, or refuse and name what has changed since."""
    if server is not None:
        from scim_bridge.cli.at_server import apply_plan, approval, server_at

        require_approve(approve=approve, last_admin=last_admin)
        said = approval(approve=approve, last_admin=last_admin)
        with server_at(server, token) as there:
            return apply_plan(there, file, output, said)
    from scim_bridge.access.switch.fix_file import is_fix_file
    from scim_bridge.cli.outcome import conclude
    from scim_bridge.cli.output import actor, progress, who
    from scim_bridge.config.settings import load
    from scim_bridge.plan.plan_file import from_bytes
    from scim_bridge.run.inbox import Inbox
    from scim_bridge.run.lifecycle import Order, opened
    from scim_bridge.run.sync import apply_saved
    from scim_bridge.state.writer import State

    require_approve(approve=approve, last_admin=last_admin)
    settings = load(context.obj)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read ({error.strerror})", "Name a plan saved by `plan --out`.") from None
    if is_fix_file(content):
        from scim_bridge.cli.switch_apply import apply_fixes

        return apply_fixes(settings, file, content, is_json=output is Output.json)
    saved = from_bytes(content, file.name)
    chosen = settings.connection(saved.connection)
    with State(settings.state) as state, opened(chosen, state, "apply") as bridge:
        with progress() as report:
            order = Order(by=actor(), approved_by=who() if approve else "", is_last_admin=last_admin, progress=report)
            result = apply_saved(bridge, state, saved, order, Inbox)
        return conclude(
            result,
            state,
            chosen,
            output,
            approval=f"scim-bridge apply {file} --approve",
            dry_run=f"scim-bridge plan {chosen.name}",
        )
