"""What is remembered, for everyone who only looks: the planner, `explain`, history, the pages."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Engine, and_, func, select, text
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from scim_bridge.model.audit import AuditFilter, Entry
from scim_bridge.model.conflict_side import Subject
from scim_bridge.model.desired_side import Whole
from scim_bridge.model.differing import Differing
from scim_bridge.model.glance import Glance, RunPoint
from scim_bridge.model.identity import KINDS, Existing, Inventory, Kind, Whom
from scim_bridge.model.own_write import OwnWrites
from scim_bridge.model.plan import Trip
from scim_bridge.model.progress import RunProgress
from scim_bridge.model.remembered import Remembered
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
from scim_bridge.model.session import REVOKING
from scim_bridge.model.shadow import ShadowHistory
from scim_bridge.model.source import Memory
from scim_bridge.model.state_address import StateAddress
from scim_bridge.model.text import folded, normal
from scim_bridge.model.touch import SOMEONE_ELSE, Touch
from scim_bridge.model.traffic import Uses
from scim_bridge.model.verification import ReadingCost
from scim_bridge.model.watched import Watched
from scim_bridge.state.access_memory import AccessMemory
from scim_bridge.state.audit import entries, latest
from scim_bridge.state.conflict_side import subjects_of
from scim_bridge.state.database import open_existing
from scim_bridge.state.desired import whole_of
from scim_bridge.state.differing import differing
from scim_bridge.state.glance import glances, trends
from scim_bridge.state.history import forgotten_until
from scim_bridge.state.lookup import Lookup
from scim_bridge.state.managed import Managed, managed
from scim_bridge.state.observed import reading_cost
from scim_bridge.state.operation_search import OperationQuery, find_operations
from scim_bridge.state.orders import OrderReader
from scim_bridge.state.own_writes import own_writes
from scim_bridge.state.people import Event, Found, Place, conflicts_about, history, places, search
from scim_bridge.state.plans import PlanReader
from scim_bridge.state.progress import progress_now, used_beside
from scim_bridge.state.record import (
    StoredAttributes,
    conflict_record,
    link_record,
    operation_record,
    request_record,
    run_record,
)
from scim_bridge.state.remembered import known_of
from scim_bridge.state.schedule import ScheduleReader
from scim_bridge.state.shadow import shadow_history
from scim_bridge.state.source_memory import memory_of
from scim_bridge.state.table import (
    UNSURE_OPERATION,
    ConflictRow,
    ConnectionRow,
    LinkRow,
    OperationRow,
    ReadingRow,
    RequestRow,
    ResourceRow,
    RunRow,
    SeenChangeRow,
    TripRow,
)
from scim_bridge.state.transaction import reading
from scim_bridge.state.undone import Undone
from scim_bridge.state.watched import watched
from scim_bridge.state.window import repairs
from scim_bridge.state.workers import WorkerReader


class StateReader:
    """Looks at the state; a state that does not exist yet is an empty one. Raises StateUnusable."""

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine

    def known(
        self, connection: str, endpoint: str, since: datetime | None = None, *, with_links: bool = True
    ) -> Remembered:
        """What earlier runs left behind for this connection at this endpoint (an opaque text).

        since: when the sliding window of the limits begins, None for a window without runs. with_links: else without
        the links, for who looks up those of a few.
        """
        if self._engine is None:
            return Remembered()
        open_now = self.conflicts(connection)
        with reading(self._engine) as database:
            return known_of(database, connection, endpoint, since, open_now, with_links=with_links)

    @property
    def orders(self) -> OrderReader:
        """What people have asked for."""
        return OrderReader(self._engine)

    @property
    def plans(self) -> PlanReader:
        """Plans that are kept."""
        return PlanReader(self._engine)

    @property
    def schedule(self) -> ScheduleReader:
        """When each connection is due, and what is being run."""
        return ScheduleReader(self._engine)

    @property
    def workers(self) -> WorkerReader:
        """The workers that have begun and not ended."""
        return WorkerReader(self._engine)

    @property
    def undone(self) -> Undone:
        """Which run was rolled back by which."""
        return Undone(self._engine)

    def progress(self) -> list[RunProgress]:
        """How far each run in progress has come."""
        return progress_now(self._engine)

    def used_beside(self, run: int, endpoint: str) -> dict[int, tuple[datetime, Uses]]:
        """What each other run in progress at this endpoint uses, and when it said so."""
        return used_beside(self._engine, run, endpoint)

    @property
    def is_there(self) -> bool:
        """Whether there is a state to look things up in."""
        return self._engine is not None

    def access(self, connection: str) -> AccessMemory:
        """The readings of who may enter what."""
        return AccessMemory(self._engine, connection)

    def directory(self, connection: str) -> Whole | None:
        """What is true of all that the source wants, as it was last read; None before the first reading."""
        if self._engine is None:
            return None
        with reading(self._engine) as database:
            return whole_of(database, connection)

    def shadow(self, connection: str, since: datetime) -> ShadowHistory:
        """What is on record of this connection in shadow since this moment (UTC)."""
        if self._engine is None:
            return ShadowHistory()
        with reading(self._engine) as database:
            found = shadow_history(database, connection, since)
        return replace(found, undecided=sum(not each.resolution for each in self.conflicts(connection)))

    def elsewhere(self, connection: str, endpoint: str) -> str:
        """What other connections have linked on this target, as a text that changes with it."""
        if self._engine is None:
            return ""
        with self.lookup(connection, endpoint) as lookup:
            return lookup.elsewhere()

    @contextmanager
    def lookup(self, connection: str, endpoint: str) -> Iterator[Lookup]:
        """For looking up a few records and resources. The state must be there."""
        if self._engine is None:
            raise LookupError("there is no state to look anything up in")
        with reading(self._engine) as database:
            yield Lookup(database, connection, endpoint)

    def _rows(self, query: Any) -> list[Any]:
        if self._engine is None:
            return []
        with reading(self._engine) as database, Session(database, expire_on_commit=False) as session:
            return list(session.exec(query).all())

    def check(self) -> None:
        """Read one row. Raises StateUnusable if the state cannot be read."""
        self._rows(select_rows(RunRow).limit(1))

    def glances(self, only: str | None = None) -> dict[str, Glance]:
        """What is known of each connection, or of this one, at a glance (state/glance.py)."""
        return glances(self._engine, only)

    def trends(self, names: Iterable[str], limit: int) -> dict[str, tuple[RunPoint, ...]]:
        """The last runs of each of these, the oldest first."""
        return trends(self._engine, names, limit)

    def connections(self) -> list[str]:
        """Names of the connections that have run."""
        return sorted(set(self._rows(select_rows(RunRow.connection).distinct())))

    def audit(self) -> Iterator[Entry]:
        """Who did what: all of it, the first entry first."""
        if self._engine is not None:
            with reading(self._engine) as database:
                yield from entries(database)

    def latest_audit(self, limit: int, *, before: int | None = None, **wanted: Any) -> list[Entry]:
        """The last entries of the audit, the newest first. before: only those with a lower number.

        wanted: the fields of AuditFilter, by name.
        """
        if self._engine is None:
            return []
        with reading(self._engine) as database:
            return latest(database, limit, AuditFilter(**wanted), before=before)

    def places(self) -> list[Place]:
        """Every connection that has run, with the endpoint that it last wrote to."""
        if self._engine is None:
            return []
        with reading(self._engine) as database:
            return places(database)

    def people(self, text: str, at: Sequence[Place], limit: int) -> list[Found]:
        """Users and groups that have a name, an address or an id that begins so; an exact one comes first."""
        if self._engine is None:
            return []
        with reading(self._engine) as database:
            return search(database, at, text, limit)

    def history_of(self, place: Place, whom: Sequence[Whom], limit: int, before: datetime | None = None) -> list[Event]:
        """What happened to one, the newest first: operations that name these, conflicts about them, and what someone
        else changed. whom: the record, and its resource. before: only what is older."""
        if self._engine is None:
            return []
        with reading(self._engine) as database:
            return history(database, place, whom, limit=limit, before=before)

    def mapping_used(self, connection: str) -> str:
        """The hash of the mapping of the last run that got as far as to plan, "" if there is none."""
        query = select_rows(RunRow.mapping).where(RunRow.connection == connection, RunRow.mapping != "")
        return next(iter(self._rows(query.order_by(col(RunRow.id).desc()).limit(1))), "")

    def conflicts_about(self, connection: str, whom: Sequence[Whom]) -> list[ConflictRecord]:
        """Every conflict about one of these, open or closed, the oldest first."""
        if self._engine is None:
            return []
        with reading(self._engine) as database:
            return conflicts_about(database, connection, whom)

    def runs(self, connection: str | None = None, limit: int = 20) -> list[RunRecord]:
        """The last runs, newest first."""
        query = select_rows(RunRow).order_by(col(RunRow.id).desc()).limit(limit)
        if connection is not None:
            query = query.where(RunRow.connection == connection)
        return [run_record(row) for row in self._rows(query)]

    def runs_before(self, before: int | None, limit: int, connection: str = "", status: str = "") -> list[RunRecord]:
        """The runs with a lower number, newest first. connection, status: "" for all."""
        query = select_rows(RunRow).order_by(col(RunRow.id).desc()).limit(limit)
        if before is not None:
            query = query.where(col(RunRow.id) < before)
        if connection:
            query = query.where(RunRow.connection == connection)
        if status:
            query = query.where(RunRow.status == status)
        return [run_record(row) for row in self._rows(query)]

    def run(self, run_id: int) -> RunRecord | None:
        """One run, None if there is none of this number."""
        return next((run_record(row) for row in self._rows(select_rows(RunRow).where(RunRow.id == run_id))), None)

    def next_run(self, connection: str, run_id: int) -> RunRecord | None:
        """The first run of this connection after this one."""
        query = select_rows(RunRow).where(RunRow.connection == connection, col(RunRow.id) > run_id)
        return next((run_record(row) for row in self._rows(query.order_by(col(RunRow.id)).limit(1))), None)

    def operations(self, run_id: int, limit: int = 200, offset: int = 0) -> list[OperationRecord]:
        """Operations of a run, in the order of the plan."""
        query = select_rows(OperationRow).where(OperationRow.run_id == run_id)
        query = query.order_by(col(OperationRow.operation_id)).limit(limit).offset(offset)
        return [operation_record(row) for row in self._rows(query)]

    def differing(self, connection: str, endpoint: str, shown: int) -> list[Differing]:
        """Whom one side has and the other has not, with the first names (state/differing.py)."""
        return differing(self._engine, connection, endpoint, shown)

    def managed(self, connection: str, limit: int, after: tuple[str, str, str] | None = None) -> list[Managed]:
        """Managed users and groups by name (state/managed.py)."""
        return managed(self._engine, connection, limit, after)

    def find_operations(self, run_id: int, asked: OperationQuery, limit: int) -> list[OperationRecord]:
        """Operations of a run that are looked for, at most so many, in the order of the plan."""
        return find_operations(self._engine, run_id, asked, limit)

    def revocations(self, run_id: int) -> list[OperationRecord]:
        """Operations by which a run has taken access away, in the order of the plan."""
        query = select_rows(OperationRow).where(OperationRow.run_id == run_id, OperationRow.status == "done")
        query = query.where(col(OperationRow.kind).in_(REVOKING)).order_by(col(OperationRow.operation_id))
        return [operation_record(row) for row in self._rows(query)]

    def operations_by(self, run_id: int) -> dict[tuple[str, str], int]:
        """(kind, status) → how many operations of a run."""
        if self._engine is None:
            return {}
        by = (col(OperationRow.kind), col(OperationRow.status))
        query = select(*by, func.count()).where(col(OperationRow.run_id) == run_id).group_by(*by)
        with reading(self._engine) as database:
            return {(str(kind), str(status)): int(count) for kind, status, count in database.execute(query)}

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
        return [conflict_record(row) for row in self._rows(query)]

    def conflict_subjects(self, connection: str, endpoint: str, keys: Iterable[str]) -> dict[str, tuple[Subject, ...]]:
        """Key → the records and resources that a conflict is about (state/conflict_side.py)."""
        return subjects_of(self._engine, connection, endpoint, keys)

    def undecided(self, *, newest: int | None = None, kinds: Iterable[str] | None = None) -> list[ConflictRecord]:
        """Open conflicts that no one has decided, the newest first. newest: so many; kinds: only of these."""
        query = select_rows(ConflictRow).where(col(ConflictRow.closed).is_(None), ConflictRow.resolution == "")
        if kinds is not None:
            query = query.where(col(ConflictRow.kind).in_(list(kinds)))
        query = query.order_by(col(ConflictRow.first_seen).desc(), col(ConflictRow.key)).limit(newest)
        return [conflict_record(row) for row in self._rows(query)]

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

    def forgotten_until(self, connection: str) -> datetime | None:
        """What happened until then may be missing from this connection's history (`history.keep`); None: nothing is."""
        if self._engine is None:
            return None
        with reading(self._engine) as database:
            return forgotten_until(database, connection)

    def watched(self) -> Watched:
        """Totals, ages and counts of all connections."""
        if self._engine is None:
            return Watched()
        with reading(self._engine) as database:
            return watched(database)

    def requests(self, connection: str) -> list[RequestRecord]:
        """The inbox: what was asked of the run in progress and is not answered yet, the oldest first."""
        query = select_rows(RequestRow).where(RequestRow.connection == connection, col(RequestRow.answered).is_(None))
        return [request_record(row) for row in self._rows(query.order_by(col(RequestRow.id)))]

    def request(self, request_id: int) -> RequestRecord | None:
        """One request, answered or not."""
        rows = self._rows(select_rows(RequestRow).where(RequestRow.id == request_id))
        return next((request_record(row) for row in rows), None)

    def links(self, connection: str, endpoint: str, text: str) -> list[LinkRecord]:
        """Managed pairs of this source id, target id, or name (case-folded)."""
        names = (
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
        mine = (LinkRow.connection == connection, LinkRow.endpoint == endpoint, col(LinkRow.kind).in_(KINDS))
        # Each name by its own index: asked for together, all links of the connection would be read.
        rows = (row for name in names for row in self._rows(query.where(*mine, name)))
        found = [link_record(link, resource) for link, resource in rows]
        return list({(record.kind, record.source_id): record for record in found}.values())

    def later_runs(self, connection: str, endpoint: str, run_id: int) -> list[OperationRecord]:
        """What runs after this one have sent to the target, whatever the outcome, in their order."""
        query = select_rows(OperationRow).join(RunRow)
        mine = (RunRow.connection == connection, RunRow.endpoint == endpoint, col(RunRow.id) > run_id)
        sent = query.where(*mine, col(OperationRow.sent_at).is_not(None))
        return [operation_record(row) for row in self._rows(sent.order_by(col(OperationRow.run_id)))]

    def seen_changes(self, endpoint: str, since: datetime) -> list[Touch]:
        """What someone else changed on the target, as readings found it since then."""
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
        of_any_kind = (col(ResourceRow.kind).in_(KINDS), col(ResourceRow.target_id) == target_id)
        mine = (col(ResourceRow.endpoint) == endpoint, *of_any_kind)
        return [Standing(*row) for row in self._execute(query.where(*mine))]

    def repairs(self, connection: str, endpoint: str, since: datetime) -> dict[str, dict[str, int]]:
        """Target id → path → how often since then a value was set back that someone else had changed."""
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
        """Who was last seen in these groups (state/lookup.py); no one where there is no state yet."""
        if self._engine is None:
            return {}
        with self.lookup("", endpoint) as lookup:
            return lookup.members(group_ids, ours=ours)

    def source_memory(self, connection: str, source_key: str, since: datetime) -> Memory | None:
        """What the source remembers under its key, if it was read whole after `since`."""
        if self._engine is None:
            return None
        return memory_of(self._engine, connection, source_key, since)

    def doubtful(self, connection: str, endpoint: str) -> list[OperationRecord]:
        """Operations of which no one knows how they ended, and no one has looked since; refusals are known.

        In the order in which they were sent.
        """
        query = select_rows(OperationRow).join(RunRow)
        mine = (RunRow.connection == connection, RunRow.endpoint == endpoint)
        unsure = (col(OperationRow.sent_at).is_not(None), text(UNSURE_OPERATION))
        return [
            operation_record(row) for row in self._rows(query.where(*mine, *unsure).order_by(col(OperationRow.sent_at)))
        ]

    def _execute(self, query: Any) -> Iterator[Any]:
        """Rows of a query on columns, a batch at a time."""
        if self._engine is not None:
            with reading(self._engine) as database:
                yield from database.execute(query).yield_per(10_000)

    def tripped(self, connection: str) -> tuple[int, tuple[Trip, ...]] | None:
        """The run whose plan tripped last, and what its limits counted; None if nothing waits for approval."""
        for row in self._rows(select_rows(TripRow).where(TripRow.connection == connection)):
            return row.run_id, tuple(map(Trip.of, orjson.loads(row.trips)))
        return None

    def begun(self, connection: str, plan: str) -> list[OperationRecord]:
        """The operations that runs of this very saved plan (its fingerprint) had at least begun to send."""
        query = select_rows(OperationRow).join(RunRow).where(*_of_saved(connection, plan))
        rows = self._rows(query.where(col(OperationRow.sent_at).is_not(None)).order_by(col(OperationRow.run_id)))
        return [operation_record(row) for row in rows]

    def applied_by(self, connection: str, plan: str) -> int | None:
        """The run that applied this saved plan to its end, None if there is none."""
        query = select_rows(RunRow.id).where(*_of_saved(connection, plan), col(RunRow.is_complete))
        return next(iter(self._rows(query)), None)

    def close(self) -> None:
        """Let go of the file."""
        if self._engine is not None:
            self._engine.dispose()


def open_reader(address: StateAddress) -> StateReader:
    """Look at the state at this address; nothing is created if there is none."""
    return StateReader(open_existing(address))


def _of_saved(connection: str, plan: str) -> tuple[Any, ...]:
    """Only a saved plan can be begun twice: `sync` plans again each time."""
    return col(RunRow.connection) == connection, col(RunRow.plan) == plan, col(RunRow.command) == "apply"


def utc_now() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)
