"""`explain`: why a user or group is as it is, and what a sync would do about it."""

from typing import Annotated

import typer

from scim_bridge.cli.options import Output, OutputOption


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("explain")(explain_command)


def explain_command(
    context: typer.Context,
    who: Annotated[str, typer.Argument(help="userName, group name, source id or target id")],
    connection: Annotated[str | None, typer.Option("--connection", help="the connection, if there are several")] = None,
    output: OutputOption = Output.text,
) -> int:
    """Show each step for one user or group: record, scope, rules, situation, plan, conflicts, what is remembered."""
    from scim_bridge.cli.output import console, print_json, progress
    from scim_bridge.config.settings import load
    from scim_bridge.run.bridge import open_bridge
    from scim_bridge.run.explain import explain
    from scim_bridge.run.explain_access import with_access
    from scim_bridge.run.lifecycle import Order
    from scim_bridge.state.reader import open_reader
    from scim_bridge.view import document, terminal

    settings = load(context.obj)
    reader = open_reader(settings.state)
    chosen = settings.connection(connection)
    with open_bridge(chosen, reader=reader) as bridge, progress() as report:
        told = explain(bridge, reader, who, Order(progress=report))
    if chosen.access is not None:
        told = with_access(told, reader.access(chosen.name), chosen.switch.portal_session)
    if output is Output.json:
        print_json([document.explanation_document(each) for each in told])
    else:
        for explanation in told:
            terminal.show_explanation(console(), explanation)
    return 0
