"""Whole histories through the commands: edits, changes by hand, decisions, approvals, rollbacks, copies, faults.

Each step is a command of a person or an event of the world; histories/judge.py says by the target alone what should
not be so. `make test-slow` runs thousands of steps; tests/laws/conftest.py prints how many they were, and the seed.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.laws.histories.likely_steps import LikelySteps
from tests.laws.histories.weather_steps import Kills

pytestmark = pytest.mark.state_file


class Histories(LikelySteps):
    """Everything but kills, in one process."""


class KilledHistories(LikelySteps, Kills):
    """The same with processes that are killed while a write is held: before it lands, or after."""


TestHistories = Histories.TestCase
TestKilledHistories = pytest.mark.slow(KilledHistories.TestCase)
MACHINES = {TestHistories: Histories, TestKilledHistories: KilledHistories}
TestHistories.settings = TestKilledHistories.settings = settings(
    max_examples=int(os.environ.get("HISTORIES", "5")),
    stateful_step_count=25,
    deadline=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.generate),  # the log tells the history; shrinking one takes an hour
    suppress_health_check=list(HealthCheck),
)
