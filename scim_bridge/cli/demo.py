"""`demo`: the main job on a sample organization, with the emulator as the target. No account, nothing left behind."""

from enum import StrEnum
from typing import Annotated

import typer

from scim_bridge.cli.options import Output, OutputOption


class DemoSource(StrEnum):
    """The directory that the sample organization is put into."""

    csv = "csv"
    entra = "entra"
    google = "google"
    ldap = "ldap"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("demo")(demo_command)


def demo_command(
    once: Annotated[bool, typer.Option("--once", help="stop after the sync and print the access to accounts")] = False,
    source: Annotated[
        DemoSource, typer.Option(help="csv files, an emulated Entra ID or Google Workspace, or a real OpenLDAP (slapd)")
    ] = DemoSource.csv,
    port: Annotated[int, typer.Option(min=0, max=65535, help="port of the pages; 0 = any free port")] = 8080,
    output: OutputOption = Output.text,
) -> int:
    """Sync a sample organization into an emulated Identity Center, and serve the pages."""
    from scim_bridge.cli.demo_run import run_demo

    run_demo(source.value, port, output, is_once=once)
    return 0
