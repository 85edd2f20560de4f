"""Answers that the worker makes and a page shows later: from values to bytes and back.

An answer that another version of the program has made may have another form. Then it is none, and is made again.
"""

from typing import TYPE_CHECKING, Any, TypeVar

from scim_bridge.model.switch import SwitchReport
from scim_bridge.view.plan_report import ReportView

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


def _form(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
