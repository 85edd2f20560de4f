"""The state moves from its file to a server by one command, and the next sync goes on there as if nothing had been."""

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.world import World, organization
from tests.postgres_server import the_server

pytestmark = pytest.mark.state_file


def test_a_sync_goes_on_where_the_state_was_copied_to(world: World, cli: Cli) -> None:
    people = organization(12, 3)
    world.write(people)
    assert cli("sync").code == 0
    to = the_server().empty().shown
    said = cli("state", "copy", "--to", to)
    assert said.code == 0, said.err
    assert "links: 15\n" in said.err
    assert f"copied to {to}, and compared one by one." in said.err
    again = cli("state", "copy", "--to", to)
    assert again.code == 2 and "there is a state in" in again.err
    world.config.write_text(world.config.read_text().replace("sqlite:///scim-bridge.db", to))
    people.users["u3"]["title"] = "Lead"
    world.write(people)
    world.sandbox.forget_requests()
    assert cli("sync").code == 0
    assert world.sandbox.counts.writes == 1
    world.assert_equal_to(people)
    assert [run["id"] for run in cli("history", "--output", "json").json] == [2, 1]
    assert cli("explain", "u3@corp.example").code == 0
    assert to in cli("check").out
    back = cli("state", "copy", "--to", "sqlite:///back.db")
    assert back.code == 0, back.err


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("mysql://x", "--to: write sqlite:///FILE, or postgresql+psycopg://USER@HOST/DATABASE"),
        ("postgresql+psycopg://me:pw@db/x", "--to: write postgresql+psycopg://USER@HOST/DATABASE without a password"),
        ("sqlite:///scim-bridge.db", "where the state is already"),
    ],
)
def test_a_place_that_cannot_be_one_is_refused(world: World, cli: Cli, to: str, said: str) -> None:
    refused = cli("state", "copy", "--to", to)
    assert refused.code == 2 and said in refused.err
