"""Where a switch report goes: the terminal, JSON, files to share, and the fix plan."""

from collections.abc import Mapping
from pathlib import Path

from scim_bridge.access.switch.fix_file import fix_bytes
from scim_bridge.access.switch.fixes import can_be_fixed, fix_plan
from scim_bridge.cli.output import console, print_json
from scim_bridge.cli.plan_output import save
from scim_bridge.cli.streams import tell
from scim_bridge.errors import Misconfigured
from scim_bridge.model.wording import counted
from scim_bridge.run.switch_reading import Found
from scim_bridge.view.sentence import Language
from scim_bridge.view.switch import switch_document, switch_view
from scim_bridge.view.switch_report import switch_markdown, switch_page
from scim_bridge.view.switch_terminal import show_switch
from scim_bridge.view.words import printable, utc

_CODES = {"ready": 0, "after_fixes": 3, "not_ready": 1}
"""Exit codes of the contract (docs/design.md §5.1)."""


def show(found: Found, language: Language, files: Mapping[str, Path | None], *, is_json: bool) -> int:
    """Write what was asked for, print the report, and give the exit code. files: html, markdown, fix-plan."""
    view = switch_view(found.report, language)
    if (path := files["html"]) is not None:
        save(path, switch_page(view).encode())
    if (path := files["markdown"]) is not None:
        save(path, switch_markdown(view).encode())
    if is_json:
        print_json(switch_document(found.report, language))
    else:
        show_switch(console(), view)
    if (path := files["fix-plan"]) is not None:
        _save_fixes(found, path)
    verdict = found.report.verdict
    if verdict != "ready":
        count = len(found.report.fixes)
        state = "ready after" if verdict == "after_fixes" else "not ready:"
        what = "1 fix" if count == 1 else f"{count:,} fixes"
        tell(f"scim-bridge: {state} {what}. Do what the list says, in its order.")
    return _CODES[verdict]


def _save_fixes(found: Found, path: Path) -> None:
    """Raises Misconfigured where renames would not help."""
    if not can_be_fixed(found.report.direction):
        before, after = found.report.direction
        raise Misconfigured(
            f"from {before} to {after} there is nothing that a rename would fix, so there is no fix plan",
            "Leave --fix-plan out.",
        )
    plan = fix_plan(found.facts, found.report.connection, str(utc(found.report.made)))
    save(path, fix_bytes(plan))
    for sentence in plan.not_possible:
        tell(f"not in the plan: {printable(sentence)}")
    if plan.renames:
        tell(f"{counted(len(plan.renames), 'rename')} in the plan. To carry it out: scim-bridge apply {path}")
    else:
        tell("the plan has no renames: there is nothing to carry out")
