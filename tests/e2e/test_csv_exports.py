"""Exports as people have them, through the command line: what is refused, what is said, what changes nothing."""

import csv
from pathlib import Path
from random import Random

import pytest

from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from tests.e2e.conftest import Cli
from tests.e2e.world import People, World, at_rest, organization
from tests.service.seed import NOON
from tests.service.sign_in import signed_in


def test_users_whose_status_no_rule_understands_keep_their_access_and_are_said_first(world: World, cli: Cli) -> None:
    people = People().add("u1").add("u2").add("u3", enabled="false").add("u4").group("g1", "Dev", "u1")
    world.write(people)
    assert cli("sync").code == 0
    people.users["u1"]["enabled"] = people.users["u2"]["enabled"] = people.users["u3"]["enabled"] = "Terminated"
    people.add("u9", enabled="Terminated")
    people.group("g2", "Ops", "u2")
    world.write(people)
    first = (
        "2 users can still sign in, but no rule understands their status: u1@corp.example, u2@corp.example. They are "
        "held, and their access stays as it is until the rule for active says what the status means."
    )
    assert cli("plan").out.splitlines()[0] == first
    said = cli("sync")
    assert (said.code, said.out.splitlines()[0]) == (5, first)
    shown = {user["userName"]: user["active"] for user in world.sandbox.state()["users"]}
    assert shown == {
        "u1@corp.example": True,
        "u2@corp.example": True,
        "u3@corp.example": False,
        "u4@corp.example": True,
    }
    app = create_app(Shown(world.state, {"corp": None}, lambda: NOON))
    with Served(app, ("127.0.0.1", 0)) as served, signed_in(served.url, world.state, now=NOON) as client:
        for page in ("/", "/conflicts"):
            text = client.get(page).text
            assert text.index(first) < text.index("<h1>")


def test_files_run_together_change_nothing(world: World, cli: Cli) -> None:
    people = organization(5, 1)
    world.write(people)
    users = world.folder / "users.csv"
    users.write_text(users.read_text(encoding="utf-8") * 2, encoding="utf-8")
    at_rest(users)
    said = cli("sync")
    assert (said.code, world.sandbox.counts.writes) == (1, 0)
    assert "users.csv, line 7: this row is a header again, not a record: two exports were run together" in said.err


def test_ids_that_lost_their_leading_zeros_are_named_where_the_guard_stops(world: World, cli: Cli) -> None:
    people = People()
    for number in range(1, 9):
        people.add(f"000{number}", login=f"p{number}@corp.example", mail=f"p{number}@corp.example")
    world.write(people)
    assert cli("sync").code == 0
    world.sandbox.forget_requests()
    text = (world.folder / "users.csv").read_text(encoding="utf-8")
    (world.folder / "users.csv").write_text(text.replace("\n000", "\n"), encoding="utf-8")
    at_rest(world.folder / "users.csv")
    said = cli("sync")
    assert (said.code, world.sandbox.counts.writes) == (4, 0)
    assert (
        "8 of the new ids of users are old ones without their leading zeros ('0001' is now '1'): a spreadsheet drops "
        "them, so export the id column as text"
    ) in said.out


def test_ids_that_a_spreadsheet_rounded_lock_nobody_out(world: World, cli: Cli) -> None:
    people = People()
    for number in (123456789012, 123456789345, 77):
        people.add(str(number), login=f"p{number}@corp.example", mail=f"p{number}@corp.example")
    world.write(people)
    assert cli("sync").code == 0
    world.sandbox.forget_requests()
    text = (world.folder / "users.csv").read_text(encoding="utf-8")
    text = text.replace("\n123456789012,", "\n1.23457E+11,").replace("\n123456789345,", "\n1.23457E+11,")
    (world.folder / "users.csv").write_text(text, encoding="utf-8")
    at_rest(world.folder / "users.csv")
    said = cli("sync")
    assert (said.code, world.sandbox.counts.writes) == (5, 0)
    assert "the id (id) is '1.23457E+11', a number that a spreadsheet has rounded, so it is not a valid id" in said.out
    assert "spreadsheet: users.csv, line 2: id '1.23457E+11' (and 1 more) is what a spreadsheet makes of" in said.out


def _put(path: Path, header: list[str], rows: list[list[str]], chance: Random) -> None:
    """Rows and columns in any order."""
    order = chance.sample(range(len(header)), len(header))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([header[at] for at in order])
        writer.writerows([row[at] for at in order] for row in chance.sample(rows, len(rows)))
    at_rest(path)


LAYOUTS = {
    "a file with other columns": '{file: m.csv, group: "Group ID", member: "Employee ID", type: Kind}',
    "a file of names and addresses": "{file: m.csv, group: Team, member: Mail, group_by: name, member_by: mail}",
    "groups in a column of users, by id": '{users: Groups, separator: ";"}',
    "groups in a column of users, by name": "{users: Names, by: name}",
    "users in a column of groups, by id": '{groups: Members, separator: "|"}',
    "users in a column of groups, by address": "{groups: Mails, by: mail}",
}


@pytest.mark.parametrize("members", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("seed", range(2))
def test_memberships_in_any_layout_are_the_same(world: World, cli: Cli, members: str, seed: int) -> None:
    people, chance = organization(12, 4, seed), Random(seed)
    people.members = [m for m in people.members if m[2] == "user"]
    world.write(people)
    assert cli("sync").code == 0
    pairs = [(group, member) for group, member, _ in people.members]
    users = [
        [
            *user.values(),
            ";".join(g for g, m in pairs if m == key),
            "; ".join(people.groups[g] for g, m in pairs if m == key),
        ]
        for key, user in people.users.items()
    ]
    _put(world.folder / "users.csv", [*next(iter(people.users.values())), "Groups", "Names"], users, chance)
    groups = [
        [
            key,
            name,
            "|".join(m for g, m in pairs if g == key),
            "\n".join(people.users[m]["mail"].upper() for g, m in pairs if g == key),
        ]
        for key, name in people.groups.items()
    ]
    _put(world.folder / "groups.csv", ["id", "name", "Members", "Mails"], groups, chance)
    rows = [[g, m, "User", people.groups[g], people.users[m]["mail"]] for g, m in pairs]
    _put(world.folder / "m.csv", ["Group ID", "Employee ID", "Kind", "Team", "Mail"], rows, chance)
    text = world.config.read_text(encoding="utf-8").replace("members: members.csv", f"members: {members}")
    world.config.write_text(text, encoding="utf-8")
    world.sandbox.forget_requests()
    plan = cli("plan", "--output", "json").json
    assert (plan["operations"], plan["conflicts"], plan["warnings"]) == ([], [], [])
    assert cli("sync").code == 0
    assert cli("sync", "--only", "u3").code == 0
    assert world.sandbox.counts.writes == 0


def test_groups_that_only_exist_as_names_are_made_of_them(world: World, cli: Cli) -> None:
    text = "id,login,given,family,display,mail,enabled,title,dept,manager,Groups\n"
    for number, groups in enumerate(("Dev;Ops", "dev", "Dev", "")):
        text += f"{number},p{number}@corp.example,G,F,,p{number}@corp.example,true,,,,{groups}\n"
    (world.folder / "users.csv").write_text(text, encoding="utf-8")
    at_rest(world.folder / "users.csv")
    config = world.config.read_text(encoding="utf-8")
    config = config.replace("groups: groups.csv, members: members.csv", "groups: from-users, members: {users: Groups}")
    world.config.write_text(config, encoding="utf-8")
    said = cli("sync")
    assert said.code == 0, said.err
    state = world.sandbox.state()
    names = {user["id"]: user["userName"][:2] for user in state["users"]}
    held = {g["displayName"]: sorted(names[m] for m in state["members"][g["id"]]) for g in state["groups"]}
    assert held == {"Dev": ["p0", "p1", "p2"], "Ops": ["p0"]}
    assert cli("plan", "--exit-code").code == 0
