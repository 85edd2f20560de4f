"""Run after run in one process, with churn and faults: it does not grow, nor does the state beyond its history."""

import os
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scim_bridge.config.settings import load
from scim_bridge.model.state_address import StateAddress
from scim_bridge.sandbox.fault import Fault
from scim_bridge.state.table import Row
from scim_bridge.state.writer import State
from scim_bridge.worker import one_run
from scim_bridge.worker.run_process import Done, RunProcess
from scim_bridge.worker.task import Task
from tests.e2e.world import People, World
from tests.state_on_server import rows

_USERS, _ROUND = 12, 10
_FAULTS = (
    Fault("error", left=1),
    Fault("cut_before", left=1),
    Fault("cut_after", "PATCH", left=1),
    Fault("refuse_after", "PATCH", left=1),
)


def _held(pid: int) -> tuple[float, int]:
    """MiB of this process alone, and its open files."""
    resident, shared = map(int, Path(f"/proc/{pid}/statm").read_text().split()[1:3])
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE") / 2**20, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _people(run: int) -> People:
    """The same again every ten runs: one has left, one has another title, one moves between two groups."""
    at, people = run % _ROUND, People()
    for number in range(_USERS):
        people.add(f"u{number}", enabled="false" if number == at else "true", title=f"Title {(number + at) % _ROUND}")
    return people.group("g", "dev", f"u{at}").group("h", "ops", *(f"u{n}" for n in range(_USERS) if n != at))


def soak(world: World, runs: int) -> None:
    """So many runs, a fault in every seventh; what ends up in memory, open files and rows is compared with the middle.

    The history of a round is kept, and then forgotten: time goes by as fast as runs do.
    """
    world.configure(extra="    policy: {limits: {deactivate: 100%, remove_members: 100%}}\n")
    connection = load(world.config).connection("corp")
    process, stop = RunProcess(), threading.Event()
    seen: list[tuple[float, int, Counter[str]]] = []
    failed = 0
    try:
        for run in range(runs):
            world.write(_people(run))
            if run % 7 == 3:
                world.sandbox.fail(_FAULTS[run // 7 % len(_FAULTS)])
            done = process.carry_out(_written(connection, world.state), stop, 5.0)
            world.sandbox.fail()
            assert done is not None
            assert done.goes_on
            failed += "is done" not in done.said
            if run % _ROUND == _ROUND - 1:
                with State(world.state) as state:
                    assert state.reader.quarantine("corp") is None
                    while state.forget_some("corp", datetime.now(UTC)):
                        pass
                seen.append((*_held(process.pid), _rows(world.state)))
        done = process.carry_out(_written(connection, world.state), stop, 5.0)
        assert isinstance(done, Done)
        world.assert_equal_to(_people(runs - 1))
    finally:
        process.end(5.0)
    assert failed <= runs / 20
    (memory, files, before), (more, now_open, after) = seen[len(seen) // 2], seen[-1]
    assert more - memory < 2 + runs / 200
    # A connection that is kept alive, or a pool's, comes and goes; a leak of one in each run would be ten.
    assert now_open <= files + 3
    # What a person reads for as long as the state lives: who did what, and what became of each day.
    for table in ("audit",):
        del before[table], after[table]
    assert after.total() <= before.total() + 5, after - before


def _written(connection: object, state: StateAddress) -> bytes:
    # As the worker writes it, where a database may stand for the file (tests/state_on_server.py).
    written: bytes = one_run.pickle.dumps(Task(connection, state))  # type: ignore[arg-type,attr-defined]
    return written


def _rows(state: Path) -> "Counter[str]":
    """Table → rows."""
    return Counter({table: rows(state, f"SELECT count(*) FROM {table}")[0][0] for table in sorted(Row.metadata.tables)})


def test_a_process_of_thirty_runs_does_not_grow(world: World) -> None:
    soak(world, 30)


@pytest.mark.slow
def test_a_process_of_two_thousand_runs_does_not_grow(world: World) -> None:
    soak(world, 2_000)
