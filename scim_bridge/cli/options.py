"""Arguments and options that several commands take."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from scim_bridge.errors import Misconfigured

if TYPE_CHECKING:
    from datetime import datetime


class Output(StrEnum):
    """For people or for programs."""

    text = "text"
    json = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="text for people, json for programs")]
ConnectionArgument = Annotated[str | None, typer.Argument(help="a connection of the configuration file")]
NamedConnectionArgument = Annotated[str, typer.Argument(help="a connection of the configuration file")]
ApproveOption = Annotated[bool, typer.Option("--approve", help="approve what stopped the last plan, and nothing more")]
LastAdminOption = Annotated[
    bool,
    typer.Option("--last-admin", help="with --approve: even if fewer administrators are left than the policy keeps"),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="USER_OR_GROUP", help="only this user or group, now; may be repeated"),
]
ServerOption = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="have a running service do it, instead of this machine"),
]
TokenOption = Annotated[
    str, typer.Option("--token", metavar="env:NAME", help="with --server: where the API token is to be found")
]
THE_TOKEN = "env:SCIM_BRIDGE_TOKEN"  # noqa: S105 - a reference
"""Where it is if nothing else is said."""
FullOption = Annotated[bool, typer.Option("--full", help="read the whole target, even if it was read recently")]


def require_approve(*, approve: bool, last_admin: bool) -> None:
    """Raises Misconfigured for `--last-admin` alone: it adds to an approval, and is none itself."""
    if last_admin and not approve:
        raise Misconfigured("--last-admin adds to an approval", "Use it with --approve, after you looked at the plan.")


def moment_of(since: str, example: str) -> "datetime":
    """When `--since` begins, UTC. example: a command to show. Raises Misconfigured."""
    from datetime import UTC, datetime

    from scim_bridge.config import form

    try:
        return datetime.now(UTC) - form.duration(since)
    except ValueError as error:
        raise Misconfigured(f"--since {since!r}{error}", f"Such as: {example}") from None


EVERYTHING = 1_000_000
"""How many operations of a run are shown to a program that asks for all."""
