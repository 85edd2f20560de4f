"""A plan as people read it: by kind, the first few of each, what the guard made of it, and what the limits counted."""

import pytest

from scim_bridge.model.effect import Changed, Effect, Lost, Recreated, Removed, Shrunk
from scim_bridge.model.identity import SourceKey
from scim_bridge.model.operation import Member, Operation
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.plan import Basis, Plan, Skipped, Trip, Verdict
from scim_bridge.view.plan import in_words, plan_view
from tests.view.test_terminal import operation, plan

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
TRIPPED = Verdict(
    (Trip(limit="deactivate", counted=4, base=10, allowed="10%", sentence="4 of 10 would be deactivated"),)
)
PLAN = Plan(
    connection="corp", created="", basis=Basis(source="", target="", target_read="", settings=""), operations=(ANN, DEV)
)


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


def test_operations_are_gathered_by_kind_and_more_than_are_shown_are_counted() -> None:
    view = plan_view(plan(*map(operation, range(3)), operation(9, "deactivate_user")), shown=2)
    assert [(len(section.lines), section.more) for section in view.sections] == [(1, 0), (2, 1)]
    assert view.sections[0].lines[0].kind == "deactivate_user", "revocations first"


def test_memberships_are_counted_with_their_groups() -> None:
    members = tuple(Member(str(n), None, str(n)) for n in range(3))
    add = Operation(
        id="o",
        kind="add_members",
        phase=Phase.GRANT,
        source_id="g",
        target_id="s-1",
        subject="dev",
        reason="why",
        members=members,
    )
    assert "3 in 1 group" in plan_view(plan(add)).sections[0].title


def test_more_that_is_left_alone_than_is_shown_is_counted() -> None:
    view = plan_view(plan(skipped=tuple(Skipped(f"u{n}", "protected") for n in range(5))), shown=2)
    assert [subject for subject, _ in view.skipped] == ["u0", "u1", "…"]


def test_a_plan_within_its_limits_says_nothing_of_the_guard() -> None:
    view = plan_view(plan(operation(1)))
    assert (view.guard, view.guard_said) == ((), "")


def test_one_beyond_them_names_the_command_that_approves_it_until_somebody_has() -> None:
    stopped = plan_view(plan(verdict=TRIPPED), approval="scim-bridge apply p.json --approve", decided="stopped")
    assert "scim-bridge apply p.json --approve" in stopped.way_out
    assert "scim-bridge sync corp --approve" in plan_view(plan(verdict=TRIPPED)).way_out
    assert plan_view(plan(verdict=TRIPPED), decided="approved").way_out == ""


def test_the_age_of_what_is_known_of_the_target_is_told_if_it_was_not_read_just_now() -> None:
    assert plan_view(plan()).target_read == ""
