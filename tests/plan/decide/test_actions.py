"""Taking over is not switching on: anyone who is found inactive stays inactive until the source or a person says so."""

from dataclasses import replace

import pytest

from scim_bridge.model.conflict_kind import Decision
from scim_bridge.model.plan import Plan
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Link, Remembered, Resolution
from tests.builders import Target, directory, group, linked, on_target, planned, target, told, user

WANTED = directory(user("a"), user("b"), group("g"), members={"g": ["a", "b"]})
FOUND = target(
    on_target("t-a", user("a"), externalId="", active=False),
    on_target("t-b", user("b"), externalId=""),
    on_target("s-g", group("g"), externalId=""),
)
ADOPTED = [
    "adopt_user a@corp.example: externalId",
    "adopt_user b@corp.example: externalId",
    "adopt_group g: externalId",
    "add_members g: b@corp.example",
]


def decided(plan: Plan, kind: str, decision: Decision, known: Remembered, **other: str) -> Remembered:
    """The same knowledge with a person's decision about the only open conflict of this kind."""
    [conflict] = [c for c in plan.conflicts if c.kind == kind]
    target_id = other.get("target_id", conflict.target_id or "")
    resolution = Resolution(decision, conflict.resource, conflict.source_id, target_id)
    return replace(known, resolutions={**known.resolutions, conflict.key: resolution})


def kinds(plan: Plan) -> list[str]:
    return sorted(conflict.kind for conflict in plan.conflicts)


@pytest.mark.parametrize("policy", [Policy(), Policy(adopt="always")])
def test_who_is_found_locked_is_adopted_locked_and_grants_wait(policy: Policy) -> None:
    plan = planned(WANTED, FOUND, policy=policy)
    assert told(plan) == ADOPTED
    assert kinds(plan) == ["disabled_there"]


def test_other_changes_are_carried_out_on_the_locked_user() -> None:
    plan = planned(directory(user("a", title="Lead", userName="A@corp.example")), FOUND)
    assert told(plan) == ["adopt_user a@corp.example: externalId, title, userName"]


def test_who_is_locked_on_both_sides_asks_nothing() -> None:
    plan = planned(directory(user("a", active=False)), FOUND)
    assert told(plan) == ["adopt_user a@corp.example: externalId"]
    assert kinds(plan) == []


def test_a_membership_that_is_there_already_stays() -> None:
    existing = Target(FOUND.resources, {"s-g": frozenset({"t-a"})})
    assert told(planned(WANTED, existing)) == ADOPTED


def test_who_is_adopted_by_decision_stays_locked() -> None:
    known = Remembered(is_fresh=False, has_applied=True)
    asked = planned(directory(user("a")), FOUND, known)
    plan = planned(directory(user("a")), FOUND, decided(asked, "adopt?", "adopt", known))
    assert told(plan) == ["adopt_user a@corp.example: externalId"]
    assert kinds(plan) == ["disabled_there"]


def test_who_is_linked_by_decision_stays_locked() -> None:
    """Whatever question it was that led to the decision."""
    chosen = {"any question": Resolution("link", "user", "n", "t-a")}
    known = Remembered(is_fresh=False, has_applied=True, resolutions=chosen)
    plan = planned(directory(user("n", userName="n@x")), FOUND, known)
    assert told(plan) == ["adopt_user a@corp.example: displayName, externalId, userName"]
    assert kinds(plan) == ["disabled_there"]


@pytest.mark.parametrize("mark", ["", "a"])
def test_who_is_found_for_a_missing_link_stays_locked(mark: str) -> None:
    """That we once deactivated the resource that is gone says nothing about the one that is there."""
    known = linked(("user", "a", "gone"), has_applied=False, active=False)
    plan = planned(directory(user("a")), target(on_target("t-a", user("a"), externalId=mark, active=False)), known)
    assert [o.changes.get("active") for o in plan.operations] == ([None] if not mark else [])
    assert kinds(plan) == ["disabled_there"]


def test_whom_we_deactivated_ourselves_is_reactivated_by_the_source() -> None:
    known = linked(("user", "a", "t-a"), active=False)
    plan = planned(directory(user("a")), target(on_target("t-a", user("a"), active=False)), known)
    assert told(plan) == ["reactivate_user a@corp.example: active"]


NEWCOMER = directory(user("new", userName="a@corp.example", displayName="a"))
LEFT = target(on_target("t-a", user("a"), active=False))
OURS, THEIRS = linked(("user", "a", "t-a"), active=False), linked(("user", "a", "t-a"), active=True)


def test_a_rehire_is_reactivated_by_policy_unless_somebody_else_had_locked_the_user() -> None:
    link = Policy(rehire="link")
    assert told(planned(NEWCOMER, LEFT, OURS, link)) == ["reactivate_user a@corp.example: active, externalId"]
    assert told(planned(NEWCOMER, LEFT, THEIRS, link)) == ["adopt_user a@corp.example: externalId"]
    assert kinds(planned(NEWCOMER, LEFT, THEIRS, link)) == ["disabled_there"]


def test_a_rehire_by_decision_is_as_one_by_policy() -> None:
    for known, change in (
        (OURS, "reactivate_user a@corp.example: active, externalId"),
        (THEIRS, "adopt_user a@corp.example: externalId"),
    ):
        again = decided(planned(NEWCOMER, LEFT, known), "rehire?", "link", known)
        assert told(planned(NEWCOMER, LEFT, again)) == [change]


ADOPTED_LOCKED = Remembered(
    users={"a": Link(kind="user", source_id="a", target_id="t-a", applied={"active": True})},
    is_fresh=False,
    has_applied=True,
)


def test_once_decided_for_the_source_the_adopted_user_is_activated() -> None:
    existing = target(on_target("t-a", user("a"), active=False))
    asked = planned(directory(user("a")), existing, ADOPTED_LOCKED)
    assert (told(asked), kinds(asked)) == ([], ["disabled_there"])
    plan = planned(directory(user("a")), existing, decided(asked, "disabled_there", "source", ADOPTED_LOCKED))
    assert told(plan) == ["reactivate_user a@corp.example: active"]


def test_once_decided_for_the_target_the_adopted_user_stays_locked_and_nobody_is_asked() -> None:
    existing = target(on_target("t-a", user("a"), active=False), on_target("s-g", group("g")))
    known = replace(ADOPTED_LOCKED, groups={"g": Link(kind="group", source_id="g", target_id="s-g", applied={})})
    wanted = directory(user("a"), group("g"), members={"g": ["a"]})
    known = decided(planned(wanted, existing, known), "disabled_there", "target", known)
    plan = planned(wanted, existing, known)
    assert (told(plan), kinds(plan)) == ([], [])
    assert [c.kind for c in plan.settled] == ["disabled_there"]
