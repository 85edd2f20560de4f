"""The way back touches nothing that is protected by now."""

from scim_bridge.model.operation import Member, Operation
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.policy import Policy, Protect
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.undo import Past, Sent, invert
from tests.builders import CAPABILITIES, OCCASION, directory, group, linked, on_target, target, told, user

POLICY = Policy(protect=Protect(users=("svc-*",), groups=("aws*",)))
THERE = target(
    on_target("t-a", user("a", userName="svc-a", title="Lead")),
    on_target("t-b", user("b", title="Lead")),
    on_target("s-g", group("g")),
    on_target("s-h", group("h", displayName="AWS-Admins")),
    members={"s-g": ["t-a", "t-b"], "s-h": ["t-b"]},
)
SIDES = Sides(
    directory(),
    THERE.inventory,
    THERE.members,
    linked(("user", "a", "t-a"), ("user", "b", "t-b"), ("group", "g", "s-g"), ("group", "h", "s-h")),
)


def _undone(*done: Operation) -> tuple[list[str], list[tuple[str, str]]]:
    past = Past(1, [Sent(o, str(o.target_id)) for o in done])
    plan, _ = invert(past, SIDES, POLICY, CAPABILITIES, OCCASION)
    return told(plan), [(s.subject, s.reason) for s in plan.skipped]


def test_what_is_protected_by_now_is_not_changed_back() -> None:
    changes = {"title": ("Engineer", "Lead")}
    done = [
        Operation(
            id=f"op-{n}",
            kind="update_user",
            phase=Phase.USERS,
            source_id=n,
            target_id=f"t-{n}",
            subject=n,
            reason="",
            changes=changes,
        )
        for n in ("a", "b")
    ]
    assert _undone(*done) == (["update_user b@corp.example: title"], [("svc-a", "protected")])


def test_a_protected_user_and_the_members_of_a_protected_group_stay_where_they_are() -> None:
    members = (Member("a", "t-a", "a"), Member("b", "t-b", "b"))
    done = [
        Operation(
            id=f"op-{n}",
            kind="add_members",
            phase=Phase.GRANT,
            source_id=n,
            target_id=f"s-{n}",
            subject=n,
            reason="",
            changes={},
            members=members,
        )
        for n in ("g", "h")
    ]
    assert _undone(*done) == (["remove_members g: b"], [("AWS-Admins", "protected")])


def test_a_protected_name_is_not_given_back() -> None:
    changes = {"userName": ("svc-old", "b@corp.example"), "title": ("Engineer", "Lead")}
    done = Operation(
        id="op-1",
        kind="update_user",
        phase=Phase.USERS,
        source_id="b",
        target_id="t-b",
        subject="svc-old",
        reason="",
        changes=changes,
    )
    told_, skipped = _undone(done)
    assert told_ == ["update_user b@corp.example: title"]
    assert skipped == [("b@corp.example", "svc-old is a protected name, and is not restored")]
