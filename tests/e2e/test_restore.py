"""A state that was put back from a copy of unknown age: what it remembers of people is set aside, not believed."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.test_policies import allow, conflicts, leave, user_of
from tests.e2e.world import People, World

pytestmark = pytest.mark.state_file


@pytest.fixture
def people(world: World, cli: Cli) -> People:
    """Ten people and a group, synced, and a copy of the state; then n joins."""
    allow(world, "limits: {remove_members: 100%}")
    people = People()
    for name in "abcdefghij":
        people.add(name)
    world.write(people.group("g", "dev", "a", "b", "i"))
    assert cli("sync").code == 0
    copy(world, world.folder / "copy")
    people.add("n").members.append(("g", "n", "user"))
    world.write(people)
    assert cli("sync").code == 0
    return people


def copy(world: World, folder: Path) -> None:
    folder.mkdir()
    for file in world.folder.glob("scim-bridge.db*"):
        shutil.copy(file, folder)


def restore(world: World) -> None:
    for file in world.folder.glob("scim-bridge.db*"):
        file.unlink()
    for file in (world.folder / "copy").glob("scim-bridge.db*"):
        shutil.copy(file, world.folder)


def test_everybody_is_linked_again_without_a_write(world: World, people: People, cli: Cli) -> None:
    restore(world)
    world.sandbox.forget_requests()
    assert cli("sync", "--full", "--after-restore").code == 0
    assert world.sandbox.counts.writes == 0
    people.users["n"]["title"] = "Lead"
    world.write(people)
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_whoever_left_meanwhile_is_listed_and_left_as_they_are_until_a_person_says_so(
    world: World, people: People, cli: Cli
) -> None:
    restore(world)
    leave(world, people, "i", "j")
    for arguments in (("--full", "--after-restore"), (), ("--full",)):
        assert cli("sync", *arguments).code == 5
        assert sorted(c["subjects"][0] for c in cli("conflicts", "--output", "json").json) == [
            "i@corp.example",
            "j@corp.example",
        ]
        assert user_of(world, "i").attributes["active"] is True
    said = cli("conflicts", "resolve", "unclaimed", "--source")
    assert (said.code, "2 conflicts of kind unclaimed: source" in said.err) == (0, True)
    assert cli("sync").code == 0
    assert [user_of(world, name).attributes["active"] for name in "ij"] == [False, False]
    assert conflicts(cli) == {}


def test_it_is_a_reading_in_full(world: World, people: People, cli: Cli) -> None:
    for arguments in (("--after-restore",), ("--full", "--after-restore", "--only", "a")):
        said = cli("sync", *arguments)
        assert (said.code, "Use it with --full and without --only." in said.err) == (2, True)


def test_one_resource_cannot_be_given_to_all_of_a_kind(world: World, people: People, cli: Cli) -> None:
    people.add("x", login="a@corp.example").add("y", login="b@corp.example")
    world.write(people)
    assert cli("sync").code == 5
    kind = next(c["kind"] for c in cli("conflicts", "--output", "json").json if "name" in c["kind"])
    said = cli("conflicts", "resolve", kind, "--link", user_of(world, "a").id)
    assert (said.code, "--link gives one resource to one record" in said.err) == (2, True)
    assert "2 conflicts of kind duplicate_user_name: ignore" in cli("conflicts", "resolve", kind, "--ignore").err
