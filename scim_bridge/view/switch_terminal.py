"""A switch report on a terminal: the verdict and what to fix first, then each topic."""

from rich.console import Console
from rich.text import Text

from scim_bridge.view.switch import FindingView, SwitchView
from scim_bridge.view.switch_report import SHOWN
from scim_bridge.view.terminal import show_rows

_STYLES = {"good": "bold green", "wait": "bold yellow", "bad": "bold red", "quiet": "dim"}


def show_switch(console: Console, view: SwitchView) -> None:
    """Print a report."""
    console.print(Text(view.title, style="bold"))
    console.print(Text(f"{view.direction}; {view.store}"))
    console.print(Text(view.verdict, style=_STYLES[view.tone]))
    if view.fixes:
        console.print()
        console.print(Text(view.speech.say("report", "fixes"), style="bold"))
    for number, fix in enumerate(view.fixes, start=1):
        console.print(Text(f"{number:3}. {fix}"), soft_wrap=True)
    for section in view.sections:
        console.print()
        console.print(Text(section.title, style="bold"))
        for finding in section.findings:
            _show(console, view, finding)
    console.print()
    console.print(Text(view.made), soft_wrap=True)


def _show(console: Console, view: SwitchView, finding: FindingView) -> None:
    mark = f"  {finding.mark or '-'}{'' if not finding.mark else '.' if finding.mark.isdigit() else ':'} "
    line = Text.assemble((mark, _STYLES[finding.tone]), finding.sentence)
    console.print(line, soft_wrap=True)
    if finding.rows:
        rows = [(f"      {first}", *others) for first, *others in finding.rows[:SHOWN]]
        first, *others = finding.columns
        show_rows(console, (f"      {first}", *others), rows)
    if len(finding.rows) > SHOWN:
        console.print(Text(f"      {view.speech.say('report', 'more', count=len(finding.rows) - SHOWN)}"))
