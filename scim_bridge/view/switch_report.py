"""A switch report to share: Markdown, and one page that needs nothing else, on a screen and on paper."""

from scim_bridge.view.plan_report import environment
from scim_bridge.view.switch import SwitchView

SHOWN = 20
"""Rows of a finding in Markdown and on a terminal; the page and JSON have all of them."""


def switch_markdown(view: SwitchView) -> str:
    """For a comment or a wiki."""
    return environment().get_template("switch.md").render(report=view, say=view.speech.say, shown=SHOWN)


def switch_page(view: SwitchView) -> str:
    """One self-contained HTML page, light and dark, wide and narrow, on paper."""
    return environment().get_template("switch.html").render(report=view, say=view.speech.say)
