"""Answers that the worker makes and a page shows later: from values to bytes and back.

An answer that another version of the program has made may have another form. Then it is none, and is made again.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from scim_bridge.model.order import OrderKind
from scim_bridge.model.switch import SwitchReport
from scim_bridge.view import words
from scim_bridge.view.plan_report import ReportView
from scim_bridge.view.switch import switch_document

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_Answer = TypeVar("_Answer", ReportView, SwitchReport)


def answer_bytes(answer: ReportView | SwitchReport) -> bytes:
    """As JSON."""
    return _form(type(answer)).dump_json(answer)


def answer_from(kind: type[_Answer], kept: bytes | None) -> _Answer | None:
    """What was kept, None if there is nothing that can be read."""
    from pydantic import ValidationError

    try:
        found: _Answer | None = _form(kind).validate_json(kept) if kept is not None else None
    except ValidationError:
        return None
    return found


def answer_document(kind: OrderKind, kept: bytes | None) -> dict[str, Any] | None:
    """The same for programs; None if there is nothing that can be read. kind: of the order that has made it."""
    if kind == "switch_report":
        report = answer_from(SwitchReport, kept)
        return switch_document(report, "en") if report is not None else None
    compared = answer_from(ReportView, kept)
    return _comparison(compared) if compared is not None and compared.comparison is not None else None


def _comparison(report: ReportView) -> dict[str, Any]:
    """What a changed mapping would do: in one line, what the guard says, rule by rule, and for whom."""
    found = asdict(report.comparison) if report.comparison is not None else {}
    for section in found.get("sections", ()):
        for line in section["lines"]:
            del line["kind"], line["words"]
    return {"made": words.utc(report.made_at), "target_read": words.utc(report.read_at)} | found


def _form(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
