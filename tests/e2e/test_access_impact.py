"""What a plan does to who may enter what, as people see it; and the last door, which stays open."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from random import Random

import orjson
import pytest

from scim_bridge.sample.organization import FOLDER
from scim_bridge.sandbox.fault import Fault
from tests.aws import environment_at
from tests.e2e.conftest import Cli, Said
from tests.e2e.test_policies import age
from tests.e2e.world import People, World, organization
from tests.state_on_server import lose_state

ACCESS = "    access: {region: eu-west-1, requests_per_second: 10000, seat_prices: {QDevProfile-: 19}}\n"
LENIENT = "limits: {lose_access: report, lose_admin: report, remove_members: 100%, deactivate: 100%, delete: 100%}"


def configure(world: World, policy: str = LENIENT, access: str = ACCESS) -> None:
    world.configure(extra=f"{access}    policy: {{{policy}}}\n")


def pairs(said: Said, what: str) -> set[tuple[str, str, str]]:
    rows = said.json["access"][what]
    return {(r["user"], r.get("account", r.get("application")), r.get("permission_set", "")) for r in rows}


@pytest.fixture
def sample(world: World, cli: Cli) -> Iterator[World]:
    """The sample organization, synced, with its accounts and assignments."""
    for name in ("users.csv", "groups.csv", "members.csv"):
        shutil.copy(FOLDER / name, world.folder)
    configure(world)
    with environment_at(world.sandbox.aws_url):
        assert cli("sync").code == 5  # the sample has a duplicate name
        world.sandbox.seed(orjson.loads((FOLDER / "access.json").read_bytes()))
        assert cli("access", "--full").code == 0
        yield world


def _members(world: World, without: str = "", more: str = "") -> None:
    text = (FOLDER / "members.csv").read_text(encoding="utf-8")
    text = text.replace(f"{without}\n", "") if without else text
    (world.folder / "members.csv").write_text(text + more, encoding="utf-8")


B = {
    ("user.b@corp.example", "開発アカウント", "管理者権限セット"),
    ("user.b@corp.example", "本番アカウント", "管理者権限セット"),
}


def test_user_b_leaves_and_enters_the_administrators_with_exactly_these_pairs(sample: World, cli: Cli) -> None:
    _members(sample, without="g2,u002,user")
    lost = cli("plan", "--output", "json")
    assert (pairs(lost, "lost"), pairs(lost, "gained")) == (B, set())
    [cause] = {tuple(row["causes"]) for row in lost.json["access"]["lost"]}
    assert cause == ("removed from 管理者グループ",)
    assert {(a["user"], a["account"]) for a in lost.json["access"]["admins"]["lost"]} == {(u, a) for u, a, _ in B}
    text = cli("plan").out
    assert "1 user loses access, 1 administrator among them" in text
    assert "no longer administrator: user.b@corp.example (本番アカウント, 開発アカウント)" in text
    assert cli("sync").code == 5
    _members(sample)
    gained = cli("plan", "--output", "json")
    assert (pairs(gained, "lost"), pairs(gained, "gained")) == (set(), B)
    assert "new administrator: user.b@corp.example" in cli("plan").out
    run = cli("history", "--output", "json").json[0]["id"]
    assert "1 user loses access" in cli("show", str(run)).out


def test_every_form_of_a_plan_shows_it(sample: World, cli: Cli) -> None:
    _members(sample, without="g2,u002,user")
    html, markdown, saved = (sample.folder / name for name in ("p.html", "p.md", "p.json"))
    assert cli("plan", "--html", str(html), "--markdown", str(markdown), "--out", str(saved)).code == 0
    for file in (html, markdown):
        text = file.read_text(encoding="utf-8")
        assert "1 user loses access, 1 administrator among them" in text
        assert "removed from 管理者グループ" in text
    said = cli("apply", str(saved))
    assert said.code == 5, said.err
    assert "1 user loses access" in said.out


@pytest.fixture
def two(world: World, cli: Cli) -> Iterator[People]:
    """Two administrators of the management account, ann by a group and ben himself; cleo reads."""
    people = People().add("ann").add("ben").add("cleo").group("g", "admins", "ann").group("h", "readers", "cleo")
    world.write(people)
    configure(world)
    with environment_at(world.sandbox.aws_url):
        assert cli("sync").code == 0
        world.sandbox.seed(
            {
                "accounts": {"999999999999": "payer", "111111111111": "production"},
                "permission_sets": [
                    {"name": "Admin", "managed": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
                    {"name": "Reader", "managed": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
                ],
                "assignments": [
                    {"group": "admins", "accounts": ["payer"], "permission_set": "Admin"},
                    {"user": "ben@corp.example", "accounts": ["payer"], "permission_set": "Admin"},
                    {"group": "readers", "accounts": ["production"], "permission_set": "Reader"},
                ],
                "applications": [{"name": "QDevProfile-eu-west-1", "groups": ["admins", "readers"]}],
            }
        )
        assert cli("access", "--full").code == 0
        yield people


def _leaves(world: World, people: People, user: str) -> None:
    people.users[user]["enabled"] = "false"
    world.write(people)


KEEP = f"{LENIENT}, keep_admins: {{users: 1}}"


def _is_active(world: World, user: str) -> bool:
    found = world.sandbox.app.store.users.find("userName", f"{user}@corp.example")
    assert found is not None
    return bool(found.attributes["active"])


def test_the_last_administrator_is_refused_by_name_and_only_last_admin_lets_it_through(
    world: World, two: People, cli: Cli
) -> None:
    configure(world, KEEP)
    assert "administrators: 2 active administrators of payer, policy.keep_admins asks for 1" in cli("check").out
    _leaves(world, two, "ben")
    assert cli("sync").code == 0
    _leaves(world, two, "ann")
    _leaves(world, two, "cleo")
    world.sandbox.forget_requests()
    why = (
        "ann@corp.example would no longer be an administrator of payer, which leaves 0 active administrators of the 1 "
        "that policy.keep_admins asks for"
    )
    for arguments in (("sync",), ("sync", "--approve")):
        said = cli(*arguments)
        assert (said.code, why in said.err) == (4, True), said.err
        assert "scim-bridge sync corp --approve --last-admin" in said.err
    assert world.sandbox.counts.writes == 0
    assert why in cli("plan").out
    # The other revocations of the plan wait too; one user is revoked at once.
    assert cli("sync", "--only", "cleo").code == 0
    assert not _is_active(world, "cleo")
    assert cli("sync", "--only", "ann").code == 4
    assert cli("sync", "--only", "ann", "--approve").code == 4
    assert _is_active(world, "ann")
    assert cli("sync").code == 4
    assert cli("sync", "--approve", "--last-admin").code == 0
    assert not _is_active(world, "ann")
    assert cli("history", "--output", "json").json[0]["approved_by"]


def test_a_saved_plan_is_held_against_the_last_door_when_it_is_applied(world: World, two: People, cli: Cli) -> None:
    saved = world.folder / "p.json"
    configure(world, KEEP)
    _leaves(world, two, "ann")
    assert cli("plan", "--full", "--out", str(saved)).code == 0
    [bens] = [a for a in world.sandbox.app.store.cloud.assignments if a.kind == "USER"]
    del world.sandbox.app.store.cloud.assignments[bens]
    said = cli("apply", str(saved))
    assert (said.code, "ann@corp.example would no longer be an administrator" in said.err) == (4, True), said.err
    assert f"scim-bridge apply {saved} --approve --last-admin" in said.err
    assert cli("apply", str(saved), "--approve").code == 4
    assert cli("apply", str(saved), "--approve", "--last-admin").code == 0
    assert not _is_active(world, "ann")


def test_a_delta_run_reads_aws_again_where_the_last_door_is_at_stake_and_only_there(
    world: World, two: People, cli: Cli
) -> None:
    configure(world, KEEP)
    assert cli("sync", "--full").code == 0
    [bens] = [a for a in world.sandbox.app.store.cloud.assignments if a.kind == "USER"]
    del world.sandbox.app.store.cloud.assignments[bens]
    world.sandbox.aws_calls.clear()
    _leaves(world, two, "cleo")
    assert "had to be looked at" in cli("sync").err
    assert not world.sandbox.aws_calls
    _leaves(world, two, "ann")
    said = cli("sync")
    assert (said.code, "ann@corp.example would no longer be an administrator" in said.err) == (4, True), said.err


def test_approving_a_saved_plan_covers_nothing_that_access_adds_to_it_until_that_was_shown(
    world: World, two: People, cli: Cli
) -> None:
    saved = world.folder / "p.json"
    configure(world, "limits: {lose_access: report, deactivate: 0, remove_members: 100%}")
    _leaves(world, two, "cleo")
    assert cli("plan", "--full", "--exit-code", "--out", str(saved)).code == 4
    given = {"user": "cleo@corp.example", "accounts": ["payer"], "permission_set": "Admin"}
    world.sandbox.seed({"assignments": [given]})
    said = cli("apply", str(saved), "--approve")
    assert (said.code, "administrator" in said.err) == (4, True), said.err
    assert _is_active(world, "cleo")
    assert cli("apply", str(saved), "--approve").code == 0  # now it was shown
    assert not _is_active(world, "cleo")


def test_pushing_one_administrator_waits_for_a_short_look_at_aws_and_no_longer(
    world: World, two: People, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(world, KEEP)
    assert cli("sync", "--full").code == 0
    monkeypatch.setattr("scim_bridge.run.named_plan.MOST", 3)
    _leaves(world, two, "ann")
    said = cli("sync", "--only", "ann@corp.example")
    assert said.code == 0, said.err
    assert "it takes more than 3 requests" in said.out
    assert not _is_active(world, "ann")


def test_an_answer_of_aws_that_no_one_has_foreseen_holds_no_revocation_back(
    world: World, two: People, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object, **__: object) -> None:
        raise KeyError("MemberId")

    monkeypatch.setattr("scim_bridge.access.aws_access.read_access", read)
    _leaves(world, two, "cleo")
    said = cli("sync", "--full")
    assert (said.code, "its answer was not understood (KeyError)" in said.out) == (0, True), said.err
    assert not _is_active(world, "cleo")


def test_last_admin_alone_is_no_approval(world: World, two: People, cli: Cli) -> None:
    said = cli("sync", "--last-admin")
    assert (said.code, "--last-admin adds to an approval" in said.err) == (2, True)


def test_the_limits_stop_by_default_where_an_administrator_is_lost_and_report_one_that_is_gained(
    world: World, two: People, cli: Cli
) -> None:
    configure(world, "")
    two.members.append(("g", "cleo", "user"))
    world.write(two)
    assert cli("sync").code == 0
    _leaves(world, two, "ann")
    said = cli("sync")
    assert said.code == 4
    assert "1 of 2 administrators would stop being an administrator of an account (limit 0)" in said.err
    assert cli("sync", "--approve").code == 0
    assert cli("history", "--output", "json").json[0]["guard"]
    configure(world, "limits: {gain_admin: 0}")
    assert cli("sync").code == 0
    two.add("dora")
    two.members.append(("g", "dora", "user"))
    world.write(two)
    said = cli("sync")
    assert (said.code, "1 would become an administrator of an account" in said.err) == (4, True), said.err


def test_seats_and_session_tags_are_told(world: World, two: People, cli: Cli) -> None:
    world.sandbox.seed({"attributes": {"Department": "${path:enterprise.department}"}})
    assert cli("access", "--full").code == 0
    two.users["ben"]["dept"] = "sales"
    two.users["ann"]["dept"] = "sales"
    two.add("dora", dept="sales")
    two.members.append(("h", "dora", "user"))
    _leaves(world, two, "cleo")
    said = cli("plan")
    assert "enterprise.department is passed to AWS as the session tag Department; 2 users change" in said.out
    assert "QDevProfile-eu-west-1: up to 1 seat more, 1 seat fewer from next month" in said.out
    document = cli("plan", "--output", "json").json["access"]
    assert document["seats"] == [
        {
            "application": "QDevProfile-eu-west-1",
            "gained": 1,
            "lost": 1,
            "price": 19.0,
            "gained_by": ["dora@corp.example"],
            "lost_by": ["cleo@corp.example"],
        }
    ]
    [tag] = document["session_tags"]
    assert (tag["tag"], tag["count"]) == ("Department", 2)
    [dora] = [row for row in document["gained"] if row.get("account")]
    assert (dora["user"], dora["user_id"], dora["causes"]) == (
        "dora@corp.example",
        None,
        ["the user is created and added to readers"],
    )


def test_where_aws_cannot_be_read_the_plan_says_so_once_and_revocations_pass(
    world: World, two: People, cli: Cli
) -> None:
    configure(world, KEEP)
    lose_state(world.state)
    world.sandbox.fail(Fault("forbidden", path="aws/sso:ListPermissionSets"))
    _leaves(world, two, "cleo")
    said = cli("sync", "--full")
    assert not _is_active(world, "cleo")
    assert said.out.count("AWS refused sso:ListPermissionSets") == 1
    assert "who gains or loses access by this plan is not known" in said.out
    assert "policy.keep_admins was not checked for the account 'management': AWS could not be read" in said.out


def test_a_run_with_nothing_to_do_asks_aws_nothing(world: World, two: People, cli: Cli) -> None:
    assert cli("sync").code == 0
    world.sandbox.aws_calls.clear()
    assert cli("sync").code == 0
    assert not world.sandbox.aws_calls


def _age_reading(world: World) -> None:
    with closing(sqlite3.connect(world.state)) as database, database:
        database.execute("UPDATE access_readings SET read_at = datetime(read_at, '-3 hours')")


@pytest.mark.state_file
def test_where_the_reading_is_older_aws_is_asked_about_those_whom_the_plan_changes(
    world: World, two: People, cli: Cli
) -> None:
    assert cli("sync", "--full").code == 0
    _age_reading(world)
    given = {"user": "cleo@corp.example", "accounts": ["payer"], "permission_set": "Reader"}
    new = {"group": "readers", "accounts": ["payer"], "permission_set": "New"}
    world.sandbox.seed({"permission_sets": [{"name": "New"}], "assignments": [given, new]})
    _leaves(world, two, "cleo")
    world.sandbox.aws_calls.clear()
    said = cli("plan", "--output", "json")
    assert pairs(said, "lost") == {
        ("cleo@corp.example", "production", "Reader"),
        ("cleo@corp.example", "payer", "Reader"),
        ("cleo@corp.example", "payer", "New"),
        ("cleo@corp.example", "QDevProfile-eu-west-1", ""),
    }
    calls = world.sandbox.aws_calls
    assert calls["sso:ListAccountAssignmentsForPrincipal"] == 2
    assert calls["sso:ListAccountAssignments"] == calls["identitystore:ListUsers"] == 0
    assert "AWS as read 3 h ago" in cli("plan").out


@pytest.mark.state_file
def test_where_asking_about_a_few_is_denied_the_older_reading_has_to_do(world: World, two: People, cli: Cli) -> None:
    assert cli("sync", "--full").code == 0
    _age_reading(world)
    world.sandbox.fail(Fault("forbidden", path="aws/sso:ListAccountAssignmentsForPrincipal"))
    _leaves(world, two, "cleo")
    said = cli("plan")
    assert ("1 user loses access" in said.out, "Warnings" in said.out) == (True, False)


def _shown(cli: Cli) -> set[tuple[str, str, str]]:
    """Who may enter what, as AWS shows it now."""
    document = cli("access", "--full", "--output", "json").json
    found = {(r["user"], r["account"], r["permission_set"]) for r in document["rows"]}
    return found | {(r["user"], r["application"], "") for r in document["applications"]}


def _assign_at_random(world: World, chance: Random) -> None:
    state = world.sandbox.state()
    users, groups = (
        [one[name] for one in state[of]] for of, name in (("users", "userName"), ("groups", "displayName"))
    )
    assignments = []
    for name in chance.sample(users, 3) + chance.sample(groups, 3):
        kind = "group" if name in groups else "user"
        account, held = chance.choice(("payer", "production")), chance.choice(("Admin", "Reader"))
        assignments.append({kind: name, "accounts": [account], "permission_set": held})
    applications = [{"name": f"app {chance.random()}", "groups": chance.sample(groups, 2)}]
    world.sandbox.seed({"assignments": assignments, "applications": applications})


def _change_at_random(people: People, chance: Random) -> None:
    for user in chance.sample(sorted(people.users), 4):
        people.users[user]["enabled"] = chance.choice(("true", "false"))
    gone = chance.choice(sorted(people.users))
    del people.users[gone]
    people.members = [m for m in people.members if m[1] != gone]
    for _ in range(6):
        pair = (chance.choice(sorted(people.groups)), chance.choice(sorted(people.users)), "user")
        if pair in people.members:
            people.members.remove(pair)
        else:
            people.members.append(pair)
    new = f"n{chance.randrange(10**6)}"
    people.add(new).members.append((chance.choice(sorted(people.groups)), new, "user"))


@pytest.mark.parametrize("seed", [1, 2])
def test_what_a_plan_shows_is_the_difference_that_aws_shows(world: World, cli: Cli, seed: int) -> None:
    chance, people = Random(seed), organization(12, 4, seed)
    world.write(people)
    configure(world)
    world.sandbox.seed(
        {
            "accounts": {"999999999999": "payer", "111111111111": "production"},
            "permission_sets": [
                {"name": "Admin", "managed": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
                {"name": "Reader", "managed": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
            ],
        }
    )
    with environment_at(world.sandbox.aws_url):
        assert cli("sync").code == 0
        for _ in range(3):
            _assign_at_random(world, chance)
            before = _shown(cli)
            _change_at_random(people, chance)
            world.write(people)
            said = cli("plan", "--output", "json")
            assert cli("sync").code == 0 or cli("sync", "--approve").code == 0  # such a directory shrinks at times
            after = _shown(cli)
            assert (pairs(said, "gained"), pairs(said, "lost")) == (after - before, before - after)
            counted = said.json["access"]["pairs"]
            assert (counted["gained"], counted["lost"]) == (len(after - before), len(before - after))


@pytest.mark.state_file
def test_a_group_that_we_deleted_opens_nothing_any_more(world: World, two: People, cli: Cli) -> None:
    """The kept reading still shows it, with its members."""
    configure(world, f"{LENIENT}, deprovision: {{delete_after: 24h}}")
    del two.groups["g"]
    two.members = [("h", "cleo", "user")]
    world.write(two)
    assert pairs(cli("plan", "--output", "json"), "lost") == {
        ("ann@corp.example", "payer", "Admin"),
        ("ann@corp.example", "QDevProfile-eu-west-1", ""),
    }
    assert cli("sync").code == 0
    age(world, 25)
    with closing(sqlite3.connect(world.state)) as database, database:
        database.execute(
            "UPDATE access_readings SET read_at = datetime('now')"
        )  # recent, so that AWS is not read again
    assert "delete 1 group" in cli("sync").out
    assert cli("sync").code == 0
    _leaves(world, two, "ann")
    assert pairs(cli("plan", "--output", "json"), "lost") == set()
