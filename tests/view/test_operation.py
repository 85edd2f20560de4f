"""One operation as people see it, from a plan or from a journal: the same."""

import orjson

from scim_bridge.model.operation import Member, Operation
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.run import OperationRecord
from scim_bridge.plan.plan_file import operation_bytes
from scim_bridge.view.operation import of_operation, of_record

UPDATE = Operation(
    id="o1",
    kind="update_user",
    phase=Phase.USERS,
    source_id="7",
    target_id="t-1",
    subject="sato@x",
    reason="title changed in the source",
    changes={"title": ("Engineer", "Lead"), "locale": ("ja", None), "active": (True, True), "nickName": (None, "Aya")},
)


def test_what_changes_is_told_and_what_stays_is_not() -> None:
    assert of_operation(UPDATE).effects == ("title: Engineer → Lead", "locale: ja → (removed)", "nickName: Aya")


def test_truths_are_written_as_people_write_them() -> None:
    off = Operation(
        id="o1",
        kind="deactivate_user",
        phase=Phase.REVOKE,
        source_id="7",
        target_id="t-1",
        subject="sato@x",
        reason="why",
        changes={"active": (True, False)},
    )
    assert of_operation(off).effects == ("active: true → false",)


def test_a_new_name_stands_beside_the_old_one() -> None:
    rename = Operation(
        id="o1",
        kind="update_user",
        phase=Phase.USERS,
        source_id="7",
        target_id="t-1",
        subject="sato@x",
        reason="",
        changes={"userName": ("sato@x", "ito@x")},
    )
    assert of_operation(rename).subject == "sato@x → ito@x"


def test_a_create_is_told_in_one_line_and_many_members_are_counted() -> None:
    create = Operation(
        id="o1",
        kind="create_group",
        phase=Phase.GROUPS,
        source_id="g",
        target_id=None,
        subject="dev",
        reason="",
        changes={"displayName": (None, "dev")},
    )
    assert of_operation(create).effects == ("displayName: dev",)
    members = tuple(Member(str(n), None, f"m{n}") for n in range(7))
    add = Operation(
        id="o1",
        kind="add_members",
        phase=Phase.GRANT,
        source_id="g",
        target_id="s-1",
        subject="dev",
        reason="",
        members=members,
    )
    assert of_operation(add).effects == ("m0, m1, m2, m3, m4 and 2 more",)


def test_the_journal_tells_the_same_with_what_became_of_it() -> None:
    document = orjson.loads(operation_bytes(UPDATE))
    outcome = of_record(
        OperationRecord(
            run_id=1,
            operation_id="o1",
            kind="update_user",
            subject="sato@x",
            status="held",
            document=document,
            target_id="t-1",
            request_id="r-9",
            detail="400\x07",
        )
    )
    assert outcome.operation == of_operation(UPDATE)
    assert (outcome.request_id, "\x07" in outcome.detail) == ("r-9", False)
