"""What the limits counted, as an operator would say it."""

import pytest

from scim_bridge.model.effect import Changed, Effect, Lost, Recreated, Removed, Shrunk
from scim_bridge.model.identity import SourceKey
from scim_bridge.model.operation import Member, Operation
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.plan import Basis, Plan
from scim_bridge.view.plan import in_words

ANN = Operation(
    id="op-1",
    kind="deactivate_user",
    phase=Phase.REVOKE,
    source_id="7",
    target_id="t-7",
    subject="ann@corp.example",
    reason="left the source",
)
DEV = Operation(
    id="op-2",
    kind="remove_members",
    phase=Phase.REVOKE,
    source_id="g",
    target_id="t-g",
    subject="developers",
    reason="no longer in the source",
    members=(Member("8", "t-8", "ben@corp.example"),),
)
PLAN = Plan(connection="corp", created="", today="", basis=Basis("", "", "", ""), operations=(ANN, DEV))


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        (Lost("deactivate", "t-7"), "deactivate ann@corp.example"),
        (Lost("delete", "t-g"), "delete developers"),
        (Lost("empty", "t-g"), "remove the last member of developers"),
        (Removed("t-8", "t-g"), "remove ben@corp.example from developers"),
        (Recreated(SourceKey("user", "7")), "create user ann@corp.example again"),
        (Changed("7"), "change user ann@corp.example"),
        (Changed("E 12"), "change user E 12"),
        (Shrunk("memberships", 11), "a source that shows only 11 memberships"),
        (Shrunk("users", 1), "a source that shows only 1 user"),
    ],
)
def test_an_effect_is_said_with_the_names_that_people_know(effect: Effect, said: str) -> None:
    assert in_words(PLAN, [effect]) == said


def test_three_are_named_and_the_others_counted() -> None:
    found = [Changed(f"E{number}") for number in range(5)]
    assert in_words(PLAN, found) == "change user E0, change user E1, change user E2 and 2 more"
