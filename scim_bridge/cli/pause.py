"""`pause` and `resume`: whether the schedule of a connection goes on. Nothing is sent."""

from typing import Annotated

import typer

from scim_bridge.cli.options import THE_TOKEN, NamedConnectionArgument, ServerOption, TokenOption
from scim_bridge.cli.streams import tell


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("pause")(pause_command)
    app.command("resume")(resume_command)


def pause_command(
    context: typer.Context,
    connection: NamedConnectionArgument,
    reason: Annotated[str, typer.Option("--reason", help="why, for those who find it paused")] = "",
    server: ServerOption = None,
    token: TokenOption = THE_TOKEN,
) -> int:
    """Stop the schedule of a connection. A one-shot `sync` still works."""
    if server is not None:
        from scim_bridge.cli.at_server import pause_there, server_at

        with server_at(server, token) as there:
            return pause_there(there, connection, reason)
    from scim_bridge.cli.output import actor
    from scim_bridge.config.state_place import find_state
    from scim_bridge.state.writer import State

    place = find_state(context.obj)
    name = place.connection(connection)
    with State(place.state) as state:
        state.pause(name, actor(), reason)
        pause = state.reader.pause(name)
    tell(f"{name} is {pause}. To go on: scim-bridge resume {name}")
    return 0


def resume_command(
    context: typer.Context,
    connection: NamedConnectionArgument,
    server: ServerOption = None,
    token: TokenOption = THE_TOKEN,
) -> int:
    """Restart the schedule of a connection that is paused or quarantined."""
    if server is not None:
        from scim_bridge.cli.at_server import resume_there, server_at

        with server_at(server, token) as there:
            return resume_there(there, connection)
    from scim_bridge.cli.output import actor
    from scim_bridge.config.state_place import find_state
    from scim_bridge.state.writer import State

    place = find_state(context.obj)
    name = place.connection(connection)
    with State(place.state) as state:
        was_paused = state.resume(name, actor())
    tell(
        f"the schedule of {name} goes on"
        if was_paused
        else f"{name} was neither paused nor quarantined, so nothing changed"
    )
    return 0
