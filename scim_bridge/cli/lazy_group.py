"""Commands that are imported when they are called: `--help`, `--version` and a wrong option cost no command's imports.

SQLModel alone takes forty times what starting Python takes, so even the list of commands is known without them.
A command's own file keeps to this too: at its top it imports what its options need, and the command imports the rest.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer._click import Command, Context, HelpFormatter  # typer carries a click of its own
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


@dataclass(frozen=True, slots=True)
class Listed:
    """A command in the list of commands. module: its file in this room, whose `register` adds it. told: its help."""

    name: str
    module: str
    told: str


class LazyGroup(TyperGroup):
    """A group that knows names and one-line helps of its commands, and imports one when it is called."""

    listed: ClassVar[tuple[Listed, ...]]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = {each.name: TyperCommand(name=each.name, help=each.told) for each in self.listed}

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 - the interface
        """The command of this name, imported now; None if there is none."""
        for each in self.listed:
            if each.name == cmd_name:
                app = typer.Typer(add_completion=False, rich_markup_mode=None)
                import_module(f"scim_bridge.cli.{each.module}").register(app)
                return get_group(app).commands[cmd_name]
        return None

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the list of commands; nothing is imported for it."""
        TyperGroup(commands=dict(self.commands)).format_commands(ctx, formatter)
