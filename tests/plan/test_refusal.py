"""What the target refused in a run: how it is told, and what is remembered of it."""

from dataclasses import replace

from scim_bridge.model.operation import Change, Member, Operation, Outcome
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.remembered import Remembered
from scim_bridge.plan.kept_back import digest
from scim_bridge.plan.refusal import answered, told
from tests.builders import directory, group, matched, target, user

SATO, DEV = user("sato", title="Lead;"), group("dev")
MATCHES = matched(directory(SATO, DEV), target())
CHANGES: dict[str, Change] = {"title": ("Engineer", "Lead;"), "locale": ("a", "b")}
UPDATE = Operation(
    id="o1",
    kind="update_user",
    phase=Phase.USERS,
    source_id="sato",
    target_id="t-1",
    subject="sato@x",
    reason="why",
    changes=CHANGES,
)
ADD = Operation(
    id="o2",
    kind="add_members",
    phase=Phase.GRANT,
    source_id="dev",
    target_id="s-1",
    subject="dev",
    reason="why",
    members=(Member("sato", "t-1", "sato@x"),),
)
REFUSED = Outcome(
    operation_id="o1", status="held", target_id="t-1", request_id="r-1", detail="400", conflict_kind="refused_by_target"
)


def test_what_was_done_is_no_refusal() -> None:
    assert told([(UPDATE, Outcome(operation_id="o1", status="done", target_id="t-1"))], MATCHES) == []


def test_a_refused_update_is_remembered_with_the_paths_that_did_not_land() -> None:
    (one,) = told([(UPDATE, replace(REFUSED, landed=("locale",)))], MATCHES)
    assert (one.conflict.kind, one.conflict.subjects, one.conflict.target_id) == (
        "refused_by_target",
        ("sato@x",),
        "t-1",
    )
    assert "request id" in one.conflict.remedy
    assert one.remembered is not None
    assert one.remembered.paths == {"title"}
    assert one.remembered.digest == digest(SATO)


def test_a_deactivation_is_sent_in_every_run_and_so_not_remembered() -> None:
    off = replace(UPDATE, kind="deactivate_user", changes={"active": (True, False)})
    (one,) = told([(off, REFUSED)], MATCHES)
    assert one.remembered is None


def test_a_user_without_a_record_is_sent_again_as_well() -> None:
    (one,) = told([(replace(UPDATE, source_id="left"), REFUSED)], MATCHES)
    assert one.remembered is None


def test_two_refusals_of_one_user_are_one_conflict_with_all_paths() -> None:
    second = replace(UPDATE, id="o3", changes={"userName": ("a", "b")})
    (one,) = told([(UPDATE, REFUSED), (second, replace(REFUSED, operation_id="o3"))], MATCHES)
    assert one.remembered is not None
    assert one.remembered.paths == {"title", "locale", "userName"}


def test_a_suspected_attribute_is_named_with_what_to_do() -> None:
    (one,) = told([(UPDATE, replace(REFUSED, suspects=("title",)))], MATCHES)
    assert one.conflict.path == "title"
    assert one.conflict.remedy.startswith("Change title in the source, or replace those characters in the mapping.")


def held(operation: Operation) -> Outcome:
    return Outcome(
        operation_id=operation.id,
        status="held",
        target_id="s-1",
        conflict_kind="refused_by_target",
        refused=operation.members,
        reasons=("400",),
    )


def test_a_refused_addition_is_remembered_for_group_and_member() -> None:
    (one,) = told([(ADD, held(ADD))], MATCHES)
    assert one.conflict.detail == "sato@x could not be added to dev: 400"
    assert one.remembered is not None
    assert one.remembered.key == ("group", "dev", "sato")


def test_a_refused_removal_is_told_and_sent_in_every_run() -> None:
    removal = replace(ADD, kind="remove_members", phase=Phase.REVOKE)
    (one,) = told([(removal, held(removal))], MATCHES)
    assert one.conflict.detail == "sato@x could not be removed from dev: 400"
    assert one.remembered is None


def test_an_earlier_refusal_is_answered_once_the_same_was_sent_again() -> None:
    (user_refusal,), (member_refusal,) = told([(UPDATE, REFUSED)], MATCHES), told([(ADD, held(ADD))], MATCHES)
    remembered = [r.remembered for r in (user_refusal, member_refusal) if r.remembered is not None]
    known = Remembered(refusals={refusal.key: refusal for refusal in remembered})
    other = replace(UPDATE, changes={"emails": (None, "x")})
    assert answered(known, [(UPDATE, Outcome(operation_id="o1", status="done"))]) == {("user", "sato", "")}
    assert answered(known, [(ADD, held(ADD))]) == {("group", "dev", "sato")}
    assert answered(known, [(other, Outcome(operation_id="o1", status="done"))]) == frozenset()
    assert answered(known, [(UPDATE, Outcome(operation_id="o1", status="not_sent"))]) == frozenset()
