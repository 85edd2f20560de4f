"""`--only`: one user or group at once, also while a long run is in progress."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from scim_bridge.config.settings import load
from scim_bridge.config.source import CsvSettings
from scim_bridge.model.actor import Actor
from scim_bridge.model.identity import SourceKey
from scim_bridge.model.source import Memory, SourceChanges, SourceReading
from scim_bridge.run.bridge import open_bridge
from scim_bridge.run.inbox import Inbox
from scim_bridge.run.lifecycle import ActiveRun, Order
from scim_bridge.sandbox.fault import Fault
from scim_bridge.source.csv_file import CsvSource
from scim_bridge.state.writer import State
from tests.e2e.conftest import Cli
from tests.e2e.process import held, start
from tests.e2e.test_policies import user_of
from tests.e2e.world import People, World, organization
from tests.waiting import PATIENCE, until


@pytest.fixture
def people(world: World, cli: Cli) -> People:
    people = organization(60, 6)
    world.write(people)
    assert cli("sync").code == 0
    world.sandbox.forget_requests()
    return people


def disable(world: World, people: People, *who: str) -> None:
    for name in who:
        people.users[name]["enabled"] = "false"
        people.members = [m for m in people.members if m[1] != name]
    world.write(people)


def test_one_leaver_is_pushed_alone_with_the_memberships(world: World, people: People, cli: Cli) -> None:
    people.users["u3"]["title"] = "waits"
    disable(world, people, "u5")
    said = cli("sync", "--only", "u5@corp.example")
    assert said.code == 0, said.err
    assert user_of(world, "u5").attributes["active"] is False
    assert all("u5" not in members for _, members in world.held()["groups"].values())
    assert user_of(world, "u3").attributes["title"] != "waits"
    assert world.sandbox.counts.reads <= 4
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_no_limit_stops_one_user_and_it_is_on_record_who_asked(world: World, people: People, cli: Cli) -> None:
    world.configure(extra="    policy: {limits: {deactivate: 0, remove_members: 0}}\n")
    disable(world, people, "u5")
    assert cli("sync").code == 4
    assert cli("sync", "--only", "u5").code == 0
    assert "@" in cli("history", "--output", "json").json[0]["approved_by"]
    assert cli("sync").code == 0


def test_for_a_group_the_limits_hold(world: World, people: People, cli: Cli) -> None:
    world.configure(extra="    policy: {limits: {remove_members: 0}}\n")
    people.members = [m for m in people.members if m[0] != "g2"]
    world.write(people)
    said = cli("sync", "--only", "g2")
    assert said.code == 4
    assert "memberships of managed groups would be removed" in said.err


def test_a_newcomer_arrives_alone_with_the_memberships(world: World, people: People, cli: Cli) -> None:
    people.add("new").add("later")
    people.members += [("g2", "new", "user"), ("g2", "later", "user")]
    world.write(people)
    assert cli("sync", "--only", "new").code == 0
    assert "new" in world.held()["users"]
    assert "later" not in world.held()["users"]
    assert "new" in world.held()["groups"]["g2"][1]
    assert cli("sync").code == 0
    world.assert_equal_to(people)
    assert len([r for r in world.sandbox.requests if r.method == "POST" and r.status == 201]) == 2


def test_who_left_the_source_is_departed(world: World, people: People, cli: Cli) -> None:
    del people.users["u59"]
    people.members = [m for m in people.members if m[1] != "u59"]
    world.write(people)
    assert cli("sync", "--only", "u59").code == 0
    assert user_of(world, "u59").attributes["active"] is False


def test_a_plan_for_one_writes_nothing(world: World, people: People, cli: Cli) -> None:
    disable(world, people, "u5")
    plan = cli("plan", "--only", "u5", "--output", "json").json
    assert plan["summary"]["deactivate_user"] == 1
    assert {o["subject"] for o in plan["operations"] if o["kind"] == "deactivate_user"} == {"u5@corp.example"}
    assert world.sandbox.counts.writes == 0


def test_a_plan_for_one_is_carried_out_by_sync_and_not_saved(world: World, people: People, cli: Cli) -> None:
    said = cli("plan", "--only", "u5", "--out", str(world.folder / "plan.json"))
    assert (said.code, "scim-bridge sync corp --only u5" in said.err) == (2, True)
    assert not (world.folder / "plan.json").exists()


def test_a_file_without_anybody_is_not_believed_even_for_one(world: World, people: People, cli: Cli) -> None:
    world.write(People())
    said = cli("sync", "--only", "u5")
    assert (said.code, "shows no user at all" in said.err) == (1, True)
    assert user_of(world, "u5").attributes["active"] is True


class Failing(CsvSource):
    """Files whose reader has a fault that no one has thought of."""

    def ask(self, today: str, memory: Memory | None, wanted: Iterable[SourceKey]) -> SourceChanges | SourceReading:
        raise ValueError("badly formed")


def test_whatever_goes_wrong_with_a_request_is_its_answer_and_not_the_end_of_the_run(
    world: World, people: People
) -> None:
    settings = load(world.config)
    corp = settings.connection(None)
    assert isinstance(corp.source, CsvSettings)
    with open_bridge(corp) as bridge, State(settings.state) as state:
        asked = state.ask("corp", ["u5"], Actor("somebody"))
        broken = replace(bridge, source=Failing(corp.source, "id", "id"))
        active = ActiveRun(state.begin_run("corp", "e", "sync"), broken, state, Order())
        assert Inbox(active).answer() == []
        request = state.reader.request(asked)
    assert request is not None
    assert (request.exit_code, request.error) == (1, "the program failed (ValueError); the log says more")


def test_nobody_of_that_name_is_said_so(world: World, people: People, cli: Cli) -> None:
    said = cli("sync", "--only", "nobody")
    assert (said.code, "neither the source nor the target has a user or group called 'nobody'" in said.err) == (2, True)


AT_THE_USERS = Fault("hold_before", "POST", "Users")


def test_a_revocation_does_not_wait_for_a_run_in_progress(world: World, people: People, cli: Cli) -> None:
    for number in range(40):
        people.add(f"n{number}")
    world.write(people)
    with held(world, replace(AT_THE_USERS), "sync"):
        disable(world, people, "u5")
        asking = start(world, "sync", "--only", "u5")
        _, err = asking.communicate(timeout=PATIENCE)
        assert (asking.returncode, "inside the run in progress" in err) == (0, True), err
        assert user_of(world, "u5").attributes["active"] is False
        assert len(world.held()["users"]) == 60, "the run in progress was not held"
    said = cli("sync")
    assert said.code == 0, said.err
    world.assert_equal_to(people)


def test_a_newcomer_who_is_pushed_before_the_groups_are_there_is_in_them_in_the_end(world: World, cli: Cli) -> None:
    people = organization(60, 6)
    people.group("late", "late", "u59", "u1")
    world.write(people)
    # The one whom everyone else has above: the run cannot go on before, and another run's requests pass the gate.
    # The groups, which are created beside users, have a gate of their own.
    gate, beside = replace(AT_THE_USERS, left=1), Fault("hold_before", "POST", "Groups")
    with held(world, gate, "sync", beside=(beside,)) as process:
        until(lambda: "POST Users" in world.sandbox.wait_held(seconds=PATIENCE))
        asking = start(world, "sync", "--only", "u59@corp.example")
        _, err = asking.communicate(timeout=PATIENCE)
        assert (asking.returncode, "inside the run in progress" in err) == (0, True), err
        assert "u59" in world.held()["users"]
        assert not world.held()["groups"]
        world.sandbox.fail()
        world.sandbox.go_on()
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
    assert world.held()["groups"] == {g: (name, people.flattened(g)) for g, name in people.groups.items()}
    assert cli("sync").code == 0  # it gives the newcomer the manager, who was not there yet either
    world.assert_equal_to(people)


def test_what_the_run_in_progress_was_asked_for_and_refused_can_be_approved(
    world: World, people: People, cli: Cli
) -> None:
    group, members = next((g, people.flattened(g)) for g in people.groups if len(people.flattened(g)) > 3)
    for number in range(40):
        people.add(f"n{number}")
    world.write(people)
    with held(world, replace(AT_THE_USERS), "sync"):
        people.members = [row for row in people.members if row[0] != group]
        world.write(people)
        asking = start(world, "sync", "--only", group)
        asking.communicate(timeout=PATIENCE)
        assert asking.returncode == 4
        assert world.held()["groups"][group][1] == members
        approving = start(world, "sync", "--only", group, "--approve")
        _, err = approving.communicate(timeout=PATIENCE)
        assert approving.returncode == 0, err
        assert "inside the run in progress" in err
        assert world.held()["groups"][group][1] == set()
        assert "@" in next(r for r in cli("history", "--output", "json").json if r["approved_by"])["approved_by"]


def test_of_two_who_exchange_names_both_are_planned(world: World, people: People, cli: Cli) -> None:
    for path in ("login", "mail"):
        people.users["u5"][path], people.users["u6"][path] = people.users["u6"][path], people.users["u5"][path]
    people.users["u7"]["title"] = "waits"
    world.write(people)
    said = cli("sync", "--only", "u5")
    assert (said.code, "is planned too" in said.out) == (0, True), said
    assert user_of(world, "u7").attributes.get("title") != "waits"
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_a_name_that_nobody_gives_up_is_not_asked_for(world: World, people: People, cli: Cli) -> None:
    """u6 gives the name up, and is held: so nothing is sent that cannot succeed."""
    people.users["u5"]["login"] = people.users["u6"]["login"]
    people.users["u6"] |= {"login": "elsewhere@corp.example", "family": ""}
    world.write(people)
    assert cli("sync", "--only", "u5").code == 5
    assert world.sandbox.counts.invalid == 0
    assert world.sandbox.counts.writes == 0


def test_of_one_whose_record_has_lost_its_id_it_is_said_why_nothing_happens(
    world: World, people: People, cli: Cli
) -> None:
    """Nobody knows whether the user has left, so the account stays open: `--only` must not end as if all were well."""
    people.users["u5"]["id"] = ""
    world.write(people)
    said = cli("sync", "--only", "u5")
    assert said.code == 5, said.err
    assert "missing_id" in [c["kind"] for c in cli("conflicts", "--output", "json").json]
