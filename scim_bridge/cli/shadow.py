"""`shadow`: how the plans of a connection in shadow become smaller, what differs every day, and whether it is ready."""

from typing import Annotated

import typer

from scim_bridge.cli.options import ConnectionArgument, Output, OutputOption


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("shadow")(shadow_command)


def shadow_command(
    context: typer.Context,
    connection: ConnectionArgument = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="how many days are looked at")] = 7,
    output: OutputOption = Output.text,
) -> int:
    """Show the trend of a connection in shadow, what differs every day, and whether it is ready to write."""
    from datetime import UTC, datetime

    from scim_bridge.cli.output import console, print_json
    from scim_bridge.config.state_place import find_state
    from scim_bridge.state.reader import open_reader
    from scim_bridge.view import terminal
    from scim_bridge.view.shadow import period_of, shadow_document, view_shadow

    place, now = find_state(context.obj), datetime.now(UTC)
    name = place.connection(connection)
    view = view_shadow(name, open_reader(place.state).shadow(name, period_of(days, now)), days, now)
    if output is Output.json:
        print_json(shadow_document(view))
    else:
        terminal.show_shadow(console(), view)
    return 0
