"""Writing the state: runs from their first line to their last. Everything a run concludes lands in one transaction."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import chain
from types import TracebackType
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, or_, select, text, update
from sqlmodel import col

from scim_bridge.model.actor import Actor
from scim_bridge.model.audit import Action
from scim_bridge.model.batch import batched_list
from scim_bridge.model.conflict_kind import LASTING, TOLD_BY_TARGET
from scim_bridge.model.desired_side import DesiredWhole, Moves
from scim_bridge.model.doubt import Settled
from scim_bridge.model.effect import Effect
from scim_bridge.model.identity import KINDS, Existing, Inventory, Members, TargetKey, Whom
from scim_bridge.model.plan import Bookkeeping, Conflict, Paired, Verdict
from scim_bridge.model.progress import RunProgress
from scim_bridge.model.run import Command, FailureCause, RunStatus
from scim_bridge.model.source import Learned
from scim_bridge.model.state_address import StateAddress
from scim_bridge.model.text import folded
from scim_bridge.model.traffic import NO_TRAFFIC, Traffic
from scim_bridge.state.aftermath import Aftermath, forget_subjects, keep_subjects, leave
from scim_bridge.state.alert import AlertBook
from scim_bridge.state.api_token import ApiTokens
from scim_bridge.state.asked_once import Once, answer_to, keep_answer, recall
from scim_bridge.state.audit import note
from scim_bridge.state.cancelled import say_who
from scim_bridge.state.database import open_database
from scim_bridge.state.decision import UNDECIDED, Decided, decide, undo
from scim_bridge.state.desired import move_on, replace_directory, settle_directory
from scim_bridge.state.fence import Fence, NoFence
from scim_bridge.state.history import forget_some
from scim_bridge.state.journal import RunJournal
from scim_bridge.state.lock import lock
from scim_bridge.state.look import look_at, look_at_decided, look_begins
from scim_bridge.state.news import Watch
from scim_bridge.state.observed import (
    forget_reading,
    keep_members,
    keep_reading,
    keep_resources,
    settle_members,
    text_of,
)
from scim_bridge.state.orders import Orders, note_run
from scim_bridge.state.plans import Plans
from scim_bridge.state.progress import note_progress
from scim_bridge.state.quarantine import NO_QUARANTINE, move_quarantine
from scim_bridge.state.reader import StateReader, utc_now
from scim_bridge.state.refusal import forget_told_otherwise, keep_refusals
from scim_bridge.state.schedule import Schedule
from scim_bridge.state.schema import HEAD
from scim_bridge.state.sign_in import SignIns
from scim_bridge.state.source_memory import keep_learned
from scim_bridge.state.statement import PAIR, PUT_PAIR, as_stored, carry_out_many
from scim_bridge.state.table import ApprovalRow, ConflictRow, ConnectionRow, LinkRow, RequestRow, RunRow, TripRow
from scim_bridge.state.tally import count_run
from scim_bridge.state.transaction import reading, take_turn, writing
from scim_bridge.state.upsert import upsert
from scim_bridge.state.workers import Workers

Closing = Literal["all", "planned", "none"]
"""Which conflicts are over that a run has not seen: all; those that a plan tells, but not what only an answer of the
target does (it did not come as far as trying); none (it was about a few identities)."""
_FEW, _MANY = 500, 5_000
_REVISION = text("SELECT version_num FROM alembic_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended. counts: what → (source shows, target holds). is_complete: the plan was applied to its end.

    cause: why it failed. approved: what limits counted of it, and what
    `approved_by` answers for; it does not count in the window. access: what its plan does to who may enter what, as a
    document (model/impact.py).
    """

    status: RunStatus
    detail: str = ""
    summary: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    traffic: Traffic = NO_TRAFFIC
    is_complete: bool = False
    verdict: Verdict = field(default_factory=Verdict)
    approved_by: str = ""
    mapping: str = ""
    cause: FailureCause = ""
    approved: frozenset[Effect] = frozenset()
    access: Mapping[str, Any] = field(default_factory=dict)


class State:
    """The state of all connections, for one who may write. now: UTC."""

    def __init__(self, address: StateAddress, now: Callable[[], datetime] = utc_now) -> None:
        self.address = address
        self._engine = open_database(address)
        self._now = now
        self._fence: Fence = NoFence()
        self.reader = StateReader(self._engine)
        self.alerts = AlertBook(self._engine)
        self.orders = Orders(self._engine, now)
        self.plans = Plans(self._engine, now)
        self.sign_ins = SignIns(self._engine, now)
        self.tokens = ApiTokens(self._engine, now)
        self.schedule = Schedule(self._engine, now)
        self.workers = Workers(self._engine, now)

    def __enter__(self) -> "State":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def is_current(self) -> bool:
        """Whether its tables are still those that this program knows."""
        with reading(self._engine) as database:
            return bool(database.execute(_REVISION).scalar_one() == HEAD)

    def watch(self) -> Watch:
        """For looking at it again and again."""
        return Watch(self._engine)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock of a connection; nothing is written through this object once another process has taken over.

        Raises Busy.
        """
        with lock(self.address, name, self._now()) as fence:
            self._fence = fence
            try:
                yield
            finally:
                self._fence = NoFence()

    def check_lock(self) -> None:
        """Just before a request is sent: raise Deposed if another process has taken the connection over."""
        if not isinstance(self._fence, NoFence):
            with reading(self._engine) as database:
                self._fence.look(database)

    @contextmanager
    def _writing(self, *turns: str, is_large: bool = False) -> Iterator[Connection]:
        """A transaction that writes, as long as this object may. turns: as take_turn has them."""
        with writing(self._engine, is_large=is_large) as database:
            self._fence.check(database)
            take_turn(database, *turns)
            yield database

    def close(self) -> None:
        """Let go of the file, or of the server."""
        self._engine.dispose()

    def begin_run(
        self,
        connection: str,
        endpoint: str,
        command: Command,
        *,
        of_one: bool = False,
        inside: int | None = None,
        by: Actor | None = None,
        detail: str = "",
        order_id: int | None = None,
    ) -> int:
        """Open a run and give its number. The caller holds the lock, so a run still open was cut: it is marked so.

        of_one: it is about a few identities (`--only`). inside: the run in progress that carries it out. by: who asked
        for it by a command, None for the schedule and for what was asked for, and noted, before. detail: of what.
        order_id: the order on record that it carries out.
        """
        with self._writing() as database:
            cut = {
                "status": "interrupted",
                "detail": "the process ended in the middle; the next run went on from there",
            }
            still_open = (
                col(RunRow.connection) == connection,
                col(RunRow.status) == "running",
                col(RunRow.id) != (inside or 0),
            )
            over = database.execute(select(col(RunRow.id)).where(*still_open)).scalars().all()
            database.execute(update(RunRow).where(*still_open).values(**cut))
            for run_id in over:
                count_run(database, run_id or 0)
            row = RunRow(
                connection=connection,
                endpoint=endpoint,
                command=command,
                status="running",
                started=self._now(),
                host=os.uname().nodename,
                pid=os.getpid(),
                of_one=of_one,
            )
            begun = database.execute(insert(RunRow).values(**row.model_dump(exclude={"id"})))
            run_id = int(begun.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has one
            if inside is None:
                look_begins(database, connection)
            if order_id is not None:
                note_run(database, order_id, run_id)
            if by is not None:
                action: Action = "sync --only" if of_one else command
                self._note(database, by, action, connection=connection, subject=f"run {run_id}", detail=detail)
            return run_id

    def answer_to(self, once: Once | None) -> Any:
        """What was answered to the same request, None if it is a new one. Raises AskedOtherwise."""
        with reading(self._engine) as database:
            return answer_to(database, once)

    def note(self, by: Actor, action: Action, *, connection: str = "", subject: str = "", detail: str = "") -> None:
        """Add an entry to the audit about what is written elsewhere than in the state."""
        with self._writing() as database:
            self._note(database, by, action, connection=connection, subject=subject, detail=detail)

    def _note(self, database: Connection, by: Actor, action: Action, **told: str) -> None:
        note(database, self._now(), by, action, **told)

    def begin_applying(
        self, run_id: int, plan: str, conflicts: Sequence[Conflict], *, is_relinking: bool = False
    ) -> RunJournal:
        """From here on things are sent. plan: its fingerprint. Conflicts are on record even if the run is cut.

        is_relinking: this run began without state on a target that knows our ids, so it adopts nothing by name, and
        neither does any later one, even if this one is cut.
        """
        with self._writing() as database:
            mine = col(RunRow.id) == run_id
            database.execute(update(RunRow).where(mine).values(has_begun=True, plan=plan, is_relinking=is_relinking))
            connection, of_one = database.execute(select(col(RunRow.connection), col(RunRow.of_one)).where(mine)).one()
            take_turn(database, connection)
            if is_relinking and not of_one:
                _mark_unsettled(database, connection, run_id)
            self._merge_conflicts(database, connection, conflicts, closing="none")
        return RunJournal(self._writing, self._engine, run_id, self._now)

    def begin_restore(self, run_id: int) -> None:
        """The state is a copy of unknown age: this run, and later ones, believe a link once the target confirms it.

        A decision in it may have been carried out since the copy was made, and takes effect once: it is asked again.
        """
        with self._writing() as database:
            columns = (col(RunRow.connection), col(RunRow.endpoint))
            connection, endpoint = database.execute(select(*columns).where(col(RunRow.id) == run_id)).one()
            take_turn(database, connection)
            mine = (col(LinkRow.connection) == connection, col(LinkRow.endpoint) == endpoint)
            database.execute(update(LinkRow).where(*mine).values(is_confirmed=False))
            once = (col(ConflictRow.connection) == connection, col(ConflictRow.resolution).not_in(LASTING))
            database.execute(update(ConflictRow).where(*once).values(**UNDECIDED))
            _mark_unsettled(database, connection, run_id)

    def finish(
        self,
        run_id: int,
        ending: Ending,
        conflicts: Sequence[Conflict] | None = None,
        books: Bookkeeping | None = None,
        *,
        settled: Sequence[Conflict] = (),
        closing: Closing = "all",
        carried_out: Set[str] = frozenset(),
        pending: Set[str] = frozenset(),
        aftermath: Aftermath | None = None,
    ) -> None:
        """Close a run, in one transaction with all it concludes.

        conflicts: all that are open now, None to leave them as they are. books: what to remember of the pairs, None
        for a run that concluded nothing. closing: which of the conflicts that were not seen are over.
        settled: those left as they are by decision. carried_out: keys of conflicts whose decision is carried out, and
        so used up. pending: keys of those whose decision still waits for that; a run closes none of them. aftermath:
        what is left to the next run, None for a run that leaves that as it was.
        """
        with self._writing() as database:
            mine = col(RunRow.id) == run_id
            columns = (col(RunRow.connection), col(RunRow.endpoint), col(RunRow.of_one), col(RunRow.command))
            of_run = select(*columns, col(RunRow.started)).where(mine)
            connection, endpoint, of_one, command, started = database.execute(of_run).one()
            take_turn(database, connection, endpoint)
            is_cut = ending.status == "interrupted"
            detail = say_who(database, connection, run_id, ending.detail) if is_cut else ending.detail
            values: dict[str, Any] = {
                "status": ending.status,
                "ended": self._now(),
                "detail": detail,
                "summary": dict(ending.summary),
                "counts": {what: list(pair) for what, pair in ending.counts.items()},
                "requests": ending.traffic.requests,
                "throttled": ending.traffic.throttled,
                "pace": {kind: round(pace, 2) for kind, pace in ending.traffic.pace.items()},
                "is_complete": ending.is_complete,
                "guard": [trip.sentence for trip in ending.verdict.tripped],
                "approved_by": ending.approved_by,
                "mapping": ending.mapping,
                "approved": sorted(map(str, ending.approved)),
                "access": dict(ending.access),
                "cause": ending.cause,
            }
            if aftermath is not None:
                leave(database, connection, run_id, aftermath)
            if conflicts is not None:  # after that: whose decision ends with its conflict is looked at once more
                values["conflicts"] = len(conflicts)
                seen = (*conflicts, *settled)
                self._merge_conflicts(database, connection, seen, closing=closing, spared=pending)
                self._close(database, connection, carried_out)
            if books is not None:
                values["source"] = asdict(books.counts)
                self._keep_pairs(database, connection, endpoint, books)
                keep_refusals(database, connection, endpoint, books, mapping=ending.mapping, sent_at=started)
                self._ask_again(database, connection, books)
            if books is not None and closing == "all":
                of_groups = None if aftermath is None else aftermath.groups
                settle_members(database, connection, endpoint, books.strays, of_groups)
                open_keys = {conflict.key for conflict in (*(conflicts or ()), *settled)} | pending
                forget_told_otherwise(database, connection, endpoint, open_keys)
            if books is not None and not of_one and command != "rollback":
                _settle(database, connection, endpoint)
            database.execute(update(RunRow).where(mine).values(**values))
            count_run(database, run_id)
            if not of_one and command != "rollback":
                is_refused = ending.cause == "credentials"
                move_quarantine(
                    database, connection, ending.status, ending.detail, self._now(), has_bad_credentials=is_refused
                )

    def observe(
        self,
        connection: str,
        endpoint: str,
        inventory: Inventory,
        members: Members,
        began: datetime,
        requests: int = 0,
    ) -> None:
        """A whole reading of the target: what earlier ones had shown is replaced. requests: how many it took.

        Everyone has to be looked at, whatever kind of run has read, until a run about everyone has come to its end.
        """
        with self._writing(connection, endpoint, is_large=True) as database:
            keep_reading(database, connection, endpoint, inventory, members, began=began, requests=requests)
            settle_directory(database, connection, is_settled=False)

    def forget_reading(self, connection: str, endpoint: str) -> None:
        """The next run reads the whole target again. What earlier ones have shown stays."""
        with self._writing() as database:
            forget_reading(database, connection, endpoint)

    def move_on(
        self,
        connection: str,
        source_key: str,
        desired: Moves | DesiredWhole,
        learned: Learned | None,
        began: datetime,
    ) -> None:
        """What the source wants and remembers from now on, in one transaction. began: when the reading was."""
        with self._writing(connection, is_large=isinstance(desired, DesiredWhole)) as database:
            if isinstance(desired, DesiredWhole):
                replace_directory(database, connection, desired)
            else:
                move_on(database, connection, desired)
            if learned is not None:
                keep_learned(database, connection, source_key, learned, began)

    def note_progress(self, progress: RunProgress) -> None:
        """How far a run has come."""
        note_progress(self._engine, progress)

    def settle(self, looked: Iterable[Settled]) -> None:
        """What a look at the target has shown of writes in doubt, each in the journal of its run."""
        by_run: dict[int, list[Settled]] = {}
        for each in looked:
            by_run.setdefault(each.doubt.run_id, []).append(each)
        for run_id, of_run in by_run.items():
            journal = RunJournal(self._writing, self._engine, run_id, self._now)
            journal.settle(of_run)
            with self._writing(journal.connection) as database:
                for operation in (each.doubt.operation for each in of_run if each.has_landed):
                    over = journal.forget_refusals(database, operation.resource, operation.source_id or "")
                    self._close(database, journal.connection, set(over))

    def look_at(self, connection: str, whom: Iterable[Whom]) -> None:
        """The next run about some looks at these too."""
        with self._writing(connection) as database:
            look_at(database, connection, whom)

    def look_again(
        self,
        endpoint: str,
        found: Mapping[TargetKey, Existing | None],
        members: Members,
        at: datetime,
    ) -> None:
        """Single resources and groups that were looked at again; None for one that is gone.

        What is not as it was is looked at by the next run of each connection, this one's too: a run about those who
        were named ends without having planned what it learned.
        """
        with self._writing(endpoint) as database:
            keep_resources(database, endpoint, found, at)
            keep_members(database, endpoint, members, at)

    def resolve(
        self, connection: str, key: str, decision: str, by: Actor, *, target_id: str = "", note: str = ""
    ) -> bool:
        """A person's decision about an open conflict. False if there is no such conflict.

        target_id: of `link`, the resource that was chosen.
        """
        return self.resolve_all([(connection, key)], decision, by, target_id=target_id, note=note) == 1

    def resolve_all(
        self,
        keys: Sequence[tuple[str, str]],
        decision: str,
        by: Actor,
        *,
        target_id: str = "",
        note: str = "",
        once: Once | None = None,
    ) -> int:
        """The same decision about several open conflicts (connection, key): all or none; how many there were."""
        now = self._now()
        made = Decided(decision=decision, target_id=target_id, note=note)
        with self._writing(*sorted({connection for connection, _ in keys})) as database:
            before = recall(database, once, now)
            found = sum(decide(database, now, key, made, by) for key in keys) if before is None else int(before)
            if before is None:
                keep_answer(database, once, found)
            return found

    def undo(self, connection: str, key: str, by: Actor, once: Once | None = None) -> bool:
        """Take a decision back. False if the conflict is not open, or nothing is decided: a run may have used it."""
        now = self._now()
        with self._writing(connection) as database:
            before = recall(database, once, now)
            is_undone = undo(database, now, (connection, key), by) if before is None else bool(before)
            if before is None:
                keep_answer(database, once, is_undone)
            return is_undone

    def pause(self, connection: str, by: Actor, reason: str, once: Once | None = None) -> None:
        """Stop this connection's schedule. A pause that is there already gets the new reason, if there is a new one."""
        now = self._now()
        values = {"paused": now, "paused_by": by.name, "reason": reason}
        statement = upsert(ConnectionRow).values(name=connection, **values)
        where = None if reason else col(ConnectionRow.paused).is_(None)
        with self._writing() as database:
            if recall(database, once, now) is not None:
                return
            database.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values, where=where))
            self._note(database, by, "pause", connection=connection, detail=reason)
            keep_answer(database, once, answer=True)

    def resume(self, connection: str, by: Actor, once: Once | None = None) -> bool:
        """Let the schedule go on. False if it was neither paused nor quarantined."""
        is_stopped = or_(col(ConnectionRow.paused).is_not(None), col(ConnectionRow.quarantined).is_not(None))
        mine = (col(ConnectionRow.name) == connection, is_stopped)
        with self._writing() as database:
            before = recall(database, once, self._now())
            if before is not None:
                return bool(before)
            values = {"paused": None, "paused_by": "", "reason": "", **NO_QUARANTINE}
            was_stopped = bool(database.execute(update(ConnectionRow).where(*mine).values(**values)).rowcount)
            if was_stopped:
                self._note(database, by, "resume", connection=connection)
            keep_answer(database, once, was_stopped)
            return was_stopped

    def ask(
        self,
        connection: str,
        subjects: Sequence[str],
        by: Actor,
        *,
        is_approved: bool = False,
        is_last_admin: bool = False,
    ) -> int:
        """Leave a request with the run in progress; its number. is_approved, is_last_admin: with `--approve`,
        `--last-admin`."""
        with self._writing() as database:
            row = {"connection": connection, "subjects": list(subjects), "who": by.name, "asked": self._now()}
            flags = {"is_approved": is_approved, "is_last_admin": is_last_admin}
            asked = database.execute(insert(RequestRow).values(**row, **flags, error="", exit_code=0))
            self._note(database, by, "sync --only", connection=connection, detail=", ".join(subjects))
            return int(asked.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has one

    def answer(self, request_id: int, run_id: int | None, error: str = "", exit_code: int = 0) -> None:
        """The outcome of a request; or that no one needs to answer it any more."""
        values = {"answered": self._now(), "run_id": run_id, "error": error, "exit_code": exit_code}
        with self._writing() as database:
            database.execute(update(RequestRow).where(col(RequestRow.id) == request_id).values(**values))

    def keep_trip(self, run_id: int, connection: str, verdict: Verdict) -> None:
        """Remember what a tripped plan counted, for `--approve`; an older one is overtaken."""
        documents = [trip.document() for trip in verdict.tripped]
        values = {"run_id": run_id, "trips": orjson.dumps(documents).decode(), "kept": self._now()}
        statement = upsert(TripRow).values(connection=connection, **values)
        with self._writing() as database:
            database.execute(statement.on_conflict_do_update(index_elements=["connection"], set_=values))

    def forget_trip(self, connection: str) -> None:
        """Nothing waits for approval any more."""
        with self._writing() as database:
            database.execute(delete(TripRow).where(col(TripRow.connection) == connection))

    def use_approval(self, run_id: int, connection: str, by: Actor, counted: str = "") -> None:
        """Record that someone approved what the kept plan counted, and let it be used this once. counted: in words."""
        with self._writing() as database:
            mine = col(TripRow.connection) == connection
            tripped = database.execute(select(col(TripRow.run_id)).where(mine)).scalar()
            row = {"connection": connection, "run_id": run_id, "tripped_run_id": tripped or run_id, "who": by.name}
            database.execute(insert(ApprovalRow).values(**row, given=self._now()))
            self._note(database, by, "approve", connection=connection, subject=f"run {run_id}", detail=counted)
            database.execute(delete(TripRow).where(mine))

    def forget_some(self, connection: str, before: datetime, most: int = 2_000) -> bool:
        """Forget a small piece of the history before this moment (UTC), in a transaction of its own.

        What a later plan goes by stays (state/history.py). False once there is nothing more to forget. most: rows.
        """
        with self._writing() as database:
            return forget_some(database, connection, before, most)

    def _merge_conflicts(
        self,
        database: Connection,
        connection: str,
        conflicts: Sequence[Conflict],
        *,
        closing: Closing,
        spared: Set[str] = frozenset(),
    ) -> None:
        """Note each sighting: the first is kept, the last moves on. spared: keys that are not closed, seen or not."""
        now = self._now()
        sighting = {"connection": connection, "first_seen": now, "last_seen": now, "closed": None}
        rows = [_columns_of(conflict) | sighting | UNDECIDED for conflict in conflicts]
        statement = upsert(ConflictRow)
        moved = (
            "kind",
            "subjects",
            "detail",
            "remedy",
            "target_id",
            "resource",
            "source_id",
            "path",
            "last_seen",
            "closed",
        )
        seen_again = statement.on_conflict_do_update(
            index_elements=["connection", "key"], set_={key: statement.excluded[key] for key in moved}
        )
        if rows:
            database.execute(seen_again, rows)
        keep_subjects(database, connection, conflicts)
        if closing != "none":
            untold = TOLD_BY_TARGET if closing == "planned" else ()
            mine = (
                col(ConflictRow.connection) == connection,
                col(ConflictRow.closed).is_(None),
                col(ConflictRow.kind).not_in(untold),
            )
            still_open = database.execute(select(col(ConflictRow.key)).where(*mine)).scalars().all()
            self._close(database, connection, set(still_open) - {conflict.key for conflict in conflicts} - spared)

    def _close(self, database: Connection, connection: str, keys: Set[str]) -> None:
        """These conflicts are over, and with each the decision about it, which holds for this conflict alone."""
        if keys:
            one = (col(ConflictRow.connection) == connection, col(ConflictRow.key) == bindparam("of_key"))
            look_at_decided(database, connection, keys, by_run=True)
            over = {"closed": self._now(), "resolution": "", "chosen": ""}
            database.execute(update(ConflictRow).where(*one).values(**over), [{"of_key": key} for key in sorted(keys)])
            forget_subjects(database, connection, keys)

    def _ask_again(self, database: Connection, connection: str, books: Bookkeeping) -> None:
        """What was sent once more and refused waits for another decision: the one before has been carried out."""
        asked = [{"refused": refusal.conflict.key} for refusal in books.refusals]
        if asked:
            this = (col(ConflictRow.connection) == connection, col(ConflictRow.key) == bindparam("refused"))
            database.execute(update(ConflictRow).where(*this).values(**UNDECIDED), asked)

    def _keep_pairs(self, database: Connection, connection: str, endpoint: str, books: Bookkeeping) -> None:
        """Write the links that changed, and forget those whose both sides are gone."""
        mine = (col(LinkRow.connection) == connection, col(LinkRow.endpoint) == endpoint)
        columns = (
            col(LinkRow.kind),
            col(LinkRow.source_id),
            col(LinkRow.target_id),
            col(LinkRow.name),
            col(LinkRow.applied),
            col(LinkRow.departed),
            col(LinkRow.left_at),
            col(LinkRow.is_confirmed),
        )
        query = select(*columns).where(*mine)
        pairs = {pair.key: pair for pair in books.paired}
        changed: list[tuple[Paired, tuple[Any, ...]]] = []
        # Compared as they come: of 100,000 links most are as they were, and none of those is kept.
        for row in _of_these(database, query, books.paired):
            pair = pairs.pop((row[0], row[1]), None)  # type: ignore[call-overload]  # a key is a tuple
            if pair is not None and (new := self._pair(pair, tuple(row[2:]))) != tuple(row[2:]):
                changed.append((pair, new))
        rows = (
            (connection, endpoint, pair.kind, pair.source_id, *new[:3], *(as_stored(database, at) for at in new[3:5]))
            for pair, new in chain(changed, ((pair, self._pair(pair, None)) for pair in pairs.values()))
        )
        carry_out_many(database, PUT_PAIR, PAIR, rows)
        if books.forgotten:
            gone = (col(LinkRow.kind) == bindparam("gone_kind"), col(LinkRow.source_id) == bindparam("gone_id"))
            forgotten = [{"gone_kind": kind, "gone_id": source_id} for kind, source_id in books.forgotten]
            database.execute(delete(LinkRow).where(*mine, *gone), forgotten)

    def _pair(self, pair: Paired, old: tuple[Any, ...] | None) -> tuple[Any, ...]:
        """The columns of a link, in the order in which they are read."""
        applied = old[2] if old is not None and old[0] == pair.target_id else "{}"
        if pair.applied is not None:
            applied = text_of({path: value for path, value in pair.applied.items() if value != ""})
        departed = None
        if pair.departed:
            goes_on = old is not None and old[3] is not None and not pair.is_shut_now
            departed = old[3] if old is not None and goes_on else self._now()
        left_at = old[4] if old is not None and old[0] == pair.target_id else None
        left_at = (left_at or self._now()) if pair.has_left else None
        return pair.target_id, folded(pair.name), applied, departed, left_at, True


def _of_these(database: Connection, query: Any, paired: Sequence[Paired]) -> Iterator[Any]:
    """The links of these pairs; of very many, all links, since that is quicker."""
    if len(paired) > _MANY:
        yield from database.execute(query)
        return
    for kind in KINDS:
        of_kind = query.where(col(LinkRow.kind) == kind)
        for batch in batched_list((pair.source_id for pair in paired if pair.kind == kind), _FEW):
            yield from database.execute(of_kind.where(col(LinkRow.source_id).in_(batch)))


def _columns_of(conflict: Conflict) -> dict[str, Any]:
    columns = asdict(replace(conflict, about=frozenset()))
    del columns["about"]
    return columns


def _mark_unsettled(database: Connection, connection: str, run_id: int) -> None:
    values = {"unsettled": run_id}
    statement = upsert(ConnectionRow).values(name=connection, **values)
    database.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def _settle(database: Connection, connection: str, endpoint: str) -> None:
    """A run about everyone has ended: the state is settled if no link waits to be confirmed by the target."""
    is_it = (col(ConnectionRow.name) == connection, col(ConnectionRow.unsettled).is_not(None))
    if database.execute(select(col(ConnectionRow.name)).where(*is_it)).first() is None:
        return  # as most often; all links are looked through below
    mine = (col(LinkRow.connection) == connection, col(LinkRow.endpoint) == endpoint)
    waiting = select(col(LinkRow.source_id)).where(*mine, col(LinkRow.is_confirmed).is_(False)).exists()
    database.execute(update(ConnectionRow).where(*is_it, ~waiting).values(unsettled=None))
