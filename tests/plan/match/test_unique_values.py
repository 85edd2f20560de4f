"""Unique values: who may have which, and who waits because a value is claimed twice or not given up."""

from dataclasses import replace

from scim_bridge.model.identity import Flaw
from tests.builders import directory, linked, on_target, planned, target, told, user


def test_two_records_claiming_one_new_name_are_both_held() -> None:
    plan = planned(directory(user("u1", userName="sato@x"), user("u2", userName="SATO@x")), target())
    assert plan.operations == ()
    assert [(c.kind, c.subjects) for c in plan.conflicts] == [("duplicate_user_name", ("sato@x", "SATO@x"))]
    assert plan.held == 2


def test_who_holds_a_claimed_name_on_the_target_goes_on() -> None:
    desired = directory(user("u1", userName="sato@x", title="Lead"), user("u2", userName="SATO@x"))
    existing = target(on_target("t1", user("u1", userName="sato@x")))
    plan = planned(desired, existing, linked(("user", "u1", "t1")))
    assert told(plan) == ["update_user sato@x: title"]
    assert plan.held == 1


def test_a_claimed_email_holds_nobody_and_is_left_out() -> None:
    plan = planned(directory(user("a", emails="same@x"), user("b", emails="Same@x")), target())
    assert [o.changes.get("emails") for o in plan.operations] == [None, None]
    assert [c.kind for c in plan.conflicts] == ["duplicate_email"]


def test_an_email_held_by_a_stranger_stays_as_it_is_on_the_target() -> None:
    desired = directory(user("a", emails="wanted@x", title="Lead"))
    existing = target(
        on_target("t1", user("a", emails="mine@x")), on_target("t2", user("s", emails="Wanted@x"), externalId="")
    )
    plan = planned(desired, existing, linked(("user", "a", "t1")))
    assert told(plan) == ["update_user a@corp.example: title"]
    assert [c.kind for c in plan.conflicts] == ["email_taken"]


def test_a_name_that_its_owner_gives_up_in_this_plan_is_free() -> None:
    desired = directory(user("a", userName="after@x"), user("n", userName="before@x"))
    existing = target(on_target("t1", user("a", userName="before@x")))
    plan = planned(desired, existing, linked(("user", "a", "t1")))
    assert told(plan) == ["update_user before@x: userName", "create_user before@x"]
    assert plan.operations[1].after == (plan.operations[0].id,)


def test_a_name_whose_owner_is_held_is_taken_and_so_on_down_the_chain() -> None:
    held = replace(user("a", userName="1@x"), flaws=(Flaw("missing_value", "displayName", "d", "r", fatal=True),))
    desired = directory(held, user("b", userName="0@x"), user("c", userName="old-b@x"))
    existing = target(on_target("t1", user("a", userName="0@x")), on_target("t2", user("b", userName="old-b@x")))
    plan = planned(desired, existing, linked(("user", "a", "t1"), ("user", "b", "t2")))
    assert plan.operations == ()
    assert plan.held == 3
