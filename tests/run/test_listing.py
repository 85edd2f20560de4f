"""A listing with what was looked at again."""

from scim_bridge.model.identity import TargetKey
from scim_bridge.run.listing import with_again
from tests.builders import group, on_target, target, user

LISTED = target(on_target("t-1", user("a")), on_target("t-2", user("b")), on_target("s-1", group("dev"))).inventory


def test_what_was_looked_at_goes_before_what_was_listed() -> None:
    newer = on_target("t-1", user("a"), title="Lead")
    seen = with_again(LISTED, {TargetKey("user", "t-1"): newer})
    assert seen.users["t-1"] is newer
    assert seen.users["t-2"] is LISTED.users["t-2"]


def test_what_is_gone_is_taken_out_and_what_was_missing_comes_in() -> None:
    found = on_target("t-3", user("c"))
    seen = with_again(
        LISTED, {TargetKey("user", "t-2"): None, TargetKey("user", "t-3"): found, TargetKey("group", "t-1"): None}
    )
    assert set(seen.users) == {"t-1", "t-3"}
    assert set(seen.groups) == {"s-1"}
    assert set(LISTED.users) == {"t-1", "t-2"}, "the listing itself stays as it was"
