"""`conflicts` and `conflicts resolve`: what waits for a decision, and what a person decides. Nothing is sent."""

from typing import TYPE_CHECKING, Annotated

import typer

from scim_bridge.cli.options import THE_TOKEN, ConnectionArgument, Output, OutputOption, ServerOption, TokenOption

if TYPE_CHECKING:
    from scim_bridge.model.conflict_kind import Decision


def register(app: typer.Typer) -> None:
    """Add these commands."""
    conflicts = typer.Typer(
        help="List what waits for a decision, or decide it.", invoke_without_command=True, rich_markup_mode=None
    )
    conflicts.callback()(conflicts_command)
    conflicts.command("list")(conflicts_list_command)
    conflicts.command("resolve")(resolve_command)
    app.add_typer(conflicts, name="conflicts")


def conflicts_command(context: typer.Context, output: OutputOption = Output.text) -> int:
    """List what waits for a decision, with what to do about each."""
    return conflicts_list_command(context, output=output) if context.invoked_subcommand is None else 0


def conflicts_list_command(
    context: typer.Context, connection: ConnectionArgument = None, output: OutputOption = Output.text
) -> int:
    """List what waits for a decision, with what to do about each."""
    from scim_bridge.cli.output import console, print_json
    from scim_bridge.config.state_place import find_state
    from scim_bridge.state.reader import open_reader
    from scim_bridge.view import document, terminal
    from scim_bridge.view.conflict import view_conflicts

    place = find_state(context.obj)
    name = place.connection(connection) if connection else None
    found = open_reader(place.state).conflicts(name)
    if output is Output.json:
        print_json([document.conflict_document(conflict) for conflict in found])
    else:
        terminal.show_conflicts(console(), view_conflicts(found))
    return 0


def resolve_command(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="a conflict's key, or a kind for all of that kind")],
    link: Annotated[
        str | None, typer.Option("--link", metavar="TARGET_ID", help="link the record to this resource")
    ] = None,
    separate: Annotated[
        bool, typer.Option("--separate", help="two users of the same name: the leaver is renamed")
    ] = False,
    adopt: Annotated[bool, typer.Option("--adopt", help="link the record to the resource that it matches")] = False,
    ignore: Annotated[bool, typer.Option("--ignore", help="leave it as it is, and stop asking")] = False,
    source: Annotated[bool, typer.Option("--source", help="use what the source has")] = False,
    target: Annotated[bool, typer.Option("--target", help="keep what the target has")] = False,
    note: Annotated[str, typer.Option("--note", help="why, for those who read it later")] = "",
    server: ServerOption = None,
    token: TokenOption = THE_TOKEN,
) -> int:
    """Decide a conflict, or all open ones of a kind. The decision is kept until a run has carried it out."""
    from scim_bridge.cli.conflict_decision import decide
    from scim_bridge.config.settings import load

    given: dict[Decision, bool] = {
        "link": link is not None,
        "separate": separate,
        "adopt": adopt,
        "ignore": ignore,
        "source": source,
        "target": target,
    }
    decisions = [decision for decision, is_given in given.items() if is_given]
    if server is not None:
        from scim_bridge.cli.at_server import resolve_there, server_at

        with server_at(server, token) as there:
            return resolve_there(there, key, decisions, link, note)
    decide(load(context.obj), key, decisions, link, note)
    return 0
