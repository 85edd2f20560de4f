"""A reference that fits several records: what it would give waits, what it gave stays, and a conflict names them."""

from dataclasses import replace

from scim_bridge.model.identity import AmbiguousMember, Directory, Flaw
from tests.builders import directory, group, linked, on_target, planned, target, told, user

PAIRS = (("user", "a", "t1"), ("user", "b", "t2"), ("user", "c", "t3"), ("group", "g", "s1"))
KNOWN = linked(*PAIRS)  # type: ignore[arg-type]
EITHER = AmbiguousMember(
    reference="ann",
    groups=("g",),
    users=("a", "b"),
    nested=(),
    fits=(("user", "a"), ("user", "b")),
    detail="member 'ann' of g fits 2 users: a; b",
    remedy="Choose.",
    count=1,
)
PEOPLE = (on_target("t1", user("a")), on_target("t2", user("b")), on_target("t3", user("c")))


def desired(*members: str, **of_a: str | bool) -> Directory:
    """Three users and a group of which a reference leaves open whether a or b is in it."""
    base = directory(user("a", **of_a), user("b"), user("c"), group("g"), members={"g": members})
    return replace(base, undecided={"g": frozenset({"a", "b"})}, ambiguous=(EITHER,))


def test_who_is_in_the_group_stays_and_nobody_comes_in() -> None:
    there = target(*PEOPLE, on_target("s1", group("g")), members={"s1": ["t1", "t3"]})
    plan = planned(desired("c"), there, KNOWN)
    assert told(plan) == []
    (conflict,) = plan.conflicts
    assert conflict.kind == "ambiguous_member"
    assert conflict.subjects == ("a@corp.example", "b@corp.example", "g")
    assert conflict.detail == (
        "member 'ann' of g fits 2 users: a; b. Memberships that depend on it stay as they are on the target"
    )


def test_a_new_group_and_an_empty_one_begin_without_them() -> None:
    assert told(planned(desired("c"), target(*PEOPLE), KNOWN)) == ["create_group g", "add_members g: c@corp.example"]
    there = target(*PEOPLE, on_target("s1", group("g")))
    assert told(planned(desired(), there, KNOWN)) == []


def test_others_come_and_go_and_who_is_disabled_is_deactivated_all_the_same() -> None:
    there = target(*PEOPLE, on_target("s1", group("g")), members={"s1": ["t1", "t3"]})
    assert told(planned(desired(active=False), there, KNOWN)) == [
        "deactivate_user a@corp.example: active",
        "remove_members g: c@corp.example",
    ]


def test_who_has_left_leaves_the_group_whatever_was_meant() -> None:
    there = target(*PEOPLE, on_target("s1", group("g")), members={"s1": ["t1", "t3"]})
    without_a = replace(desired("c"), users=desired().users[1:])
    assert told(planned(without_a, there, KNOWN)) == [
        "deactivate_user a@corp.example: active",
        "remove_members g: a@corp.example",
    ]


def test_the_key_stays_the_same_whoever_comes_first() -> None:
    other = replace(EITHER, users=("b", "a"), fits=tuple(reversed(EITHER.fits)), detail="in other words")
    there = target(*PEOPLE, on_target("s1", group("g")))
    keys = {
        planned(replace(desired("c"), ambiguous=(each,)), there, KNOWN).conflicts[0].key for each in (EITHER, other)
    }
    assert len(keys) == 1


def test_a_manager_whose_record_is_held_stays_as_the_target_has_it() -> None:
    twice = replace(user("m"), flaws=(Flaw("duplicate_id", "externalId", "id 'm' is in several rows", "", fatal=True),))
    there = target(on_target("t1", user("a"), enterprise_manager="t9"), on_target("t9", user("m"), externalId=""))
    plan = planned(directory(user("a", enterprise_manager="m"), twice), there, linked(("user", "a", "t1")))
    assert told(plan) == []
    assert [notice.detail for notice in plan.warnings] == [
        "manager m@corp.example is held: the manager stays as it is on the target"
    ]


def test_a_manager_who_may_be_any_of_several_stays_as_the_target_has_it() -> None:
    doubt = Flaw("ambiguous_manager", "enterprise.manager", "its manager may be any of 2 users: b; c", "", fatal=False)
    there = target(*PEOPLE[1:], on_target("t1", user("a"), enterprise_manager="t2"))
    people = directory(replace(user("a"), flaws=(doubt,)), user("b"), user("c"))
    plan = planned(people, there, KNOWN)
    assert told(plan) == []
    assert [(c.kind, c.subjects) for c in plan.conflicts] == [("ambiguous_manager", ("a@corp.example",))]
