"""Writes without a good answer: what of them the target shows is ours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scim_bridge.model.doubt import Doubt
from scim_bridge.model.operation import Member, Operation
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.own_write import FRESH_FOR
from scim_bridge.plan.doubt import settle, with_settled
from tests.builders import FRESH, group, linked, on_target, target, user

NINE = datetime(2027, 3, 13, 9, tzinfo=UTC)
LATER = NINE + FRESH_FOR + timedelta(seconds=1)
RETITLE = Operation(
    id="o1",
    kind="update_user",
    phase=Phase.USERS,
    source_id="sato",
    target_id="t-1",
    subject="sato",
    reason="why",
    changes={"title": ("a", "Lead")},
)
ADD = Operation(
    id="o2",
    kind="add_members",
    phase=Phase.GRANT,
    source_id="dev",
    target_id="s-1",
    subject="dev",
    reason="why",
    members=(Member("sato", None, "sato"), Member("ito", "t-2", "ito")),
)
KNOWN = linked(("user", "sato", "t-1"), title="a")


def doubt(operation: Operation, target_id: str) -> Doubt:
    return Doubt(7, operation, target_id, NINE)


def test_a_change_that_the_target_shows_has_landed_and_is_ours() -> None:
    there = target(on_target("t-1", user("sato"), title="Lead")).inventory
    looked = settle([doubt(RETITLE, "t-1")], there, None, KNOWN, NINE)
    assert [each.has_landed for each in looked] == [True]
    assert with_settled(KNOWN, looked).users["sato"].applied["title"] == "Lead"


def test_one_that_it_does_not_show_has_not_and_nothing_is_learned() -> None:
    there = target(on_target("t-1", user("sato"), title="a")).inventory
    looked = settle([doubt(RETITLE, "t-1")], there, None, KNOWN, NINE)
    assert [each.has_landed for each in looked] == [False]
    assert with_settled(KNOWN, looked).users == KNOWN.users


def test_a_new_user_who_is_not_to_be_found_stays_in_doubt_for_some_minutes() -> None:
    create = replace(RETITLE, kind="create_user", target_id=None)
    assert settle([doubt(create, "")], target().inventory, None, FRESH, NINE) == ()
    assert [each.has_landed for each in settle([doubt(create, "")], target().inventory, None, FRESH, LATER)] == [False]


def test_a_created_user_becomes_a_link() -> None:
    create = replace(RETITLE, kind="create_user", target_id=None, changes={"userName": (None, "sato@corp.example")})
    looked = settle([doubt(create, "t-1")], target(on_target("t-1", user("sato"))).inventory, None, FRESH, NINE)
    link = with_settled(FRESH, looked).users["sato"]
    assert (link.target_id, link.applied) == ("t-1", {"userName": "sato@corp.example"})


def test_a_deletion_has_landed_if_nothing_is_there() -> None:
    delete = replace(RETITLE, kind="delete_user", changes={})
    there = target(on_target("t-1", user("sato"))).inventory
    assert [e.has_landed for e in settle([doubt(delete, "t-1")], target().inventory, None, KNOWN, NINE)] == [True]
    assert [e.has_landed for e in settle([doubt(delete, "t-1")], there, None, KNOWN, NINE)] == [False]


def test_memberships_are_told_one_by_one_once_the_group_was_read() -> None:
    there = target(on_target("s-1", group("dev"))).inventory
    assert settle([doubt(ADD, "s-1")], there, None, KNOWN, NINE) == ()
    (half,) = settle([doubt(ADD, "s-1")], there, {"s-1": frozenset({"t-1"})}, KNOWN, NINE)
    assert (half.has_landed, half.members) == (False, {"t-1": True})
    (whole,) = settle([doubt(ADD, "s-1")], there, {"s-1": frozenset({"t-1", "t-2"})}, KNOWN, NINE)
    assert whole.has_landed
    left = replace(KNOWN, memberships={"s-1": frozenset({"t-9"})})
    assert with_settled(left, [half]).memberships == {"s-1": frozenset({"t-1", "t-9"})}


def test_a_manager_is_recognized_though_the_target_names_a_resource() -> None:
    managed = replace(RETITLE, changes={"enterprise.manager": (None, "boss")})
    known = linked(("user", "sato", "t-1"), ("user", "boss", "t-5"))
    there = target(on_target("t-1", user("sato"), enterprise_manager="t-5")).inventory
    assert [each.has_landed for each in settle([doubt(managed, "t-1")], there, None, known, NINE)] == [True]
