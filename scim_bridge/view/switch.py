"""A switch report in front of people: sections of findings in one language; every renderer shows these values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scim_bridge.model.switch import Finding, SwitchReport, Topic
from scim_bridge.view import words
from scim_bridge.view.sentence import Language, Speech

GUIDE = "https://docs.aws.amazon.com/singlesignon/latest/userguide/"
_CODES = frozenset({"differs", "quota", "keeps"})
"""Columns whose cells are codes, which each language has a word for."""
_SOURCES = frozenset({"source"})
"""Values that are codes as well."""
_NAMED = 3
"""Names in a sentence that says what to fix; the table has all of them."""
TONES = {"stop": "bad", "fix": "wait", "ask": "wait", "note": "quiet"}
VERDICT_TONES = {"ready": "good", "after_fixes": "wait", "not_ready": "bad"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One finding. mark: its word. columns: headings of rows. pages: (name, address) of the documentation."""

    tone: str
    mark: str
    sentence: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    pages: tuple[tuple[str, str], ...]
    is_answered: bool = False


@dataclass(frozen=True, slots=True)
class SwitchSection:
    """Findings on one topic."""

    title: str
    findings: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchView:
    """The whole report. fixes: what to do, in order, each a sentence."""

    speech: Speech
    title: str
    direction: str
    verdict: str
    tone: str
    made: str
    store: str
    fixes: tuple[str, ...]
    sections: tuple[SwitchSection, ...]


def switch_view(report: SwitchReport, language: Language) -> SwitchView:
    """The view of a report in this language."""
    speech = Speech(language)
    before, after = (speech.word(kind) for kind in report.direction)
    return SwitchView(
        speech=speech,
        title=speech.say("report", "title", connection=words.printable(report.connection)),
        direction=speech.say("report", "direction", before=before, after=after),
        verdict=_verdict(report, speech),
        tone=VERDICT_TONES[report.verdict],
        made=speech.say("report", "made", made=words.in_utc(report.made), access=words.in_utc(report.access_at)),
        store=speech.say("report", "store", store=report.store),
        fixes=tuple(_fix(fix, speech) for fix in report.fixes),
        sections=tuple(
            SwitchSection(
                speech.say("topic", topic),
                tuple(_finding(one, topic, number, speech) for number, one in enumerate(findings, start=1)),
            )
            for topic, findings in report.findings.items()
            if findings
        ),
    )


def _verdict(report: SwitchReport, speech: Speech) -> str:
    count = len(report.fixes)
    key = f"verdict_{report.verdict}"
    return speech.say("report", "verdict_after_one_fix" if (report.verdict, count) == ("after_fixes", 1) else key,
                      count=count)  # fmt: skip


def _said(finding: Finding, speech: Speech, end: str = "") -> str:
    values = {
        name: speech.word(str(value))
        if name in _SOURCES
        else words.printable(value)
        if isinstance(value, str)
        else value
        for name, value in finding.values.items()
    }
    return speech.say("finding", f"{finding.key}{end}", **values)


def _fix(fix: Finding, speech: Speech) -> str:
    """What to do, and about whom: the first of them by name."""
    said = _said(fix, speech, "_fix")
    names = [words.printable(row[0]) for row in fix.rows] if fix.mark == "fix" else []
    shown = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        shown = speech.say("report", "names_more", names=shown, count=len(names) - _NAMED)
    return f"{said} ({shown})" if shown else said


def _mark(finding: Finding, topic: Topic, number: int, speech: Speech) -> str:
    """What stands before a finding: its number among steps, nothing before what is documented of all."""
    if topic == "steps":
        return f"{number}"
    if topic == "consequences":
        return ""
    return speech.say("report", "confirmed" if finding.is_answered else f"mark_{finding.mark}")


def _finding(finding: Finding, topic: Topic, number: int, speech: Speech) -> FindingView:
    return FindingView(
        tone="good" if finding.is_answered else TONES[finding.mark],
        mark=_mark(finding, topic, number, speech),
        sentence=_said(finding, speech),
        columns=tuple(map(speech.word, finding.columns)),
        rows=tuple(tuple(_cells(finding, row, speech)) for row in finding.rows),
        pages=tuple((page, page if page.startswith("https") else f"{GUIDE}{page}.html") for page in finding.pages),
        is_answered=finding.is_answered,
    )


def _cells(finding: Finding, row: tuple[str, ...], speech: Speech) -> Iterator[str]:
    for column, cell in zip(finding.columns, row, strict=True):
        if column in _CODES:
            yield ", ".join(speech.word(code) for code in cell.split(", ") if code)
        else:
            yield words.printable(cell)


def switch_document(report: SwitchReport, language: Language) -> dict[str, Any]:
    """The report for programs. Keys and codes never depend on the language; sentences do."""
    speech = Speech(language)
    return {
        "version": 1,
        "connection": report.connection,
        "from": report.direction.before,
        "from_is": "guessed" if report.is_guessed else "configured",
        "to": report.direction.after,
        "identity_store": report.store,
        "made": words.utc(report.made),
        "access_read": words.utc(report.access_at),
        "verdict": report.verdict,
        "fixes": [
            {"number": number, "key": fix.key, "mark": fix.mark, "what": _fix(fix, speech)}
            for number, fix in enumerate(report.fixes, start=1)
        ],
        "findings": {topic: [_document(one, speech) for one in some] for topic, some in report.findings.items()},
    }


def _document(finding: Finding, speech: Speech) -> dict[str, Any]:
    document: dict[str, Any] = {
        "key": finding.key,
        "mark": finding.mark,
        "sentence": _said(finding, speech),
        "values": dict(finding.values),
        "rows": [dict(zip(finding.columns, row, strict=True)) for row in finding.rows],
        "pages": list(finding.pages),
    }
    if finding.question is not None:
        document |= {"question": finding.question, "confirmed": finding.is_answered}
    return document
