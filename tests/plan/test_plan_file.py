"""A plan to bytes and back."""

import orjson
from hypothesis import given

from scim_bridge.plan.plan_file import fingerprint, from_bytes, to_bytes
from tests.builders import directory, group, planned, target, user
from tests.laws.test_planner import Case, situations


def test_the_document_has_the_keys_of_the_contract() -> None:
    plan = planned(directory(user("a"), group("g"), members={"g": ["a"]}), target())
    document = orjson.loads(to_bytes(plan))
    assert list(document) == [
        *(
            "version",
            "connection",
            "created",
            "today",
            "basis",
            "summary",
            "operations",
            "conflicts",
            "settled",
            "skipped",
        ),
        *("warnings", "guard", "requests", "access"),
    ]
    assert document["summary"]["add_member"] == 1
    create, _, add = document["operations"]
    assert create["changes"]["userName"] == [None, "a@corp.example"]
    assert add["members"] == [{"source_id": "a", "target_id": None, "name": "a@corp.example"}]


@given(situations)
def test_what_was_saved_is_what_is_read(case: Case) -> None:
    desired, existing, known, policy = case
    plan = planned(desired, existing, known, policy)
    again = from_bytes(to_bytes(plan), "plan.json")
    assert again.operations == plan.operations
    assert (again.conflicts, again.skipped, again.warnings) == (plan.conflicts, plan.skipped, plan.warnings)
    assert (again.basis, again.verdict, again.summary) == (plan.basis, plan.verdict, plan.summary)
    assert fingerprint(again) == fingerprint(plan)
