"""What a plan says of assignments, once they have been read."""

from dataclasses import replace

from scim_bridge.model.assignment import UNKNOWN, Assignment, Assignments
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Remembered, Resolution
from scim_bridge.plan.assignments import concerned, listed, with_assignments
from scim_bridge.plan.compare_mappings import Outlook
from tests.builders import LENIENT, directory, group, linked, on_target, outlook, target, user

ADMIN = (Assignment("prod (1)", "Admin"),)
KNOWN = linked(("user", "u", "t"), ("group", "left", "s"))


def _outlook(policy: Policy = LENIENT, known: Remembered = KNOWN) -> Outlook:
    """A user who stays, a group that left, and two orphans of one name."""
    existing = target(
        on_target("t", user("u")),
        on_target("s", group("left")),
        on_target("o1", user("x"), userName="stray", externalId=""),
        on_target("o2", group("y"), displayName="stray", externalId=""),
        members={"s": ["t"]},
    )
    return outlook(directory(user("u")), existing, known, policy)


def test_what_left_comes_first_then_groups_and_users_that_nobody_claims() -> None:
    seen = _outlook()
    asked = concerned(seen.plan, seen.matches, LENIENT, is_whole=True)
    assert asked == (("group", "s"), ("group", "o2"), ("user", "o1"))
    assert concerned(seen.plan, seen.matches, LENIENT, is_whole=False) == (("group", "s"),)


def test_one_orphan_of_two_with_the_same_name_stays_among_those_left_alone() -> None:
    seen = _outlook()
    found = Assignments({TargetKey("user", "o1"): ADMIN, TargetKey("group", "o2"): ()})
    plan = with_assignments(seen.plan, seen.matches, found, KNOWN, LENIENT)
    assert [c.target_id for c in plan.conflicts] == ["o1"]
    assert [s.subject for s in plan.skipped] == ["stray"]


def test_what_was_not_read_is_as_it_was_told_last_with_its_decision() -> None:
    seen = _outlook()
    found = Assignments({TargetKey("user", "o1"): ADMIN})
    [told] = with_assignments(seen.plan, seen.matches, found, KNOWN, LENIENT).conflicts
    known = replace(KNOWN, assigned={"o1": told}, resolutions={told.key: Resolution("ignore", "user", "", "o1")})
    plan = with_assignments(seen.plan, seen.matches, Assignments(), known, LENIENT)
    assert (plan.conflicts, plan.settled) == ((), (told,))
    assert [s.subject for s in plan.skipped] == ["stray", "stray"]


def test_without_access_the_plan_is_the_same() -> None:
    seen = _outlook()
    assert with_assignments(seen.plan, seen.matches, UNKNOWN, KNOWN, LENIENT) is seen.plan


def test_many_assignments_are_told_by_the_first_and_their_number() -> None:
    assert listed(ADMIN) == "Admin on prod (1)"
    assert listed(tuple(Assignment(str(n), "Admin") for n in range(7))).endswith("Admin on 4 and 2 more")
