"""Rows of the state as the records that others look at."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from scim_bridge.model.identity import Value
from scim_bridge.model.plan import Conflict, Trip
from scim_bridge.model.remembered import Resolution
from scim_bridge.model.run import ConflictRecord, LinkRecord, OperationRecord, RequestRecord, RunRecord
from scim_bridge.state.table import ConflictRow, LinkRow, OperationRow, RequestRow, ResourceRow, RunRow


class StoredAttributes(Mapping[str, Value]):
    """Attributes as they lie in the database, parsed when someone looks: of 100,000 links few are ever looked at."""

    __slots__ = ("_parsed", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._parsed: dict[str, Value] | None = None

    def _attributes(self) -> dict[str, Value]:
        if self._parsed is None:
            self._parsed = orjson.loads(self._text)
        return self._parsed

    def __getitem__(self, path: str) -> Value:
        return self._attributes()[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes())

    def __len__(self) -> int:
        return len(self._attributes())


def run_record(row: RunRow) -> RunRecord:
    """A run, as history shows it."""
    return RunRecord(
        row.id or 0,
        row.connection,
        row.command,  # type: ignore[arg-type]  # written by us from the same literal
        row.status,  # type: ignore[arg-type]  # likewise
        row.started,
        row.ended,
        row.host,
        row.pid,
        row.summary,
        {what: (pair[0], pair[1]) for what, pair in row.counts.items()},
        row.conflicts,
        row.requests,
        row.detail,
        tuple(row.guard),
        row.approved_by,
        row.of_one,
    )


def operation_record(row: OperationRow) -> OperationRecord:
    """An operation of a run, with what became of it."""
    return OperationRecord(
        row.run_id,
        row.operation_id,
        row.kind,
        row.subject,
        row.status,  # type: ignore[arg-type]  # written by us from the same literal
        orjson.loads(row.document),
        row.target_id,
        row.request_id,
        row.detail,
        row.sent_at,
        row.answered_at,
    )


def conflict_record(row: ConflictRow) -> ConflictRecord:
    """A conflict, open or closed, with what was decided about it."""
    return ConflictRecord(
        row.connection,
        row.key,
        row.kind,
        tuple(row.subjects),
        row.detail,
        row.remedy,
        row.first_seen,
        row.last_seen,
        row.closed,
        row.target_id,
        row.resource,  # type: ignore[arg-type]  # written by us from the same literal
        row.source_id,
        row.path,
        row.resolution,
        row.chosen,
        row.note,
        row.resolved_by,
    )


def resolution_of(record: ConflictRecord) -> Resolution:
    """What was decided about a conflict that has a decision."""
    return Resolution(
        record.resolution,  # type: ignore[arg-type]  # written by us from the same literal
        record.resource,
        record.source_id,
        record.chosen or record.target_id or "",
    )


def conflict_of(record: ConflictRecord) -> Conflict:
    """The conflict as the run that saw it last told it."""
    return Conflict(
        record.key,
        record.kind,
        record.subjects,
        record.detail,
        record.remedy,
        record.target_id,
        record.resource,
        record.source_id,
        record.path,
    )


def request_record(row: RequestRow) -> RequestRecord:
    """A request in the inbox, with its answer if it has one."""
    return RequestRecord(
        row.id or 0,
        tuple(row.subjects),
        row.who,
        row.is_approved,
        row.answered is not None,
        row.run_id,
        row.error,
        row.exit_code,
    )


def link_record(row: LinkRow, resource: ResourceRow | None) -> LinkRecord:
    """A managed pair, with what the target last showed of it; None where it was never seen."""
    return LinkRecord(
        row.connection,
        row.kind,  # type: ignore[arg-type]  # written by us from the same literal
        row.source_id,
        row.target_id,
        orjson.loads(row.applied),
        orjson.loads(resource.shown) if resource is not None else {},
        row.departed,
        resource.seen_at if resource is not None else None,
    )


def trips_of(documents: Iterable[dict[str, Any]]) -> Iterator[Trip]:
    """What the limits counted in a stopped plan."""
    for document in documents:
        yield Trip(**(document | {"items": frozenset(document["items"])}))
