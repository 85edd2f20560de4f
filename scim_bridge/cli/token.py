"""`token create`, `token list` and `token revoke`: what programs show the API, for anyone who may write the state."""

from typing import TYPE_CHECKING, Annotated

import typer

from scim_bridge.cli.options import Output, OutputOption
from scim_bridge.errors import Misconfigured

if TYPE_CHECKING:
    from datetime import timedelta

    from scim_bridge.model.actor import Role


def register(app: typer.Typer) -> None:
    """Add these commands."""
    token = typer.Typer(help="Make, list or revoke tokens of the API.", no_args_is_help=True, rich_markup_mode=None)
    token.command("create")(create_command)
    token.command("list")(list_command)
    token.command("revoke")(revoke_command)
    app.add_typer(token, name="token")


def create_command(
    context: typer.Context,
    role: Annotated[str, typer.Option("--role", help="viewer, operator or approver")],
    name: Annotated[str, typer.Option("--name", help="what it is for; it stands in the audit")] = "",
    expires: Annotated[str, typer.Option("--expires", metavar="90d", help="how long it is valid, or never")] = "90d",
) -> int:
    """Make a token and print it. It is shown this once, and only its hash is kept."""
    from scim_bridge.cli.output import actor
    from scim_bridge.cli.streams import tell
    from scim_bridge.config.state_place import find_state
    from scim_bridge.state.writer import State

    chosen, lasts, by = _role(role), _lasts(expires), actor()
    with State(find_state(context.obj).state) as state:
        secret = state.tokens.make(name or f"of {by.name}", chosen, lasts, by)
    tell("Copy the token now; it is not shown again. Send it as: Authorization: Bearer TOKEN")
    typer.echo(secret)
    return 0


def list_command(context: typer.Context, output: OutputOption = Output.text) -> int:
    """List the tokens, newest first. The tokens themselves are not kept."""
    from scim_bridge.cli.output import console, print_json
    from scim_bridge.config.state_place import find_state
    from scim_bridge.state.reader import utc_now
    from scim_bridge.state.writer import State
    from scim_bridge.view import sign_in, terminal

    now = utc_now()
    with State(find_state(context.obj).state) as state:
        found = state.tokens.all()
    if output is Output.json:
        print_json([sign_in.token_document(each, now) for each in found])
    else:
        terminal.show_rows(console(), sign_in.TOKEN_COLUMNS, [sign_in.token_row(each, now) for each in found])
    return 0


def revoke_command(
    context: typer.Context,
    token: Annotated[str, typer.Argument(help="its number, or how it begins, as `token list` shows them")],
) -> int:
    """Revoke a token. It opens nothing from now on."""
    from scim_bridge.cli.output import actor
    from scim_bridge.cli.streams import tell
    from scim_bridge.config.state_place import find_state
    from scim_bridge.state.writer import State

    with State(find_state(context.obj).state) as state:
        revoked = state.tokens.revoke(token, actor())
    if not revoked:
        raise Misconfigured(f"there is no token {token} to revoke", "See: scim-bridge token list")
    for each in revoked:
        tell(f"the token {each.subject} is revoked")
    return 0


def _role(text: str) -> "Role":
    from scim_bridge.model.actor import ROLES

    for role in ROLES:
        if role == text:
            return role
    raise Misconfigured(f"--role {text!r} is not a role", f"Write one of: {', '.join(ROLES)}.")


def _lasts(text: str) -> "timedelta | None":
    from scim_bridge.config import form

    try:
        return form.duration(text) if text != "never" else None
    except ValueError as error:
        raise Misconfigured(f"--expires {text!r}{error}, or never") from None
