"""More histories of decisions, rollbacks and grace."""

# ruff: noqa: F811 - a fixture that is imported has the name of the argument that asks for it

import unicodedata

import pytest

from scim_bridge.sandbox.fault import Fault
from tests.e2e.conftest import Cli
from tests.e2e.process import start
from tests.e2e.test_decisions import active, by_hand, listed, lock_by_hand, people  # noqa: F401
from tests.e2e.test_policies import age, allow, conflicts, leave, user_of
from tests.e2e.test_restore import copy, restore
from tests.e2e.world import People, World, person
from tests.state_on_server import lose_state
from tests.waiting import PATIENCE

BOLD = "limits: {deactivate: 100%, remove_members: 100%, delete: 100%, shrink_source: 100%, missing: 100%}"


def quiet(world: World, cli: Cli, *arguments: str) -> None:
    world.sandbox.forget_requests()
    assert cli("sync", *arguments).code == 0
    assert world.sandbox.counts.writes == 0


@pytest.mark.slow
@pytest.mark.parametrize("way", ["403", "400", "only_other", "old_plan", "rollback", "kill"])
@pytest.mark.parametrize("kind", ["adopt", "link", "separate", "source"])
def test_a_decision_lives_until_it_is_carried_out_whatever_the_runs_between_do(
    world: World, people: People, cli: Cli, kind: str, way: str
) -> None:
    allow(world, BOLD)
    people.users["s"]["title"] = "x"
    world.write(people)
    assert cli("sync").code == 0
    victim = user_of(world, "a").id
    if kind == "adopt":
        world.sandbox.seed({"users": [person("hand@corp.example")]})
        world.write(people.add("z", login="hand@corp.example"))
        assert cli("sync", "--full").code == 5
        key = conflicts(cli)["adopt?"]
    elif kind in ("link", "separate"):
        leave(world, people, "a")
        people.add("z", login="a@corp.example", mail="a@corp.example")
        people.members.append(("g", "z", "user"))
        world.write(people)
        assert cli("sync").code == 5
        key = conflicts(cli)["rehire?"]
    else:
        lock_by_hand(world, "t")
        assert cli("sync", "--full").code == 5
        key = conflicts(cli)["disabled_there"]
    saved = str(world.folder / "plan.json")
    people.users["s"]["title"] = "y"
    world.write(people)
    if way == "old_plan":
        assert cli("plan", "--out", saved).code == 0
    assert cli("conflicts", "resolve", key, f"--{kind}", *([victim] if kind == "link" else [])).code == 0
    if way == "403":
        world.sandbox.fail(Fault("error", "PATCH", status=403), Fault("error", "POST", status=403))
        cli("sync")
    elif way == "400":
        world.sandbox.fail(Fault("error", "PATCH", "Users", status=400), Fault("error", "POST", "Users", status=400))
        cli("sync")
    elif way == "only_other":
        cli("sync", "--only", "s")
    elif way == "old_plan":
        cli("apply", saved)
    elif way == "rollback":
        cli("rollback", "2", "--approve")
        cli("resume", "corp")
    elif way == "kill":
        world.sandbox.fail(Fault("hold_before", "PATCH"))
        with start(world, "sync") as process:
            world.sandbox.wait_held(seconds=PATIENCE)
            process.kill()
        world.sandbox.fail()
        world.sandbox.go_on()
    world.sandbox.fail()
    world.sandbox.forget_requests()
    said = cli("sync")
    if said.code == 5 and listed(cli, "refused_by_target"):
        assert cli("conflicts", "resolve", "refused_by_target", "--source").code == 0
        said = cli("sync")
    assert said.code == 0, said.out
    if kind != "separate":
        world.assert_equal_to(people)
    else:
        assert active(world, "z")
        assert not next(u for u in world.sandbox.state()["users"] if u["id"] == victim)["active"]
    quiet(world, cli, "--full")
    quiet(world, cli)


def test_the_same_conflict_is_asked_about_again_after_its_decision_was_used(
    world: World, people: People, cli: Cli
) -> None:
    for _ in range(2):
        lock_by_hand(world, "t")
        assert cli("sync", "--full").code == 5
        quiet_5(world, cli)
        assert cli("conflicts", "resolve", "disabled_there", "--source").code == 0
        assert cli("sync").code == 0
        assert active(world, "t")


def quiet_5(world: World, cli: Cli) -> None:
    world.sandbox.forget_requests()
    assert cli("sync").code == 5
    assert world.sandbox.counts.writes == 0


def test_a_decision_of_a_restored_copy_is_not_used_twice(world: World, people: People, cli: Cli) -> None:
    """The copy holds a decision that was carried out since."""
    lock_by_hand(world, "t")
    assert cli("sync", "--full").code == 5
    assert cli("conflicts", "resolve", "disabled_there", "--source").code == 0
    copy(world, world.folder / "copy")
    assert cli("sync").code == 0
    assert active(world, "t")
    lock_by_hand(world, "t")
    restore(world)
    cli("sync", "--full", "--after-restore")
    assert not active(world, "t")


def test_a_link_decided_before_the_copy_is_asked_about_again(world: World, people: People, cli: Cli) -> None:
    allow(world, BOLD)
    lose_state(world.state)
    leave(world, people, "a")
    assert cli("sync").code == 5
    assert cli("conflicts", "resolve", "unclaimed", "--source").code == 0
    copy(world, world.folder / "copy")
    assert cli("sync").code == 0
    assert not active(world, "a")
    people.add("a")
    world.write(people)
    assert cli("sync").code == 0
    assert active(world, "a")
    restore(world)
    cli("sync", "--full", "--after-restore")
    assert active(world, "a")


@pytest.mark.parametrize("action", ["keep", "deactivate"])
@pytest.mark.parametrize("orphans", ["keep", "deactivate"])
def test_who_is_unclaimed_is_asked_about_under_any_policy(
    world: World, people: People, cli: Cli, action: str, orphans: str
) -> None:
    allow(world, f"deprovision: {{action: {action}}}, orphans: {orphans}, {BOLD}")
    lose_state(world.state)
    leave(world, people, "a")
    del people.groups["h"]
    people.members = [m for m in people.members if m[0] != "h"]
    world.write(people)
    cli("sync")
    told = listed(cli, "unclaimed")
    again = cli("sync")
    assert (again.code, listed(cli, "unclaimed")) == (5 if told else 0, told)
    if told:
        assert cli("conflicts", "resolve", "unclaimed", "--source").code == 0
        assert cli("sync").code == 0
        assert not active(world, "a") or action == "keep"
        quiet(world, cli)
        quiet(world, cli, "--full")


def test_a_leaver_whose_id_is_in_another_unicode_form_is_listed(world: World, cli: Cli) -> None:
    people = People()
    for name in "bcdefghij":
        people.add(name)
    people.add("é", login="e1@corp.example", mail="e1@corp.example")
    world.write(people.group("g", "dev", "é", "b"))
    allow(world, BOLD)
    assert cli("sync").code == 0
    lose_state(world.state)
    held = world.sandbox.app.store.users.find("externalId", "é")
    assert held
    changed = dict(held.attributes) | {"externalId": unicodedata.normalize("NFD", "é")}
    world.sandbox.app.store.change("User", held, changed)
    leave(world, people, "é")
    assert cli("sync").code == 5
    assert cli("conflicts", "resolve", "unclaimed", "--source").code == 0
    assert cli("sync").code == 0
    assert not next(u for u in world.sandbox.state()["users"] if u["userName"] == "e1@corp.example")["active"]
    quiet(world, cli)
    quiet(world, cli, "--full")


@pytest.mark.parametrize("action", ["keep", "deactivate"])
def test_a_rollback_does_not_activate_who_has_left_since(world: World, people: People, cli: Cli, action: str) -> None:
    allow(world, f"deprovision: {{action: {action}}}, {BOLD}")
    people.users["a"]["enabled"] = "false"
    world.write(people)
    assert cli("sync").code == 0
    leave(world, people, "a")
    assert cli("sync").code == 0
    assert cli("rollback", "2").code == 0
    assert not active(world, "a")


def test_a_rollback_is_rolled_back(world: World, people: People, cli: Cli) -> None:
    allow(world, BOLD)
    people.users["a"]["title"] = "Lead"
    people.users["b"]["enabled"] = "false"
    people.members.remove(("g", "b", "user"))
    people.add("z")
    world.write(people)
    assert cli("sync").code == 0
    after = world.held()
    assert cli("rollback", "2").code == 0
    assert cli("rollback", "3").code == 0
    assert strip(world.held()) == strip(after)
    world.sandbox.forget_requests()
    assert cli("rollback", "2").code == 0
    assert world.sandbox.counts.writes == 0
    cli("resume", "corp")
    quiet(world, cli, "--full")


def strip(held: dict) -> dict:  # type: ignore[type-arg]
    return {
        "groups": held["groups"],
        "users": {k: {p: v for p, v in u.items() if p != "meta"} for k, u in held["users"].items()},
    }


def test_a_sync_after_a_rollback_does_everything_again(world: World, people: People, cli: Cli) -> None:
    allow(world, f"deprovision: {{delete_after: 48h}}, {BOLD}")
    leave(world, people, "a")
    assert cli("sync").code == 0
    age(world, 40)
    assert cli("rollback", "2").code == 0
    assert active(world, "a")
    cli("resume", "corp")
    assert cli("sync").code == 0
    assert not active(world, "a")
    age(world, 20)
    assert cli("sync").code == 0
    assert not active(world, "a")
    by_hand(world, "a", active=True)
    assert cli("sync", "--full").code == 0
    assert not active(world, "a")
    age(world, 40)
    assert cli("sync").code == 0
    user_of(world, "a")
    age(world, 10)
    assert cli("sync").code == 0
    assert world.sandbox.app.store.users.find("externalId", "a") is None


def test_the_grace_runs_from_the_deactivation_over_any_policies(world: World, people: People, cli: Cli) -> None:
    allow(world, f"deprovision: {{action: keep}}, {BOLD}")
    leave(world, people, "a")
    assert cli("sync").code == 0
    assert active(world, "a")
    age(world, 100)
    allow(world, f"deprovision: {{delete_after: 48h}}, {BOLD}")
    assert cli("sync").code == 0
    assert not active(world, "a")
    age(world, 40)
    allow(world, f"deprovision: {{action: keep}}, {BOLD}")
    assert cli("sync").code == 0
    age(world, 40)
    allow(world, f"deprovision: {{delete_after: 48h}}, {BOLD}")
    assert cli("sync").code == 0
    quiet(world, cli, "--full")


@pytest.mark.parametrize("which", ["rehire", "saved", "only", "swap"])
def test_a_run_of_any_kind_is_rolled_back(world: World, people: People, cli: Cli, which: str) -> None:
    allow(world, f"rehire: link, {BOLD}")
    before = strip(world.held())
    if which == "rehire":
        leave(world, people, "a")
        people.add("z", login="a@corp.example", mail="a@corp.example")
        world.write(people)
        assert cli("sync").code == 0
    elif which == "swap":
        a, b = people.users["a"], people.users["b"]
        for path in ("login", "mail"):
            a[path], b[path] = b[path], a[path]
        world.write(people)
        assert cli("sync", "--only", "a", "--only", "b").code == 0
    else:
        people.users["a"]["title"] = "Lead"
        people.users["b"]["enabled"] = "false"
        world.write(people)
        if which == "saved":
            assert cli("plan", "--out", str(world.folder / "p.json")).code == 0
            assert cli("apply", str(world.folder / "p.json")).code == 0
        else:
            assert cli("sync", "--only", "a", "--only", "b").code == 0
    said = cli("rollback", "2")
    assert said.code == 0, said.err
    if which != "rehire":
        assert strip(world.held()) == before
    cli("resume", "corp")
    code = cli("sync", "--full").code
    assert code == 0
    quiet(world, cli, "--full")
    world.assert_equal_to(people)


def test_a_group_deleted_by_hand_since_is_left_alone_by_a_rollback(world: World, people: People, cli: Cli) -> None:
    allow(world, BOLD)
    people.members.remove(("h", "c", "user"))
    people.users["a"]["title"] = "x"
    world.write(people)
    assert cli("sync").code == 0
    group = world.sandbox.app.store.groups.find("externalId", "h")
    assert group
    world.sandbox.app.store.delete("Group", group.id, with_assignments=True)
    said = cli("rollback", "2")
    assert said.code == 0, said.err
    assert user_of(world, "a").attributes.get("title", "") == ""


def test_a_run_that_was_killed_is_rolled_back(world: World, people: People, cli: Cli) -> None:
    allow(world, BOLD)
    before = strip(world.held())
    for name in "abc":
        people.users[name]["title"] = "Lead"
    people.users["d"]["enabled"] = "false"
    people.group("n", "new", "a")
    people.members.remove(("h", "c", "user"))
    world.write(people)
    world.sandbox.fail(Fault("hold_after", "PATCH", "Groups", skip=1))
    with start(world, "sync") as process:
        world.sandbox.wait_held(seconds=PATIENCE)
        process.kill()
    world.sandbox.fail()
    world.sandbox.go_on()
    said = cli("rollback", "2")
    assert said.code == 0, said.err
    now = strip(world.held())
    assert now["users"] == before["users"]
    assert now["groups"].pop("n") == ("new", set())
    assert now["groups"] == before["groups"]
    cli("resume", "corp")
    assert cli("sync").code == 0
    world.assert_equal_to(people)
    quiet(world, cli, "--full")


def test_a_rollback_leaves_memberships_that_others_moved_since(world: World, people: People, cli: Cli) -> None:
    allow(world, BOLD)
    people.members.remove(("h", "c", "user"))
    people.members.append(("h", "d", "user"))
    world.write(people)
    assert cli("sync").code == 0
    age(world, 1)
    store = world.sandbox.app.store
    group = store.groups.find("externalId", "h")
    assert group
    store.add_member(group.id, user_of(world, "c").id)
    assert cli("sync", "--full").code == 0
    age(world, 1)
    said = cli("rollback", "2")
    assert said.code == 0


def test_a_plan_for_one_says_what_the_sync_for_one_sends(world: World, people: People, cli: Cli) -> None:
    allow(world, BOLD)
    lose_state(world.state)
    leave(world, people, "a")
    assert cli("sync").code == 5
    assert cli("conflicts", "resolve", "unclaimed", "--source").code == 0
    planned = cli("plan", "--output", "json").json["requests"]["writes"]
    world.sandbox.forget_requests()
    assert cli("sync").code == 0
    assert world.sandbox.counts.writes == planned


@pytest.mark.parametrize("decision", ["source", "target"])
def test_a_resource_that_is_missing_follows_the_decision(world: World, people: People, cli: Cli, decision: str) -> None:
    allow(world, f"drift: report, {BOLD}")
    for _ in range(2):
        world.sandbox.app.store.delete("User", user_of(world, "a").id, with_assignments=True)
        assert cli("sync", "--full").code == 5
        assert listed(cli, "missing") == ["a@corp.example"]
        quiet_5(world, cli)
        assert cli("conflicts", "resolve", "missing", f"--{decision}").code == 0
        assert cli("sync").code == 0
        quiet(world, cli, "--full")
        quiet(world, cli)
        if decision == "target":
            break
        world.assert_equal_to(people)


def test_keeping_a_user_locked_ends_when_the_source_goes_false_and_true(world: World, people: People, cli: Cli) -> None:
    allow(world, BOLD)
    lock_by_hand(world, "t")
    assert cli("sync", "--full").code == 5
    assert cli("conflicts", "resolve", "disabled_there", "--target").code == 0
    quiet(world, cli)
    by_hand(world, "t", active=True)
    quiet(world, cli, "--full")
    lock_by_hand(world, "t")
    assert cli("sync", "--full").code == 5
    people.users["t"]["enabled"] = "false"
    world.write(people)
    assert cli("sync").code == 0
    people.users["t"]["enabled"] = "true"
    world.write(people)
    assert cli("sync").code == 0
    assert active(world, "t")
