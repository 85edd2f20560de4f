"""Operations as CSV: a line for each attribute that changes and for each member, for spreadsheets."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scim_bridge.model.run import OperationRecord
from scim_bridge.view import words
from scim_bridge.view.csv_line import csv_line

COLUMNS = (
    "operation", "kind", "subject", "source_id", "target_id", "attribute", "old", "new", "member", "reason",
    "outcome", "detail", "request_id", "sent_at", "answered_at",
)  # fmt: skip


def csv_of_records(records: Iterable[OperationRecord]) -> Iterator[str]:
    """Operations of a run, with their outcomes."""
    yield csv_line(COLUMNS)
    for record in records:
        sent, answered = words.utc(record.sent_at), words.utc(record.answered_at)
        outcome = (record.status, record.detail, record.request_id, sent, answered)
        yield from _lines(record.document | {"target_id": record.target_id}, outcome)


def csv_of_documents(operations: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Operations of a plan, which have no outcome yet."""
    yield csv_line(COLUMNS)
    for operation in operations:
        yield from _lines(operation, ("", "", "", "", ""))


def _lines(operation: Mapping[str, Any], outcome: tuple[object, ...]) -> Iterator[str]:
    who = [operation.get(name) for name in ("id", "kind", "subject", "source_id", "target_id")]
    after = (operation.get("reason", ""), *outcome)
    changes, members = operation.get("changes", {}), operation.get("members", ())
    for path, (old, new) in changes.items():
        yield csv_line((*who, path, _cell(old), _cell(new), "", *after))
    for member in members:
        yield csv_line((*who, "", "", "", member["name"], *after))
    if not changes and not members:
        yield csv_line((*who, "", "", "", "", *after))


def _cell(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else words.value(value)
