"""`sign-in`: a link to the pages for anyone who may read the state file. `run` prints the first one."""

from typing import TYPE_CHECKING

import typer

from scim_bridge.errors import Misconfigured

if TYPE_CHECKING:
    from scim_bridge.model.state_address import StateAddress


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("sign-in")(sign_in_command)


def sign_in_command(context: typer.Context) -> int:
    """Print a link that signs one browser in to the pages, once."""
    from scim_bridge.config.settings import load

    settings = load(context.obj)
    service = settings.service
    if service.auth is not None:
        way_out = f"Open {service.url()} in your browser."
        raise Misconfigured("with service.auth, users sign in at the provider and not by a link", way_out)
    typer.echo(sign_in_link(service.url(), settings.state))
    return 0


def sign_in_link(url: str, state: "StateAddress") -> str:
    """A link below this address. It works once, for 15 minutes, and gives every right that a command line has."""
    from scim_bridge.cli.output import who
    from scim_bridge.state.writer import State

    with State(state) as opened:
        return f"{url}/sign-in?code={opened.sign_ins.make_link(who(), 'approver')}"
