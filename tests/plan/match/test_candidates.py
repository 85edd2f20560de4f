"""Protection belongs to who has the name on the target. A record that only wishes for such a name is held."""

from dataclasses import replace

from scim_bridge.model.identity import EXTERNAL_ID
from scim_bridge.model.plan import Plan
from scim_bridge.model.policy import Policy, Protect
from scim_bridge.model.remembered import Resolution
from tests.builders import directory, group, linked, on_target, planned, target, told, user

POLICY = Policy(protect=Protect(users=("svc-*",), groups=("aws*",)))
ANN = linked(("user", "a", "t-a"))
THERE = target(on_target("t-a", user("a")))


def kinds(plan: Plan) -> list[str]:
    return sorted(conflict.kind for conflict in plan.conflicts)


def test_who_is_renamed_into_a_protected_name_and_disabled_is_disabled() -> None:
    plan = planned(directory(user("a", userName="SVC-backup", title="Lead", active=False)), THERE, ANN, POLICY)
    assert told(plan) == ["deactivate_user a@corp.example: active"]
    assert plan.operations[0].renamed_to is None
    assert kinds(plan) == ["protected_name"]


def test_a_wish_for_a_protected_name_changes_nothing_else() -> None:
    plan = planned(directory(user("a", userName="svc-backup", title="Lead")), THERE, ANN, POLICY)
    [conflict] = plan.conflicts
    assert (plan.operations, plan.held) == ((), 1)
    assert (conflict.kind, conflict.subjects, conflict.target_id) == ("protected_name", ("a@corp.example",), "t-a")
    assert "users.csv, a" in conflict.detail
    assert "svc-backup" in conflict.detail


def test_additions_of_such_a_user_wait_and_removals_pass() -> None:
    wanted = directory(user("a", userName="svc-backup"), group("g"), group("h"), members={"g": ["a"], "h": []})
    there = target(
        *THERE.resources, on_target("s-g", group("g")), on_target("s-h", group("h")), members={"s-h": ["t-a"]}
    )
    known = linked(("user", "a", "t-a"), ("group", "g", "s-g"), ("group", "h", "s-h"))
    assert told(planned(wanted, there, known, POLICY)) == ["remove_members h: a@corp.example"]


def test_a_group_renamed_into_a_protected_name_loses_members_and_gains_none() -> None:
    wanted = directory(user("a"), user("b"), group("g", displayName="AWS-Admins"), members={"g": ["b"]})
    there = target(
        *THERE.resources, on_target("t-b", user("b")), on_target("s-g", group("g")), members={"s-g": ["t-a"]}
    )
    known = linked(("user", "a", "t-a"), ("user", "b", "t-b"), ("group", "g", "s-g"))
    plan = planned(wanted, there, known, POLICY)
    assert told(plan) == ["remove_members g: a@corp.example"]
    assert kinds(plan) == ["protected_name"]


def test_nothing_is_created_under_a_protected_name() -> None:
    plan = planned(directory(user("a", userName="svc-new"), group("g", displayName="awsX")), target(), policy=POLICY)
    assert plan.operations == ()
    assert kinds(plan) == ["protected_name", "protected_name"]


def test_a_missing_resource_is_not_created_anew_under_a_protected_name() -> None:
    plan = planned(directory(user("a", userName="svc-new")), target(), ANN, POLICY)
    assert plan.operations == ()
    assert kinds(plan) == ["protected_name"]


def test_what_has_the_name_on_the_target_is_left_alone_without_a_question() -> None:
    there = target(on_target("t-a", user("a", userName="svc-a")), on_target("s-g", group("g", displayName="awsX")))
    known = linked(("user", "a", "t-a"), ("group", "g", "s-g"))
    wanted = directory(user("a", active=False), user("n", userName="svc-a"), group("g"), members={"g": ["a"]})
    plan = planned(wanted, there, known, POLICY)
    assert plan.operations == ()
    assert {(s.subject, s.reason) for s in plan.skipped} == {("svc-a", "protected"), ("awsX", "protected")}


def test_a_record_that_points_at_a_protected_resource_is_protected() -> None:
    there = target(on_target("t-a", user("a", userName="svc-a"), externalId=""))
    plan = planned(directory(user("a", userName="svc-a", active=False)), there, policy=POLICY)
    assert (plan.operations, plan.conflicts) == ((), ())


def test_who_was_linked_under_a_protected_name_stays_protected_whatever_it_is_called_now() -> None:
    there = target(on_target("t-a", user("a", userName="renamed-by-hand")), on_target("s-g", group("g")))
    known = linked(("user", "a", "t-a"), userName="svc-a")
    assert planned(directory(user("b")), there, known, POLICY).summary["deactivate_user"] == 0
    assert planned(directory(user("a", active=False)), there, known, POLICY).operations == ()
    taken = replace(known, resolutions={"k": Resolution("link", "user", "b", "t-a")})
    assert planned(directory(user("b")), there, taken, POLICY).operations == ()


def test_a_linked_record_that_wishes_for_the_name_of_a_protected_resource_is_held() -> None:
    there = target(*THERE.resources, on_target("t-s", user("s", userName="svc-backup")))
    plan = planned(directory(user("a", userName="svc-backup", active=False)), there, ANN, POLICY)
    assert told(plan) == ["deactivate_user a@corp.example: active"]
    assert kinds(plan) == ["protected_name"]


def test_a_value_that_such_a_record_keeps_is_not_free_for_others() -> None:
    wanted = directory(user("a", userName="svc-backup"), user("b", userName="a@corp.example", emails=""))
    plan = planned(wanted, THERE, ANN, POLICY)
    assert plan.operations == ()
    assert kinds(plan) == ["match_taken", "protected_name"]


def test_who_left_and_had_an_ordinary_name_is_deactivated() -> None:
    assert told(planned(directory(user("b", userName="svc-b")), THERE, ANN, POLICY)) == [
        "deactivate_user a@corp.example: active"
    ]


def test_a_protected_name_that_is_left_as_it_is_holds_what_it_held() -> None:
    wanted = directory(user("a", userName="svc-backup", active=False))
    [conflict] = planned(wanted, THERE, ANN, POLICY).conflicts
    ignored = replace(ANN, resolutions={conflict.key: Resolution("ignore", "user", "a", "t-a")})
    plan = planned(wanted, THERE, ignored, POLICY)
    assert told(plan) == ["deactivate_user a@corp.example: active"]
    assert (plan.conflicts, [c.kind for c in plan.settled]) == ((), ["protected_name"])
    assert EXTERNAL_ID not in plan.operations[0].changes
