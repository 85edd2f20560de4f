"""A long history for a state, written directly: the program would need weeks to make it by runs."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from scim_bridge.model.operation import Operation
from scim_bridge.model.operation_kind import Phase
from scim_bridge.plan.plan_file import operation_bytes
from scim_bridge.state.operation_subject import mention
from scim_bridge.state.statement import as_stored
from scim_bridge.state.table import RunRow
from scim_bridge.state.tally import count_run
from scim_bridge.state.writer import State

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
"""When the first of the runs began."""
_COLUMNS = (
    "run_id", "operation_id", "kind", "subject", "status", "document", "target_id", "request_id", "detail",
    "answered_at", "is_looked_at",
)  # fmt: skip
_PUT = f"INSERT INTO operations ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
Change = Callable[[int], Operation]
"""The operation of this number, counted over all runs."""


def title_of_user(number: int) -> Operation:
    """A new title for one of a hundred users."""
    who = f"{number % 100}"
    return change_of_title(number, f"u{who}", f"t{who}", f"user{who}@corp.example")


def change_of_title(number: int, source_id: str, target_id: str, name: str) -> Operation:
    """The operation that gives a user the title of this number."""
    return Operation(
        id=f"op-{number % 1_000_000:06d}",
        kind="update_user",
        phase=Phase.USERS,
        source_id=source_id,
        target_id=target_id,
        subject=name,
        reason="an attribute differs",
        changes={"title": (f"Engineer {number}", f"Lead {number}")},
    )


def add_history(
    state: State, names: Sequence[str], sizes: Sequence[int], change: Change = title_of_user, *, endpoint: str = "there"
) -> None:
    """Runs of this many operations each, one every half an hour, of these connections in turn."""
    counts = {what: [100_000, 100_000] for what in ("users", "groups", "memberships")}
    with state._engine.begin() as database:  # noqa: SLF001 - no one else has to write such a state
        first = (database.exec_driver_sql("SELECT max(id) FROM runs").scalar() or 0) + 1
        runs = [
            RunRow(
                id=first + number,
                connection=names[number % len(names)],
                endpoint=endpoint,
                command="sync",
                status="done",
                started=BEGAN + timedelta(minutes=30 * number),
                ended=BEGAN + timedelta(minutes=30 * number, seconds=40),
                host="h",
                pid=1,
                has_begun=True,
                is_complete=True,
                summary={"update_user": size},
                counts=counts,
                requests=size + 20,
            ).model_dump()
            for number, size in enumerate(sizes)
        ]
        database.exec_driver_sql("PRAGMA cache_size=-500000")  # what leads from a user to operations is put all over it
        database.execute(insert(RunRow), runs)
        number = 0
        for run, size in zip(runs, sizes, strict=True):
            operations = [change(each) for each in range(number, number + size)]
            number += size
            if operations:
                at = as_stored(database, run["ended"])
                rows = [_row(run["id"], operation, at) for operation in operations]
                database.exec_driver_sql(_PUT, rows)
                mention(database, run["id"], operations)
            count_run(database, run["id"])


def _row(run_id: int, operation: Operation, at: Any) -> tuple[Any, ...]:
    document = operation_bytes(operation).decode()
    named = (run_id, operation.id, operation.kind, operation.subject, "done", document)
    return (*named, operation.target_id, "", "", at, 0)
