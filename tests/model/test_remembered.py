"""What each record's resource was given last, and which resources are free for a name that is made."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scim_bridge.model.conflict_kind import CONFLICT_KINDS, LASTING, decisions
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.operation import Operation
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.remembered import LastApplied, Remembered, Resolution
from tests.builders import linked, on_target, target, user

SATO = user("sato")
THERE = target(on_target("t-1", SATO, title="Lead")).inventory


def test_what_was_applied_is_what_the_link_says() -> None:
    assert (
        LastApplied(linked(("user", "sato", "t-1"), title="Engineer"), THERE).to("user", "sato")["title"] == "Engineer"
    )


def test_without_a_state_the_resource_with_our_id_holds_what_we_gave_it() -> None:
    assert LastApplied(Remembered(), THERE).to("user", "sato")["title"] == "Lead"
    assert LastApplied(Remembered(), THERE).to("user", "ito") == {}
    assert LastApplied(Remembered(), THERE).to("group", "sato") == {}


def holding(known: Remembered) -> list[str]:
    """The resources that hold this name and that no record has."""
    found = LastApplied(known, THERE).free("user", "userName", "SATO@corp.example")
    return [existing.target_id for existing in found]


def test_a_value_is_free_unless_a_record_that_is_still_there_has_the_resource() -> None:
    known = linked(("user", "sato", "t-1"))
    left = replace(known.users["sato"], departed=datetime(2027, 3, 1, tzinfo=UTC))
    assert holding(Remembered()) == ["t-1"]
    assert holding(known) == []
    assert holding(replace(known, users={"sato": left})) == ["t-1"]
    assert holding(Remembered(linked_elsewhere=frozenset({TargetKey("user", "t-1")}))) == []


@pytest.mark.parametrize(("source_id", "target_id", "is_about"), [
    ("sato", None, True), (None, "t-1", True), ("ito", "t-2", False), (None, None, False),
])  # fmt: skip
def test_a_decision_is_about_its_record_or_its_resource(
    source_id: str | None, target_id: str | None, is_about: bool
) -> None:
    operation = Operation(
        id="o", kind="update_user", phase=Phase.USERS, source_id=source_id, target_id=target_id, subject="x", reason=""
    )
    assert Resolution("source", "user", "sato", "t-1").is_about(operation) is is_about
    assert not Resolution("source", "group", "sato", "t-1").is_about(operation)


def test_every_question_can_be_left_as_it_is() -> None:
    assert all("ignore" in decisions(kind) for kind in CONFLICT_KINDS)
    assert "ignore" in LASTING
