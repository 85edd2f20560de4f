"""The sliding window of the limits: many small runs cannot do what one may not."""

from tests.e2e.conftest import Cli
from tests.e2e.test_policies import age, allow, user_of
from tests.e2e.world import MAPPING, People, World, organization


def begun(world: World, cli: Cli, people: People) -> People:
    world.write(people)
    assert cli("sync").code == 0
    return people


def teams(count: int) -> People:
    """Groups of one member each, and one large one, so that few memberships are many groups."""
    people = People()
    for number in range(count):
        people.add(f"u{number}").group(f"g{number}", f"team {number}", f"u{number}")
    return people.group("all", "everybody", *people.users)


def lose(world: World, *who: str) -> None:
    for name in who:
        world.sandbox.app.store.delete("User", user_of(world, name).id, with_assignments=True)


def empty(world: World, people: People, *groups: str) -> None:
    people.members = [m for m in people.members if m[0] not in groups]
    world.write(people)


def rule(world: World, title: str) -> None:
    """Another rule for the title, which changes anyone who it says something else for."""
    rules = MAPPING.read_text().partition("\ntests:")[0]
    (world.folder / "csv.yaml").write_text(rules.replace("title: title", f"title: '{title}'"))


def test_resources_that_vanish_a_few_at_a_time_add_up(world: World, cli: Cli) -> None:
    begun(world, cli, organization(20, 0))
    lose(world, "u1", "u2", "u3")
    assert cli("sync", "--full").code == 0
    lose(world, "u4", "u5")
    said = cli("sync", "--full")
    assert said.code == 4
    assert (
        "2 of 20 linked users and groups are gone from the target, after 3 within the last 24 h (25.0 %, limit 20%)"
    ) in said.err
    age(world, 25)
    assert cli("sync", "--full").code == 0


def test_groups_emptied_one_by_one_add_up(world: World, cli: Cli) -> None:
    allow(world, "limits: {remove_members: 100%}")
    people = begun(world, cli, teams(40))
    empty(world, people, "g0", "g1")
    assert cli("sync").code == 0
    empty(world, people, "g2", "g3")
    said = cli("sync")
    assert said.code == 4
    assert (
        "2 of 41 managed groups would lose their last member, after 2 within the last 24 h (9.8 %, limit 5%)"
        in said.err
    )
    age(world, 25)
    assert cli("sync").code == 0


def test_mappings_changed_bit_by_bit_add_up(world: World, cli: Cli) -> None:
    begun(world, cli, organization(20, 0))
    rule(world, 'id in ["u1", "u2", "u3", "u4"] ? "Boss" : title')
    assert cli("sync").code == 0
    rule(world, 'id in ["u1", "u2", "u3", "u4", "u5"] ? "Boss" : title')
    said = cli("sync")
    assert said.code == 4
    assert "1 of 20 managed users would be changed by the mapping" in said.err
    assert "after 4 within the last 24 h (25.0 %, limit 20%)" in said.err
    age(world, 25)
    assert cli("sync").code == 0


def test_what_was_approved_does_not_count_again(world: World, cli: Cli) -> None:
    allow(world, "limits: {remove_members: 100%}")
    people = begun(world, cli, teams(40))
    empty(world, people, "g0", "g1", "g2", "g3")
    assert cli("sync").code == 4
    assert cli("sync", "--approve").code == 0
    empty(world, people, "g4")
    assert cli("sync").code == 0


def test_deletions_that_were_approved_do_not_count_again(world: World, cli: Cli) -> None:
    allow(world, "deprovision: {delete_after: 1h}, limits: {deactivate: 100%, window: 30d}")
    people = begun(world, cli, organization(40, 0))
    for batch in (("u39", "u38", "u37", "u36"), ("u35",)):
        for name in batch:
            del people.users[name]
        world.write(people)
        assert cli("sync").code == 0
        age(world, 2)
        if len(batch) > 1:
            assert "4 of 40 managed users would be deleted" in cli("sync").err
        assert cli("sync", "--approve").code == 0
    assert len(world.held()["users"]) == 35


def test_removals_from_a_group_that_was_named_count_and_those_of_a_user_who_was_do_not(world: World, cli: Cli) -> None:
    people = People()
    for number in range(20):
        people.add(f"u{number}")
    begun(world, cli, people.group("g", "dev", *people.users).group("h", "ops", *people.users))
    people.members.remove(("g", "u0", "user"))
    people.members.remove(("h", "u0", "user"))
    world.write(people)
    assert cli("sync", "--only", "u0").code == 0
    for name in ("u1", "u2"):
        people.members.remove(("g", name, "user"))
    world.write(people)
    assert cli("sync", "--only", "dev").code == 0
    for name in ("u3", "u4", "u5"):
        people.members.remove(("g", name, "user"))
    world.write(people)
    said = cli("sync", "--only", "dev")
    assert said.code == 4
    assert "3 of 19 memberships of managed groups would be removed, after 2 within the last 24 h (26.3 %" in said.err


def test_a_plan_that_was_saved_before_the_window_filled_is_stopped_by_what_counts_now(world: World, cli: Cli) -> None:
    people = begun(world, cli, organization(40, 0))
    for name in ("u39", "u38", "u37"):
        people.users[name]["enabled"] = "false"
    world.write(people)
    saved = str(world.folder / "plan.json")
    assert cli("plan", "--out", saved).code == 0
    people.users["u36"]["enabled"] = people.users["u35"]["enabled"] = "false"
    people.users |= {name: people.users[name] | {"enabled": "true"} for name in ("u39", "u38", "u37")}
    world.write(people)
    assert cli("sync").code == 0
    age(world, 1)
    for name in ("u36", "u35"):
        people.users[name]["enabled"] = "true"
    world.write(people)
    assert cli("sync").code == 0
    for name in ("u39", "u38", "u37"):
        people.users[name]["enabled"] = "false"
    world.write(people)
    said = cli("apply", saved)
    assert said.code == 4
    assert "3 of 42 active managed users would be deactivated, after 2 within the last 24 h" in said.err
    assert cli("apply", saved, "--approve").code == 0
    world.assert_equal_to(people)
    assert "@" in cli("history", "--output", "json").json[0]["approved_by"]
