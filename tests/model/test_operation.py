"""What an operation is about, and what it can do without."""

from dataclasses import replace

import pytest

from scim_bridge.model.operation import Operation, renamed_to
from scim_bridge.model.operation_kind import Phase

BOSS = Operation(
    id="o1", kind="create_user", phase=Phase.USERS, source_id="boss", target_id=None, subject="boss", reason="new"
)
STAFF = replace(BOSS, id="o2", source_id="u1", changes={"enterprise.manager": (None, "boss"), "title": (None, "x")})


@pytest.mark.parametrize("kind", ["deactivate_user", "adopt_user", "delete_user"])
def test_a_kind_names_its_resource(kind: str) -> None:
    assert replace(BOSS, kind=kind).resource == "user"  # type: ignore[arg-type]


def test_memberships_are_sent_to_the_group() -> None:
    assert replace(BOSS, kind="add_members").resource == "group"


def test_a_manager_who_could_not_be_created_is_left_out_and_the_rest_is_sent() -> None:
    assert STAFF.can_do_without(BOSS)
    assert not replace(STAFF, changes={"enterprise.manager": (None, "boss")}).can_do_without(BOSS)
    assert not STAFF.can_do_without(replace(BOSS, source_id="somebody else"))
    assert not STAFF.can_do_without(replace(BOSS, kind="update_user"))


def test_a_new_name_is_that_of_an_existing_resource_alone() -> None:
    rename = replace(BOSS, kind="update_user", changes={"userName": ("a", "b")})
    assert rename.renamed_to == "b"
    assert replace(rename, kind="create_user").renamed_to is None
    assert renamed_to("user", {"userName": ("a", "a")}) is None
    assert renamed_to("group", {"userName": ("a", "b")}) is None
    assert renamed_to("group", {"displayName": ("a", "b")}) == "b"
