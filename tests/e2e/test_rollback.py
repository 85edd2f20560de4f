"""The way back from a run: a run itself, guarded like any other, and the schedule stays off."""

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.test_policies import age, allow, user_of
from tests.e2e.world import People, World


@pytest.fixture
def people(world: World, cli: Cli) -> People:
    people = People()
    for name in "abcdefgh":
        people.add(name, title="Engineer")
    people.group("g", "dev", "a", "b", "c").group("h", "ops", "d")
    world.write(people)
    assert cli("sync").code == 0
    return people


def test_a_run_is_undone_as_a_run_of_its_own(world: World, people: People, cli: Cli) -> None:
    before = world.held()
    people.users["a"]["title"] = "Lead"
    people.users["b"]["enabled"] = "false"
    people.users["c"]["login"], people.users["d"]["login"] = people.users["d"]["login"], people.users["c"]["login"]
    people.members = [("g", "a", "user"), ("g", "d", "user"), ("h", "d", "user")]
    people.groups["h"] = "operations"
    world.write(people)
    assert cli("sync").code == 0
    assert world.held() != before
    said = cli("rollback", "2")
    assert said.code == 0, said.err
    assert "corp is paused, so the schedule does not repeat the change" in said.err
    undone = world.held()
    assert undone["groups"] == before["groups"]
    for name, user in before["users"].items():
        shown = undone["users"][name]
        assert {k: v for k, v in shown.items() if k != "meta"} == {k: v for k, v in user.items() if k != "meta"}
    assert cli("history", "--output", "json").json[0]["command"] == "rollback"
    assert cli("resume", "corp").err == "the schedule of corp goes on\n"
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_who_was_created_is_deactivated_and_a_new_group_stays_empty(world: World, people: People, cli: Cli) -> None:
    people.add("new").group("n", "new", "new", "a")
    world.write(people)
    assert cli("sync").code == 0
    assert cli("rollback", "2").code == 0
    assert user_of(world, "new").attributes["active"] is False
    assert world.held()["groups"]["n"] == ("new", set())


def test_what_cannot_come_back_is_said_before_it_is_done_and_after(world: World, people: People, cli: Cli) -> None:
    allow(world, "deprovision: {delete_after: 1h}")
    del people.users["h"]
    world.write(people)
    assert cli("sync").code == 0
    age(world, 2)
    assert "will be deleted: neither its id" in cli("plan").out
    assert cli("sync").code == 0
    told = cli("rollback", "3", "--dry-run").out
    assert "h@corp.example was deleted: neither its id" in told


def test_what_somebody_changed_since_is_left_alone(world: World, people: People, cli: Cli) -> None:
    people.users["a"]["title"] = "Lead"
    world.write(people)
    assert cli("sync").code == 0
    user_of(world, "a").attributes["title"] = "by hand"
    said = cli("rollback", "2")
    assert said.code == 0
    assert user_of(world, "a").attributes["title"] == "by hand"
    assert "title changed since, by someone else, and stays" in said.out


def test_the_guard_holds_for_the_way_back_too(world: World, people: People, cli: Cli) -> None:
    said = cli("rollback", "1")
    assert said.code == 4
    assert "8 of 8 active managed users would be deactivated" in said.err
    assert "scim-bridge rollback 1 --approve" in said.err
    assert "  If the plan is right: scim-bridge rollback 1 --approve\n" in said.out
    assert "sync corp --approve" not in said.out + said.err
    assert "which stops here. Then: scim-bridge rollback 1 --approve" in cli("rollback", "1", "--dry-run").out
    assert cli("rollback", "1", "--approve").code == 0
    assert not any(user["active"] for user in world.sandbox.state()["users"])


def test_a_run_that_does_not_exist_cannot_be_undone(world: World, people: People, cli: Cli) -> None:
    said = cli("rollback", "77")
    assert (said.code, said.err) == (2, "scim-bridge: there is no run 77. See: scim-bridge history\n")


@pytest.mark.usefixtures("people")
def test_a_run_that_sent_nothing_leaves_nothing_to_undo(cli: Cli) -> None:
    assert cli("sync").code == 0
    for arguments in (("rollback", "2"), ("rollback", "2", "--dry-run"), ("rollback", "2", "--output", "json")):
        said = cli(*arguments)
        assert said.code == 0
        assert said.err == "run 2: it sent nothing, so there is nothing to undo; corp is not paused\n"
    assert len(cli("history", "--output", "json").json) == 2
    assert cli("resume", "corp").err == "corp was neither paused nor quarantined, so nothing changed\n"
