"""Limits on the command line: what is stopped, what it says, and how it is approved."""

from tests.e2e.conftest import Cli
from tests.e2e.world import People, World, organization


def _shrunk(people: People, leavers: int) -> People:
    gone = sorted(people.users, key=lambda u: int(u[1:]))[-leavers:]
    for user in gone:
        people.users[user]["enabled"] = "false"
    return people


def test_too_many_deactivations_stop_before_the_first_write(world: World, cli: Cli) -> None:
    people = organization(40, 2)
    world.write(people)
    assert cli("sync").code == 0
    world.write(_shrunk(people, 10))
    world.sandbox.forget_requests()
    assert cli("plan", "--exit-code").code == 4
    said = cli("sync")
    assert said.code == 4
    assert (
        "Stopped before the first write: 10 of 40 active managed users would be deactivated (25.0 %, limit 10%)"
        in said.err
    )
    assert "scim-bridge sync corp --approve" in said.err
    assert world.sandbox.counts.writes == 0
    assert cli("history", "--output", "json").json[0]["status"] == "stopped_by_guard"


def test_approval_lets_through_what_was_counted_and_is_on_record(world: World, cli: Cli) -> None:
    people = organization(40, 0)
    world.write(people)
    assert cli("sync").code == 0
    world.write(_shrunk(people, 10))
    assert cli("sync").code == 4
    people.users["u0"]["title"] = "the rest may differ"
    world.write(people)
    assert cli("sync", "--approve").code == 0
    world.assert_equal_to(people)
    assert "@" in cli("history", "--output", "json").json[0]["approved_by"]


def test_approval_does_not_cover_what_came_later(world: World, cli: Cli) -> None:
    people = organization(40, 0)
    world.write(people)
    assert cli("sync").code == 0
    world.write(_shrunk(people, 10))
    assert cli("sync").code == 4
    world.write(_shrunk(people, 11))
    said = cli("sync", "--approve")
    assert said.code == 4
    assert "The plan that was approved did not hold deactivate u29@corp.example" in said.err
    assert cli("sync", "--approve").code == 0


def test_approval_without_a_stopped_plan_changes_nothing(world: World, cli: Cli) -> None:
    people = organization(40, 0)
    world.write(people)
    assert cli("sync").code == 0
    world.write(_shrunk(people, 10))
    assert cli("sync", "--approve").code == 4


def test_a_source_without_users_is_refused_and_cannot_be_approved(world: World, cli: Cli) -> None:
    world.write(organization(10, 1))
    assert cli("sync").code == 0
    world.write(People())
    world.sandbox.forget_requests()
    for arguments in (("sync",), ("sync", "--approve"), ("plan",)):
        said = cli(*arguments)
        assert said.code == 1
        assert "the source shows no user at all, so nothing was changed" in said.err
    assert world.sandbox.counts.writes == 0


def test_a_source_that_shrank_is_stopped_with_both_numbers(world: World, cli: Cli) -> None:
    people = organization(30, 0)
    world.write(people)
    assert cli("sync").code == 0
    for user in list(people.users)[20:]:
        del people.users[user]
    world.write(people)
    said = cli("sync")
    assert said.code == 4
    assert "the source shows 20 users, 10 fewer than the 30 of the last applied run (33.3 %, limit 20%)" in said.err


def test_memberships_that_fell_to_zero_trip_and_can_be_approved(world: World, cli: Cli) -> None:
    people = organization(20, 3)
    world.write(people)
    assert cli("sync").code == 0
    people.members = []
    world.write(people)
    assert cli("sync").code == 4
    assert cli("sync", "--approve").code == 0
    world.assert_equal_to(people)


def test_what_was_approved_is_told_as_approved_and_what_was_stopped_as_stopped(world: World, cli: Cli) -> None:
    people = organization(20, 0)
    world.write(people)
    assert cli("sync").code == 0
    world.write(_shrunk(people, 10))
    assert "The guard would stop this before the first write:" in cli("plan").out
    stopped = cli("sync").out
    assert "The guard stopped this before the first write:" in stopped
    assert "  If the plan is right: scim-bridge sync corp --approve\n" in stopped
    approved = cli("sync", "--approve").out
    assert "Approved by you:\n  10 of 20 active managed users would be deactivated" in approved
    assert "would stop" not in approved
    assert "--approve" not in approved


def test_an_approval_does_not_cover_a_source_that_shrank_further_and_says_so(world: World, cli: Cli) -> None:
    people = organization(40, 2)
    people.members = [("g0", f"u{number}", "user") for number in range(40)]
    world.write(people)
    assert cli("sync").code == 0
    people.members = people.members[:12]
    world.write(people)
    assert cli("sync").code == 4
    people.members = people.members[:11]
    world.write(people)
    said = cli("sync", "--approve")
    assert said.code == 4
    assert "a source that shows only 11 memberships" in said.err
    assert "shrink" not in said.err
