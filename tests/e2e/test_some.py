"""Runs about some, as their output shows them: what they find, and what they say of those they did not look at."""

from tests.e2e.conftest import Cli
from tests.e2e.test_policies import age, allow, conflicts, user_of
from tests.e2e.world import People, World, person


def test_zeros_that_a_spreadsheet_dropped_are_warned_of_without_a_look_at_everyone(world: World, cli: Cli) -> None:
    people = People()
    for number in range(1, 41):
        people.add(f"{number:04d}")
    world.write(people)
    assert cli("sync").code == 0
    for name in ("0012", "0013"):
        people.users[name]["id"] = name.lstrip("0")
    world.write(people)
    said = cli("plan")
    assert "users and groups had to be looked at" in said.err
    assert "2 of the new ids of users are old ones without their leading zeros ('0012' is now '12')" in said.out


def test_the_many_who_are_out_of_scope_are_counted_with_the_command_that_names_them(world: World, cli: Cli) -> None:
    people = People()
    for number in range(110):
        people.add(f"out{number}", login="")
    world.write(people.add("a"))
    assert cli("sync").code == 0
    people.users["a"]["title"] = "Lead"
    world.write(people)
    skipped = {each["subject"]: each["reason"] for each in cli("plan", "--output", "json").json["skipped"]}
    assert skipped["110 records that did not have to be looked at"] == (
        "out of scope; to see them by name: scim-bridge plan corp --full"
    )
    assert len(skipped) == 1
    assert len(cli("plan", "--full", "--output", "json").json["skipped"]) == 110


def test_a_user_may_be_named_by_an_email_and_by_the_id_on_the_target(world: World, cli: Cli) -> None:
    people = People().add("a", mail="ann@corp.example").add("b")
    world.write(people)
    assert cli("sync").code == 0
    for name, title in (("ANN@corp.example", "Lead"), (user_of(world, "a").id, "Chief")):
        people.users["a"]["title"] = title
        world.write(people)
        assert cli("sync", "--only", name).code == 0
        assert user_of(world, "a").attributes["title"] == title


def test_an_email_names_no_one_whose_name_it_is_not_where_it_is_anothers_name(world: World, cli: Cli) -> None:
    people = People().add("a", mail="b@corp.example").add("b", mail="")
    world.write(people)
    assert cli("sync").code == 0
    for who in ("a", "b"):
        people.users[who]["title"] = "Lead"
    world.write(people)
    assert cli("sync", "--only", "b@corp.example").code == 0
    assert (user_of(world, "b").attributes["title"], "title" in user_of(world, "a").attributes) == ("Lead", False)


def test_two_of_one_name_are_told_apart_by_their_ids(world: World, cli: Cli) -> None:
    people = People().add("a").add("b", login="a@corp.example")
    world.write(people)
    assert cli("sync").code == 5
    said = cli("sync", "--only", "a@corp.example")
    assert (said.code, "several users are called 'a@corp.example': a, b. Name one of them" in said.err) == (2, True)


def test_a_decision_that_lasts_ends_what_else_was_asked_about_the_same_record(world: World, cli: Cli) -> None:
    """Who may keep the name that someone gave them by hand does not wait for the one of their record any more."""
    allow(world, "drift: report")
    world.write(People().add("a").add("b"))
    assert cli("sync").code == 0
    ben = user_of(world, "b")
    world.sandbox.app.store.change("User", ben, ben.attributes | {"userName": "ben@corp.example"})
    world.sandbox.seed({"users": [person("b@corp.example")]})
    age(world, 0.2)
    assert cli("sync", "--full").code == 5
    drift = conflicts(cli)["drift"]
    assert cli("conflicts", "resolve", drift, "--source").code == 0
    assert cli("sync").code == 5
    assert set(conflicts(cli)) == {"drift", "user_name_taken"}
    assert cli("conflicts", "resolve", drift, "--target").code == 0
    plan = cli("plan", "--output", "json")
    assert "had to be looked at" in plan.err
    assert plan.json["conflicts"] == []
