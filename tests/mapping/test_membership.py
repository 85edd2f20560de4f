"""Who is in which group: nested groups by the mapping's rule, and references that fit several records."""

from scim_bridge.mapping.membership import Memberships, memberships
from scim_bridge.model.identity import AmbiguousMember, Snapshot

DIRECT = {"staff": (("u1",), ("dev",)), "dev": (("u2", "out"), ())}
USERS, GROUPS = {"u1", "u2"}, {"staff", "dev", "empty"}


def found(nested: str, *ambiguous: AmbiguousMember) -> Memberships:
    return memberships(Snapshot((), (), DIRECT, ambiguous=ambiguous), nested, USERS, GROUPS, {"staff": "Staff"})


def test_flattened_groups_hold_the_users_of_the_groups_within() -> None:
    assert found("flatten").members == {"staff": {"u1", "u2"}, "dev": {"u2"}, "empty": frozenset()}


def test_ignored_ones_do_not_and_reported_ones_are_said() -> None:
    assert found("ignore").members["staff"] == {"u1"}
    assert found("ignore").notices == ()
    (notice,) = found("report").notices
    assert notice.detail == "group Staff contains 1 group, whose users are not added"


def test_only_those_in_scope_are_members_and_only_groups_in_scope_have_any() -> None:
    whole = memberships(Snapshot((), (), DIRECT), "flatten", USERS, {"dev", ""}, {})
    assert whole.members == {"dev": {"u2"}}


def reference(*users: str, group: str = "dev") -> AmbiguousMember:
    return AmbiguousMember(
        reference="Sato",
        groups=(group,),
        users=users,
        nested=(),
        fits=(),
        detail="two are called Sato",
        remedy="Use the id.",
        count=2,
    )


def test_a_reference_that_fits_several_users_decides_nobody() -> None:
    open_ones = found("flatten", reference("u1", "u2"))
    assert open_ones.members["dev"] == {"u2"}, "u2 is there by another line"
    assert open_ones.undecided == {"dev": {"u1"}}
    assert len(open_ones.ambiguous) == 1


def test_what_changes_nothing_for_anybody_in_scope_is_not_asked() -> None:
    assert found("flatten", reference("out", "u2")).ambiguous == ()
    assert found("flatten", reference("u1", "u2", group="staff")).undecided == {}
