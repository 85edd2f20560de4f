"""What another tool has provisioned from the same source is taken over, and who is inactive creates no user."""

from dataclasses import replace

import pytest

from scim_bridge.model.policy import Adopt, Policy
from scim_bridge.model.remembered import Remembered
from tests.builders import (
    FRESH,
    Target,
    directory,
    group,
    linked,
    matched,
    on_target,
    planned,
    target,
    terms,
    told,
    user,
)

TAKEOVER = Policy(adopt="takeover")
NO_INACTIVE = Policy(create_inactive=False)
STARTED = replace(linked(), has_applied=False)
"""A first run that was cut: there is a state, but no plan has come to its end."""


def mixed() -> Target:
    """As such a tool leaves it: most with the source's id, renamed and old ones without."""
    return target(
        on_target("t1", user("a")),
        on_target("t2", user("b"), externalId=""),
        on_target("t3", user("c"), externalId="another"),
        on_target("g1", group("dev"), externalId=""),
    )


DESIRED = directory(user("a"), user("b"), user("c"), group("dev"))


@pytest.mark.parametrize("known", [FRESH, STARTED], ids=["first", "cut"])
def test_what_bears_no_id_is_adopted_by_name_beside_our_ids(known: Remembered) -> None:
    plan = planned(DESIRED, mixed(), known, TAKEOVER)
    assert "adopt_user b@corp.example: externalId" in told(plan)
    assert "adopt_group dev: externalId" in told(plan)


def test_what_bears_the_id_of_another_is_a_question() -> None:
    plan = planned(DESIRED, mixed(), FRESH, TAKEOVER)
    assert [(c.kind, c.target_id) for c in plan.conflicts if c.kind == "adopt?"] == [("adopt?", "t3")]


@pytest.mark.parametrize("adopt", ["first-run", "ask"])
def test_under_other_policies_our_ids_mean_that_the_state_was_lost(adopt: Adopt) -> None:
    plan = planned(DESIRED, mixed(), FRESH, Policy(adopt=adopt))
    assert [line for line in told(plan) if line.startswith("adopt")] == []


def test_once_a_plan_was_applied_a_name_is_a_question_again() -> None:
    plan = planned(DESIRED, mixed(), linked(("user", "a", "t1")), TAKEOVER)
    assert {c.target_id for c in plan.conflicts if c.kind == "adopt?"} == {"t2", "t3", "g1"}


def test_an_inactive_record_without_a_resource_creates_nobody_and_is_named() -> None:
    desired = directory(user("a", active=False), user("b"), group("dev"), members={"dev": ["a", "b"]})
    plan = planned(desired, target(), FRESH, NO_INACTIVE)
    assert told(plan) == ["create_user b@corp.example", "create_group dev", "add_members dev: b@corp.example"]
    assert [(s.subject, "create_inactive: false" in s.reason) for s in plan.skipped] == [("a@corp.example", True)]


def test_an_inactive_user_who_is_there_is_deactivated_and_stays_in_the_groups() -> None:
    desired = directory(user("a", active=False), group("dev"), members={"dev": ["a"]})
    existing = target(on_target("t1", user("a")), on_target("g1", group("dev")), members={"g1": ["t1"]})
    known = linked(("user", "a", "t1"), ("group", "dev", "g1"))
    assert told(planned(desired, existing, known, NO_INACTIVE)) == ["deactivate_user a@corp.example: active"]


def test_who_creates_nobody_claims_no_name() -> None:
    desired = directory(user("old", userName="sato@x", active=False), user("new", userName="sato@x"))
    matches = matched(desired, target(), given=terms(NO_INACTIVE)).users
    assert {m.source_id: (m.row.situation, m.is_held) for m in matches} == {
        "old": ("inactive", False),
        "new": ("absent", False),
    }


def test_who_creates_nobody_is_no_manager() -> None:
    desired = directory(user("boss", active=False), user("a", enterprise_manager="boss"))
    plan = planned(desired, target(), FRESH, NO_INACTIVE)
    assert [operation.subject for operation in plan.operations] == ["a@corp.example"]
    assert any("is not provisioned: left out" in notice.detail for notice in plan.warnings)


def test_an_inactive_user_whom_someone_deleted_is_not_created_again() -> None:
    known = linked(("user", "a", "gone"))
    assert told(planned(directory(user("a", active=False)), target(), known, NO_INACTIVE)) == []
    assert told(planned(directory(user("a")), target(), known, NO_INACTIVE)) == ["create_user a@corp.example"]
