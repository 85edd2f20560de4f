"""A command whose help groups its options, each group under its title, as plain text."""

from typer._click import Context, HelpFormatter  # typer carries a click of its own
from typer.core import TyperCommand


class InPanels(TyperCommand):
    """Options stand under the title that `rich_help_panel` gives them, in the order in which the titles first come."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the groups."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            told = parameter.get_help_record(ctx)
            if told is not None:
                panels.setdefault(getattr(parameter, "rich_help_panel", None) or "Options", []).append(told)
        for title, rows in panels.items():
            with formatter.section(title):
                formatter.write_dl(rows)
