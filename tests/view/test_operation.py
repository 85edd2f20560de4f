"""One operation as people see it, from a plan or from a journal: the same."""

import orjson

from scim_bridge.model.operation import Member, Operation, Phase
from scim_bridge.model.run import OperationRecord
from scim_bridge.plan.plan_file import operation_bytes
from scim_bridge.view.operation import of_operation, of_record

UPDATE = Operation(
    "o1", "update_user", Phase.USERS, "7", "t-1", "sato@x", "title changed in the source",
    {"title": ("Engineer", "Lead"), "locale": ("ja", None), "active": (True, True), "nickName": (None, "Aya")},
)  # fmt: skip


def test_what_changes_is_told_and_what_stays_is_not() -> None:
    assert of_operation(UPDATE).effects == ("title: Engineer → Lead", "locale: ja → (removed)", "nickName: Aya")


def test_truths_are_written_as_people_write_them() -> None:
    off = Operation("o1", "deactivate_user", Phase.REVOKE, "7", "t-1", "sato@x", "why", {"active": (True, False)})
    assert of_operation(off).effects == ("active: true → false",)


def test_a_new_name_stands_beside_the_old_one() -> None:
    rename = Operation("o1", "update_user", Phase.USERS, "7", "t-1", "sato@x", "", {"userName": ("sato@x", "ito@x")})
    assert of_operation(rename).subject == "sato@x → ito@x"


def test_a_create_is_told_in_one_line_and_many_members_are_counted() -> None:
    create = Operation("o1", "create_group", Phase.GROUPS, "g", None, "dev", "", {"displayName": (None, "dev")})
    assert of_operation(create).effects == ("displayName: dev",)
    members = tuple(Member(str(n), None, f"m{n}") for n in range(7))
    add = Operation("o1", "add_members", Phase.GRANT, "g", "s-1", "dev", "", members=members)
    assert of_operation(add).effects == ("m0, m1, m2, m3, m4 and 2 more",)


def test_the_journal_tells_the_same_with_what_became_of_it() -> None:
    document = orjson.loads(operation_bytes(UPDATE))
    outcome = of_record(OperationRecord(1, "o1", "update_user", "sato@x", "held", document, "t-1", "r-9", "400\x07"))
    assert outcome.operation == of_operation(UPDATE)
    assert (outcome.request_id, "\x07" in outcome.detail) == ("r-9", False)
