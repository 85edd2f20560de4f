"""What we wrote a moment ago, over what a listing shows."""

from scim_bridge.model.identity import TargetKey
from scim_bridge.model.own_write import OwnWrites

OWN = OwnWrites(deleted=frozenset({TargetKey("user", "x")}), members={"g": {"a": True, "b": False, "gone": True}})
THERE = {"a", "b", "c"}


def test_our_own_memberships_stand_over_what_a_list_shows() -> None:
    members, lacking = OWN.over({"g": frozenset({"b", "c", "x"}), "h": frozenset({"b"})}, THERE)
    assert members == {"g": {"a", "c"}, "h": {"b"}}
    assert lacking == {("g", "a")}


def test_what_a_list_shows_as_we_left_it_is_kept() -> None:
    shown = {"g": frozenset({"a", "c"})}
    assert OWN.over(shown, THERE) == (shown, frozenset())


def test_the_groups_of_a_user_too() -> None:
    assert OWN.groups_of("a", frozenset({"h"})) == {"g", "h"}
    assert OWN.groups_of("b", frozenset({"g", "h"})) == {"h"}
    assert OWN.groups_of("c", frozenset({"g"})) == {"g"}
