"""A plan to share: as Markdown for a comment in a code review, and as one page that needs nothing else.

The view values are those of the terminal; the templates only say where they stand. Text from a directory is data in
both: autoescaped on the page, and in Markdown fenced by more backticks than it holds itself.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from scim_bridge.model.mapping_comparison import Comparison
from scim_bridge.model.plan import Plan
from scim_bridge.view import words
from scim_bridge.view.impact import COLUMNS
from scim_bridge.view.mapping_comparison import ComparisonView, comparison_view
from scim_bridge.view.plan import SHOWN, PlanView, plan_view
from scim_bridge.view.words import printable

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class CountRow:
    """One line of the summary table. now: under today's mapping, None if nothing is compared."""

    words: str
    now: int | None
    planned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """A plan, and what a changed mapping makes different if it is about one. made_at, read_at: when the plan was made,
    and the target read."""

    connection: str
    made_at: datetime
    read_at: datetime
    counts: tuple[CountRow, ...]
    plan: PlanView
    comparison: ComparisonView | None

    @property
    def made(self) -> str:
        """When, as a sentence."""
        made, read = words.utc(self.made_at), words.utc(self.read_at)
        return f"Made {made}, with the target as read {read}. Nothing was written."


def report_view(plan: Plan, comparison: Comparison | None = None, shown: int | None = SHOWN) -> ReportView:
    """The view of a report. comparison: if the plan is one under a changed mapping. shown: of a kind, None for all."""
    now = comparison.now if comparison is not None else None
    counts = (
        CountRow(many.removeprefix("%(count)s "), None if now is None else now.get(key, 0), plan.summary[key])
        for key, (_, many) in words.DONE.items()
        if plan.summary[key] or (now or {}).get(key)
    )
    view, compared = plan_view(plan, shown), None
    if comparison is not None:
        compared = comparison_view(comparison, plan.verdict, shown)
        view = replace(
            view,
            headline=f"The plan under the changed mapping: {words.summary(plan.summary)}",
            way_out="If the plan is right, merge the mapping. The guard then stops the next sync, and the output says "
            "how to approve it.",
        )
    made, read = map(datetime.fromisoformat, (plan.created, plan.basis.target_read))
    return ReportView(
        connection=printable(plan.connection),
        made_at=made,
        read_at=read,
        counts=tuple(counts),
        plan=view,
        comparison=compared,
    )


def markdown(report: ReportView) -> str:
    """For a comment in a review: the numbers at once, the rest folded."""
    return environment().get_template("plan.md").render(report=report, shown=SHOWN)


def page(report: ReportView) -> str:
    """One self-contained HTML page, light and dark, wide and narrow."""
    return environment().get_template("plan.html").render(report=report, access_columns=COLUMNS)


@cache
def environment() -> "Environment":
    """Where the templates of this room are: HTML autoescaped, and filters for Markdown."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(fenced=fenced, code=code, cell=cell, inline=inline)
    return environment


def fenced(text: str) -> str:
    """Lines as a block of code that nothing in them can end."""
    lines = text.strip("\n").split("\n")
    fence = "`" * max(3, 1 + _longest_run(lines))
    return "\n".join([f"{fence}diff", *map(printable, lines), fence])


def code(text: str) -> str:
    """A text as code within a line."""
    ticks = "`" * (1 + _longest_run([text]))
    inner = f" {text} " if text.startswith("`") or text.endswith("`") else text
    return f"{ticks}{inner}{ticks}" if text else ""


def cell(text: str) -> str:
    """Text that ends no cell of a table, not even inside of code."""
    return text.replace("|", "\\|")


def inline(text: str) -> str:
    """A sentence of ours, with nothing in it that Markdown would read as its own."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", text)


def _longest_run(texts: Iterable[str]) -> int:
    return max((len(run) for text in texts for run in re.findall("`+", text)), default=0)
