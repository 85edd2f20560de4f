"""A real state in a temporary folder, a clock that moves when told, and the few values these tests are about."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scim_bridge.model.identity import Kind, SourceCounts, SourceKey, Value
from scim_bridge.model.operation import Change, Member, Operation, Outcome
from scim_bridge.model.operation_kind import OperationKind, Phase
from scim_bridge.model.plan import Bookkeeping, Conflict, Paired
from scim_bridge.plan.plan_file import operation_bytes
from scim_bridge.state.journal import RunJournal
from scim_bridge.state.writer import Ending, State

MORNING = datetime(2027, 3, 13, 9, 0, tzinfo=UTC)
HERE = "endpoint-of-tenant-a"
ELSEWHERE = "endpoint-of-tenant-b"
DONE = Ending(status="done", is_complete=True)
SHOWN = SourceCounts(3, 2, 5)


@dataclass
class Clock:
    """The time as the state is told it."""

    at: datetime = MORNING

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **duration: float) -> None:
        self.at += timedelta(**duration)


@dataclass
class Desk:
    """A state file, and whole runs on it in one line each."""

    path: Path
    clock: Clock = field(default_factory=Clock)

    def open(self) -> State:
        return State(self.path, self.clock)

    def run(
        self,
        *pairs: Paired,
        ending: Ending = DONE,
        conflicts: tuple[Conflict, ...] = (),
        forgotten: tuple[SourceKey, ...] = (),
        connection: str = "corp",
        endpoint: str = HERE,
    ) -> int:
        """A run that had nothing to send, from its first line to its last."""
        with self.open() as state:
            run_id = state.begin_run(connection, endpoint, "sync")
            state.begin_applying(run_id, f"plan {run_id}", conflicts)
            state.finish(run_id, ending, conflicts, Bookkeeping(paired=pairs, forgotten=forgotten, counts=SHOWN))
        self.clock.pass_by(minutes=5)
        return run_id


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "bridge.db")


@pytest.fixture
def state(desk: Desk) -> Iterator[State]:
    with desk.open() as opened:
        yield opened


def begin(state: State, *operations: Operation, endpoint: str = HERE, plan: str = "a plan") -> RunJournal:
    """A run that is about to send these."""
    journal = state.begin_applying(state.begin_run("corp", endpoint, "sync"), plan, ())
    journal.record((operation, operation_bytes(operation)) for operation in operations)
    return journal


def operation(
    number: int, kind: OperationKind, source_id: str, target_id: str | None = None, **changes: Value | None
) -> Operation:
    """An operation on one resource; underscores in a path stand for dots."""
    by_path: dict[str, Change] = {path.replace("_", "."): (None, value) for path, value in changes.items()}
    return Operation(
        id=f"op-{number:06d}",
        kind=kind,
        phase=Phase.USERS,
        source_id=source_id,
        target_id=target_id,
        subject=source_id,
        reason="a reason",
        changes=by_path,
    )


def adding(number: int, group_id: str, *names: str) -> Operation:
    """Members that are put into a group."""
    members = tuple(Member(name, f"t-{name}", name) for name in names)
    return Operation(
        id=f"op-{number:06d}",
        kind="add_members",
        phase=Phase.GRANT,
        source_id=group_id,
        target_id=f"t-{group_id}",
        subject=group_id,
        reason="new",
        changes={},
        members=members,
    )


def done(operation: Operation, target_id: str = "") -> Outcome:
    """It went well."""
    at = target_id or operation.target_id or f"t-{operation.source_id}"
    return Outcome(operation_id=operation.id, status="done", target_id=at, request_id=f"request-{operation.id}")


def pair(source_id: str, target_id: str = "", kind: Kind = "user", **applied: Value) -> Paired:
    """A managed pair that is equal on both sides."""
    values: dict[str, Value] = {"userName" if kind == "user" else "displayName": source_id} | applied
    return Paired(
        kind=kind, source_id=source_id, target_id=target_id or f"t-{source_id}", name=source_id, applied=values
    )


def conflict(key: str, kind: str = "duplicate_user_name", target_id: str | None = None) -> Conflict:
    """A conflict with this key."""
    return Conflict(
        key=key,
        kind=kind,
        subjects=("佐藤",),
        detail="two records claim one name",
        remedy="Rename one of them.",
        target_id=target_id,
    )
