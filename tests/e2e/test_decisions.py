"""A decision lives until a run has carried it out, and a conflict until a run has seen that its cause is gone."""

from typing import Any

import pytest

from scim_bridge.sandbox.fault import Fault
from tests.e2e.conftest import Cli
from tests.e2e.test_policies import allow, conflicts, leave, user_of
from tests.e2e.test_restore import copy, restore
from tests.e2e.world import People, World, person
from tests.state_on_server import lose_state

LEAVERS = "abcd"


def active(world: World, name: str) -> bool:
    return user_of(world, name).attributes["active"] is True


def listed(cli: Cli, kind: str) -> list[str]:
    """Who a kind of conflict is about and waits for, by name."""
    return sorted(c["subjects"][0] for c in cli("conflicts", "--output", "json").json if c["kind"] == kind)


def by_hand(world: World, name: str, **attributes: Any) -> None:
    """Someone changes a user in the console; None removes the attribute."""
    user = user_of(world, name)
    changed = {path: value for path, value in (user.attributes | attributes).items() if value is not None}
    world.sandbox.app.store.change("User", user, changed)


def user_by_name(world: World, name: str) -> dict[str, Any]:
    """A user as the emulator holds it, anyone who's it is."""
    return next({"title": ""} | user for user in world.sandbox.state()["users"] if user["userName"] == name)


def lock_by_hand(world: World, name: str) -> None:
    by_hand(world, name, active=False)


@pytest.fixture
def people(world: World, cli: Cli) -> People:
    """Twenty people and two groups, synced."""
    people = People()
    for name in "abcdefghijklmnopqrst":
        people.add(name)
    people.group("g", "dev", "a", "b", "e").group("h", "ops", "c", "f")
    world.write(people)
    assert cli("sync").code == 0
    return people


@pytest.fixture
def lost(world: World, people: People, cli: Cli) -> People:
    """The state was lost, four people left meanwhile, they are listed, and a person said that they have left."""
    lose_state(world.state)
    leave(world, people, *LEAVERS)
    assert cli("sync").code == 5
    assert listed(cli, "unclaimed") == [f"{name}@corp.example" for name in LEAVERS]
    assert cli("conflicts", "resolve", "unclaimed", "--source").code == 0
    return people


def assert_carried_out(world: World, cli: Cli) -> None:
    assert [name for name in LEAVERS if active(world, name)] == []
    assert conflicts(cli) == {}
    groups = world.held()["groups"]
    assert (groups["g"][1], groups["h"][1]) == ({"e"}, {"f"})


def test_a_decision_outlives_the_run_that_the_guard_stopped(world: World, lost: People, cli: Cli) -> None:
    assert cli("sync").code == 4
    assert len(listed(cli, "unclaimed")) == 4
    assert cli("sync", "--approve").code == 0
    assert_carried_out(world, cli)


def test_a_decision_outlives_a_run_that_failed(world: World, lost: People, cli: Cli) -> None:
    allow(world, "limits: {deactivate: 100%}")
    world.sandbox.fail(Fault("error", "PATCH", "Users", status=403))
    assert cli("sync").code == 1
    world.sandbox.fail()
    assert cli("sync").code == 0
    assert_carried_out(world, cli)


def test_a_decision_outlives_a_write_that_was_refused(world: World, lost: People, cli: Cli) -> None:
    allow(world, "limits: {deactivate: 100%}")
    world.sandbox.fail(Fault("error", "PATCH", f"Users/{user_of(world, 'a').id}", status=400))
    assert cli("sync").code == 5
    assert active(world, "a")
    assert "a@corp.example" in listed(cli, "unclaimed")
    world.sandbox.fail()
    assert cli("sync").code == 0
    assert_carried_out(world, cli)


def test_a_plan_saved_before_a_decision_does_not_use_it(world: World, people: People, cli: Cli) -> None:
    allow(world, "limits: {deactivate: 100%}")
    lose_state(world.state)
    leave(world, people, *LEAVERS)
    assert cli("sync").code == 5
    people.users["t"]["title"] = "Lead"
    world.write(people)
    saved = str(world.folder / "plan.json")
    assert cli("plan", "--out", saved).code == 0
    assert cli("conflicts", "resolve", "unclaimed", "--source").code == 0
    cli("apply", saved)
    assert cli("sync").code == 0
    assert_carried_out(world, cli)


def test_a_run_about_one_is_not_the_first_run_about_all(world: World, people: People, cli: Cli) -> None:
    lose_state(world.state)
    leave(world, people, "a")
    assert cli("sync", "--only", "t").code == 0
    assert cli("sync").code == 5
    assert listed(cli, "unclaimed") == ["a@corp.example"]


def test_differences_are_reported_though_a_run_about_one_came_first(world: World, people: People, cli: Cli) -> None:
    allow(world, "drift: report")
    by_hand(world, "b", title="by hand")
    lose_state(world.state)
    assert cli("sync", "--only", "t").code == 0
    assert cli("sync").code == 5
    assert user_of(world, "b").attributes["title"] == "by hand"
    assert listed(cli, "drift") == ["b@corp.example"]


def test_a_run_about_a_group_that_the_guard_stops_closes_nobodys_conflict(
    world: World, people: People, cli: Cli
) -> None:
    lose_state(world.state)
    leave(world, people, "a", "b")
    people.members = [m for m in people.members if m[0] != "h"]
    world.write(people)
    assert cli("sync", "--only", "ops").code == 4
    assert cli("sync").code in (4, 5)
    ignored = listed(cli, "unclaimed")
    assert ignored == ["a@corp.example", "b@corp.example"]
    assert cli("conflicts", "resolve", "unclaimed", "--ignore").code == 0
    said = cli("sync", "--only", "ops", "--approve")
    assert said.code in (0, 4)
    assert cli("sync", "--only", "t").code == 0
    assert [c["resolution"] for c in cli("conflicts", "--output", "json").json if c["kind"] == "unclaimed"] == [
        "ignore",
        "ignore",
    ]


def test_approving_a_group_that_has_more_to_lose_names_what_is_new(world: World, people: People, cli: Cli) -> None:
    people.members = [m for m in people.members if m[1] not in ("c", "f")]
    world.write(people)
    assert cli("sync", "--only", "ops").code == 4
    people.members = [m for m in people.members if m[0] != "g"]
    world.write(people)
    said = cli("sync", "--only", "ops", "--only", "dev", "--approve")
    assert said.code == 4
    assert "The plan that was approved did not hold" in said.err


def test_who_is_unclaimed_is_asked_about_again_when_a_newcomer_lets_go_of_the_account(
    world: World, people: People, cli: Cli
) -> None:
    lose_state(world.state)
    leave(world, people, "a")
    assert cli("sync").code == 5
    world.write(people.add("z", login="a@corp.example"))
    assert cli("sync").code == 5
    leave(world, people, "z")
    assert cli("sync").code == 5
    assert listed(cli, "unclaimed") == ["a@corp.example"]
    assert cli("sync").code == 5


def test_a_decision_about_the_locked_is_used_once_by_a_run_about_one(world: World, people: People, cli: Cli) -> None:
    lock_by_hand(world, "t")
    assert cli("sync", "--full").code == 5
    key = conflicts(cli)["disabled_there"]
    assert cli("conflicts", "resolve", key, "--source").code == 0
    assert cli("sync", "--only", "t").code == 0
    assert active(world, "t")
    lock_by_hand(world, "t")
    assert cli("sync", "--full").code == 5
    assert not active(world, "t")
    assert listed(cli, "disabled_there") == ["t@corp.example"]


def test_a_group_that_left_while_the_state_was_lost_is_asked_about(world: World, people: People, cli: Cli) -> None:
    allow(world, "limits: {remove_members: 100%, delete: 100%}")
    lose_state(world.state)
    del people.groups["h"]
    people.members = [m for m in people.members if m[0] != "h"]
    world.write(people)
    for _ in range(2):
        assert cli("sync").code == 5
        assert listed(cli, "unclaimed") == ["ops"]
    assert world.held()["groups"]["h"] == ("ops", {"c", "f"})
    assert cli("conflicts", "resolve", "unclaimed", "--source").code == 0
    assert cli("sync").code == 0
    assert world.held()["groups"]["h"] == ("ops", set())
    world.sandbox.forget_requests()
    assert cli("sync", "--full").code == 0
    assert world.sandbox.counts.writes == 0


def test_a_link_of_a_restored_copy_counts_for_nothing_until_the_target_confirms_it(
    world: World, people: People, cli: Cli
) -> None:
    """t's resource lost its externalId by hand, so the copy alone says that t is t: a person has to."""
    copy(world, world.folder / "copy")
    by_hand(world, "t", externalId=None)
    people.users["t"]["title"] = "Lead"
    world.write(people)
    restore(world)
    for arguments in (("--full", "--after-restore"), (), ("--full",)):
        world.sandbox.forget_requests()
        assert cli("sync", *arguments).code == 5, arguments
        assert world.sandbox.counts.writes == 0
        assert listed(cli, "adopt?") == ["t@corp.example"]
    assert cli("conflicts", "resolve", conflicts(cli)["adopt?"], "--adopt").code == 0
    assert cli("sync").code == 0
    world.assert_equal_to(people)


@pytest.mark.parametrize("text", ["nobody", "GROUP", "OTHER"])
def test_a_record_is_linked_only_to_a_free_resource_of_its_kind(
    world: World, people: People, cli: Cli, text: str
) -> None:
    world.sandbox.seed({"users": [person("by-hand@corp.example")]})
    world.write(people.add("z", login="by-hand@corp.example"))
    assert cli("sync", "--full").code == 5
    key = conflicts(cli)["adopt?"]
    group = world.sandbox.state()["groups"][0]["id"]
    chosen = {"GROUP": group, "OTHER": user_of(world, "e").id}.get(text, text)
    said = cli("conflicts", "resolve", key, "--link", chosen)
    assert (said.code, "--link: " in said.err) == (2, True)
    assert [c["resolution"] for c in cli("conflicts", "--output", "json").json] == [""]


def test_ignoring_who_is_unclaimed_lasts(world: World, people: People, cli: Cli) -> None:
    lose_state(world.state)
    leave(world, people, "a")
    assert cli("sync").code == 5
    assert cli("conflicts", "resolve", "unclaimed", "--ignore").code == 0
    for arguments in ((), ("--full",), ("--only", "t")):
        assert cli("sync", *arguments).code == 0
    assert active(world, "a")


def test_a_restored_copy_is_not_believed_because_its_first_run_was_cut(world: World, people: People, cli: Cli) -> None:
    copy(world, world.folder / "copy")
    by_hand(world, "t", externalId=None)
    people.users["t"]["title"] = people.users["a"]["title"] = "Lead"
    world.write(people)
    restore(world)
    world.sandbox.fail(Fault("error", "PATCH", status=403))
    assert cli("sync", "--full", "--after-restore").code == 1
    world.sandbox.fail()
    assert cli("sync").code == 5
    assert listed(cli, "adopt?") == ["t@corp.example"]
    assert user_of(world, "a").attributes["title"] == "Lead"
    assert user_by_name(world, "t@corp.example")["title"] != "Lead"


def test_under_report_a_restored_copy_overwrites_nothing_though_its_first_run_was_cut(
    world: World, people: People, cli: Cli
) -> None:
    allow(world, "drift: report")
    assert cli("sync").code == 0
    copy(world, world.folder / "copy")
    by_hand(world, "b", title="by hand")
    people.users["a"]["title"] = "Lead"
    world.write(people)
    restore(world)
    world.sandbox.fail(Fault("error", "PATCH", status=403))
    assert cli("sync", "--full", "--after-restore").code in (1, 5)
    world.sandbox.fail()
    assert cli("sync", "--full").code == 5
    assert user_of(world, "b").attributes["title"] == "by hand"
