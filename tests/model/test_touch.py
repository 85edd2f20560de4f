"""Which values an operation writes, in the form in which later readings are held against them."""

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.model.operation import Member, Operation
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.touch import Touch, member_of_path, member_path, touches_of

UPDATE = Operation(
    id="o",
    kind="update_user",
    phase=Phase.USERS,
    source_id="u",
    target_id="t-1",
    subject="u",
    reason="",
    changes={"title": ("a", "b"), "locale": ("ja", None)},
)


@given(st.text(max_size=20))
def test_a_membership_is_a_path_and_comes_back_from_it(user_id: str) -> None:
    assert member_of_path(member_path(user_id)) == user_id


def test_an_attribute_is_no_membership() -> None:
    assert member_of_path("title") is None


def test_an_update_writes_its_new_values_a_removal_none() -> None:
    assert touches_of(UPDATE, "t-1", "run 3", {}) == [
        Touch("user", "t-1", "title", "b", "run 3"),
        Touch("user", "t-1", "locale", None, "run 3"),
    ]


def test_memberships_are_written_one_by_one_by_the_ids_that_users_got_since() -> None:
    members = (Member("a", "t-a", "a"), Member("new", None, "new"), Member("nobody", None, "nobody"))
    add = Operation(
        id="o",
        kind="add_members",
        phase=Phase.GRANT,
        source_id="g",
        target_id="s-1",
        subject="dev",
        reason="",
        members=members,
    )
    written = touches_of(add, "s-1", "run 3", {"new": "t-new"})
    assert [(touch.path, touch.value) for touch in written] == [
        (member_path("t-a"), True),
        (member_path("t-new"), True),
    ]
