"""One operation as people see it, made from a plan's operation or from a journal's record of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scim_bridge.model.operation import Operation
from scim_bridge.model.operation_kind import OPERATION_KINDS
from scim_bridge.model.run import OperationRecord
from scim_bridge.view import words
from scim_bridge.view.translation import _
from scim_bridge.view.words import Status, printable, some


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One attribute's old and new value as text; None stands for "no value"."""

    path: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        if self.old is None:
            return f"{self.new}"
        return f"{self.old} → {_('(removed)') if self.new is None else self.new}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """What is done to whom, and why. members: names, in full. is_create: every change is a first value.

    subject: the name on the target, and the new one beside it where it changes.
    """

    kind: str
    sign: str
    words: str
    subject: str
    reason: str
    changes: tuple[ChangeView, ...]
    members: tuple[str, ...]

    @property
    def is_create(self) -> bool:
        """Whether the resource does not exist before."""
        return self.kind.startswith("create_")

    @property
    def effects(self) -> tuple[str, ...]:
        """What changes, a phrase each: members by name (the first few), or attributes."""
        if self.members:
            return (some(self.members),)
        told = tuple(f"{change.path}: {change}" for change in self.changes)
        return (words.listing(told),) if self.is_create else told


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView:
    """An operation of a run and its outcome. request_id: AWS's, for CloudTrail, "" if no answer came."""

    operation_id: str
    operation: OperationView
    status: Status
    target_id: str | None
    request_id: str
    detail: str
    sent_at: datetime | None
    answered_at: datetime | None


def of_operation(operation: Operation) -> OperationView:
    """An operation of a plan."""
    return _view(
        operation.kind,
        _named(operation.subject, operation.renamed_to),
        operation.reason,
        operation.changes,
        (member.name for member in operation.members),
    )


def of_record(record: OperationRecord) -> OutcomeView:
    """An operation of a run, with its outcome."""
    document = record.document
    members = (str(member["name"]) for member in document.get("members", ()))
    subject = _named(record.subject, document.get("renamed_to"))
    operation = _view(record.kind, subject, document.get("reason", ""), document.get("changes", {}), members)
    return OutcomeView(
        operation_id=record.operation_id,
        operation=operation,
        status=words.OPERATION_STATUS[record.status].said,
        target_id=record.target_id,
        request_id=record.request_id,
        detail=printable(record.detail),
        sent_at=record.sent_at,
        answered_at=record.answered_at,
    )


def of_document(document: Mapping[str, Any]) -> OperationView:
    """An operation as it stands in a plan document."""
    return _view(
        document["kind"],
        _named(document["subject"], document.get("renamed_to")),
        document.get("reason", ""),
        document.get("changes", {}),
        (str(member["name"]) for member in document.get("members", ())),
    )


def _named(subject: str, renamed_to: str | None) -> str:
    return subject if renamed_to is None else f"{subject} → {renamed_to}"


def kind_words(kind: str) -> str:
    """A kind of operation in words; of one of another version, its name."""
    row = OPERATION_KINDS.get(kind)  # type: ignore[call-overload]  # a journal may be of another version
    return _(row.words) if row is not None else kind


def _view(kind: str, subject: str, reason: str, changes: Mapping[str, Any], members: Iterable[str]) -> OperationView:
    row = OPERATION_KINDS.get(kind)  # type: ignore[call-overload]  # a journal may be of another version
    return OperationView(
        kind=kind,
        sign=row.sign if row is not None else "·",
        words=kind_words(kind),
        subject=printable(subject),
        reason=printable(reason),
        changes=changes_view(changes),
        members=tuple(map(printable, members)),
    )


def changes_view(changes: Mapping[str, Any]) -> tuple[ChangeView, ...]:
    """Attributes whose old and new value differ, as text."""
    return tuple(ChangeView(path, _text(old), _text(new)) for path, (old, new) in changes.items() if old != new)


def _text(value: object) -> str | None:
    """A value as people write it: truths as true and false, no value as None."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return printable(", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))
