"""A run of which not all went through says so wherever it is told of, and points to where it can be seen."""

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.world import People, World, organization


@pytest.fixture
def emptied(world: World, cli: Cli) -> People:
    """Twenty titles changed, and an endpoint that lost everyone but two since it was read."""
    people = organization(20, 0)
    world.write(people)
    assert cli("sync").code == 0
    for user in people.users.values():
        user["title"] = "changed"
    world.write(people)
    store = world.sandbox.app.store
    for user_id in list(store.users.by_id)[2:]:
        store.delete("User", user_id, with_assignments=False)
    return people


@pytest.mark.usefixtures("emptied")
def test_what_failed_is_counted_and_shown_by_show(cli: Cli) -> None:
    said = cli("sync")
    assert said.code == 5
    assert said.err.splitlines()[-1] == (
        "scim-bridge: run 2 is done, but 18 operations failed. See: scim-bridge show 2"
    )
    assert "Run 2: ! done, 18 failed; 2 users updated\n" in said.out
    shown = cli("show", "2").out
    assert "Run 2 of corp: ! done, 18 failed\n" in shown
    assert "2 users updated; " in shown
    assert "! done, 18 failed" in cli("history").out
    assert "2 users updated; 18 operations failed; the next run tries again" in cli("history").out
    summary = cli("history", "--output", "json").json[0]["summary"]
    assert (summary["update_user"], summary["failed"]) == (2, 18)


def test_conflicts_are_pointed_to_where_some_wait_too(emptied: People, world: World, cli: Cli) -> None:
    emptied.add("x1", login="same@corp.example").add("x2", login="same@corp.example")
    world.write(emptied)
    said = cli("sync")
    assert said.err.splitlines()[-1] == (
        "scim-bridge: run 2 is done, but 18 operations failed and 1 conflict waits for a decision. "
        "See: scim-bridge show 2 and scim-bridge conflicts"
    )
    assert "! done, 18 failed, 1 conflict" in cli("history").out
