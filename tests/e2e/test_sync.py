"""The main job from end to end: a directory goes in, the endpoint comes out equal."""

import os
import subprocess
from random import Random

import orjson
import pytest

from tests.e2e.conftest import Cli
from tests.e2e.process import PROGRAM
from tests.e2e.test_kills import churned
from tests.e2e.world import People, World, organization, person
from tests.state_on_server import lose_state


def test_five_hundred_people_and_sixty_nested_groups_come_out_equal_with_no_request_wasted(
    world: World, cli: Cli
) -> None:
    people = organization(500, 60)
    world.write(people)
    said = cli("sync")
    assert (said.code, said.err.splitlines()[-1]) == (0, "run 1 is done")
    world.assert_equal_to(people)
    plan = cli("show", "1", "--output", "json").json
    bound = 500 + 60 + sum(-(-len(people.flattened(g)) // 100) for g in people.groups)
    assert len(plan["operations"]) == world.sandbox.counts.writes
    assert bound <= world.sandbox.counts.writes <= bound * 1.02

    world.sandbox.forget_requests()
    assert cli("sync").code == 0
    assert world.sandbox.counts.writes == 0


@pytest.mark.parametrize("seed", range(3))
def test_whatever_changes_the_endpoint_is_sent_the_plan_and_not_one_write_more(
    world: World, cli: Cli, seed: int
) -> None:
    world.configure(extra="    policy: {limits: {deactivate: 100%, remove_members: 100%, shrink_source: 100%}}\n")
    people, chance = organization(30, 5, seed), Random(seed)
    for run in range(1, 6):
        world.write(people)
        world.sandbox.forget_requests()
        assert cli("sync").code == 0
        world.assert_equal_to(people)
        assert world.sandbox.counts.writes == len(cli("show", str(run), "--output", "json").json["operations"])
        churned(people, chance)


def test_changes_are_carried_over_and_the_revocations_go_first(world: World, cli: Cli) -> None:
    people = organization(40, 6)
    world.write(people)
    assert cli("sync").code == 0
    world.sandbox.forget_requests()

    people.users["u3"] |= {"enabled": "false"}
    people.users["u4"] |= {"title": "", "family": "新姓"}
    people.add("u40")
    people.groups["g5"] = "新しい名前"
    people.members = [m for m in people.members if m != next(m for m in people.members if m[0] == "g2")]
    world.write(people)
    assert cli("sync").code == 0
    world.assert_equal_to(people)
    writes = [r for r in world.sandbox.requests if r.method != "GET"]
    revokes = [_is_revocation(r.body) for r in writes]
    assert revokes == sorted(revokes, reverse=True)
    assert any(revokes)


def _is_revocation(body: dict[str, object]) -> bool:
    operations = body.get("Operations")
    first = operations[0] if isinstance(operations, list) else {}
    return first.get("op") == "remove" or (first.get("path"), first.get("value")) == ("active", False)


def test_a_leaver_is_deactivated_and_loses_every_membership_but_nothing_is_deleted(world: World, cli: Cli) -> None:
    people = People().add("a").add("b").add("c").group("g", "dev", "a", "b", "c")
    world.write(people)
    assert cli("sync").code == 0
    del people.users["b"]
    people.members.remove(("g", "b", "user"))
    world.write(people)
    assert cli("sync").code == 0
    held = world.held()
    assert held["users"]["b"]["active"] is False
    assert held["groups"]["g"] == ("dev", {"a", "c"})
    assert not [r for r in world.sandbox.requests if r.method == "DELETE"]


def test_people_who_are_there_already_are_adopted_and_keep_their_id(world: World, cli: Cli) -> None:
    ids = world.sandbox.seed(
        {
            "users": [person("A@corp.example"), person("c@corp.example")],
            "groups": [{"displayName": "DEV", "members": []}],
        }
    )
    people = People().add("a").add("c").group("g", "dev", "a")
    world.write(people)
    plan = cli("plan", "--output", "json").json
    assert (plan["summary"]["adopt_user"], plan["summary"]["adopt_group"]) == (2, 1)
    renamed = {o["subject"]: o.get("renamed_to") for o in plan["operations"] if o["kind"].startswith("adopt")}
    assert renamed == {"A@corp.example": "a@corp.example", "c@corp.example": None, "DEV": "dev"}
    assert "= A@corp.example → a@corp.example  (found on the target by userName)" in cli("plan").out
    assert cli("sync").code == 0
    world.assert_equal_to(people)
    assert world.held()["users"]["a"]["id"] == ids["users"]["A@corp.example"]
    assert "adopt user A@corp.example → a@corp.example  ✓ done" in cli("show", "1").out


def _locked(world: World, people: People) -> bool:
    """Whether a is inactive and in no group, and the rest is as in the source."""
    held = world.held()
    assert held["users"].keys() == people.users.keys()
    return (held["users"]["a"]["active"], held["groups"]["g"]) == (False, ("dev", {"c"}))


def test_who_was_locked_before_the_first_sync_is_locked_after_it_until_decided(world: World, cli: Cli) -> None:
    """Adopting is not activating; a decision for the source activates, and the grants follow."""
    world.sandbox.seed({"users": [person("a@corp.example", active=False), person("c@corp.example")]})
    people = People().add("a").add("c").group("g", "dev", "a", "c")
    world.write(people)
    for _ in range(2):
        assert cli("sync").code == 5
        assert _locked(world, people)
    [conflict] = cli("conflicts", "--output", "json").json
    assert (conflict["kind"], conflict["subjects"]) == ("disabled_there", ["a@corp.example"])
    assert cli("conflicts", "resolve", conflict["key"], "--source").code == 0
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_who_was_locked_and_is_left_so_is_asked_for_again_when_the_source_says_so(world: World, cli: Cli) -> None:
    """A decision for the target keeps the user locked, silently, until the source goes false and true again."""
    world.sandbox.seed({"users": [person("a@corp.example", active=False), person("c@corp.example")]})
    people = People().add("a").add("c").group("g", "dev", "a", "c")
    world.write(people)
    assert cli("sync").code == 5
    [conflict] = cli("conflicts", "--output", "json").json
    assert cli("conflicts", "resolve", conflict["key"], "--target").code == 0
    for arguments in ((), ("--full",), ()):
        assert cli("sync", *arguments).code == 0
        assert _locked(world, people)
    for enabled in ("false", "true"):
        people.users["a"]["enabled"] = enabled
        world.write(people)
        assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_who_is_adopted_by_decision_is_locked_as_before(world: World, cli: Cli) -> None:
    world.configure(extra="    policy: {adopt: ask}\n")
    world.sandbox.seed({"users": [person("a@corp.example", active=False)]})
    people = People().add("a").add("c").group("g", "dev", "a", "c")
    world.write(people)
    assert cli("sync").code == 5
    [conflict] = cli("conflicts", "--output", "json").json
    assert cli("conflicts", "resolve", conflict["key"], "--adopt").code == 0
    assert cli("sync").code == 5
    assert _locked(world, people)
    assert [c["kind"] for c in cli("conflicts", "--output", "json").json] == ["disabled_there"]


def test_who_is_found_for_a_missing_link_is_locked_as_before(world: World, cli: Cli) -> None:
    """We had deactivated the user; the resource that has the name now was made, and locked, by someone else."""
    world.configure(extra="    policy: {adopt: always}\n")
    people = People().add("a").add("c").add("d").group("g", "dev", "a", "c")
    world.write(people)
    assert cli("sync").code == 0
    people.users["a"]["enabled"] = "false"
    people.members.remove(("g", "a", "user"))
    world.write(people)
    assert cli("sync").code == 0
    store = world.sandbox.app.store
    store.delete("User", world.held()["users"]["a"]["id"], with_assignments=True)
    world.sandbox.seed({"users": [person("a@corp.example", active=False)]})
    people.users["a"]["enabled"] = "true"
    people.members.append(("g", "a", "user"))
    world.write(people)
    for arguments in (("--full",), ()):
        assert cli("sync", *arguments).code == 5
        assert _locked(world, people)


def test_names_that_are_exchanged_arrive_through_a_temporary_one(world: World, cli: Cli) -> None:
    people = People().add("a").add("b").add("c").group("g", "one").group("h", "two")
    world.write(people)
    assert cli("sync").code == 0
    world.sandbox.forget_requests()
    people.users["a"] |= {"login": "b@corp.example", "mail": "b@corp.example"}
    people.users["b"] |= {"login": "c@corp.example", "mail": "c@corp.example"}
    people.users["c"] |= {"login": "a@corp.example", "mail": "a@corp.example"}
    people.groups |= {"g": "two", "h": "one"}
    world.write(people)
    assert cli("sync").code == 0
    world.assert_equal_to(people)
    assert world.sandbox.counts.writes == 3 + 1 + 2 + 1
    assert not [r for r in world.sandbox.requests if r.status == 409]


def test_one_broken_record_waits_and_the_others_go_on(world: World, cli: Cli) -> None:
    people = organization(5, 0)
    people.add("bad", family="", login="bad@corp.example")
    world.write(people)
    said = cli("sync")
    assert said.code == 5
    assert "1 conflict waits for a decision" in said.err
    assert set(world.held()["users"]) == {"u0", "u1", "u2", "u3", "u4"}
    conflict = cli("conflicts", "--output", "json").json[0]
    assert (conflict["kind"], conflict["subjects"]) == ("missing_value", ["bad@corp.example"])
    assert "users.csv, line 7" in conflict["detail"]


def test_a_user_whom_somebody_locked_in_the_console_stays_locked(world: World, cli: Cli) -> None:
    people = People().add("a").add("b").group("g", "dev", "a")
    world.write(people)
    assert cli("sync").code == 0
    user = next(u for u in world.sandbox.app.store.users.by_id.values() if u.attributes["externalId"] == "b")
    user.attributes["active"] = False
    people.members.append(("g", "b", "user"))
    world.write(people)
    said = cli("sync", "--full")
    assert said.code == 5
    assert world.held()["users"]["b"]["active"] is False
    assert world.held()["groups"]["g"] == ("dev", {"a"})
    assert [c["kind"] for c in cli("conflicts", "--output", "json").json] == ["disabled_there"]

    people.users["b"] |= {"enabled": "false"}
    world.write(people)
    assert cli("sync").code == 0
    people.users["b"] |= {"enabled": "true"}
    world.write(people)
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_drift_is_overwritten_and_named(world: World, cli: Cli) -> None:
    people = People().add("a", title="Lead")
    world.write(people)
    assert cli("sync").code == 0
    world.sandbox.app.store.users.find("externalId", "a").attributes["title"] = "Boss"  # type: ignore[union-attr]
    assert cli("plan", "--output", "json").json["operations"] == []
    operation = cli("plan", "--full", "--output", "json").json["operations"][0]
    assert operation["reason"] == "title changed on the target by someone else"
    assert cli("sync", "--full").code == 0
    world.assert_equal_to(people)


def test_protected_names_are_never_touched(world: World, cli: Cli) -> None:
    world.configure(extra='    policy: {protect: {users: ["break*"], groups: ["AWS*"]}}\n')
    world.sandbox.seed(
        {
            "users": [person("BreakGlass@corp.example")],
            "groups": [{"displayName": "AWSAuditors", "members": ["BreakGlass@corp.example"]}],
        }
    )
    before = world.sandbox.state()
    people = (
        People().add("a").add("bg", login="breakglass@corp.example", enabled="false").group("g", "awsauditors", "a")
    )
    world.write(people)
    said = cli("sync")
    assert said.code == 0
    after = world.sandbox.state()
    assert before["users"][0] in after["users"]
    assert before["groups"] == after["groups"]
    assert before["members"].items() <= after["members"].items()
    assert "protected" in said.out


def test_who_is_renamed_into_a_protected_name_is_still_disabled_and_a_group_still_loses_members(
    world: World, cli: Cli
) -> None:
    world.configure(
        extra='    policy: {protect: {users: ["svc-*"], groups: ["AWS*"]}, limits: {remove_members: 100%}}\n'
    )
    people = People().add("a").add("b").add("c").group("g", "dev", "a", "b")
    world.write(people)
    assert cli("sync").code == 0
    people.users["a"] |= {"login": "svc-a@corp.example", "enabled": "false"}
    people.groups["g"] = "AWSAdmins"
    people.members = [("g", "b", "user"), ("g", "c", "user")]
    people.add("new", login="svc-new@corp.example")
    world.write(people)
    for _ in range(2):
        assert cli("sync").code == 5
        held = world.held()
        assert (held["users"]["a"]["active"], held["users"]["a"]["userName"]) == (False, "a@corp.example")
        assert held["groups"]["g"] == ("dev", {"b"})
        assert "new" not in held["users"]
    found = cli("conflicts", "--output", "json").json
    assert {(c["kind"], *c["subjects"]) for c in found} == {
        ("protected_name", "a@corp.example"), ("protected_name", "dev"), ("protected_name", "svc-new@corp.example"),
    }  # fmt: skip
    assert "- deactivate user a@corp.example  ✓ done" in cli("show", "2").out


def test_who_was_added_by_hand_is_taken_out_with_the_reason_that_is_so(world: World, cli: Cli) -> None:
    people = People().add("a").add("b").add("c").group("g", "dev", "a", "b")
    world.write(people)
    assert cli("sync").code == 0
    ids = {name: user["id"] for name, user in world.held()["users"].items()}
    group = world.sandbox.app.store.groups.find("externalId", "g")
    assert group is not None
    world.sandbox.app.store.add_member(group.id, ids["c"])
    people.members.remove(("g", "b", "user"))
    world.write(people)
    [operation] = cli("plan", "--full", "--output", "json").json["operations"]
    assert operation["reason"] == (
        "no longer in the source: b@corp.example; "
        "not in the source; added on the target by someone else: c@corp.example"
    )
    assert cli("sync", "--full").code == 0
    world.assert_equal_to(people)


def test_who_drops_out_of_scope_left_the_scope_by_the_line_that_says_so(world: World, cli: Cli) -> None:
    people = People().add("a").add("b").group("g", "dev", "a", "b")
    world.write(people)
    assert cli("sync").code == 0
    people.users["b"]["login"] = ""
    world.write(people)
    said = {o["kind"]: o["reason"] for o in cli("plan", "--output", "json").json["operations"]}
    number = next(
        n for n, line in enumerate((world.folder / "csv.yaml").read_text().splitlines(), 1) if "scope:" in line
    )
    reason = f"left the scope (csv.yaml, line {number})"
    assert said == {"deactivate_user": reason, "remove_members": reason}


def test_losing_the_state_writes_nothing_and_lists_who_left_meanwhile(world: World, cli: Cli) -> None:
    people = organization(12, 3)
    world.write(people)
    assert cli("sync").code == 0
    lose_state(world.state)
    del people.users["u11"]
    people.members = [m for m in people.members if m[1] != "u11"]
    for user in people.users.values():
        user["manager"] = "" if user["manager"] == "u11" else user["manager"]
    world.write(people)
    world.sandbox.forget_requests()
    said = cli("sync")
    assert said.code == 5
    assert [r.body for r in world.sandbox.requests if r.method in ("POST", "DELETE")] == []
    assert {c["kind"] for c in cli("conflicts", "--output", "json").json} == {"unclaimed"}
    assert world.held()["users"]["u11"]["active"] is True
    world.sandbox.forget_requests()
    assert cli("sync").code == 5
    assert world.sandbox.counts.writes == 0
    assert {c["kind"] for c in cli("conflicts", "--output", "json").json} == {"unclaimed"}


@pytest.mark.state_file
def test_the_plan_is_the_same_bytes_on_paper_and_on_screen(world: World, cli: Cli) -> None:
    world.write(organization(5, 2))
    out = world.folder / "plan.json"
    said = cli("plan", "--out", str(out), "--output", "json")
    assert out.read_bytes() == said.out.encode()
    assert out.stat().st_mode & 0o777 == 0o600
    assert orjson.loads(said.out)["summary"]["create_user"] == 5
    assert world.sandbox.counts.writes == 0
    assert not world.state.exists()


def test_explain_says_where_nothing_is_left_to_do(world: World, cli: Cli) -> None:
    people = organization(9, 0)
    people.group("dev", "Developers", "u1")
    world.write(people)
    assert cli("sync").code == 0
    assert "  situation: linked → update (nothing differs)\n" in cli("explain", "u1@corp.example").out
    group = cli("explain", "Developers").out
    assert "  members: u1@corp.example\n" in group
    assert "groups:" not in group
    del people.users["u8"]
    world.write(people)
    assert "  situation: departed → deprovision\n" in cli("explain", "u8@corp.example").out
    assert cli("sync").code == 0
    assert "  situation: departed → deprovision (nothing is left to do)\n" in cli("explain", "u8@corp.example").out


def test_another_process_knows_that_nothing_but_the_directory_may_have_changed(world: World) -> None:
    """Each process has another order of sets (PYTHONHASHSEED), and what was kept is the same for all of them."""
    world.write(organization(5, 2))
    said = []
    for seed in (4, 4, 5):  # under 5 names that are reserved stand the other way round
        environment = os.environ | {"PYTHONHASHSEED": str(seed)}
        command = (*PROGRAM, "--config", str(world.config), "sync")
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        said.append(done.stderr)
    assert "everyone was looked at" in said[0]
    assert "0 of 7 users and groups had to be looked at" in said[2]
