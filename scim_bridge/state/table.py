"""The tables (docs/design.md §7). Rows never leave this room; the reader and the writer give and take model values.

Names of connections and endpoints are stored as text; an endpoint is a hash, so that no URL is kept.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, Dialect, Index, UniqueConstraint, text
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

from scim_bridge.state.packed import PackedText


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time. SQLite gives it back without a zone, so the zone is put on again; PostgreSQL keeps the zone."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """How the database has it."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the interface
        """To the database: as UTC."""
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database: with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Row(SQLModel):
    """A row of a table. Rows are never validated, so building their validators would only slow down every start."""

    model_config = {"defer_build": True}


def _time(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable))


def _json() -> Any:
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


def _packed(default: Any = ...) -> Any:
    return Field(default=default, sa_column=Column(PackedText, nullable=False))


def _of_these(name: str, columns: tuple[str, ...], which: str) -> Index:
    """An index of those rows alone for which a condition holds, in every database that knows such indexes."""
    return Index(name, *columns, sqlite_where=text(which), postgresql_where=text(which))


class LinkRow(Row, table=True):
    """A managed pair. applied: what we last pushed, JSON text by path. departed: when it was closed, as
    its record had left. left_at: when a run first saw that its record had left, whatever the policy does about it.

    is_confirmed: false from the moment a copy of the state was restored until the target shows the pair.
    """

    __tablename__ = "links"
    __table_args__ = (
        # Of one column alone, they would not be used: SQLite takes the first three of the key for more selective.
        Index("ix_links_target", "endpoint", "kind", "target_id", "connection"),
        Index("ix_links_name", "endpoint", "kind", "name", "connection"),
        _of_these("ix_links_departed", ("connection", "endpoint", "kind", "target_id"), "departed IS NOT NULL"),
    )

    connection: str = Field(primary_key=True)
    endpoint: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    source_id: str = Field(primary_key=True)
    target_id: str
    name: str = ""
    applied: str = _packed("{}")
    departed: datetime | None = _time(nullable=True)
    left_at: datetime | None = _time(nullable=True)
    is_confirmed: bool = True


class ResourceRow(Row, table=True):
    """What the target last showed of one resource. shown: JSON text by path. members_at: when a group's were read."""

    __tablename__ = "resources"
    __table_args__ = (UniqueConstraint("endpoint", "kind", "target_id"),)

    id: int | None = Field(default=None, primary_key=True)
    endpoint: str
    kind: str
    target_id: str
    shown: str
    seen_at: datetime = _time()
    members_at: datetime | None = _time(nullable=True)


class MembershipRow(Row, table=True):
    """A user in a group; both by their row in `resources`, a tenth of their ids' size.

    is_seen: as the target last showed it. is_ours: as we left it, so that a difference between the two is drift.
    """

    __tablename__ = "memberships"
    __table_args__ = ({"sqlite_with_rowid": False},)

    group_row: int = Field(primary_key=True, foreign_key="resources.id")
    user_row: int = Field(primary_key=True, foreign_key="resources.id", index=True)
    is_seen: bool = True
    is_ours: bool = True


class SeenChangeRow(Row, table=True):
    """A value that someone else changed, as a reading found it. path: an attribute or a membership. value: JSON."""

    __tablename__ = "seen_changes"
    __table_args__ = (Index("ix_seen_changes_endpoint", "endpoint", "seen_at"),)

    id: int | None = Field(default=None, primary_key=True)
    endpoint: str
    kind: str
    target_id: str = Field(index=True)
    path: str
    value: str
    seen_at: datetime = _time()


class ReadingRow(Row, table=True):
    """When this connection last read its target in full, and how many requests that took (0: unknown)."""

    __tablename__ = "readings"

    connection: str = Field(primary_key=True)
    endpoint: str = Field(primary_key=True)
    began: datetime = _time()
    requests: int = 0


class SourceMemoryRow(Row, table=True):
    """Up to where a connection's source has been read. source_key: of what was read; read_whole_at: when all was."""

    __tablename__ = "source_memories"

    connection: str = Field(primary_key=True)
    source_key: str
    watermark: str
    read_whole_at: datetime = _time()


class SourceEntryRow(Row, table=True):
    """One entry that a source remembers, opaque to everyone else."""

    __tablename__ = "source_entries"

    connection: str = Field(primary_key=True)
    entry_key: str = Field(primary_key=True)
    entry: str = _packed()


class ConnectionRow(Row, table=True):
    """A connection's schedule: paused by a person (whom, when, why), or quarantined by itself; null while it is not.

    failures: runs in a row that failed. tried: when the last one of them ended. unsettled: the run that found the state
    lost or restored, until a run about everyone has ended and no link waits to be confirmed. forgotten_until: what
    happened until then may be missing from the history; null if nothing is.
    """

    __tablename__ = "connections"

    name: str = Field(primary_key=True)
    paused: datetime | None = _time(nullable=True)
    paused_by: str = ""
    reason: str = ""
    failures: int = 0
    quarantined: datetime | None = _time(nullable=True)
    tried: datetime | None = _time(nullable=True)
    cause: str = ""
    quarantine_reason: str = ""
    unsettled: int | None = None
    forgotten_until: datetime | None = _time(nullable=True)


class RequestRow(Row, table=True):
    """The inbox: `sync --only` found the connection busy and asks the run in progress. answer: JSON text, once done.

    is_last_admin: with `--last-admin`.
    """

    __tablename__ = "inbox"
    __table_args__ = (_of_these("ix_inbox_waiting", ("connection", "asked"), "answered IS NULL"),)

    id: int | None = Field(default=None, primary_key=True)
    connection: str = Field(index=True)
    subjects: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    who: str
    is_approved: bool = False
    is_last_admin: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    asked: datetime = _time()
    answered: datetime | None = _time(nullable=True)
    run_id: int | None = None
    error: str = ""
    exit_code: int = 0


RUNNING = "status = 'running'"
"""Of all runs ever, these few are looked for again and again; literally, so that the index serves."""


class RunRow(Row, table=True):
    """One execution of a connection. has_begun: it came as far as applying. plan: fingerprint of what it applied.

    is_complete: its plan was applied to its end. is_relinking: it began without state on a target that knew our ids.
    mapping: a hash of the mapping's document. approved: what limits counted in it and someone approved. of_one: it was
    about single identities (`--only`), so it says nothing about the source as a whole. cause: why it failed, in a word
    (model.run.FailureCause), "" where it did not or that is not known. access: what its plan did to who may enter what
    (model/impact.py), the first of each list; empty where that is not known. throttled: how many of its requests were
    answered 429. pace: kind of request → requests a second that were found to be permitted.
    """

    __tablename__ = "runs"
    __table_args__ = (
        _of_these("ix_runs_plan", ("connection", "plan"), "plan != ''"),
        _of_these("ix_runs_running", ("connection",), RUNNING),
        Index("ix_runs_ended", "connection", "ended"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection: str = Field(index=True)
    endpoint: str
    command: str
    status: str
    started: datetime = _time()
    ended: datetime | None = _time(nullable=True)
    host: str
    pid: int
    has_begun: bool = False
    is_complete: bool = False
    is_relinking: bool = False
    plan: str = ""
    summary: dict[str, int] = _json()
    counts: dict[str, list[int]] = _json()
    source: dict[str, int] = _json()
    conflicts: int = 0
    requests: int = 0
    detail: str = ""
    guard: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    approved_by: str = ""
    mapping: str = ""
    approved: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    of_one: bool = False
    cause: str = Field(default="", sa_column_kwargs={"server_default": ""})
    access: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}"))
    throttled: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    pace: dict[str, float] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}"))


class RunTotalRow(Row, table=True):
    """Runs of one kind and outcome since the state began (model.watched.RunTotal)."""

    __tablename__ = "run_totals"

    connection: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    outcome: str = Field(primary_key=True)
    runs: int
    requests: int
    throttled: int
    seconds: float
    buckets: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    last_run: int
    last_started: datetime = _time()
    last_ended: datetime | None = _time(nullable=True)


class OperationTotalRow(Row, table=True):
    """Operations of one kind and outcome since the state began."""

    __tablename__ = "operation_totals"

    connection: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    outcome: str = Field(primary_key=True)
    operations: int


UNSURE = "status IN ('sent', 'failed', 'held') AND NOT is_looked_at"
"""No one knows how they ended, and no one has looked since."""
UNSURE_OPERATION = UNSURE.replace("status", "operations.status").replace("is_", "operations.is_")
"""The same in a query, literally, so that the index serves."""


class OperationRow(Row, table=True):
    """One operation of a run: planned, sent, and its outcome. document: as in the plan document, JSON text.

    is_looked_at: its outcome is known although it was not done: it was refused, or a later run has looked.
    """

    __tablename__ = "operations"
    __table_args__ = (
        # Of all operations ever, these few are asked for in every run.
        Index("ix_operations_answered_at", "answered_at"),
        # How many of each kind ended how, and which of 100,000 failed: asked for by every page about a run.
        Index("ix_operations_status", "run_id", "status", "operation_id", "kind"),
        _of_these("ix_operations_unsure", ("run_id",), UNSURE),
    )

    run_id: int = Field(primary_key=True, foreign_key="runs.id")
    operation_id: str = Field(primary_key=True)
    kind: str
    subject: str
    status: str = "planned"
    document: str
    target_id: str | None = None
    request_id: str = ""
    detail: str = ""
    sent_at: datetime | None = _time(nullable=True)
    answered_at: datetime | None = _time(nullable=True)
    is_looked_at: bool = False


class MentionRow(Row, table=True):
    """An operation is about a record or a resource, or names it as a member. about: its number
    (state/operation_subject.py).
    """

    __tablename__ = "mentions"
    __table_args__ = ({"sqlite_with_rowid": False},)

    about: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    run_id: int = Field(primary_key=True)  # no foreign key, as in claims
    operation_id: str = Field(primary_key=True)


class ConflictRow(Row, table=True):
    """A conflict with its sightings; open while closed is null. resource, source_id, path: what it is about.

    resolution: what a person decided ("" if nothing yet), kept across runs; chosen: the target id of `link`.
    """

    __tablename__ = "conflicts"
    __table_args__ = (
        Index("ix_conflicts_source", "connection", "resource", "source_id"),
        Index("ix_conflicts_target", "connection", "resource", "target_id"),
        _of_these("ix_conflicts_open", ("connection", "kind", "resolution"), "closed IS NULL"),
    )

    connection: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    kind: str
    subjects: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    detail: str
    remedy: str
    target_id: str | None = None
    first_seen: datetime = _time()
    last_seen: datetime = _time()
    closed: datetime | None = _time(nullable=True)
    resource: str = "user"
    source_id: str = ""
    path: str = ""
    resolution: str = ""
    chosen: str = ""
    note: str = ""
    resolved_by: str = ""
    resolved: datetime | None = _time(nullable=True)


class RefusalRow(Row, table=True):
    """What the target refused (model.plan.Refusal). conflict: the key of the open conflict that tells it.

    times: how often in a row. due: when it is sent again though nothing has changed.
    """

    __tablename__ = "refusals"

    connection: str = Field(primary_key=True)
    endpoint: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    source_id: str = Field(primary_key=True)
    member: str = Field(primary_key=True)
    target_id: str
    digest: str
    mapping: str
    paths: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    conflict: str
    times: int
    due: datetime = _time()


class TripRow(Row, table=True):
    """What the last tripped plan of a connection counted, kept until it is approved or overtaken. trips: JSON text."""

    __tablename__ = "tripped_plans"

    connection: str = Field(primary_key=True)
    run_id: int
    trips: str
    kept: datetime = _time()


class ApprovalRow(Row, table=True):
    """Someone approved what a tripped plan counted: who, when, and for which run."""

    __tablename__ = "approvals"

    id: int | None = Field(default=None, primary_key=True)
    connection: str = Field(index=True)
    run_id: int
    tripped_run_id: int
    who: str
    given: datetime = _time()


OPEN_ORDERS = "status IN ('waiting', 'running')"


class OrderRow(Row, table=True):
    """What a person asked the worker to do (model.order). worker: who has it in hand; times: how often it was begun.

    plan_id: the kept plan that it is about, or has made. about_run: the run to roll back; run_id: what carries it out.
    request_id: its row in the inbox, where the run in progress carries it out. question: of an order that makes an
    answer, "" once it has ended. cancelled_by: who wants it to end while it is being carried out.
    """

    __tablename__ = "orders"
    __table_args__ = (
        # Asked for twice a second; all orders ever are many more.
        _of_these("ix_orders_open", ("id",), OPEN_ORDERS),
        Index("ix_orders_connection", "connection", "id"),
        Index("ix_orders_run_id", "run_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection: str
    kind: str
    subjects: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    plan_id: int | None = None
    about_run: int | None = None
    is_approved: bool = False
    is_last_admin: bool = False
    note: str = ""
    who: str
    via: str
    address: str = ""
    status: str = "waiting"
    placed: datetime = _time()
    begun: datetime | None = _time(nullable=True)
    ended: datetime | None = _time(nullable=True)
    worker: str = ""
    times: int = 0
    request_id: int | None = None
    run_id: int | None = None
    sentence: str = ""
    exit_code: int = 0
    question: str = Field(default="", sa_column_kwargs={"server_default": ""})
    cancelled_by: str = Field(default="", sa_column_kwargs={"server_default": ""})


class OrderAnswerRow(Row, table=True):
    """What an order has made for the page that asked: JSON, compressed."""

    __tablename__ = "order_answers"

    order_id: int = Field(primary_key=True)
    document: bytes


class AskedOnceRow(Row, table=True):
    """An idempotency key that came with something that was done: a hash of what was asked, and the answer as JSON."""

    __tablename__ = "asked_once"

    who: str = Field(primary_key=True)
    idempotency_key: str = Field(primary_key=True)
    digest: str
    answer: str
    asked: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))


class KeptPlanRow(Row, table=True):
    """A plan to be looked at and applied as it is. document: the bytes of plan_file, compressed where that saves much.

    fingerprint: of the plan, so that the same one is kept once. run_id: the run that the guard stopped, null for a plan
    that was ordered. declined_by: who has decided against it, "" if no one has; note: why.
    """

    __tablename__ = "kept_plans"
    __table_args__ = (
        UniqueConstraint("connection", "fingerprint"),
        Index("ix_kept_plans_run_id", "run_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection: str
    fingerprint: str
    run_id: int | None = None
    who: str = ""
    via: str
    made: datetime = _time()
    summary: dict[str, int] = _json()
    guard: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    conflicts: int = 0
    size: int
    is_compressed: bool
    document: bytes
    declined_by: str = ""
    declined: datetime | None = _time(nullable=True)
    note: str = ""


class ProgressRow(Row, table=True):
    """How far a run in progress has come: the step, and how many of how many things are done (total null: unknown).

    step_began: when the step began, so that its pace is known. requests: how many were sent to the target so far.
    uses: kind of request → what is sent of it, and at what pace (the fields of model.traffic.Use).
    """

    __tablename__ = "run_progress"

    run_id: int = Field(primary_key=True)
    step: str
    done: int
    total: int | None = None
    step_began: datetime = _time()
    noted: datetime = _time()
    requests: int = 0
    uses: dict[str, list[Any]] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}")
    )


class AuditRow(Row, table=True):
    """Someone did something (model.audit.Entry). hash: over this entry and the hash of the one before."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject"), {"sqlite_autoincrement": True})

    number: int | None = Field(default=None, primary_key=True)
    at: datetime = _time()
    who: str
    via: str
    address: str = ""
    action: str
    connection: str = ""
    subject: str = ""
    detail: str = ""
    hash: str = ""


class DirectoryRow(Row, table=True):
    """What is true of all records of a connection together (model.desired_side.Whole). ambiguous, warnings: JSON."""

    __tablename__ = "directories"

    connection: str = Field(primary_key=True)
    made_with: str
    today: str
    users: int
    groups: int
    memberships: int
    digest: str
    ambiguous: str
    warnings: str
    elsewhere: str
    is_settled: bool


class RecordRow(Row, table=True):
    """What all records of one id have become (model.desired_side.Mapped). wanted: desired and outside, JSON.

    manager: source id of the manager, so that those who name a user as their manager are found.
    """

    __tablename__ = "records"
    __table_args__ = (
        UniqueConstraint("connection", "kind", "source_id"),
        _of_these("ix_records_manager", ("manager",), "manager != ''"),
        _of_these("ix_records_choosing", ("connection",), "is_choosing"),
        _of_these("ix_records_outside", ("connection",), "is_outside"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection: str
    kind: str
    source_id: str
    shown: str
    rows: int
    wanted: str = _packed()
    manager: str = ""
    is_choosing: bool = False
    is_outside: bool = False


class ClaimRow(Row, table=True):
    """A value by which a record is found (model.desired_side.Claim)."""

    __tablename__ = "claims"
    __table_args__ = ({"sqlite_with_rowid": False},)

    path: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    row: int = Field(primary_key=True)  # no foreign key: without an index on it, each deletion would read all claims


class HeldValueRow(Row, table=True):
    """A value by which a resource is found, as it was last seen."""

    __tablename__ = "held_values"
    __table_args__ = ({"sqlite_with_rowid": False},)

    path: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    row: int = Field(primary_key=True)


class DirectMemberRow(Row, table=True):
    """A user or a group directly in a group, as the source shows it; both by their row in `records`."""

    __tablename__ = "direct_members"
    __table_args__ = ({"sqlite_with_rowid": False},)

    group_row: int = Field(primary_key=True, foreign_key="records.id")
    member_row: int = Field(primary_key=True, foreign_key="records.id", index=True)


class LookRow(Row, table=True):
    """Who is looked at by the next run, whether anything changes until then or not (model.identity.Whom).

    is_new: put down since the run under way began, so that it has not seen why.
    """

    __tablename__ = "to_look_at"
    __table_args__ = ({"sqlite_with_rowid": False},)

    connection: str = Field(primary_key=True)
    side: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    id_of: str = Field(primary_key=True)
    is_new: bool = False


class ConflictSubjectRow(Row, table=True):
    """Whom an open conflict is about: a run that has looked at one of them may close it."""

    __tablename__ = "conflict_subjects"
    __table_args__ = (Index("ix_conflict_subjects_key", "connection", "key"), {"sqlite_with_rowid": False})

    connection: str = Field(primary_key=True)
    side: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    id_of: str = Field(primary_key=True)
    key: str = Field(primary_key=True)


class RemarkRow(Row, table=True):
    """What the last plan that was about someone has said of them: left alone ("skipped"), a "warning", or "held".

    A plan about others says it again, as it was.
    """

    __tablename__ = "remarks"
    __table_args__ = (Index("ix_remarks_whom", "connection", "side", "kind", "id_of"),)

    id: int | None = Field(default=None, primary_key=True)
    connection: str
    side: str
    kind: str
    id_of: str
    what: str
    kind_of_notice: str = ""
    subject: str = ""
    detail: str = ""


class ShadowDifferenceRow(Row, table=True):
    """A difference that the plans of a connection in shadow had (model.shadow.Difference), told as JSON text.

    since_run: the first run whose plan had it. until_run: the first one after it whose plan did not, null while the
    newest one has it.
    """

    __tablename__ = "shadow_differences"
    __table_args__ = (Index("ix_shadow_differences_standing", "connection", "until_run"),)

    id: int | None = Field(default=None, primary_key=True)
    connection: str
    difference_key: str
    told: str
    since_run: int
    until_run: int | None = None


class AccessReadingRow(Row, table=True):
    """A reading of who may enter what. Its content is in access_facts, as differences from the reading before."""

    __tablename__ = "access_readings"

    id: int | None = Field(default=None, primary_key=True)
    connection: str = Field(index=True)
    read_at: datetime = _time()
    requests: int = 0
    warnings: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class AccessFactRow(Row, table=True):
    """One thing that readings showed (state/access_fact.py): from which reading on, and in which one it was gone.

    value: JSON text. until: null while the newest reading shows it. about: the user of a membership, who an assignment
    is to; "" for the other kinds. Two indexes are of what the newest reading shows, so that a plan finds the few, and
    two of what only earlier ones showed, so that a page about an old run does.
    """

    __tablename__ = "access_facts"
    __table_args__ = (
        _of_these("ix_access_facts_now", ("connection", "kind", "fact_key"), "until IS NULL"),
        _of_these("ix_access_facts_about", ("connection", "kind", "about"), "until IS NULL"),
        _of_these("ix_access_facts_over", ("connection", "kind", "fact_key"), "until IS NOT NULL"),
        _of_these("ix_access_facts_about_over", ("connection", "kind", "about"), "until IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection: str = Field(index=True)
    kind: str
    fact_key: str
    value: str
    since: int
    until: int | None = None
    about: str = Field(default="", sa_column_kwargs={"server_default": ""})


class LeaseRow(Row, table=True):
    """Who may write for a connection, where the state is on a server (state/lease.py).

    token: one more for each holder, so that an earlier one is known by it. beat: when the holder last said that it goes
    on, on the clock of the server. process: what the server knows the holder by.
    """

    __tablename__ = "leases"
    __table_args__ = (UniqueConstraint("name", "token"),)  # see fence.py

    name: str = Field(primary_key=True)
    token: int = Field(sa_column=Column(BigInteger, nullable=False))
    host: str
    pid: int
    started: datetime = _time()
    beat: datetime = _time()
    process: str


class AlertRow(Row, table=True):
    """Something that stands and was noted for an alert (model.alert.Condition). since: UTC."""

    __tablename__ = "alerts"

    connection: str = Field(primary_key=True)
    event: str = Field(primary_key=True)
    about: str = Field(primary_key=True)
    mark: str
    sentence: str
    since: datetime = _time()


class AlertMessageRow(Row, table=True):
    """What one look found to be said. lines: [event, connection, sentence] each."""

    __tablename__ = "alert_messages"

    id: int | None = Field(default=None, primary_key=True)
    made: datetime = _time()
    lines: list[list[str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class AlertDeliveryRow(Row, table=True):
    """A message on its way to one place, by the reference of its URL. error: why the last try failed."""

    __tablename__ = "alert_deliveries"
    __table_args__ = (_of_these("ix_alert_deliveries_waiting", ("due",), "sent IS NULL"),)

    message_id: int = Field(primary_key=True, foreign_key="alert_messages.id")
    place: str = Field(primary_key=True)
    due: datetime = _time()
    tries: int = 0
    error: str = ""
    sent: datetime | None = _time(nullable=True)


class SignInLinkRow(Row, table=True):
    """A link that signs a browser in once. code_hash: SHA-256 of the code in it. It is deleted when it is used."""

    __tablename__ = "sign_in_links"

    code_hash: str = Field(primary_key=True)
    role: str
    name: str
    expires: datetime = _time()


class SessionRow(Row, table=True):
    """A browser that is signed in. secret_hash: SHA-256 of what its cookie holds. It is deleted when it ends.

    provider: the issuer that said who this is, "" for a link.
    """

    __tablename__ = "sessions"
    __table_args__ = (UniqueConstraint("secret_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    secret_hash: str
    name: str
    role: str
    provider: str = ""
    address: str
    began: datetime = _time()
    expires: datetime = _time()


class ApiTokenRow(Row, table=True):
    """A token of the API. secret_hash: SHA-256 of it. prefix: how it begins, so that a leaked one can be found.

    expires: null for one that lasts until it is revoked. A revoked one is kept, so that people see that it was there.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (UniqueConstraint("secret_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    secret_hash: str
    prefix: str
    name: str
    role: str
    made: datetime = _time()
    made_by: str
    expires: datetime | None = _time(nullable=True)
    last_used: datetime | None = _time(nullable=True)
    revoked: datetime | None = _time(nullable=True)
    revoked_by: str = ""
