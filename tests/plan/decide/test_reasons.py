"""Why something is done, and what it is called: the name on the target, and the reason that is true."""

from dataclasses import replace

from scim_bridge.model.identity import Directory, Kind, OutOfScope
from scim_bridge.model.operation import Member
from scim_bridge.model.plan import Plan
from scim_bridge.model.remembered import Remembered
from scim_bridge.plan.decide.group_members import losing, with_strangers
from scim_bridge.plan.plan_file import from_bytes, operation_document, to_bytes
from tests.builders import directory, group, linked, on_target, planned, target, user

KNOWN = linked(("user", "a", "t-a"), ("user", "b", "t-b"), ("group", "g", "s-g"))
THERE = target(
    on_target("t-a", user("a")),
    on_target("t-b", user("b")),
    on_target("s-g", group("g")),
    members={"s-g": ["t-a", "t-b"]},
)


def without(directory: Directory, kind: Kind, source_id: str) -> Directory:
    """The directory with this record out of scope."""
    out = OutOfScope(kind, source_id, "users.csv, line 3", "mapping.yaml, line 12")
    return replace(directory, out_of_scope=(out,))


def reasons(plan: Plan) -> dict[str, str]:
    return {operation.kind: operation.reason for operation in plan.operations}


def test_who_is_gone_from_the_source_left_the_source() -> None:
    plan = planned(directory(user("a"), group("g"), members={"g": ["a"]}), THERE, KNOWN)
    assert reasons(plan) == {"deactivate_user": "left the source", "remove_members": "no longer in the source"}


def test_who_is_still_shown_left_the_scope_and_the_rule_is_named() -> None:
    plan = planned(without(directory(user("a"), group("g"), members={"g": ["a"]}), "user", "b"), THERE, KNOWN)
    said = "left the scope (mapping.yaml, line 12)"
    assert reasons(plan) == {"deactivate_user": said, "remove_members": said}


def test_a_group_that_left_the_scope_says_so() -> None:
    plan = planned(without(directory(user("a"), user("b")), "group", "g"), THERE, KNOWN)
    assert reasons(plan) == {"remove_members": "the group left the scope (mapping.yaml, line 12)"}
    plan = planned(directory(user("a"), user("b")), THERE, KNOWN)
    assert reasons(plan) == {"remove_members": "the group left the source"}


ADDED_BY_HAND = target(*THERE.resources, on_target("t-x", user("x"), externalId=""), members={"s-g": ["t-a", "t-x"]})


def test_who_was_in_a_group_before_it_was_adopted_was_never_in_the_source() -> None:
    wanted = directory(user("a"), user("b"), group("g"), members={"g": ["a"]})
    first = target(
        *(replace(r, attributes={**r.attributes, "externalId": ""}) for r in ADDED_BY_HAND.resources),
        members=ADDED_BY_HAND.members,
    )
    assert reasons(planned(wanted, first))["remove_members"] == (
        "was never in the source; the group is managed from now on"
    )


def test_a_stranger_in_a_managed_group_was_added_by_someone_else() -> None:
    wanted = directory(user("a"), user("b"), group("g"), members={"g": ["a"]})
    plan = planned(wanted, ADDED_BY_HAND, KNOWN)
    assert reasons(plan) == {"remove_members": "not in the source; added on the target by someone else"}


def test_without_state_nobody_says_what_the_source_had_shown_before() -> None:
    wanted = directory(user("a"), user("b"), group("g"), members={"g": ["a"]})
    assert reasons(planned(wanted, THERE, Remembered())) == {"remove_members": "not in the source"}


def test_different_reasons_share_one_request_and_name_their_members() -> None:
    there = target(*ADDED_BY_HAND.resources, members={"s-g": ["t-a", "t-b", "t-x"]})
    plan = planned(directory(user("a"), user("b"), group("g"), members={"g": ["a"]}), there, KNOWN)
    assert reasons(plan) == {
        "remove_members": "no longer in the source: b@corp.example; "
        "not in the source; added on the target by someone else: x@corp.example"
    }


def test_a_user_with_a_record_whom_we_did_not_leave_in_the_group_was_added_by_someone_else() -> None:
    wanted = directory(user("a"), user("b"), group("g"), members={"g": []})
    plan = planned(wanted, THERE, KNOWN)
    assert losing(plan) == {"s-g"}
    assert with_strangers(plan, {"s-g": frozenset({"t-a", "t-b"})}) == plan
    assert reasons(with_strangers(plan, {"s-g": frozenset({"t-a"})})) == {
        "remove_members": "no longer in the source: a@corp.example; "
        "not in the source; added on the target by someone else: b@corp.example"
    }
    assert with_strangers(plan, {}) == plan


SWAPPED = directory(user("a", userName="b@corp.example", active=False), user("b", userName="a@corp.example"))
PAIR = target(*THERE.resources[:2])
TWO = linked(("user", "a", "t-a"), ("user", "b", "t-b"))


def test_a_leavers_deactivation_does_not_bear_the_name_of_the_heir() -> None:
    plan = planned(SWAPPED, PAIR, TWO)
    assert [(o.kind, o.target_id, o.subject) for o in plan.operations if o.kind == "deactivate_user"] == [
        ("deactivate_user", "t-a", "a@corp.example")
    ]
    assert all(
        o.subject == {"t-a": "a@corp.example", "t-b": "b@corp.example"}[str(o.target_id)] for o in plan.operations
    )


def test_a_renaming_has_the_new_name_beside_the_one_on_the_target() -> None:
    plan = planned(directory(user("a", userName="c@corp.example"), user("b")), PAIR, TWO)
    [operation] = plan.operations
    assert (operation.subject, operation.renamed_to) == ("a@corp.example", "c@corp.example")
    document = operation_document(operation)
    assert (document["subject"], document["renamed_to"]) == ("a@corp.example", "c@corp.example")
    assert from_bytes(to_bytes(plan), "p.json").operations == plan.operations


def test_what_is_created_or_keeps_its_name_has_no_other_name_beside_it() -> None:
    plan = planned(directory(user("a", title="Lead"), user("b"), user("c")), PAIR, TWO)
    assert [(o.subject, o.renamed_to) for o in plan.operations] == [("c@corp.example", None), ("a@corp.example", None)]
    assert all("renamed_to" not in operation_document(o) for o in plan.operations)


def test_a_member_is_called_by_the_name_on_the_target() -> None:
    wanted = directory(user("a", userName="c@corp.example"), user("b"), group("n"), members={"n": ["a"]})
    [added] = [o for o in planned(wanted, PAIR, TWO).operations if o.kind == "add_members"]
    assert added.members == (Member("a", "t-a", "a@corp.example"),)
