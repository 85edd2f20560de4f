"""The impact that a run shows is what it does to who may enter what, through the real planner, state and target.

Random histories of a directory are synced; before each run its impact is kept, after it access is computed from what
the target then holds. A run about some shows what one about everyone would.
"""

import os
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scim_bridge.access.graph import access_rows
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.access import (
    AccessReading,
    AccessRow,
    Edge,
    People,
    Person,
    Renewed,
)
from scim_bridge.model.assignment import Principal
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.impact import Impact, is_new
from scim_bridge.model.limit import Limits, percent
from scim_bridge.model.policy import KeepAdmins, Policy
from scim_bridge.model.protocol import Progress
from scim_bridge.run.lifecycle import Order, Result
from scim_bridge.run.sync import read_and_plan, sync
from scim_bridge.state.access_memory import keep_reading
from tests.laws import little_world
from tests.laws.little_access import SETS, reading
from tests.laws.little_world import LittleWorld, compiled

pytestmark = pytest.mark.state_file  # moves the times in it by statements of SQLite

ALL = percent(100)
LIMITS = Limits(deactivate=ALL, delete=ALL, remove_members=ALL, missing=ALL, shrink_source=ALL, mapping_change=ALL)
POLICIES = st.builds(
    Policy,
    rehire=st.sampled_from(("ask", "link", "separate")),
    adopt=st.sampled_from(("first-run", "always")),
    create_inactive=st.booleans(),
    delete_after=st.sampled_from((None, timedelta(days=-1))),
    orphans=st.sampled_from(("report", "deactivate")),
    limits=st.just(LIMITS),
    keep_admins=st.sampled_from((None, KeepAdmins(1))),
)
STEPS = ("_join", "_leave", "_edit", "_swap", "_group", "_member", "_member", "_member", "_decide")
"""What happens at the source alone: what others do to the target is seen by the next whole reading only."""


class LittleAccess:
    """AWS over the target of a little world. edges: assignments that someone has made."""

    prices: Mapping[str, float] = {}

    def __init__(self, world: LittleWorld) -> None:
        self.world = world
        self.edges: set[Edge] = set()
        self.is_kept = False

    def read(self, now: datetime, progress: Progress, *, most: int | None = None) -> AccessReading:
        held = self.world.target.resources
        people = People(
            {
                i: Person(i, str(a["userName"]), str(a["displayName"]), a["active"] is True)
                for i, a in held["user"].items()
            },
            {i: str(a["displayName"]) for i, a in held["group"].items()},
            {e.principal.id: self._inside(e.principal.id) for e in self.edges if e.principal.kind == "group"},
        )
        return reading(now, people, self.edges)

    def _inside(self, group: str) -> frozenset[str]:
        return frozenset(self.world.target.members.get(group, ()))

    def renew(self, who: Sequence[Principal], known: Collection[str]) -> Renewed:
        found = frozenset(edge for edge in self.edges if edge.principal in who)
        return Renewed(frozenset(who), found, frozenset(), {})

    def assign(self) -> None:
        """Someone assigns something to a user or group. Then AWS is read, or the last reading is hours old by now."""
        chance, held = self.world.chance, self.world.target.resources
        there = [TargetKey(kind, i) for kind in ("user", "group") for i in sorted(held[kind])]
        for who in chance.sample(there, min(len(there), 3)):
            self.edges.add(Edge(chance.choice("12"), chance.choice(sorted(SETS)), who))
        state = self.world.path
        if self.is_kept and chance.random() < 0.8:
            with closing(sqlite3.connect(state)) as database, database:
                database.execute("UPDATE access_readings SET read_at = datetime(read_at, '-3 hours')")
            return
        keep_reading(state, "little", self.read(datetime.now(UTC), lambda *_: None))
        self.is_kept = True


Pair = tuple[str, str, str]


def _now(access: LittleAccess) -> set[Pair]:
    rows = access_rows(access.read(datetime.now(UTC), lambda *_: None))
    return {(row.user_id, row.account_id, row.permission_set) for row in rows}


def _pairs(steps: Sequence[object], made: Mapping[str, str]) -> list[Pair]:
    rows = [step.row for step in steps if isinstance(step.row, AccessRow)]  # type: ignore[attr-defined]
    return [(made.get(row.user_id, row.user_id), row.account_id, row.permission_set) for row in rows]


def _has_done_all(result: Result) -> bool:
    return result.applied is not None and all(outcome.status == "done" for outcome in result.applied.outcomes)


def _made(result: Result) -> dict[str, str]:
    """What stands for a user who was created → the id that the target gave."""
    assert result.applied is not None
    ended = zip(result.plan.operations, result.applied.outcomes, strict=True)
    return {f"new user {o.source_id}": end.target_id or "" for o, end in ended if o.kind == "create_user"}


def _is_as_shown(impact: Impact | None, result: Result, before: set[Pair], after: set[Pair]) -> None:
    made = _made(result)
    gained = _pairs(impact.gained, made) if impact is not None else []
    lost = _pairs(impact.lost, made) if impact is not None else []
    assert (len(set(gained)), len(set(lost))) == (len(gained), len(lost))
    assert (set(gained), set(lost)) == (after - before, before - after)


@settings(max_examples=int(os.environ.get("HISTORIES", "6")), deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9), policy=POLICIES, tells_changes=st.booleans(), steps=st.integers(3, 20))
def test_a_run_does_to_access_what_its_impact_shows(seed: int, policy: Policy, tells_changes: bool, steps: int) -> None:
    chance = Random(seed)
    with TemporaryDirectory() as folder:
        world = LittleWorld(
            Path(folder), chance, compiled(Path(folder), "flatten"), policy, tells_changes=tells_changes
        )
        access = LittleAccess(world)
        object.__setattr__(world.bridge, "access", access)
        with world.state:
            for _ in range(steps):
                for _ in range(chance.randint(1, 3)):
                    getattr(little_world, chance.choice(STEPS))(world)
                if chance.random() < 0.5:
                    access.assign()
                _run(world, access)


def _run(world: LittleWorld, access: LittleAccess) -> None:
    try:
        some = read_and_plan(world.bridge, world.state.reader, Order())
    except SourceUnreadable:
        return
    with patch("scim_bridge.run.sync.why_everyone", return_value="a law asks for it"):
        everyone = read_and_plan(world.bridge, world.state.reader, Order())
    shown = [None if one.plan.impact is None else one.plan.impact.document() for one in (some, everyone)]
    for one in shown:
        if one is not None:
            del one["read_at"]
    assert shown[0] == shown[1]
    assert some.plan.verdict == everyone.plan.verdict
    before = _now(access)
    result = sync(world.bridge, world.state, Order(approved_by="me", is_last_admin=world.chance.random() < 0.5))
    if result.applied is None and world.chance.random() < 0.8:
        assert _now(access) == before
        result = sync(world.bridge, world.state, Order(approved_by="me", is_last_admin=True))
    if _has_done_all(result):
        _is_as_shown(result.plan.impact, result, before, _now(access))
    lost = {user for user, _, _ in before} - {user for user, _, _ in _now(access)}
    assert not any(map(is_new, lost))
