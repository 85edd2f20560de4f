"""A conflict as people see it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scim_bridge.model.plan import Conflict
from scim_bridge.model.run import ConflictRecord
from scim_bridge.view.conflict import still_open, view_conflicts

NOON = datetime(2027, 3, 13, 12, tzinfo=UTC)
NAME = "sato\x1b[2J"
TWICE = Conflict(key="c-1", kind="duplicate_user_name", subjects=(NAME,), detail="two claim it", remedy="Rename one.")
RECORD = ConflictRecord(connection="corp", conflict=TWICE, first_seen=NOON, last_seen=NOON)


def test_who_waits_longest_comes_first() -> None:
    older = replace(RECORD, conflict=replace(TWICE, key="c-2"), first_seen=NOON - timedelta(days=1))
    assert [view.key for view in view_conflicts([RECORD, older])] == ["c-2", "c-1"]


def test_a_kind_is_told_in_words_and_a_name_cannot_steer_the_terminal() -> None:
    (view,) = view_conflicts([RECORD])
    assert view.words == "duplicate user name"
    assert "\x1b" not in view.subjects[0]


def test_a_decision_says_what_by_whom_and_why() -> None:
    assert view_conflicts([RECORD])[0].decision == ""
    decided = replace(RECORD, resolution="link", chosen="t-1", resolved_by="ito@host", note="the same user")
    assert view_conflicts([decided])[0].decision == "link t-1, decided by ito@host (the same user)"


def unreadable(name: str, path: str = "active", target_id: str | None = "t-1") -> Conflict:
    return Conflict(
        key=f"c-{name}",
        kind="rule_failed",
        subjects=(name,),
        detail="",
        remedy="",
        target_id=target_id,
        path=path,
    )


def test_who_may_still_sign_in_though_no_rule_understands_the_status_is_named_first() -> None:
    said = still_open([unreadable("sato"), unreadable("ito")])
    assert said.startswith("2 users can still sign in, but no rule understands their status: ito, sato.")
    assert still_open([unreadable("sato")]).startswith("1 user can still sign in")


def test_a_newcomer_and_another_attribute_are_no_open_door() -> None:
    assert still_open([unreadable("sato", target_id=None), unreadable("ito", path="title"), TWICE]) == ""
