"""`audit` and `audit verify`: who did what, and whether the chain of entries is whole. Nothing is changed."""

from typing import Annotated

import typer

from scim_bridge.cli.options import Output, OutputOption, moment_of

_SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add these commands."""
    audit = typer.Typer(
        help="Show who did what, or check that no entry is changed.", invoke_without_command=True, rich_markup_mode=None
    )
    audit.callback()(audit_command)
    audit.command("verify")(verify_command)
    app.add_typer(audit, name="audit")


def audit_command(
    context: typer.Context,
    connection: Annotated[str, typer.Option("--connection", help="only what was done to this connection")] = "",
    since: Annotated[str | None, typer.Option("--since", metavar="30d", help="only what is younger")] = None,
    output: OutputOption = Output.text,
) -> int:
    """Show who did what, when and from where: the newest first. As JSON: all of it, one entry a line, oldest first."""
    if context.invoked_subcommand is not None:
        return 0
    from scim_bridge.cli.output import console
    from scim_bridge.cli.streams import print_bytes
    from scim_bridge.config.state_place import find_state
    from scim_bridge.model.audit import line_of
    from scim_bridge.state.reader import open_reader
    from scim_bridge.view.terminal import show_audit

    place = find_state(context.obj)
    name = place.connection(connection) if connection else ""
    moment = moment_of(since, "scim-bridge audit --since 30d") if since is not None else None
    reader = open_reader(place.state)
    if output is Output.json:
        for entry in reader.audit():
            if name in ("", entry.connection) and (moment is None or entry.at >= moment):
                print_bytes(line_of(entry))
    else:
        show_audit(console(), reader.latest_audit(_SHOWN, connection=name, since=moment))
    return 0


def verify_command(
    context: typer.Context,
    holds: Annotated[
        str, typer.Option("--holds", metavar="HASH", help="a hash that was noted elsewhere; it has to be in the chain")
    ] = "",
) -> int:
    """Check that no entry was changed, removed or put in; exit code 1 if one was. Note the last hash elsewhere."""
    from scim_bridge.cli.streams import tell
    from scim_bridge.config.state_place import find_state
    from scim_bridge.model.audit import verify
    from scim_bridge.state.reader import open_reader

    found = verify(open_reader(find_state(context.obj).state).audit(), holds)
    whole = f"the audit is whole up to entry {found.entries:,}"
    if found.broken:
        tell(f"scim-bridge: the audit was changed by hand: {found.broken}. Compare the state with an older copy of it.")
        return 1
    if not found.holds:
        tell(f"scim-bridge: {whole}, but none has the hash {holds}: it was made again, or this is another state.")
        return 1
    tell(f"{whole}, whose hash is {found.head}" if found.entries else "the audit has no entry yet")
    return 0
