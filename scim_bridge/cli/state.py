"""`state copy`: the state moves from a file to a server, or back."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this command."""
    state = typer.Typer(help="Copy the state to another place.", no_args_is_help=True, rich_markup_mode=None)
    state.command("copy")(copy_command)
    state.callback()(_group)
    app.add_typer(state, name="state")


def _group() -> None:
    """Copy the state to another place."""


def copy_command(
    context: typer.Context,
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="sqlite:///FILE, postgresql+psycopg://…, env:NAME or file:PATH")
    ],
) -> int:
    """Copy the state to an empty place, compared row by row, or copy nothing."""
    from datetime import UTC, datetime

    from scim_bridge.cli.streams import tell
    from scim_bridge.config.state_place import address_of, find_state
    from scim_bridge.errors import Misconfigured
    from scim_bridge.model.wording import counted
    from scim_bridge.state.copy import copy_state

    place = find_state(context.obj)
    try:
        target = address_of(to, place.path.parent)
    except ValueError as error:
        raise Misconfigured(f"--to{error}") from None
    copied = copy_state(place.state, target, datetime.now(UTC), lambda name, rows: tell(f"{name}: {rows:,}"))
    rows, tables = counted(sum(copied.values()), "row"), counted(len(copied), "table")
    tell(f"{rows} in {tables} copied to {target}, and compared one by one.")
    tell(f"The state in {place.state} is as it was. Write state: {to} in {place.path.name}, then start the service.")
    return 0
