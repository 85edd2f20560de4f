"""`kind: scim` on the command line, before SCIM servers written by others: a directory goes over, changes follow."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.world import People, World, organization
from tests.other_server import NAMES, OtherServer, started


@pytest.fixture(params=NAMES)
def server(request: pytest.FixtureRequest, world: World) -> Iterator[OtherServer]:
    """The target of the connection."""
    with started(request.param) as other:
        world.configure(url=other.url, token=other.token)
        world.config.write_text(world.config.read_text().replace("kind: identity-center", "kind: scim"))
        yield other


def _held(server: OtherServer) -> tuple[dict[str, bool], dict[str, set[str]]]:
    """Users by externalId with whether they are active, groups by externalId with their members' externalIds."""
    users = {user["id"]: user for user in server.all("Users")}
    return (
        {user["externalId"]: user["active"] for user in users.values()},
        {
            group["externalId"]: {users[member["value"]]["externalId"] for member in group.get("members") or ()}
            for group in server.all("Groups")
        },
    )


def _wanted(people: People) -> tuple[dict[str, bool], dict[str, set[str]]]:
    return (
        {key: user["enabled"] == "true" for key, user in people.users.items()},
        {group: people.flattened(group) for group in people.groups},
    )


def test_a_directory_goes_over_and_changes_follow(server: OtherServer, world: World, cli: Cli) -> None:
    people = organization(120, 6)
    world.write(people)
    assert "answers, and accepts the token" in cli("check").out
    said = cli("sync")
    assert said.code == 0, said.err
    assert _held(server) == _wanted(people)
    assert cli("plan", "--full", "--exit-code").code == 0

    people.users["u7"] |= {"title": "Lead", "display": "改名"}
    people.users["u8"]["enabled"] = "false"
    people.groups["g2"] = "another name"
    out = next(member for group, member, kind in people.members if group == "g3" and kind == "user")
    people.members = [row for row in people.members if row[:2] != ("g3", out)]
    world.write(people)
    said = cli("sync", "--full")
    assert said.code == 0, said.err
    assert _held(server) == _wanted(people)
    assert cli("plan", "--full", "--exit-code").code == 0


def test_who_has_left_is_deactivated_and_in_no_group(server: OtherServer, world: World, cli: Cli) -> None:
    people = organization(40, 3)
    world.write(people)
    assert cli("sync").code == 0
    gone = next(member for _, member, kind in people.members if kind == "user")
    del people.users[gone]
    people.members = [row for row in people.members if row[1] != gone]
    for user in people.users.values():
        user["manager"] = "" if user["manager"] == gone else user["manager"]
    world.write(people)
    said = cli("sync")
    assert said.code == 0, said.err
    active, groups = _held(server)
    assert active[gone] is False
    assert all(gone not in members for members in groups.values())


def test_what_is_no_scim_endpoint_is_said_in_one_sentence(server: OtherServer, world: World, cli: Cli) -> None:
    world.write(organization(3, 0))
    world.config.write_text(world.config.read_text().replace(server.url, f"{server.url}/elsewhere"))
    said = cli("sync")
    assert said.code == 1
    assert "Check that target.url is the base of a SCIM 2.0 endpoint, the part before /Users." in said.err
