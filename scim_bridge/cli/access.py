"""`access`: who may enter what, and what has changed about it. Only `access restore --apply` writes to AWS."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer._click import Context  # typer carries a click of its own
from typer.core import TyperGroup

from scim_bridge.cli.options import Output, OutputOption

_SHOW = "show"


class AccessOutput(StrEnum):
    """For people, for programs, for spreadsheets."""

    text = "text"
    json = "json"
    csv = "csv"


class _AccessGroup(TyperGroup):
    """`access`, `access USER`, `access --account …` are `access show …`: what is not a command here is a user."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Put `show` in, unless a command or the help is asked for."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = [_SHOW, *args]
        return super().parse_args(ctx, args)


ConnectionOption = Annotated[
    str | None, typer.Option("--connection", help="a connection of the configuration file, if several have access")
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        cls=_AccessGroup,
        help="Show who may enter which account with which permission set, and what changed.",
        rich_markup_mode=None,
    )
    group.command(_SHOW)(show_command)
    group.command("diff")(diff_command)
    group.command("export")(export_command)
    group.command("restore")(restore_command)
    group.command("policy")(policy_command)
    group.command("sessions")(sessions_command)
    app.add_typer(group, name="access")


def show_command(
    context: typer.Context,
    user: Annotated[
        str | None, typer.Argument(metavar="[USER]", help="only this user; with --who-can: a permission set")
    ] = None,
    who_can: Annotated[str | None, typer.Option("--who-can", metavar="ACCOUNT", help="who can enter it")] = None,
    account: Annotated[str | None, typer.Option(help="only this account, by name or id")] = None,
    permission_set: Annotated[str | None, typer.Option(help="only this permission set")] = None,
    application: Annotated[str | None, typer.Option(help="only this application")] = None,
    full: Annotated[bool, typer.Option("--full", help="read AWS again, even if it was read recently")] = False,
    connection: ConnectionOption = None,
    output: Annotated[AccessOutput, typer.Option("--output", "-o", help="text, json or csv")] = AccessOutput.text,
) -> int:
    """Show user, group, account and permission set of each way in, and what it allows. `access USER` is enough."""
    from scim_bridge.access.wanted import Wanted
    from scim_bridge.cli.access_output import show
    from scim_bridge.cli.access_reading import current_reading, user_reading
    from scim_bridge.config.settings import load

    if who_can is not None:
        account, permission_set, user = who_can, user or permission_set, None
    wanted = Wanted(user, account, permission_set, application)
    settings = load(context.obj)
    if user is not None and not full and wanted == Wanted(user):
        reading = user_reading(settings, connection, user)
    else:
        reading = current_reading(settings, connection, is_full=full)
    show(reading, wanted, output.value)
    return 0


def diff_command(
    context: typer.Context,
    compared: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SNAPSHOT…|FILE]", help="readings by number, or an exported file; else the last two"),
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="30d", help="compare with the reading of so long ago")] = None,
    connection: ConnectionOption = None,
    output: OutputOption = Output.text,
) -> int:
    """Show who gained or lost what between two readings, and which run or decision did it, or that someone else did."""
    from scim_bridge.config.settings import load

    named, is_json = compared or [], output is Output.json
    if len(named) == 1 and not named[0].isdecimal():
        from scim_bridge.cli.access_backup import show_file_difference

        show_file_difference(load(context.obj), connection, Path(named[0]), is_json=is_json)
    else:
        from scim_bridge.cli.access_difference import show_difference

        show_difference(load(context.obj), connection, named, since, is_json=is_json)
    return 0


def export_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="the file to write")],
    connection: ConnectionOption = None,
) -> int:
    """Write every assignment to a file, by names, so that it can be compared and made again."""
    from scim_bridge.cli.access_backup import export
    from scim_bridge.config.settings import load

    export(load(context.obj), connection, file)
    return 0


def restore_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="a file that `access export` wrote")],
    apply: Annotated[bool, typer.Option("--apply", help="make what is missing; without it, only show it")] = False,
    connection: ConnectionOption = None,
) -> int:
    """Show which assignments of a file are missing, and make them with --apply. Nothing is deleted."""
    from scim_bridge.cli.access_backup import restore
    from scim_bridge.config.settings import load

    return restore(load(context.obj), connection, file, is_applying=apply)


def policy_command() -> int:
    """Print the smallest policy with which everything is read, as JSON. It can write nothing."""
    from scim_bridge.access.read_only_policy import read_only_policy
    from scim_bridge.cli.output import print_json

    document: dict[str, Any] = read_only_policy()
    print_json(document)
    return 0


def sessions_command(
    context: typer.Context,
    users: Annotated[list[str], typer.Argument(metavar="USER…", help="users by userName or id")],
    connection: ConnectionOption = None,
    output: OutputOption = Output.text,
) -> int:
    """Show which sessions would still run if these users were deactivated now, and print the policy that stops them."""
    from scim_bridge.cli.access_sessions import show_sessions
    from scim_bridge.config.settings import load

    show_sessions(load(context.obj), connection, users, is_json=output is Output.json)
    return 0
