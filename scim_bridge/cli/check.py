"""`check`: is everything in order before anything is changed?"""

from typing import Annotated

import typer

from scim_bridge.cli.options import Output, OutputOption
from scim_bridge.cli.streams import tell


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("check")(check_command)


def check_command(
    context: typer.Context,
    connection: Annotated[str | None, typer.Argument(help="only this connection")] = None,
    output: OutputOption = Output.text,
) -> int:
    """Check configuration, mapping, source, token, endpoint and access: a line for each, ok or how to fix it."""
    from scim_bridge.cli.check_connection import check_connections
    from scim_bridge.cli.output import console, print_json
    from scim_bridge.config.settings import load
    from scim_bridge.view import document, terminal

    settings = load(context.obj)
    chosen = [settings.connection(connection)] if connection else list(settings.connections.values())
    checks = check_connections(settings, chosen)
    if output is Output.json:
        print_json(document.rows_document(checks))
    else:
        terminal.show_checks(console(), checks)
    failed = sum(not check.ok for check in checks)
    if failed:
        tell(f"scim-bridge: {failed} of {len(checks)} checks failed.")
    return 1 if failed else 0
