"""What the product remembers of a run whose every operation went well: its own conclusion, kept in its own state."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import insert

from scim_bridge.apply.engine import Applied
from scim_bridge.model.operation import Operation, Outcome
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Link, Remembered
from scim_bridge.plan.compare_mappings import Outlook
from scim_bridge.plan.plan_file import operation_bytes
from scim_bridge.run.conclude import conclude
from scim_bridge.state.observed import text_of
from scim_bridge.state.table import ConflictRow, LinkRow
from scim_bridge.state.transaction import writing
from scim_bridge.state.writer import Ending, State
from tests.builders import OCCASION
from tests.laws.simulation import Simulation

NOW = datetime(2027, 3, 13, 9, tzinfo=UTC)
_ENDPOINT = "endpoint"
_NUMBERS = count(1)
_FOLDER = TemporaryDirectory(prefix="laws-")


@cache
def _state() -> State:
    """One file for all examples: each is a connection of its own, at an endpoint of its own."""
    return State(Path(_FOLDER.name) / "scim-bridge.db", lambda: NOW)


def remembered_after(seen: Outlook, policy: Policy, simulation: Simulation) -> Remembered:
    """What the next run knows, once this plan was carried out in the simulation and its run has ended well."""
    state, plan, known = _state(), seen.plan, seen.sides.known
    connection = f"connection-{next(_NUMBERS)}"
    endpoint = f"{_ENDPOINT} of {connection}"
    _recall(state, connection, endpoint, known)
    run_id = state.begin_run(connection, endpoint, "sync")
    journal = state.begin_applying(run_id, connection, plan.conflicts, is_relinking=seen.matches.is_relinking)
    journal.record((operation, operation_bytes(operation)) for operation in plan.operations)
    outcomes = tuple(_outcome(operation, simulation) for operation in plan.operations)
    for operation, outcome in zip(plan.operations, outcomes, strict=True):
        journal.begin(operation)
        journal.end(operation, outcome)
    ended = conclude(seen.matches, seen.sides, plan, plan, Applied(outcomes), policy)
    state.finish(
        run_id,
        Ending(status="done", is_complete=True, mapping=OCCASION.mapping),
        ended.conflicts,
        ended.books,
        settled=(*plan.settled, *ended.settled),
        carried_out=ended.carried_out,
        pending=ended.pending,
    )
    later = state.reader.known(connection, endpoint)
    return replace(later, linked_elsewhere=known.linked_elsewhere)


def _outcome(operation: Operation, simulation: Simulation) -> Outcome:
    created = simulation.created.get((operation.resource, str(operation.source_id)))
    return Outcome(operation_id=operation.id, status="done", target_id=operation.target_id or created)


def _recall(state: State, connection: str, endpoint: str, known: Remembered) -> None:
    """Put into the state what is known, as the runs before would have left it."""
    if not known.is_fresh:
        run_id = state.begin_run(connection, endpoint, "sync")
        state.begin_applying(run_id, "", ())
        state.finish(run_id, Ending(status="done", is_complete=known.has_applied))
    place = {"connection": connection, "endpoint": endpoint}
    links = [place | _row(link) for link in (*known.users.values(), *known.groups.values())]
    links += [place | _row(link) | {"is_confirmed": False} for link in known.aside.values()]
    conflicts = [{"connection": connection} | row for row in _conflicts(known)]
    with writing(state._engine) as database:
        for table, rows in ((LinkRow, links), (ConflictRow, conflicts)):
            if rows:
                database.execute(insert(table), rows)


def _row(link: Link) -> dict[str, Any]:
    applied = text_of({path: value for path, value in link.applied.items() if value != ""})
    return {
        "kind": link.kind,
        "source_id": link.source_id,
        "target_id": link.target_id,
        "name": "",
        "applied": applied,
        "departed": link.departed,
        "left_at": link.left_at,
        "is_confirmed": True,
    }


def _conflicts(known: Remembered) -> Iterator[dict[str, Any]]:
    """The open conflicts that a decision is about, and those that list somebody as unclaimed."""
    usual = {"subjects": [], "detail": "", "remedy": "", "first_seen": NOW, "last_seen": NOW, "path": "", "note": ""}
    usual |= {"resolution": "", "chosen": "", "resolved_by": "", "target_id": None, "resource": "user", "source_id": ""}
    for key, decided in known.resolutions.items():
        about = {"resource": decided.resource, "source_id": decided.source_id, "target_id": decided.target_id or None}
        made = {"resolution": decided.decision, "chosen": decided.target_id}
        yield usual | {"key": key, "kind": "decided"} | about | made
    for target_id in known.unclaimed:
        yield usual | {"key": f"unclaimed {target_id}", "kind": "unclaimed", "target_id": target_id}
