"""What someone else changed on the target, under `drift: report`."""

from dataclasses import replace

from scim_bridge.model.identity import Value
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import EarlierRuns, Link, Remembered
from tests.builders import directory, linked, on_target, planned, target, told, user

REPORT = Policy(drift="report")


def applied(*records: tuple[str, dict[str, Value]]) -> Remembered:
    """A state that last applied these attributes."""
    known = linked()
    links = {
        source_id: Link(kind="user", source_id=source_id, target_id=f"t-{source_id}", applied=shown)
        for source_id, shown in records
    }
    return Remembered(users=links, groups={}, is_fresh=False, has_applied=known.has_applied)


def test_what_the_source_leaves_empty_is_drift_when_somebody_fills_it() -> None:
    anna = user("a", title="")
    existing = target(on_target("t-a", anna, title="by hand"))
    last = {path: value for path, value in anna.attributes.items() if value != ""}
    plan = planned(directory(anna), existing, applied(("a", last)), REPORT)
    assert (plan.operations, [c.kind for c in plan.conflicts]) == ((), ["drift"])
    [operation] = planned(directory(anna), existing, applied(("a", last))).operations
    assert operation.reason == "title changed on the target by someone else"


def test_a_rule_that_is_new_is_no_drift() -> None:
    anna = user("a", title="Lead")
    last = dict(user("a").attributes)
    plan = planned(directory(anna), target(on_target("t-a", anna, title="by hand")), applied(("a", last)), REPORT)
    assert told(plan) == ["update_user a@corp.example: title"]


def test_a_name_that_drifted_and_stays_is_not_given_to_anybody_else() -> None:
    anna, newcomer = user("a", userName="anna"), user("n", userName="stolen")
    existing = target(on_target("t-a", anna, userName="stolen"))
    plan = planned(directory(anna, newcomer), existing, applied(("a", dict(anna.attributes))), REPORT)
    assert plan.operations == ()
    assert sorted(c.kind for c in plan.conflicts) == ["drift", "match_taken"]


def test_of_two_who_bear_each_others_name_by_drift_both_stay_and_nobody_is_held() -> None:
    anna, bob = user("a", userName="anna"), user("b", userName="bob")
    existing = target(on_target("t-a", anna, userName="bob"), on_target("t-b", bob, userName="anna"))
    for known in (Remembered(), applied(("a", dict(anna.attributes)), ("b", dict(bob.attributes)))):
        plan = planned(directory(anna, bob), existing, known, REPORT)
        assert (plan.operations, [c.kind for c in plan.conflicts], plan.held) == ((), ["drift", "drift"], 0)


def test_without_state_every_difference_may_be_drift_but_a_deactivation_passes() -> None:
    anna, bob = user("a", title="Lead"), user("b", active=False)
    existing = target(on_target("t-a", anna, title="by hand"), on_target("t-b", bob, active=True))
    plan = planned(directory(anna, bob), existing, Remembered(), REPORT)
    assert told(plan) == ["deactivate_user b@corp.example: active"]
    assert [c.kind for c in plan.conflicts] == ["drift"]


def test_a_value_that_was_set_back_twice_of_late_and_is_changed_again_is_somebody_elses_work() -> None:
    anna = user("a", title="Lead")
    known = applied(("a", dict(anna.attributes)))
    existing = target(on_target("t-a", anna, title="by hand"))
    for times, kinds in ((1, []), (2, ["another_provisioner"])):
        plan = planned(
            directory(anna), existing, replace(known, earlier=EarlierRuns(repaired={"t-a": {"title": times}}))
        )
        assert [c.kind for c in plan.conflicts] == kinds
        [operation] = plan.operations
        assert operation.drifted == ("title",)
