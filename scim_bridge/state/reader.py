"""What is remembered, for everybody who only looks: the planner, `explain`, history, the pages."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, and_, func, or_, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from scim_bridge.model.identity import Existing, Inventory, Kind, Value
from scim_bridge.model.known import Known, Link, Resolution
from scim_bridge.model.own_write import OwnWrites
from scim_bridge.model.plan import ORPHAN_WITH_ASSIGNMENTS, Conflict, Trip
from scim_bridge.model.run import (
    ConflictRecord,
    LinkRecord,
    OperationRecord,
    Pause,
    Quarantine,
    RequestRecord,
    RunRecord,
    Standing,
)
from scim_bridge.model.source import Memory
from scim_bridge.model.text import folded, normal
from scim_bridge.model.touch import SOMEONE_ELSE, Touch
from scim_bridge.model.verification import ReadingCost
from scim_bridge.state.database import open_existing
from scim_bridge.state.observed import reading_cost
from scim_bridge.state.own_writes import own_writes
from scim_bridge.state.refusal import refusals_of
from scim_bridge.state.source_memory import memory_of
from scim_bridge.state.table import (
    ConflictRow,
    ConnectionRow,
    LinkRow,
    MembershipRow,
    OperationRow,
    ReadingRow,
    RequestRow,
    ResourceRow,
    RunRow,
    SeenChangeRow,
    TripRow,
)
from scim_bridge.state.transaction import reading
from scim_bridge.state.window import last_applied, recent, repairs


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

    def known(self, connection: str, endpoint: str, since: datetime | None = None) -> Known:
        """What earlier runs left behind for this connection at this endpoint (an opaque text).

        since: when the sliding window of the limits begins, None for a window without runs.
        """
        if self._engine is None:
            return Known()
        with reading(self._engine) as database:
            links, elsewhere, aside = _links(database, connection, endpoint)
            begun, has_applied = _past(database, connection, endpoint)
            is_it = col(ConnectionRow.name) == connection
            unsettled = database.execute(select(col(ConnectionRow.unsettled)).where(is_it)).scalar()
            counts, mapping = last_applied(database, connection, endpoint, since, after_run=(unsettled or 1) - 1)
            counted = recent(database, connection, endpoint, since) if since is not None else {}
            stored = refusals_of(database, connection, endpoint)
        open_now = self.conflicts(connection)
        told = {c.key: _told(c) for c in open_now}
        refused = {r.key: replace(r, conflict=told[key]) for key, r in stored if key in told}
        return Known(
            links["user"],
            links["group"],
            is_fresh=not begun or unsettled is not None,
            has_applied=has_applied,
            linked_elsewhere=frozenset(elsewhere),
            unclaimed=frozenset(c.target_id or "" for c in open_now if c.kind == "unclaimed"),
            counts=counts,
            mapping=mapping,
            recent=counted,
            resolutions={c.key: _resolution(c) for c in open_now if c.resolution},
            assigned={c.target_id: _told(c) for c in open_now if c.kind == ORPHAN_WITH_ASSIGNMENTS and c.target_id},
            refusals=refused,
            aside=aside,
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

    def next_run(self, connection: str, run_id: int) -> RunRecord | None:
        """The first run of this connection after this one."""
        query = select_rows(RunRow).where(RunRow.connection == connection, col(RunRow.id) > run_id)
        return next((_run(row) for row in self._rows(query.order_by(col(RunRow.id)).limit(1))), None)

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

    def pause(self, connection: str) -> Pause | None:
        """Since when, by whom and why this connection's schedule is stopped; None if it is not."""
        query = select_rows(ConnectionRow).where(ConnectionRow.name == connection)
        rows = self._rows(query.where(col(ConnectionRow.paused).is_not(None)))
        return next((Pause(row.paused, row.paused_by, row.reason) for row in rows), None)

    def quarantine(self, connection: str) -> Quarantine | None:
        """Why this connection's schedule stopped itself, None if it did not."""
        query = select_rows(ConnectionRow).where(ConnectionRow.name == connection)
        rows = self._rows(query.where(col(ConnectionRow.quarantined).is_not(None)))
        return next((Quarantine(r.quarantined, r.cause, r.quarantine_reason, r.tried) for r in rows), None)

    def requests(self, connection: str) -> list[RequestRecord]:
        """The inbox: what was asked of the run in progress and is not answered yet, the oldest first."""
        query = select_rows(RequestRow).where(RequestRow.connection == connection, col(RequestRow.answered).is_(None))
        return [_request(row) for row in self._rows(query.order_by(col(RequestRow.id)))]

    def request(self, request_id: int) -> RequestRecord | None:
        """One request, answered or not."""
        rows = self._rows(select_rows(RequestRow).where(RequestRow.id == request_id))
        return next((_request(row) for row in rows), None)

    def links(self, connection: str, endpoint: str, text: str) -> list[LinkRecord]:
        """Managed pairs of this source id, target id, or name (case-folded)."""
        names = or_(
            col(LinkRow.source_id) == normal(text),
            col(LinkRow.target_id) == text.strip(),
            col(LinkRow.name) == folded(text),
        )
        seen = and_(
            col(ResourceRow.endpoint) == col(LinkRow.endpoint),
            col(ResourceRow.kind) == col(LinkRow.kind),
            col(ResourceRow.target_id) == col(LinkRow.target_id),
        )
        query = select_rows(LinkRow, ResourceRow).join(ResourceRow, seen, isouter=True)
        mine = (LinkRow.connection == connection, LinkRow.endpoint == endpoint)
        return [_link(row, resource) for row, resource in self._rows(query.where(*mine, names))]

    def later_runs(self, connection: str, endpoint: str, run_id: int) -> list[OperationRecord]:
        """What runs after this one have sent to the target, whatever became of it, in their order."""
        query = select_rows(OperationRow).join(RunRow)
        mine = (RunRow.connection == connection, RunRow.endpoint == endpoint, col(RunRow.id) > run_id)
        sent = query.where(*mine, col(OperationRow.sent_at).is_not(None))
        return [_operation(row) for row in self._rows(sent.order_by(col(OperationRow.run_id)))]

    def seen_changes(self, endpoint: str, since: datetime) -> list[Touch]:
        """What somebody else changed on the target, as readings found it since then."""
        query = select_rows(SeenChangeRow).where(
            SeenChangeRow.endpoint == endpoint, col(SeenChangeRow.seen_at) >= since
        )
        rows = self._rows(query.order_by(col(SeenChangeRow.id)))
        return [Touch(r.kind, r.target_id, r.path, orjson.loads(r.value), SOMEONE_ELSE) for r in rows]

    def standing(self, endpoint: str, target_id: str) -> list[Standing]:
        """The resources of the target that had this id when they were last seen, each with who has it."""
        owned = and_(
            col(LinkRow.endpoint) == col(ResourceRow.endpoint),
            col(LinkRow.kind) == col(ResourceRow.kind),
            col(LinkRow.target_id) == col(ResourceRow.target_id),
            col(LinkRow.is_confirmed),
        )
        columns = (col(ResourceRow.kind), col(LinkRow.connection), col(LinkRow.source_id), col(LinkRow.departed))
        query = select(*columns).join_from(ResourceRow, LinkRow, owned, isouter=True)
        mine = (col(ResourceRow.endpoint) == endpoint, col(ResourceRow.target_id) == target_id)
        return [Standing(*row) for row in self._execute(query.where(*mine))]

    def repairs(self, connection: str, endpoint: str, since: datetime) -> dict[str, dict[str, int]]:
        """Target id → path → how often since then a value was set back that somebody else had changed."""
        if self._engine is None:
            return {}
        with reading(self._engine) as database:
            return repairs(database, connection, endpoint, since)

    def last_reading(self, connection: str, endpoint: str) -> datetime | None:
        """When this connection last read its target in full; None if never."""
        query = select_rows(ReadingRow.began)
        return next(
            iter(self._rows(query.where(ReadingRow.connection == connection, ReadingRow.endpoint == endpoint))), None
        )

    def reading_cost(self, connection: str, endpoint: str) -> ReadingCost:
        """What a whole reading of this target costs, as far as it can be known beforehand."""
        if self._engine is None:
            return ReadingCost()
        with reading(self._engine) as database:
            return reading_cost(database, connection, endpoint)

    def own_writes(self, connection: str, endpoint: str, since: datetime) -> OwnWrites:
        """What was written to the target since then: resources by all connections, memberships by this one."""
        if self._engine is None:
            return OwnWrites()
        with reading(self._engine) as database:
            return own_writes(database, connection, endpoint, since)

    def inventory(self, endpoint: str) -> Inventory:
        """Every resource as the target last showed it."""
        users: dict[str, Existing] = {}
        groups: dict[str, Existing] = {}
        columns = (col(ResourceRow.kind), col(ResourceRow.target_id), col(ResourceRow.shown))
        query = select(*columns).where(col(ResourceRow.endpoint) == endpoint)
        for stored_kind, target_id, shown in self._execute(query):
            kind: Kind = "user" if stored_kind == "user" else "group"
            place = users if kind == "user" else groups
            place[target_id] = Existing(kind, target_id, StoredAttributes(shown))
        return Inventory(users, groups)

    def members(
        self, endpoint: str, group_ids: Iterable[str] | None, *, ours: bool = False
    ) -> dict[str, frozenset[str]]:
        """Who was last seen in these groups, None for all. Groups whose members were never read are left out.

        ours: who was in them when we last left them, instead.
        """
        columns = (col(ResourceRow.id), col(ResourceRow.kind), col(ResourceRow.target_id), col(ResourceRow.members_at))
        rows = self._execute(select(*columns).where(col(ResourceRow.endpoint) == endpoint))
        wanted = frozenset(group_ids) if group_ids is not None else None
        names: dict[int, str] = {}
        groups: dict[int, str] = {}
        for row, kind, target_id, members_at in rows:
            if kind == "user":
                names[row] = target_id
            elif members_at is not None and (wanted is None or target_id in wanted):
                groups[row] = target_id
        found: dict[int, list[str]] = {row: [] for row in groups}
        counts = col(MembershipRow.is_ours if ours else MembershipRow.is_seen)
        pairs = select(col(MembershipRow.group_row), col(MembershipRow.user_row)).where(counts)
        for group, user in self._execute(pairs) if groups else ():
            if group in found:
                found[group].append(names[user])
        return {groups[row]: frozenset(user_ids) for row, user_ids in found.items()}

    def source_memory(self, connection: str, source_key: str, since: datetime) -> Memory | None:
        """What the source remembers under its key, if it was read whole after `since`."""
        if self._engine is None:
            return None
        with reading(self._engine) as database:
            return memory_of(database, connection, source_key, since)

    def doubtful(self, connection: str, endpoint: str) -> list[OperationRecord]:
        """Operations of which nobody knows how they ended, and nobody has looked since; refusals are known.

        In the order in which they were sent.
        """
        query = select_rows(OperationRow).join(RunRow)
        mine = (RunRow.connection == connection, RunRow.endpoint == endpoint)
        unsure = (
            col(OperationRow.sent_at).is_not(None),
            col(OperationRow.status).in_(("sent", "failed", "held")),
            col(OperationRow.is_looked_at).is_(False),
        )
        return [_operation(row) for row in self._rows(query.where(*mine, *unsure).order_by(col(OperationRow.sent_at)))]

    def _execute(self, query: Any) -> Iterator[Any]:
        """Rows of a query on columns, a batch at a time."""
        if self._engine is not None:
            with reading(self._engine) as database:
                yield from database.execute(query).yield_per(10_000)

    def tripped(self, connection: str) -> tuple[int, tuple[Trip, ...]] | None:
        """The run whose plan tripped last, and what its limits counted; None if nothing waits for approval."""
        for row in self._rows(select_rows(TripRow).where(TripRow.connection == connection)):
            return row.run_id, tuple(_trips(orjson.loads(row.trips)))
        return None

    def begun(self, connection: str, plan: str) -> list[OperationRecord]:
        """The operations that runs of this very saved plan (its fingerprint) had at least begun to send."""
        query = select_rows(OperationRow).join(RunRow).where(*_of_saved(connection, plan))
        rows = self._rows(query.where(col(OperationRow.sent_at).is_not(None)).order_by(col(OperationRow.run_id)))
        return [_operation(row) for row in rows]

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
) -> tuple[dict[Kind, dict[str, Link]], set[tuple[Kind, str]], dict[tuple[Kind, str], Link]]:
    """This connection's links at this endpoint, what other connections have linked there, and links set aside."""
    links: dict[Kind, dict[str, Link]] = {"user": {}, "group": {}}
    elsewhere: set[tuple[Kind, str]] = set()
    aside: dict[tuple[Kind, str], Link] = {}
    columns = (
        col(LinkRow.connection),
        col(LinkRow.kind),
        col(LinkRow.source_id),
        col(LinkRow.target_id),
        col(LinkRow.applied),
        col(LinkRow.departed),
        col(LinkRow.left_at),
        col(LinkRow.is_confirmed),
    )
    rows = database.execute(select(*columns).where(col(LinkRow.endpoint) == endpoint)).yield_per(10_000)
    for owner, stored_kind, source_id, target_id, applied, departed, left_at, is_confirmed in rows:
        kind: Kind = "user" if stored_kind == "user" else "group"
        if owner != connection:
            elsewhere.add((kind, target_id))
            continue
        link = Link(kind, source_id, target_id, StoredAttributes(applied), departed, left_at)
        if is_confirmed:
            links[kind][source_id] = link
        else:
            aside[kind, source_id] = link
    return links, elsewhere, aside


def _past(database: Connection, connection: str, endpoint: str) -> tuple[bool, bool]:
    """Whether any run came as far as applying, and whether names are no longer adopted.

    A run that relinked held what it found by name. If it was cut, the next one has a state again and must hold it too.
    A run about some (`--only`) says nothing about all.
    """
    mine = (col(RunRow.connection) == connection, col(RunRow.endpoint) == endpoint)
    begun = (*mine, col(RunRow.has_begun), col(RunRow.of_one).is_(False))
    settled = func.max(or_(col(RunRow.is_complete), col(RunRow.is_relinking)))
    count, is_settled = database.execute(select(func.count(), settled).where(*begun)).one()
    return bool(count), bool(is_settled)


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
        row.of_one,
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
        row.resource,  # type: ignore[arg-type]  # written by us from the same literal
        row.source_id,
        row.path,
        row.resolution,
        row.chosen,
        row.note,
        row.resolved_by,
    )


def _resolution(record: ConflictRecord) -> Resolution:
    return Resolution(
        record.resolution,  # type: ignore[arg-type]  # written by us from the same literal
        record.resource,
        record.source_id,
        record.chosen or record.target_id or "",
    )


def _told(record: ConflictRecord) -> Conflict:
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


def _request(row: RequestRow) -> RequestRecord:
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


def _link(row: LinkRow, resource: ResourceRow | None) -> LinkRecord:
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


def utc_now() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)
