"""The law of laws: a run about some does exactly what a run about everyone would do, whatever has happened before.

Before each `sync` of a random history, both plans are made from the same state, source and target. They are the same in
all that they say; so both kinds of run send the same, leave the same conflicts and the same target, step by step.
"""

import os
import re
from collections import Counter
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings

from scim_bridge.config.settings import load
from scim_bridge.errors import BridgeError
from scim_bridge.model.plan import Conflict, Plan
from scim_bridge.run.bridge import open_bridge
from scim_bridge.run.lifecycle import Order
from scim_bridge.run.sync import read_and_plan
from scim_bridge.state.reader import open_reader
from tests.laws.histories.likely_steps import LikelySteps
from tests.laws.histories.weather_steps import Kills

NOT_ONES_OWN = ("--full", "--only", "--after-restore")


def told(plan: Plan) -> dict[str, Any]:
    """All that a plan says, but for when it was made."""
    return {
        "operations": list(plan.operations),
        "conflicts": {c.key: _conflict(c) for c in plan.conflicts},
        "settled": {c.key: _conflict(c) for c in plan.settled},
        "skipped": Counter((_LINE.sub("", s.subject), s.reason) for s in plan.skipped),
        "warnings": Counter((n.kind, n.subject, n.detail) for n in plan.warnings),
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
                reader = open_reader(configured.state)
                some = read_and_plan(bridge, reader, Order())
                with patch("scim_bridge.run.sync.why_everyone", return_value="a law asks for it"):
                    everyone = read_and_plan(bridge, reader, Order())
        except BridgeError:
            return  # a fault of the weather; the command meets it too
        self.count("planned about everyone" if some.subjects is None else "planned about some")
        if some.subjects is not None:
            mine, all_of_it = told(some.plan), told(everyone.plan)
            different = {what: (mine[what], all_of_it[what]) for what in mine if mine[what] != all_of_it[what]}
            assert not different, "\n".join(
                [f"{w}:\n  some:     {a}\n  everyone: {b}" for w, (a, b) in different.items()]
                + [f"about: {sorted(some.subjects)}", "history:", *self.log]
            )


class KilledSomeOrAll(SomeOrAll, Kills):
    """The same with processes that are killed while a write is held."""


TestSomeOrAll = SomeOrAll.TestCase
TestKilledSomeOrAll = pytest.mark.slow(KilledSomeOrAll.TestCase)
TestSomeOrAll.settings = TestKilledSomeOrAll.settings = settings(
    max_examples=int(os.environ.get("HISTORIES", "8")),
    stateful_step_count=25,
    deadline=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
