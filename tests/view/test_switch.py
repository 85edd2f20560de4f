"""A switch report in front of people: every sentence in both languages, and every renderer says the same."""

import ast
import re
import string
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from scim_bridge.model.switch import DIRECTORY, EXTERNAL, Direction, Finding, Question, SwitchReport, Topic
from scim_bridge.view.sentence import LANGUAGES, sentences
from scim_bridge.view.switch import GUIDE, switch_document, switch_view
from scim_bridge.view.switch_report import switch_markdown, switch_page
from scim_bridge.view.switch_terminal import show_switch

ROOM = Path(__file__).parents[2] / "scim_bridge" / "access" / "switch"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> | `b` \x1b[31m"

KINDED = ("exact", "differs", "id", "only_source", "left", "protected", "control_tower", "may_be_named_back", "unclear",
          "duplicate", "refused", "left_out", "restored", "not_restored", "made_by_hand")  # fmt: skip


def keys_in_code() -> set[str]:
    """The keys of findings that the code can make: written out, or of a kind of resource, or of a question."""
    found = set()
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_every_sentence_is_there_in_each_language_with_the_same_values() -> None:
    for part, entries in sentences().items():
        for key, said in entries.items():
            assert len(said) == len(LANGUAGES), (part, key)
            assert all(said), (part, key)
            values = [{name for _, name, _, _ in string.Formatter().parse(one) if name} for one in said]
            assert values[0] == values[1], (part, key)
            assert re.search(r"[ぁ-んァ-ヶ一-龠]|Active Directory", said[1]) or part == "report", (part, key)


def test_every_finding_of_the_code_has_a_sentence_and_every_sentence_a_finding() -> None:
    known = {key for key in sentences()["finding"] if not key.endswith("_fix")}
    written = keys_in_code()
    questions = {f"ask_{question.replace('-', '_')}" for question in get_args(Question)}
    of_kinds = {f"{kind}s_{what}" for kind in ("user", "group") for what in KINDED}
    of_users = {f"users_{what}" for what in ("email", "inactive", "ending", "left_privileged", "need_passwords")}
    assert questions | (of_kinds - {"users_control_tower"}) <= known
    assert known <= written | questions | of_kinds | of_users


def test_what_is_to_be_fixed_says_what_to_do() -> None:
    """The order of fixes names all of them, and each has its way out."""
    from scim_bridge.access.switch.report import ORDER

    table = sentences()["finding"]
    assert {f"{key}_fix" for key in ORDER} == {key for key in table if key.endswith("_fix")}
    assert set(ORDER) <= table.keys()


def report(*findings: Finding, topic: Topic = "users") -> SwitchReport:
    fixes = tuple(one for one in findings if one.is_open)
    return SwitchReport(
        connection=HOSTILE,
        direction=Direction(DIRECTORY, EXTERNAL),
        is_guessed=False,
        store="d-1",
        made=NOW,
        access_at=NOW,
        findings={topic: findings},
        fixes=fixes,
    )


EXACT = Finding(key="users_exact", mark="note", values={"count": 12_345})
DIFFERS = Finding(
    key="users_differs",
    mark="fix",
    values={"count": 5},
    columns=("name_now", "name_then", "differs", "holds"),
    rows=tuple((f"{HOSTILE}{n}", f"then{n}", "case, spaces", "Admin on x") for n in range(25)),
    pages=("limits",),
)
NONE = Finding(key="administrators_none", mark="stop")
BREAK_GLASS = Finding(key="ask_break_glass", mark="ask", question="break-glass")


@pytest.mark.parametrize(
    ("findings", "verdict", "said"),
    [
        ((EXACT,), "ready", "Ready"),
        ((EXACT, BREAK_GLASS), "after_fixes", "Ready after 1 fix"),
        ((DIFFERS, BREAK_GLASS), "after_fixes", "Ready after 2 fixes"),
        ((DIFFERS, NONE), "not_ready", "Not ready: 2 to fix"),
        ((replace(BREAK_GLASS, is_answered=True),), "ready", "Ready"),
    ],
)
def test_the_verdict(findings: tuple[Finding, ...], verdict: str, said: str) -> None:
    assert report(*findings).verdict == verdict
    assert switch_view(report(*findings), "en").verdict.startswith(said)


def printed(view: object) -> str:
    console = Console(width=400, record=True, force_terminal=False)
    with console.capture() as captured:
        show_switch(console, view)  # type: ignore[arg-type]
    return captured.get()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_renderer_says_every_sentence_and_nothing_in_a_name_is_markup(language: str) -> None:
    view = switch_view(report(EXACT, DIFFERS, NONE, BREAK_GLASS), language)  # type: ignore[arg-type]
    page, text, marked = switch_page(view), printed(view), switch_markdown(view).replace("\\", "")
    for said in (view.verdict, *(one.sentence for section in view.sections for one in section.findings)):
        assert said in text
        assert said in page.replace("&#39;", "'")
        assert said in marked
    assert "<script>alert" not in page
    assert "\x1b[31m" not in page + text + marked
    assert "http://" not in page
    assert "https:" not in re.sub(r'<a href="https://docs\.aws\.amazon\.com/[^"]*"', "", page)
    assert f'<html lang="{language}">' in page
    assert f"{GUIDE}limits.html" in page
    assert page.count("<bdi>then") == 25
    assert text.count("then") == 20 if language == "ja" else "… and 5 more" in text


def test_names_stand_in_markdown_as_code_and_end_no_cell() -> None:
    [row] = [line for line in switch_markdown(switch_view(report(DIFFERS), "en")).splitlines() if "then3`" in line]
    assert row.replace("\\|", "").count("|") == 5


def test_the_document_has_codes_that_no_language_changes() -> None:
    english, japanese = (switch_document(report(EXACT, DIFFERS, BREAK_GLASS), one) for one in LANGUAGES)
    assert [fix["key"] for fix in english["fixes"]] == ["users_differs", "ask_break_glass"]
    assert english["findings"]["users"][1]["rows"][0]["differs"] == "case, spaces"
    assert english["findings"]["users"][2]["question"] == "break-glass"
    for one in (english, japanese):
        for finding in one["findings"]["users"]:
            finding.pop("sentence")
        for fix in one["fixes"]:
            fix.pop("what")
    assert english == japanese
