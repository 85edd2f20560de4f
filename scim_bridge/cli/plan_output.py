"""Where a plan goes that `plan` has made: the terminal, a file for `apply`, a page, a comment in a code review."""

import os
from pathlib import Path

from scim_bridge.cli.output import console
from scim_bridge.cli.streams import tell
from scim_bridge.cli.token_age import warn_of_expiry
from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import Misconfigured
from scim_bridge.model import exit_code
from scim_bridge.model.comparison import Comparison
from scim_bridge.model.plan import Plan
from scim_bridge.view import plan_report, terminal


def hand_round(plan: Plan, comparison: Comparison | None, markdown: Path | None, html: Path | None) -> None:
    """Write the reports that were asked for."""
    if markdown is not None:
        save(markdown, plan_report.markdown(plan_report.report_view(plan, comparison)).encode())
    if html is not None:
        save(html, plan_report.page(plan_report.report_view(plan, comparison, shown=None)).encode())


def show(view: plan_report.ReportView, chosen: ConnectionSettings) -> None:
    """Print the plan as a table, after what another mapping would change, if one is tried."""
    if view.comparison is not None:
        terminal.show_comparison(console(), view.comparison)
    terminal.show_plan(console(), view.plan)
    warn_of_expiry(chosen)


def save(path: Path, document_bytes: bytes) -> None:
    """Plan files name people, so no one else may read them."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written ({error.strerror})", "Name another file.") from None
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(document_bytes)
    tell(f"saved: {path}")


def plan_code(plan: Plan) -> int:
    """What `plan --exit-code` ends with."""
    return exit_code.of_plan(
        is_stopped=not plan.verdict.passed,
        has_conflicts=bool(plan.conflicts),
        has_operations=bool(plan.operations),
    )
