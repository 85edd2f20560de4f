"""What must land before what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Link
from tests.builders import directory, group, linked, on_target, planned, target, told, user

TWO = linked(("user", "a", "t1"), ("user", "b", "t2"))


def test_two_people_exchange_names_through_a_temporary_one() -> None:
    desired = directory(user("a", userName="b@x"), user("b", userName="a@x"))
    existing = target(on_target("t1", user("a", userName="a@x")), on_target("t2", user("b", userName="b@x")))
    plan = planned(desired, existing, TWO)
    assert [o.phase for o in plan.operations] == [Phase.FREE_NAMES] * 3
    assert plan.operations[0].reason == "a temporary value, to exchange names"
    assert (plan.requests.writes, plan.requests.lower_bound) == (3, 3)


def test_names_and_emails_exchanged_at_once_need_one_temporary_request() -> None:
    desired = directory(user("a", userName="b@x", emails="b@m"), user("b", userName="a@x", emails="a@m"))
    existing = target(
        on_target("t1", user("a", userName="a@x", emails="a@m")),
        on_target("t2", user("b", userName="b@x", emails="b@m")),
    )
    plan = planned(desired, existing, TWO)
    assert len(plan.operations) == 3
    assert plan.operations[0].changes["emails"][1] is None  # taken away for a moment: mail must not go astray


def test_groups_exchange_names_too() -> None:
    desired = directory(group("a", displayName="two"), group("b", displayName="one"))
    existing = target(on_target("t1", group("a", displayName="one")), on_target("t2", group("b", displayName="two")))
    assert len(planned(desired, existing, linked(("group", "a", "t1"), ("group", "b", "t2"))).operations) == 3


def test_a_manager_is_created_before_those_who_name_them() -> None:
    plan = planned(directory(user("a", enterprise_manager="z"), user("z")), target())
    assert told(plan) == ["create_user z@corp.example", "create_user a@corp.example"]
    assert plan.operations[1].after == (plan.operations[0].id,)


def test_a_circle_of_managers_is_closed_by_one_more_request() -> None:
    plan = planned(directory(user("a", enterprise_manager="b"), user("b", enterprise_manager="a")), target())
    assert [o.kind for o in plan.operations] == ["create_user", "create_user", "update_user"]
    assert set(plan.operations[2].after) == {plan.operations[0].id, plan.operations[1].id}
    assert (plan.requests.writes, plan.requests.lower_bound) == (3, 3)


def test_a_manager_who_is_not_provisioned_is_left_out_and_noted() -> None:
    plan = planned(directory(user("a", enterprise_manager="nobody")), target())
    assert "enterprise.manager" not in plan.operations[0].changes
    assert [n.kind for n in plan.warnings] == ["manager_not_provisioned"]


def test_a_deactivation_waits_for_nothing_and_carries_only_what_is_free() -> None:
    desired = directory(user("a", userName="b@x", active=False), user("b", userName="c@x"))
    existing = target(on_target("t1", user("a", userName="a@x")), on_target("t2", user("b", userName="b@x")))
    plan = planned(desired, existing, TWO)
    assert told(plan) == ["deactivate_user a@x: active", "update_user b@x: userName", "update_user a@x: userName"]
    assert plan.operations[0].after == ()
    assert plan.requests.writes == plan.requests.lower_bound


def test_of_a_deactivation_only_the_manager_follows_who_is_created_in_the_same_run() -> None:
    desired = directory(user("a", active=False, title="Lead", enterprise_manager="new"), user("new"))
    plan = planned(desired, target(on_target("t1", user("a"))), linked(("user", "a", "t1")))
    assert told(plan) == [
        "deactivate_user a@corp.example: active, title",
        "create_user new@corp.example",
        "update_user a@corp.example: enterprise.manager",
    ]


def test_who_is_deleted_is_taken_out_of_groups_before() -> None:
    left = Link(
        kind="user", source_id="a", target_id="t1", applied={"active": False}, departed=datetime(2027, 1, 1, tzinfo=UTC)
    )
    known = replace(linked(("group", "g", "s")), users={"a": left})
    existing = target(on_target("t1", user("a"), active=False), on_target("s", group("g")), members={"s": ["t1"]})
    plan = planned(directory(group("g")), existing, known, Policy(delete_after=timedelta(days=30)))
    assert [o.kind for o in plan.operations] == ["remove_members", "delete_user"]
    assert plan.operations[1].after == (plan.operations[0].id,)


def test_a_hundred_and_one_members_are_two_requests() -> None:
    people = [user(f"u{n}") for n in range(101)]
    plan = planned(directory(*people, group("g"), members={"g": [p.source_id for p in people]}), target())
    sizes = [len(o.members) for o in plan.operations if o.members]
    assert sizes == [100, 1]
    group_create = next(o for o in plan.operations if o.kind == "create_group")
    assert all(group_create.id in o.after for o in plan.operations if o.members)
