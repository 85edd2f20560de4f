"""Rows of a round on top of what was known: the managers and the members that they tell of."""

from typing import Any

import pytest

from scim_bridge.model.source import moved_on
from scim_bridge.source.entra.memory import GroupEntry, Revision, merged

ANN = {"@odata.type": "#microsoft.graph.user", "id": "ann"}
BOB = {"@odata.type": "#microsoft.graph.user", "id": "bob"}
GONE = {"@removed": {"reason": "deleted"}}


@pytest.mark.parametrize("told", [[{**ANN, **GONE}, BOB], [BOB, {**ANN, **GONE}]], ids=["old first", "new first"])
def test_a_new_manager_holds_in_whatever_order_the_old_one_is_taken_away(told: list[dict[str, Any]]) -> None:
    assert merged({"id": "u1", "manager": "ann"}, {"id": "u1", "manager@delta": told})["manager"] == "bob"


def test_what_a_row_leaves_out_stays_and_what_it_says_is_null_goes() -> None:
    after = merged({"id": "u1", "jobTitle": "Lead", "department": "A"}, {"id": "u1", "department": None})
    assert after == {"id": "u1", "jobTitle": "Lead", "department": None}


def test_the_last_word_about_a_member_holds() -> None:
    revision = Revision({})
    revision.put_group({"id": "g1", "displayName": "G", "members@delta": [ANN, BOB]})
    revision.put_group({"id": "g1", "members@delta": [{**ANN, **GONE}]})
    revision.put_group({"id": "g1", "members@delta": [{**BOB, **GONE}, BOB]})
    entries = moved_on({}, revision.changed())
    group = GroupEntry.read(entries["group g1"])
    assert list(group.users) == ["bob"]
    assert group.row == {"id": "g1", "displayName": "G"}


def test_a_removal_of_somebody_never_seen_is_ignored() -> None:
    revision = Revision({})
    revision.remove("user", "never")
    revision.drop_members({"never"})
    assert revision.changed() == {}


def test_many_leavers_at_once_are_taken_out_of_groups_that_nothing_else_touched() -> None:
    revision = Revision({})
    revision.put_group({"id": "g1", "members@delta": [{**ANN, "id": f"u{number}"} for number in range(60)]})
    later = Revision(moved_on({}, revision.changed()))
    later.drop_members({f"u{number}" for number in range(50)})
    group = later.group("g1")
    assert group is not None
    assert len(group.users) == 10
