"""The law of laws: a run about some does exactly what a run about everyone would do, whatever has happened before.

Before each `sync` of a random history, both plans are made from the same state, source and target. They are the same in
all that they say; so both kinds of run send the same, leave the same conflicts and the same target, step by step.
"""

import os
import re
from collections import Counter
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scim_bridge.config.settings import load
from scim_bridge.errors import BridgeError, SourceUnreadable
from scim_bridge.model.limit import Limits, percent
from scim_bridge.model.plan import Conflict, Plan
from scim_bridge.model.policy import Policy, Protect
from scim_bridge.model.protocol import never
from scim_bridge.run.bridge import Bridge, open_bridge
from scim_bridge.run.lifecycle import Order, Reading, Result
from scim_bridge.run.sync import read_and_plan, sync
from scim_bridge.state.reader import StateReader, open_reader
from tests.fakes import nothing
from tests.laws.histories.likely_steps import LikelySteps
from tests.laws.histories.weather_steps import Kills
from tests.laws.little_world import LittleWorld, history

NOT_ONES_OWN = ("--full", "--only", "--after-restore")


def told(plan: Plan) -> dict[str, Any]:
    """All that a plan says, but for when it was made."""
    return {
        "operations": list(plan.operations),
        "conflicts": {c.key: _conflict(c) for c in plan.conflicts},
        "settled": {c.key: _conflict(c) for c in plan.settled},
        "skipped": Counter((_LINE.sub("", s.subject), s.reason) for s in plan.skipped),
        # Who has not asked a source for its changes has nothing to say of why it gave everything.
        "warnings": Counter((n.kind, n.subject, n.detail) for n in plan.warnings if n.kind != "read_in_full"),
        "held": plan.held,
        "guard": plan.verdict,
        "requests": plan.requests,
        "source": plan.basis.source,
        "resources": dict(plan.basis.resources),
    }


_LINE = re.compile(r", line [0-9]+|\blines? [0-9]+")
"""A line that was added above moves all below: where a record stands is as when it was mapped last."""


def _conflict(conflict: Conflict) -> tuple[Any, ...]:
    told = tuple(_LINE.sub("", text) for text in (*sorted(conflict.subjects), conflict.detail, conflict.remedy))
    return conflict.kind, *told, conflict.target_id, conflict.source_id


def both_ways(bridge: Bridge, reader: StateReader) -> tuple[Reading, dict[str, Any]]:
    """A plan as `sync` makes it, and what a plan for everyone says otherwise: (some, everyone) by what it is about."""
    some = read_and_plan(bridge, reader, Order())
    if some.subjects is None:
        return some, {}
    with patch("scim_bridge.run.sync.why_everyone", return_value="a law asks for it"):
        everyone = read_and_plan(bridge, reader, Order())
    mine, all_of_it = told(some.plan), told(everyone.plan)
    return some, {what: (mine[what], all_of_it[what]) for what in mine if mine[what] != all_of_it[what]}


def in_words(reading: Reading, different: dict[str, Any], log: list[str]) -> str:
    found = [f"{w}:\n  some:     {a}\n  everyone: {b}" for w, (a, b) in different.items()]
    return "\n".join([*found, f"about: {sorted(reading.subjects or ())}", "history:", *log])


ALL = percent(100)
POLICIES = st.builds(
    Policy,
    drift=st.sampled_from(("overwrite", "report")),
    rehire=st.sampled_from(("ask", "link", "separate")),
    adopt=st.sampled_from(("first-run", "takeover", "always", "ask")),
    create_inactive=st.booleans(),
    deprovision=st.sampled_from(("deactivate", "deactivate", "keep")),
    delete_after=st.sampled_from((None, timedelta(days=-1))),
    orphans=st.sampled_from(("report", "deactivate")),
    limits=st.sampled_from((Limits(), Limits(deactivate=ALL, delete=ALL, remove_members=ALL))),
    protect=st.sampled_from((Protect(), Protect(users=("b",), groups=("hr",)))),
)


@settings(max_examples=int(os.environ.get("HISTORIES", "8")), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**9),
    policy=POLICIES,
    nested=st.sampled_from(("flatten", "flatten", "ignore", "report")),
    tells_changes=st.booleans(),
    steps=st.integers(1, 25),
)
def test_a_run_about_some_does_what_a_run_about_everyone_does(
    seed: int, policy: Policy, nested: str, tells_changes: bool, steps: int
) -> None:
    for world in history(seed, policy, nested, tells_changes=tells_changes, steps=steps):
        run_and_compare(world)


def run_and_compare(world: LittleWorld) -> None:
    """One sync; before it, both plans. What the guard stops is mostly approved."""
    chance, reader = world.chance, world.state.reader
    try:
        reading, different = both_ways(world.bridge, reader)
    except SourceUnreadable:
        return
    assert not different, in_words(reading, different, world.log)
    stop = chance.randint(0, 9)

    def is_stopping() -> bool:
        nonlocal stop
        stop -= 1
        return stop == 0

    order = Order(approved_by="me" if chance.random() < 0.7 else "", is_stopping=is_stopping if stop > 6 else never)
    is_twin_of_interest = reading.subjects is not None and order.is_stopping is never and not world.is_struck
    try:
        result = run_twice(world, order) if is_twin_of_interest else sync(world.bridge, world.state, order)
        world.log.append(f"sync: {result.exit_code} {[(o.kind, o.subject) for o in result.plan.operations]}")
    except BridgeError as error:
        world.log.append(f"sync: {error}")
    world.target.before = world.target.after = nothing


def run_twice(world: LittleWorld, order: Order) -> Result:
    """One sync about some; and one about everyone in a twin of the world, which leaves the same behind."""
    with world.twin() as twin:
        with patch("scim_bridge.run.sync.why_everyone", return_value="a law asks for it"):
            sync(twin.bridge, twin.state, order)
        expected = twin.books()
    result = sync(world.bridge, world.state, order)
    found = world.books()
    different = {what: (found[what], expected[what]) for what in found if found[what] != expected[what]}
    assert not different, in_words(result.reading, different, world.log)
    return result


class SomeOrAll(LikelySteps):
    """Histories in which every sync is planned in both ways before it is run."""

    def cli(self, *arguments: str) -> tuple[int, bytes, str]:
        if arguments[0] == "sync" and not {*NOT_ONES_OWN} & {*arguments}:
            self.compare(arguments[1])
        return super().cli(*arguments)

    def compare(self, connection: str) -> None:
        """Plan about some and about everyone. Nothing is written."""
        configured = load(self.world.config)
        try:
            with open_bridge(configured.connection(connection)) as bridge:
                reading, different = both_ways(bridge, open_reader(configured.state))
        except BridgeError:
            return  # a fault of the weather; the command meets it too
        self.count("planned about everyone" if reading.subjects is None else "planned about some")
        assert not different, in_words(reading, different, self.log)


class KilledSomeOrAll(SomeOrAll, Kills):
    """The same with processes that are killed while a write is held."""


TestSomeOrAll = pytest.mark.slow(SomeOrAll.TestCase)
TestKilledSomeOrAll = pytest.mark.slow(KilledSomeOrAll.TestCase)
TestSomeOrAll.settings = TestKilledSomeOrAll.settings = settings(
    max_examples=int(os.environ.get("HISTORIES", "8")),
    stateful_step_count=25,
    deadline=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
