"""A plan that was saved is applied exactly, or refused by name."""

import json
from pathlib import Path

import pytest

from scim_bridge.sandbox.fault import Fault
from tests.e2e.conftest import Cli
from tests.e2e.test_policies import user_of
from tests.e2e.world import People, World


@pytest.fixture
def people(world: World, cli: Cli) -> People:
    """A world in which a and b are synced, and c is about to be."""
    people = People().add("a").add("b").group("g", "dev", "a")
    world.write(people)
    assert cli("sync").code == 0
    people.add("c")
    people.users["a"]["title"] = "Lead"
    people.members.append(("g", "c", "user"))
    world.write(people)
    return people


@pytest.fixture
def saved(world: World, people: People, cli: Cli) -> Path:
    path = world.folder / "plan.json"
    assert cli("plan", "--out", str(path)).code == 0
    return path


def test_a_saved_plan_is_applied(world: World, people: People, cli: Cli, saved: Path) -> None:
    assert cli("apply", str(saved)).code == 0
    world.assert_equal_to(people)


def test_it_is_refused_when_the_source_has_changed(world: World, people: People, cli: Cli, saved: Path) -> None:
    people.users["b"]["title"] = "Boss"
    world.write(people)
    world.sandbox.forget_requests()
    said = cli("apply", str(saved))
    assert said.code == 1
    assert said.err.splitlines()[-1] == (
        "scim-bridge: the source changed since this plan was made, so nothing was sent. "
        "Plan again: scim-bridge plan corp"
    )
    assert world.sandbox.counts.writes == 0


def test_it_is_refused_by_name_when_the_target_has_changed(world: World, people: People, cli: Cli, saved: Path) -> None:
    user = world.sandbox.app.store.users.find("externalId", "a")
    assert user is not None
    user.attributes["nickName"] = "Ace"
    said = cli("apply", str(saved))
    assert said.code == 1
    assert "a@corp.example changed on the target since this plan was made" in said.err


def test_it_is_refused_when_somebody_took_the_name_of_a_newcomer(
    world: World, people: People, cli: Cli, saved: Path
) -> None:
    name = {"givenName": "x", "familyName": "y"}
    world.sandbox.seed({"users": [{"userName": "C@corp.example", "name": name, "displayName": "z", "active": True}]})
    said = cli("apply", str(saved))
    assert said.code == 1
    assert "c@corp.example changed on the target" in said.err


def test_what_it_does_not_touch_may_change(world: World, people: People, cli: Cli, saved: Path) -> None:
    user = world.sandbox.app.store.users.find("externalId", "b")
    assert user is not None
    user.attributes["title"] = "changed by hand"
    assert cli("apply", str(saved)).code == 0
    assert world.held()["users"]["c"]["active"] is True


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "plan.json, line 1: not JSON, so not a saved plan. Save one with: scim-bridge plan --out FILE."),
        (
            "{}",
            "plan.json is not a plan saved by this version of scim-bridge. Save one with: scim-bridge plan --out FILE.",
        ),
        ('{"version": 1}', "plan.json: connection: Field required; this is not a plan as it was saved."),
    ],
)
def test_what_is_no_plan_is_refused(world: World, people: People, cli: Cli, content: str, said: str) -> None:
    path = world.folder / "plan.json"
    path.write_text(content, encoding="utf-8")
    refused = cli("apply", str(path))
    assert refused.code == 2
    assert said in refused.err


def test_a_plan_is_applied_once(world: World, people: People, cli: Cli, saved: Path) -> None:
    assert cli("apply", str(saved)).code == 0
    user = world.sandbox.app.store.users.find("externalId", "a")
    assert user is not None
    user.attributes["title"] = "by hand"
    said = cli("apply", str(saved))
    assert said.code == 1
    assert "this plan was applied by run 2. Plan again: scim-bridge plan corp" in said.err


def test_it_is_refused_when_the_policy_has_changed(world: World, people: People, cli: Cli, saved: Path) -> None:
    world.configure(extra='    policy: {protect: {users: ["a@corp.example"]}}\n')
    said = cli("apply", str(saved))
    assert said.code == 1
    assert "the policy or the target's address changed since this plan was made" in said.err


def test_a_plan_that_was_edited_out_of_order_is_refused(world: World, people: People, cli: Cli, saved: Path) -> None:
    document = json.loads(saved.read_bytes())
    document["operations"][0]["after"] = ["op-999999"]
    saved.write_text(json.dumps(document))
    said = cli("apply", str(saved))
    assert said.code == 2
    assert "plan.json: op-000001 is out of order" in said.err


def test_a_plan_that_was_cut_is_refused_when_a_later_run_has_undone_what_it_did(world: World, cli: Cli) -> None:
    people = People().add("a").add("b")
    world.write(people)
    assert cli("sync").code == 0
    people.users["b"]["enabled"] = "false"
    people.users["a"]["title"] = "Lead"
    world.write(people)
    file = str(world.folder / "cut.json")
    assert cli("plan", "--out", file).code == 0
    world.sandbox.fail(Fault("error", "PATCH", f"Users/{user_of(world, 'a').id}", status=403))
    assert cli("apply", file).code == 1
    world.sandbox.fail()
    assert user_of(world, "b").attributes["active"] is False
    people.users["b"]["enabled"] = "true"
    people.users["a"]["title"] = ""
    world.write(people)
    assert cli("sync").code == 0
    people.users["b"]["enabled"] = "false"
    people.users["a"]["title"] = "Lead"
    world.write(people)
    said = cli("apply", file)
    assert (said.code, "b@corp.example was changed by run 3 since this plan was made" in said.err) == (1, True), said
    assert cli("sync").code == 0
    world.assert_equal_to(people)
