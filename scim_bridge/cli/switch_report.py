"""`switch-report`: what a change of the identity source would do, and what to fix before it. It only reads AWS."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scim_bridge.cli.options import ConnectionArgument, Output, OutputOption


class To(StrEnum):
    """Where users are to come from."""

    external = "external"
    identity_center = "identity-center"
    active_directory = "active-directory"


class Language(StrEnum):
    """Of the sentences; keys and codes are the same in each."""

    en = "en"
    ja = "ja"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("switch-report")(switch_report_command)


def switch_report_command(
    context: typer.Context,
    connection: ConnectionArgument = None,
    *,
    to: Annotated[To, typer.Option("--to", help="the identity source after the change")],
    fix_plan: Annotated[
        Path | None, typer.Option("--fix-plan", metavar="FILE", help="save the renames as a plan, for `apply`")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="write the report as one page to share or print")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="write the report as Markdown")] = None,
    language: Annotated[Language, typer.Option("--language", help="en or ja")] = Language.en,
    full: Annotated[
        bool, typer.Option("--full", help="read who may enter what again, even if it was read recently")
    ] = False,
    output: OutputOption = Output.text,
) -> int:
    """Show what a change of the identity source would do, and what to fix before it. Nothing is written to AWS."""
    from scim_bridge.cli.access_reading import current_reading, with_access
    from scim_bridge.cli.output import progress
    from scim_bridge.cli.switch_output import show
    from scim_bridge.config.settings import load
    from scim_bridge.run.switch_reading import read_switch

    settings = load(context.obj)
    chosen = with_access(settings, connection)
    with progress() as report:
        found = read_switch(chosen, to.value, lambda: current_reading(settings, chosen.name, is_full=full), report)
    return show(found, language.value, {"html": html, "markdown": markdown, "fix-plan": fix_plan},
                is_json=output is Output.json)  # fmt: skip
