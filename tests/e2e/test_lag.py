"""Lists that lag behind our own writes: what we wrote a moment ago is not taken for somebody else's doing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scim_bridge.sandbox.fault import Fault
from tests.e2e.world import People
from tests.lagging import STRICT, Lagging, lagging

REPORTING = STRICT + "      drift: report\n"
NEVER = 1e6


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Lagging]:
    """Lists show a write after a minute."""
    with lagging(tmp_path, list_lag=60) as lag:
        yield lag


def _people(count: int = 3) -> People:
    people = People()
    for number in range(count):
        people.add(f"u{number}")
    return people.group("g", "dev", *list(people.users)[:2])


def _looks(lag: Lagging) -> int:
    """How many users and groups were looked at by id."""
    return sum(r.method == "GET" and "/" in r.path for r in lag.world.sandbox.requests)


def test_what_we_created_a_moment_ago_is_not_deleted_by_someone_else(slow: Lagging) -> None:
    people = _people()
    slow.sync(people)
    slow.world.sandbox.forget_requests()
    assert slow.again(in_full=True).exit_code == 0
    assert slow.writes == []
    assert _looks(slow) == 4
    assert slow.again().exit_code == 0  # nor does the next run take it for gone
    slow.world.assert_equal_to(people)


def test_of_many_that_we_created_a_moment_ago_a_sample_is_looked_at(slow: Lagging) -> None:
    slow.sync(_people(300))
    slow.world.sandbox.forget_requests()
    assert slow.again(in_full=True).exit_code == 0
    assert slow.writes == []
    assert 50 <= _looks(slow) <= 100


@pytest.mark.parametrize("count", [3, 80])
def test_what_a_listing_lacks_for_long_is_asked_for_by_id(tmp_path: Path, count: int) -> None:
    with lagging(tmp_path, list_lag=NEVER) as lag:
        lag.age = 600
        lag.sync(_people(count))
        lag.world.sandbox.forget_requests()
        assert lag.again(in_full=True).exit_code == 0
        assert [write.partition("/")[0] for write in lag.writes] == ["PATCH Groups"]  # for five minutes have passed
        assert _looks(lag) == count + 1


def test_what_is_gone_by_its_id_too_is_created_anew(tmp_path: Path) -> None:
    with lagging(tmp_path, extra="", list_lag=0.2) as lag:
        lag.age = 60
        lag.sync(_people())
        store = lag.world.sandbox.app.store
        store.delete("User", store.users.find("userName", "u1@corp.example").id, with_assignments=False)  # type: ignore[union-attr]
        assert [o.kind for o in lag.again(in_full=True).plan.operations] == ["create_user", "add_members"]
        lag.world.assert_equal_to(_people())


def test_members_just_added_and_just_removed_are_nobodys_drift(tmp_path: Path) -> None:
    with lagging(tmp_path, extra=REPORTING, list_lag=60) as lag:
        lag.sync(_people())
        lag.clock.now += 90
        lag.sync(_people().group("g", "dev", "u2"))
        people = _people()
        people.members = [("g", "u2", "user")]
        lag.sync(people)
        lag.world.sandbox.forget_requests()
        result = lag.again(in_full=True)
        assert (result.exit_code, result.plan.operations, result.conclusion.conflicts) == (0, (), ())
        lag.world.assert_equal_to(people)


def test_an_old_value_that_a_list_shows_is_nobodys_drift(slow: Lagging) -> None:
    people = _people()
    slow.sync(people)
    slow.clock.now += 90
    for title in ("Lead", "Engineer", "Lead", "Engineer"):
        people.users["u1"]["title"] = title
        slow.sync(people)
        slow.world.sandbox.forget_requests()
        result = slow.again(in_full=True)
        assert (result.exit_code, result.plan.operations, result.conclusion.conflicts) == (0, (), ())
    slow.world.assert_equal_to(people)


def test_a_user_we_reactivated_a_moment_ago_was_not_disabled_there(slow: Lagging) -> None:
    people = _people()
    people.users["u1"]["enabled"] = "false"
    slow.sync(people)
    slow.clock.now += 90
    people.users["u1"]["enabled"] = "true"
    slow.sync(people)
    assert slow.again(in_full=True).conclusion.conflicts == ()
    slow.world.assert_equal_to(people)


def test_a_change_by_hand_is_seen_although_we_wrote_a_moment_ago(slow: Lagging) -> None:
    people = _people()
    slow.sync(people)
    store = slow.world.sandbox.app.store
    user = store.users.find("userName", "u1@corp.example")
    assert user is not None
    with store.at_once():
        store.change("User", user, user.attributes | {"title": "by hand"})
    assert [o.kind for o in slow.again(in_full=True).plan.operations] == ["update_user"]
    slow.world.assert_equal_to(people)


def test_a_leaver_named_by_only_leaves_the_group_joined_a_moment_ago(slow: Lagging) -> None:
    people = _people()
    slow.sync(people)
    people.members.append(("g", "u2", "user"))
    slow.sync(people)
    people.users["u2"]["enabled"] = "false"
    people.members.remove(("g", "u2", "user"))
    assert slow.sync(people, "u2@corp.example").exit_code == 0
    slow.world.assert_equal_to(people)


@pytest.mark.parametrize("lag", [0.2, 1, 5, 60])
def test_an_unanswered_create_is_found_however_long_lists_lag(tmp_path: Path, lag: float) -> None:
    with lagging(tmp_path, list_lag=lag, visible_after=0.5) as slow:
        slow.world.sandbox.fail(Fault("cut_after", "POST", left=3))
        people = _people()
        assert slow.sync(people).exit_code == 0
        slow.world.assert_equal_to(people)
        assert slow.again(in_full=True).plan.operations == ()
        assert all(len(ids) == 1 for ids in slow.ids.values())
