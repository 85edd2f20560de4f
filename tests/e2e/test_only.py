"""`--only`: one user or group at once, also while a long run is in progress."""

import subprocess
import time

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.test_crash import _start, _wait_for_writes
from tests.e2e.test_policies import user_of
from tests.e2e.world import People, World, organization


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


def test_nobody_of_that_name_is_said_so(world: World, people: People, cli: Cli) -> None:
    said = cli("sync", "--only", "nobody")
    assert (said.code, "neither side has anybody called 'nobody'" in said.err) == (2, True)


def test_a_revocation_does_not_wait_for_a_run_in_progress(world: World, people: People, cli: Cli) -> None:
    for number in range(400):
        people.add(f"n{number}")
    world.write(people)
    world.configure(requests_per_second=20)
    process = _start(world, "sync")
    try:
        _wait_for_writes(world, 25)
        disable(world, people, "u5")
        begun = time.monotonic()
        asking = _start(world, "sync", "--only", "u5")
        while user_of(world, "u5").attributes["active"] and time.monotonic() - begun < 20:
            time.sleep(0.02)
        assert user_of(world, "u5").attributes["active"] is False
        assert len(world.sandbox.app.store.users.by_id) < 460, "the long run had ended before"
        _, err = asking.communicate(timeout=30)
        assert asking.returncode == 0, err
        assert "by the run in progress" in err
    finally:
        _end(process)
    world.configure()
    said = cli("sync")
    assert said.code == 0, said.err
    world.assert_equal_to(people)


def test_what_the_run_in_progress_was_asked_for_and_refused_can_be_approved(
    world: World, people: People, cli: Cli
) -> None:
    group, members = next((g, people.flattened(g)) for g in people.groups if len(people.flattened(g)) > 3)
    for number in range(300):
        people.add(f"n{number}")
    world.write(people)
    world.configure(requests_per_second=20)
    process = _start(world, "sync")
    try:
        _wait_for_writes(world, 25)
        people.members = [row for row in people.members if row[0] != group]
        world.write(people)
        asking = _start(world, "sync", "--only", group)
        asking.communicate(timeout=30)
        assert asking.returncode == 4
        assert world.held()["groups"][group][1] == members
        approving = _start(world, "sync", "--only", group, "--approve")
        _, err = approving.communicate(timeout=30)
        assert approving.returncode == 0, err
        assert "by the run in progress" in err
        assert world.held()["groups"][group][1] == set()
        assert "@" in next(r for r in cli("history", "--output", "json").json if r["approved_by"])["approved_by"]
    finally:
        _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()
