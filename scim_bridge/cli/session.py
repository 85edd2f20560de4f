"""`session list` and `session end`: which browsers are signed in to the pages."""

from typing import Annotated

import typer

from scim_bridge.cli.options import Output, OutputOption
from scim_bridge.errors import Misconfigured


def register(app: typer.Typer) -> None:
    """Add these commands."""
    session = typer.Typer(
        help="List the browsers that are signed in, or sign them out.", no_args_is_help=True, rich_markup_mode=None
    )
    session.command("list")(list_command)
    session.command("end")(end_command)
    app.add_typer(session, name="session")


def list_command(context: typer.Context, output: OutputOption = Output.text) -> int:
    """List the browsers that are signed in, newest first."""
    from scim_bridge.cli.output import console, print_json
    from scim_bridge.config.state_place import find_state
    from scim_bridge.state.writer import State
    from scim_bridge.view import sign_in, terminal

    with State(find_state(context.obj).state) as state:
        found = state.sign_ins.sessions()
    if output is Output.json:
        print_json([sign_in.session_document(each) for each in found])
    else:
        terminal.show_rows(console(), sign_in.SESSION_COLUMNS, [sign_in.session_row(each) for each in found])
    return 0


def end_command(
    context: typer.Context,
    number: Annotated[
        int | None, typer.Argument(help="its number, as `session list` shows it", min=1, max=10**15)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="every session there is")] = False,
) -> int:
    """Sign a browser out, or all of them. They have to sign in again."""
    if (number is None) != every:
        raise Misconfigured("which session is to end", "Give its number, or --all.")
    from scim_bridge.cli.output import actor
    from scim_bridge.cli.streams import tell
    from scim_bridge.config.state_place import find_state
    from scim_bridge.model.wording import counted
    from scim_bridge.state.writer import State

    with State(find_state(context.obj).state) as state:
        ended = state.sign_ins.end(number, actor())
    if number is not None and not ended:
        raise Misconfigured(f"there is no session {number}", "See: scim-bridge session list")
    tell(f"{counted(ended, 'session')} ended")
    return 0
