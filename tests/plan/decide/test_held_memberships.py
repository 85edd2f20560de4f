"""Whose memberships stay while a record is held: those of a resource that may be its own, and of nobody else's."""

from scim_bridge.model.policy import Policy
from tests.builders import directory, group, linked, on_target, planned, target, told, user

GROUP = on_target("s1", group("g"))


def test_a_leavers_account_loses_its_memberships_though_a_held_record_points_at_it() -> None:
    """Someone wrote the externalId of the newcomer on it; whose it is, the link says."""
    account = on_target("t1", user("left"), externalId="new")
    plan = planned(
        directory(user("new"), group("g"), members={"g": ["new"]}),
        target(account, GROUP, members={"s1": ["t1"]}),
        linked(("user", "left", "t1"), ("group", "g", "s1")),
    )
    assert [c.kind for c in plan.conflicts] == ["match_taken"]
    assert told(plan) == ["deactivate_user left@corp.example: active", "remove_members g: left@corp.example"]


def test_of_two_linked_ones_the_held_one_keeps_nobody_elses_membership() -> None:
    desired = directory(user("a"), user("new", userName="A@corp.example"), group("g"), members={"g": ["new"]})
    existing = target(on_target("t1", user("a")), GROUP, members={"s1": ["t1"]})
    plan = planned(desired, existing, linked(("user", "a", "t1"), ("group", "g", "s1")))
    assert "match_taken" in [c.kind for c in plan.conflicts]
    assert told(plan) == ["remove_members g: a@corp.example"]


def test_an_account_that_nobody_has_keeps_the_memberships_that_a_held_record_shows() -> None:
    desired = directory(user("new"), group("g"), members={"g": ["new"]})
    there = on_target("t1", user("x", userName="new@corp.example"), externalId="")
    plan = planned(desired, target(there, GROUP, members={"s1": ["t1"]}), linked(("group", "g", "s1")))
    assert [c.kind for c in plan.conflicts] == ["adopt?"]
    assert plan.operations == ()


def test_who_would_take_over_an_account_that_bears_another_records_id_is_held_with_that_one() -> None:
    """Under `rehire: link` as well: a policy cannot give away what another record may have."""
    desired = directory(user("a", userName="anna"), user("b", userName="left"), group("g"), members={"g": ["a"]})
    account = on_target("t1", user("left", userName="left"), externalId="a")
    plan = planned(
        desired,
        target(account, GROUP, members={"s1": ["t1"]}),
        linked(("user", "left", "t1"), ("group", "g", "s1")),
        Policy(rehire="link"),
    )
    assert "external_id_mixed" in [c.kind for c in plan.conflicts]
    assert told(plan) == ["deactivate_user left: active", "remove_members g: left"]
