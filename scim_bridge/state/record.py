"""Rows of the state as the records that others look at."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from scim_bridge.model.identity import Value
from scim_bridge.model.plan import Conflict
from scim_bridge.model.remembered import Resolution
from scim_bridge.model.run import ConflictRecord, LinkRecord, OperationRecord, RequestRecord, RunRecord, RunResult
from scim_bridge.state.table import ConflictRow, LinkRow, RequestRow, ResourceRow, RunRow


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

    def __eq__(self, other: object) -> bool:
        """By what is parsed for it and not kept: who compares all links looks at each only once."""
        if not isinstance(other, Mapping):
            return NotImplemented
        mine = orjson.loads(self._text) if self._parsed is None else self._parsed
        return bool(mine == dict(other))

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return self._text != "{}"  # asked of every link, and no reason to parse it


def run_record(row: RunRow) -> RunRecord:
    """A run, as history shows it."""
    return RunRecord(
        id=row.id or 0,
        connection=row.connection,
        command=row.command,  # type: ignore[arg-type]  # written by us from the same literal
        status=row.status,  # type: ignore[arg-type]  # likewise
        started=row.started,
        ended=row.ended,
        host=row.host,
        pid=row.pid,
        result=RunResult(
            summary=row.summary,
            counts={what: (pair[0], pair[1]) for what, pair in row.counts.items()},
            conflicts=row.conflicts,
            requests=row.requests,
            detail=row.detail,
            guard=tuple(row.guard),
            access=row.access,
            cause=row.cause,  # type: ignore[arg-type]  # written by us from the same literal
        ),
        approved_by=row.approved_by,
        of_one=row.of_one,
    )


def operation_record(row: Any) -> OperationRecord:
    """An operation of a run, with its outcome."""
    return OperationRecord(
        run_id=row.run_id,
        operation_id=row.operation_id,
        kind=row.kind,
        subject=row.subject,
        status=row.status,
        document=orjson.loads(row.document),
        target_id=row.target_id,
        request_id=row.request_id,
        detail=row.detail,
        sent_at=row.sent_at,
        answered_at=row.answered_at,
    )


def conflict_of(row: Any) -> Conflict:
    """What is asked."""
    return Conflict(
        key=row.key,
        kind=row.kind,
        subjects=tuple(row.subjects),
        detail=row.detail,
        remedy=row.remedy,
        target_id=row.target_id,
        resource=row.resource,
        source_id=row.source_id,
        path=row.path,
    )


def conflict_record(row: ConflictRow) -> ConflictRecord:
    """A conflict, open or closed, with what was decided about it."""
    return ConflictRecord(
        connection=row.connection,
        conflict=conflict_of(row),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        closed=row.closed,
        resolution=row.resolution,
        chosen=row.chosen,
        note=row.note,
        resolved_by=row.resolved_by,
    )


def resolution_of(record: ConflictRecord) -> Resolution:
    """What was decided about a conflict that has a decision."""
    return Resolution(
        record.resolution,  # type: ignore[arg-type]  # written by us from the same literal
        record.conflict.resource,
        record.conflict.source_id,
        record.chosen or record.conflict.target_id or "",
    )


def request_record(row: RequestRow) -> RequestRecord:
    """A request in the inbox, with its answer if it has one."""
    return RequestRecord(
        id=row.id or 0,
        subjects=tuple(row.subjects),
        who=row.who,
        is_approved=row.is_approved,
        is_last_admin=row.is_last_admin,
        is_answered=row.answered is not None,
        run_id=row.run_id,
        error=row.error,
        exit_code=row.exit_code,
    )


def link_record(row: LinkRow, resource: ResourceRow | None) -> LinkRecord:
    """A managed pair, with what the target last showed of it; None where it was never seen."""
    return LinkRecord(
        connection=row.connection,
        kind=row.kind,  # type: ignore[arg-type]  # written by us from the same literal
        source_id=row.source_id,
        target_id=row.target_id,
        applied=orjson.loads(row.applied),
        seen=orjson.loads(resource.shown) if resource is not None else {},
        departed=row.departed,
        seen_at=resource.seen_at if resource is not None else None,
    )
