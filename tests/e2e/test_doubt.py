"""A write whose answer was lost belongs to us until it has been looked at."""

import pytest

from scim_bridge.sandbox.fault import Fault
from tests.e2e.conftest import Cli
from tests.e2e.process import start
from tests.e2e.test_policies import allow, conflicts, user_of
from tests.e2e.world import People, World
from tests.waiting import PATIENCE


@pytest.fixture
def people(world: World, cli: Cli) -> People:
    allow(world, "drift: report, limits: {deactivate: 100%, remove_members: 100%, delete: 100%}")
    people = People()
    for name in "abcdef":
        people.add(name)
    world.write(people.group("g", "dev", "a", "b"))
    assert cli("sync").code == 0
    return people


def lose_answers(world: World, cli: Cli, *faults: Fault) -> None:
    """A sync none of whose fitting writes is answered, though each lands; then all is well again."""
    world.sandbox.fail(*faults)
    assert cli("sync").code in (1, 5)
    world.sandbox.fail()


def enable(world: World, people: People, name: str, enabled: str) -> None:
    people.users[name]["enabled"] = enabled
    world.write(people)


@pytest.mark.parametrize("arguments", [(), ("--full",), ("--only", "a")])
def test_our_own_deactivation_is_not_taken_for_somebody_elses(
    world: World, people: People, cli: Cli, arguments: tuple[str, ...]
) -> None:
    enable(world, people, "a", "false")
    lose_answers(world, cli, Fault("error_after", "PATCH", "Users"))
    assert user_of(world, "a").attributes["active"] is False
    enable(world, people, "a", "true")
    assert cli("sync", *arguments).code == 0
    assert conflicts(cli) == {}
    assert user_of(world, "a").attributes["active"] is True
    assert cli("sync").code == 0
    world.assert_equal_to(people)


@pytest.mark.parametrize("arguments", [(), ("--full",)])
def test_our_own_change_is_not_taken_for_drift(
    world: World, people: People, cli: Cli, arguments: tuple[str, ...]
) -> None:
    people.users["a"]["title"] = "Lead"
    world.write(people)
    lose_answers(world, cli, Fault("error_after", "PATCH", "Users"))
    people.users["a"]["title"] = ""
    world.write(people)
    assert cli("sync", *arguments).code == 0
    world.assert_equal_to(people)


@pytest.mark.parametrize("arguments", [(), ("--full",)])
def test_a_member_of_a_group_made_in_a_run_that_was_killed_is_ours(
    world: World, people: People, cli: Cli, arguments: tuple[str, ...]
) -> None:
    people.group("n", "new", "c", "d")
    world.write(people)
    world.sandbox.fail(Fault("hold_after", "PATCH", "Groups"))
    with start(world, "sync") as process:
        world.sandbox.wait_held(seconds=PATIENCE)
        process.kill()
    world.sandbox.fail()
    world.sandbox.go_on()
    assert world.held()["groups"]["n"] == ("new", {"c", "d"})
    people.members.remove(("n", "c", "user"))
    world.write(people)
    assert cli("sync", *arguments).code == 0
    assert conflicts(cli) == {}
    world.assert_equal_to(people)


def test_what_was_not_done_is_sent_again(world: World, people: People, cli: Cli) -> None:
    enable(world, people, "a", "false")
    people.group("n", "new", "c")
    world.write(people)
    lose_answers(world, cli, Fault("error", "PATCH", status=403))
    assert cli("sync").code == 0
    world.assert_equal_to(people)
    world.sandbox.forget_requests()
    assert cli("sync").code == 0
    assert world.sandbox.counts.total == 1
