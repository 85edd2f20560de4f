"""`plan`: what a sync would do, and why; nothing is sent."""

from pathlib import Path
from typing import Annotated

import typer

from scim_bridge.cli.options import (
    THE_TOKEN,
    ConnectionArgument,
    FullOption,
    OnlyOption,
    Output,
    OutputOption,
    ServerOption,
    TokenOption,
)
from scim_bridge.cli.streams import print_bytes, tell
from scim_bridge.errors import Misconfigured


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("plan")(plan_command)


def plan_command(
    context: typer.Context,
    connection: ConnectionArgument = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="exit with 3 for operations to do, 4 for the guard, 5 for conflicts")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="save the plan, for `apply`")] = None,
    full: FullOption = False,
    only: OnlyOption = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="try this mapping instead of the configured one")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="write a report for a comment in a code review")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="write a report as one page to share")] = None,
    output: OutputOption = Output.text,
    server: ServerOption = None,
    token: TokenOption = THE_TOKEN,
) -> int:
    """Show what a sync would do, and why. Nothing is written to the target."""
    if server is not None:
        if full or only or mapping is not None or markdown is not None or html is not None:
            raise Misconfigured(
                "--server takes --out, --exit-code and --output alone",
                "Run it on the server itself, or leave them out.",
            )
        return _plan_there(server, token, connection, out, output, has_code=exit_code)
    from scim_bridge.cli.access_sessions import tell_sessions
    from scim_bridge.cli.output import progress
    from scim_bridge.cli.plan_output import hand_round, plan_code, save, show
    from scim_bridge.config.settings import load
    from scim_bridge.plan.plan_file import to_bytes
    from scim_bridge.run.access_seen import keep_seen
    from scim_bridge.run.bridge import mapping_to_try, open_bridge
    from scim_bridge.run.lifecycle import Order
    from scim_bridge.run.named_plan import read_and_plan_named
    from scim_bridge.run.sync import read_and_plan
    from scim_bridge.run.what_if import what_if
    from scim_bridge.state.reader import open_reader
    from scim_bridge.view import document, plan_report

    settings = load(context.obj)
    chosen = settings.connection(connection)
    if only and mapping is not None:
        raise Misconfigured("--only and --mapping do not go together", "Leave one of them out.")
    if only and out is not None:
        raise Misconfigured(
            "a plan for some identities alone cannot be applied later, so --only and --out do not go together",
            f"To carry it out: scim-bridge sync {chosen.name} --only {only[0]}",
        )
    reader = open_reader(settings.state)
    tried = mapping_to_try(mapping) if mapping is not None else None
    with open_bridge(chosen, to_be_tried=tried, reader=reader) as bridge, progress() as bars:
        order = Order(progress=bars, in_full=full)
        comparison, looked_at = None, ""
        if tried is not None:
            found = what_if(bridge, reader, tried, order)
            plan, comparison = found.plan, found.comparison
        elif only:
            plan = read_and_plan_named(bridge, reader, only, order).plan
        else:
            reading = read_and_plan(bridge, reader, order)
            plan, looked_at = reading.plan, reading.looked_at
            if reader.is_there:  # a plan makes no state; what there is may know what AWS has shown
                keep_seen(settings.state, chosen.name, reading.access)
    hand_round(plan, comparison, markdown, html)
    more = {} if comparison is None else {"comparison": document.comparison_document(comparison)}
    saved = to_bytes(plan, **more) if out is not None or output is Output.json else b""
    if out is not None:
        save(out, saved)
    if output is Output.json:
        print_bytes(saved)
    else:
        show(plan_report.report_view(plan, comparison), chosen)
    if looked_at:
        tell(looked_at)
    tell_sessions(chosen, settings.state, plan.operations)
    return plan_code(plan) if exit_code else 0


def _plan_there(
    server: str, token: str, connection: str | None, out: Path | None, output: Output, *, has_code: bool
) -> int:
    """By the worker of a running service, which keeps the plan."""
    from scim_bridge.cli.at_server import make_plan, server_at, show_plan
    from scim_bridge.cli.plan_output import save

    with server_at(server, token) as there:
        done, saved = make_plan(there, connection)
    if out is not None:
        save(out, saved)
    code = show_plan(there, saved, done["plan"], output)
    return code if has_code else 0
