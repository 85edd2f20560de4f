"""The law of `history.keep`: whatever was forgotten of the history, and whenever, the next run plans the same.

Some of the runs of a random history are made long past; then old history is forgotten in a twin of the world. Both plan
the same, and go on to the same state and the same target.
"""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scim_bridge.errors import BridgeError, SourceUnreadable
from scim_bridge.model.policy import Policy
from scim_bridge.run.lifecycle import Order
from scim_bridge.run.sync import read_and_plan, sync
from tests.laws.little_world import LittleWorld, history
from tests.laws.test_some import POLICIES, run_and_compare, told

pytestmark = pytest.mark.state_file  # moves the times in it by statements of SQLite

KEEP, LONG_AGO = timedelta(days=400), timedelta(days=2_000)
"""LONG_AGO: longer than KEEP, and than what a run of this little world looks back for."""


def make_past(state: Path, until_run: int, chance: Random) -> None:
    """All up to this run happened long ago; nothing of it is younger than what came after it."""
    columns = {"runs": ("started", "ended"), "operations": ("sent_at", "answered_at")}
    with closing(sqlite3.connect(state)) as database, database:
        for table, times in columns.items():
            mine = f"WHERE {'id' if table == 'runs' else 'run_id'} <= {until_run}"
            for column in times:
                ago = f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '-{LONG_AGO.days} days')"
                database.execute(f"UPDATE {table} SET {column} = {ago} {mine} AND {column} IS NOT NULL")
        if chance.random() < 0.5:
            ago = f"strftime('%Y-%m-%d %H:%M:%f000', seen_at, '-{LONG_AGO.days} days')"
            database.execute(f"UPDATE seen_changes SET seen_at = {ago}")


def forget(world: LittleWorld, chance: Random) -> int:
    """Forget all that is old, or only some pieces of it; how many there were."""
    pieces, most = 0, chance.choice((1, 3, 2_000))
    until = chance.choice((1, 2, 1_000))
    while pieces < until and world.state.forget_some("little", datetime.now(UTC) - KEEP, most):
        pieces += 1
    return pieces


def planned(world: LittleWorld) -> object:
    """What the next run plans, and what it plans if it reads everything; and what both know of earlier runs."""
    known = world.state.reader.known("little", "there", datetime.now(UTC) - world.bridge.policy.limits.window)
    try:
        plans = [told(read_and_plan(world.bridge, world.state.reader, order).plan) for order in _ORDERS]
    except SourceUnreadable as error:
        return str(error)
    return known.is_fresh, known.has_applied, known.earlier, plans


_ORDERS = (Order(), Order(in_full=True))


def ran(world: LittleWorld) -> object:
    try:
        sync(world.bridge, world.state, Order(approved_by="me"))
    except BridgeError as error:
        return str(error)
    return world.books()


@settings(
    max_examples=int(os.environ.get("HISTORIES", "4")),
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # the log tells the history; shrinking one takes minutes
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 10**9), policy=POLICIES, tells_changes=st.booleans(), steps=st.integers(2, 8))
def test_the_next_run_plans_the_same_whatever_was_forgotten(
    seed: int, policy: Policy, tells_changes: bool, steps: int
) -> None:
    chance = Random(seed)
    for world in history(seed, policy, "flatten", tells_changes=tells_changes, steps=steps):
        runs = world.state.reader.runs("little", limit=1_000)
        if runs:
            make_past(world.path, chance.choice(runs).id, chance)
        goes_on = not world.is_struck and chance.random() < 0.5
        plan, end = planned(world), None
        if goes_on:
            with world.twin() as twin:
                end = ran(twin)
        with world.twin() as twin:
            pieces = forget(twin, chance)
            assert planned(twin) == plan, (pieces, world.log)
            assert not goes_on or ran(twin) == end, (pieces, world.log)
        run_and_compare(world)
