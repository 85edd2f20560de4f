"""`sign-in`: a link to the pages for anyone who may read the state file. `run` prints the first one."""

from datetime import UTC, datetime
from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("sign-in")(sign_in_command)


def sign_in_command(context: typer.Context) -> int:
    """Print a link that signs one browser in to the pages, once."""
    from scim_bridge.config.settings import load

    settings = load(context.obj)
    host, port = settings.listen
    typer.echo(sign_in_link(f"http://{f'[{host}]' if ':' in host else host}:{port}", settings.state))
    return 0


def sign_in_link(url: str, state: Path) -> str:
    """A link below this address. It works once, for 15 minutes, and gives every right that a command line has."""
    from scim_bridge.cli.output import who
    from scim_bridge.state.sign_in import SignIns

    return f"{url}/sign-in?code={SignIns(state).make_link(who(), 'approver', datetime.now(UTC))}"
