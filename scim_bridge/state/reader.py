"""What is remembered, for everybody who only looks: the planner, `explain`, history, the pages."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, func, or_, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from scim_bridge.model.identity import Kind, SourceCounts, Value
from scim_bridge.model.known import Known, Link
from scim_bridge.model.plan import Trip
from scim_bridge.model.run import ConflictRecord, LinkRecord, OperationRecord, RunRecord
from scim_bridge.state.database import open_existing
from scim_bridge.state.table import ConflictRow, LinkRow, OperationRow, RunRow, TripRow
from scim_bridge.state.transaction import reading


class StoredAttributes(Mapping[str, Value]):
    """Attributes as they lie in the database, parsed when somebody looks: of 100,000 links few are ever looked at."""

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


class StateReader:
    """Looks at the state; a state that does not exist yet is an empty one. Raises StateUnusable."""

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine

    def known(self, connection: str, endpoint: str) -> Known:
        """What earlier runs left behind for this connection at this endpoint (an opaque text)."""
        if self._engine is None:
            return Known()
        with reading(self._engine) as database:
            links, elsewhere = _links(database, connection, endpoint)
            begun, is_settled, source = _past(database, connection, endpoint)
        return Known(
            links["user"],
            links["group"],
            is_fresh=not begun,
            has_applied=is_settled,
            linked_elsewhere=frozenset(elsewhere),
            unclaimed=frozenset(c.target_id or "" for c in self.conflicts(connection) if c.kind == "unclaimed"),
            counts=SourceCounts(**source) if source else None,
        )

    def _rows(self, query: Any) -> list[Any]:
        if self._engine is None:
            return []
        with reading(self._engine) as database, Session(database, expire_on_commit=False) as session:
            return list(session.exec(query).all())

    def check(self) -> None:
        """Read one row. Raises StateUnusable if the state cannot be read."""
        self._rows(select_rows(RunRow).limit(1))

    def connections(self) -> list[str]:
        """Names of the connections that have run."""
        return sorted(set(self._rows(select_rows(RunRow.connection).distinct())))

    def runs(self, connection: str | None = None, limit: int = 20) -> list[RunRecord]:
        """The last runs, newest first."""
        query = select_rows(RunRow).order_by(col(RunRow.id).desc()).limit(limit)
        if connection is not None:
            query = query.where(RunRow.connection == connection)
        return [_run(row) for row in self._rows(query)]

    def run(self, run_id: int) -> RunRecord | None:
        """One run, None if there is none of this number."""
        return next((_run(row) for row in self._rows(select_rows(RunRow).where(RunRow.id == run_id))), None)

    def operations(self, run_id: int, limit: int = 200, offset: int = 0) -> list[OperationRecord]:
        """Operations of a run, in the order of the plan."""
        query = select_rows(OperationRow).where(OperationRow.run_id == run_id)
        query = query.order_by(col(OperationRow.operation_id)).limit(limit).offset(offset)
        return [_operation(row) for row in self._rows(query)]

    def operation_counts(self, run_id: int) -> dict[str, int]:
        """How many operations of a run have which status."""
        if self._engine is None:
            return {}
        query = select(col(OperationRow.status), func.count()).where(col(OperationRow.run_id) == run_id)
        with reading(self._engine) as database:
            rows = database.execute(query.group_by(col(OperationRow.status))).all()
        return {str(status): int(count) for status, count in rows}

    def conflicts(self, connection: str | None = None, *, only_open: bool = True) -> list[ConflictRecord]:
        """Conflicts, the oldest first."""
        query = select_rows(ConflictRow).order_by(col(ConflictRow.first_seen), col(ConflictRow.key))
        if connection is not None:
            query = query.where(ConflictRow.connection == connection)
        if only_open:
            query = query.where(col(ConflictRow.closed).is_(None))
        return [_conflict(row) for row in self._rows(query)]

    def links(self, connection: str, endpoint: str, text: str) -> list[LinkRecord]:
        """Managed pairs of this source id, target id, or name (case-folded)."""
        names = or_(
            col(LinkRow.source_id) == text, col(LinkRow.target_id) == text, col(LinkRow.name) == text.casefold()
        )
        query = select_rows(LinkRow).where(LinkRow.connection == connection, LinkRow.endpoint == endpoint, names)
        return [_link(row) for row in self._rows(query)]

    def tripped(self, connection: str) -> tuple[int, tuple[Trip, ...]] | None:
        """The run whose plan tripped last, and what its limits counted; None if nothing waits for approval."""
        for row in self._rows(select_rows(TripRow).where(TripRow.connection == connection)):
            return row.run_id, tuple(_trips(orjson.loads(row.trips)))
        return None

    def begun(self, connection: str, plan: str) -> frozenset[str]:
        """Ids of the operations that runs of this very saved plan (its fingerprint) had at least begun to send."""
        query = select_rows(OperationRow.operation_id).join(RunRow).where(*_of_saved(connection, plan))
        return frozenset(self._rows(query.where(col(OperationRow.sent_at).is_not(None))))

    def applied_by(self, connection: str, plan: str) -> int | None:
        """The run that applied this saved plan to its end, None if there is none."""
        query = select_rows(RunRow.id).where(*_of_saved(connection, plan), col(RunRow.is_complete))
        return next(iter(self._rows(query)), None)

    def close(self) -> None:
        """Let go of the file."""
        if self._engine is not None:
            self._engine.dispose()


def open_reader(path: Path) -> StateReader:
    """Look at the state at this path; nothing is created if there is none."""
    return StateReader(open_existing(path))


def _links(
    database: Connection, connection: str, endpoint: str
) -> tuple[dict[Kind, dict[str, Link]], set[tuple[Kind, str]]]:
    """This connection's links at this endpoint, and what other connections have linked there."""
    links: dict[Kind, dict[str, Link]] = {"user": {}, "group": {}}
    elsewhere: set[tuple[Kind, str]] = set()
    columns = (
        col(LinkRow.connection),
        col(LinkRow.kind),
        col(LinkRow.source_id),
        col(LinkRow.target_id),
        col(LinkRow.applied),
    )
    rows = database.execute(select(*columns).where(col(LinkRow.endpoint) == endpoint)).yield_per(10_000)
    for owner, stored_kind, source_id, target_id, applied in rows:
        kind: Kind = "user" if stored_kind == "user" else "group"
        if owner == connection:
            links[kind][source_id] = Link(kind, source_id, target_id, StoredAttributes(applied))
        else:
            elsewhere.add((kind, target_id))
    return links, elsewhere


def _past(database: Connection, connection: str, endpoint: str) -> tuple[bool, bool, dict[str, int] | None]:
    """Whether any run came as far as applying, whether names are no longer adopted, what the last good run was shown.

    A run that relinked held what it found by name. If it was cut, the next one has a state again and must hold it too.
    """
    begun = (col(RunRow.connection) == connection, col(RunRow.endpoint) == endpoint, col(RunRow.has_begun))
    settled = func.max(or_(col(RunRow.is_complete), col(RunRow.is_relinking)))
    count, is_settled = database.execute(select(func.count(), settled).where(*begun)).one()
    shown = select(col(RunRow.source)).where(*begun, col(RunRow.status) == "done")
    return bool(count), bool(is_settled), database.execute(shown.order_by(col(RunRow.id).desc()).limit(1)).scalar()


def _of_saved(connection: str, plan: str) -> tuple[Any, ...]:
    """Only a saved plan can be begun twice: `sync` plans anew each time."""
    return col(RunRow.connection) == connection, col(RunRow.plan) == plan, col(RunRow.command) == "apply"


def _trips(documents: Iterable[dict[str, Any]]) -> Iterator[Trip]:
    for document in documents:
        yield Trip(**(document | {"items": frozenset(document["items"])}))


def _run(row: RunRow) -> RunRecord:
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
    )


def _operation(row: OperationRow) -> OperationRecord:
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


def _conflict(row: ConflictRow) -> ConflictRecord:
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
    )


def _link(row: LinkRow) -> LinkRecord:
    return LinkRecord(
        row.connection,
        row.kind,  # type: ignore[arg-type]  # written by us from the same literal
        row.source_id,
        row.target_id,
        orjson.loads(row.applied),
        orjson.loads(row.seen),
        row.departed,
    )


def utc_now() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)
