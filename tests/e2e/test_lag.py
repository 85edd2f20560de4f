"""Lists that lag behind our own writes: what we wrote a moment ago is not taken for someone else's doing."""

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


def _wiped(lag: Lagging, *kept: str) -> None:
    """Someone deletes everyone but these."""
    store = lag.world.sandbox.app.store
    for user in lag.world.held()["users"].values():
        if user["externalId"] not in kept:
            store.delete("User", user["id"], with_assignments=False)


@pytest.fixture
def wiped(tmp_path: Path) -> Iterator[Lagging]:
    """A hundred and twenty users and a group, all written long ago; all the users were deleted by hand."""
    with lagging(tmp_path, extra="", list_lag=0) as lag:
        lag.age = 600
        lag.sync(_people(120))
        _wiped(lag)
        lag.world.sandbox.forget_requests()
        yield lag


def test_a_target_that_was_emptied_stops_the_run_after_a_sample(wiped: Lagging) -> None:
    result = wiped.again(in_full=True)
    assert (result.exit_code, wiped.writes) == (4, [])
    assert [trip.limit for trip in result.plan.verdict.tripped] == ["missing"]
    assert "120 of 121 linked users and groups are gone" in result.plan.verdict.tripped[0].sentence
    assert result.plan.warnings[0].kind == "not_asked_for"
    assert result.plan.warnings[0].detail.startswith("60 users and groups that the target's list lacks")
    assert _looks(wiped) <= 60


def test_whoever_is_presumed_gone_is_asked_for_before_an_approved_run_writes(wiped: Lagging) -> None:
    assert wiped.again(in_full=True).exit_code == 4
    assert wiped.again().exit_code == 4, "what was presumed is not a reading that the next run could go by"
    wiped.world.sandbox.forget_requests()
    assert wiped.again(approved_by="ann").exit_code == 0
    assert _looks(wiped) >= 120
    wiped.world.assert_equal_to(_people(120))
    assert wiped.again(in_full=True).plan.operations == ()


def test_who_is_there_after_all_is_not_created_again_by_an_approved_run(tmp_path: Path) -> None:
    """The list lacks everyone. Those of the sample are gone, and a few others are not."""
    with lagging(tmp_path, extra="", list_lag=NEVER) as lag:
        lag.age = 600
        lag.sync(_people(120))
        before = {source_id: user["id"] for source_id, user in lag.world.held()["users"].items()}
        kept = sorted(before, key=lambda source_id: before[source_id])[4::30]  # every other one is asked for
        _wiped(lag, *kept)
        group = lag.world.sandbox.state()["groups"][0]
        lag.world.sandbox.app.store.delete("Group", group["id"], with_assignments=False)
        assert lag.again(in_full=True).exit_code == 4
        assert lag.again(approved_by="ann").exit_code == 0
        after = {source_id: user["id"] for source_id, user in lag.world.held()["users"].items()}
        assert {source_id for source_id in before if before[source_id] == after[source_id]} == set(kept)
        lag.world.assert_equal_to(_people(120))


def test_under_a_wider_limit_all_of_many_missing_ones_are_asked_for(tmp_path: Path) -> None:
    wide = "    policy: {limits: {missing: 100%}}\n"
    with lagging(tmp_path, extra=wide, list_lag=0) as lag:
        lag.age = 600
        lag.sync(_people(120))
        _wiped(lag)
        lag.world.sandbox.forget_requests()
        assert lag.again(in_full=True).exit_code == 0
        assert _looks(lag) >= 120
        lag.world.assert_equal_to(_people(120))


def test_who_is_named_by_only_is_pushed_although_the_others_are_presumed_gone(wiped: Lagging) -> None:
    assert wiped.again(in_full=True).exit_code == 4
    wiped.world.sandbox.forget_requests()
    assert wiped.again("u7@corp.example").exit_code == 0
    assert _looks(wiped) <= 65
    assert set(wiped.world.held()["users"]) == {"u7"}
    assert wiped.again().exit_code == 4


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


def test_a_name_whose_holder_is_never_found_costs_a_minute_once(tmp_path: Path) -> None:
    with lagging(tmp_path) as lag:
        lag.sync(_people())
        lag.world.sandbox.fail(Fault("error", "POST", status=409))
        people = _people().add("u3").group("h", "ops", "u2")
        result = lag.sync(people)
        assert result.exit_code == 5
        assert {conflict.kind for conflict in result.conclusion.conflicts} == {"name_taken"}
        then = lag.clock.now
        lag.world.sandbox.forget_requests()
        assert lag.again().exit_code == 5
        assert (lag.clock.now, lag.writes) == (then, [])
        assert len(lag.world.sandbox.requests) <= 3
        lag.world.sandbox.fail()
        assert lag.again("u3").exit_code == 0
