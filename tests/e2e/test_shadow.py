"""A connection in shadow: it plans beside the old program, writes nothing, and says when it is ready to write."""

from collections.abc import Callable

import pytest

from scim_bridge.config.settings import load
from scim_bridge.errors import Misconfigured
from scim_bridge.run.bridge import open_bridge
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.state.writer import State
from scim_bridge.worker.task import Task, carry_out
from tests.e2e.conftest import Cli
from tests.e2e.test_policies import age
from tests.e2e.world import People, World, person

SHADOW = "    shadow: true\n"
WEEK = 7


@pytest.fixture
def people(world: World) -> People:
    people = People().add("a", title="Lead").add("b").add("c").group("g", "dev", "a", "b")
    world.write(people)
    return people


def provisioned_by_another(world: World, people: People) -> None:
    """The old program has put these users and groups there, under ids of its own."""
    held = [{**person(user["login"]), "externalId": f"old-{name}"} for name, user in people.users.items()]
    world.sandbox.seed({"users": held, "groups": [{"displayName": name} for name in people.groups.values()]})


def written(sandbox: Sandbox) -> int:
    return sandbox.counts.writes


def shadow_days(world: World, cli: Cli, days: int) -> None:
    """A run a day, the last one now."""
    for _ in range(days):
        assert cli("sync").code == 0
        age(world, 24)
    assert cli("sync").code == 0


def test_nothing_is_written_by_any_command(world: World, people: People, cli: Cli) -> None:
    assert cli("sync").code == 0
    people.add("d").group("h", "ops", "c")
    people.users["b"]["enabled"] = "false"
    world.write(people)
    saved = str(world.folder / "plan.json")
    assert cli("plan", "--out", saved).code == 0
    world.configure(extra=SHADOW)
    held, before = world.held(), written(world.sandbox)
    said = cli("sync")
    assert (said.code, "corp is in shadow: nothing was written. See: scim-bridge shadow corp" in said.err) == (0, True)
    assert "create user (1)" in said.out
    refused = {
        ("apply", saved): "corp is in shadow (shadow: true), so a saved plan is not applied.",
        ("apply", saved, "--approve"): "corp is in shadow (shadow: true), so a saved plan is not applied.",
        ("rollback", "1"): "corp is in shadow (shadow: true), so no run is undone.",
        ("sync", "--only", "b@corp.example"): "in shadow (shadow: true), so b@corp.example cannot be pushed.",
        ("sync", "--approve"): "so only a sync that writes can be approved, or follow a restored state.",
        ("sync", "--full", "--after-restore"): "so only a sync that writes can be approved, or follow a restored",
    }
    for command, sentence in refused.items():
        said = cli(*command)
        assert said.code == 2, command
        assert sentence in said.err
        assert said.err.endswith("Nothing was written. To let it write to the target, set shadow: false.\n")
    with State(world.state) as state:
        carried = carry_out(Task(load(world.config).connection("corp"), world.state), state, lambda: False)
    assert "in shadow, nothing was written; planned: create 1 user, deactivate 1 user" in carried.said
    assert cli("sync", "--full").code == 0
    assert cli("explain", "b@corp.example").code == 0
    assert (world.held(), written(world.sandbox)) == (held, before)
    # A refusal is not a run, and shows in no history; the three that planned do.
    assert [run["status"] for run in cli("history", "--output", "json").json] == ["shadow"] * 3 + ["done"]


def test_the_first_run_after_it_is_as_if_nothing_had_been_applied(world: World, people: People, cli: Cli) -> None:
    provisioned_by_another(world, people)
    world.configure(extra=SHADOW)
    assert cli("sync").code == 0
    people.add("d").users["a"]["title"] = "Engineer"
    world.write(people)
    assert cli("sync").code == 0
    world.sandbox.seed({"users": [person("e@corp.example")]})  # another user, after the last reading in shadow
    people.add("e")
    world.write(people)
    world.configure()
    said = cli("sync")
    assert (said.code, "4 users adopted" in " ".join(cli("history").out.split())) == (0, True)
    world.assert_equal_to(people)


def test_a_connection_that_wrote_before_reads_everything_after_its_shadow(
    world: World, people: People, cli: Cli
) -> None:
    assert cli("sync").code == 0
    world.configure(extra=SHADOW)
    assert cli("sync").code == 0
    user = world.sandbox.app.store.users.find("userName", "b@corp.example")
    assert user is not None
    user.attributes["displayName"] = "of another program"
    assert cli("shadow", "--output", "json").json["differences"] == 0
    world.configure()
    said = cli("sync")
    assert "everyone was looked at" in said.err
    world.assert_equal_to(people)


def test_the_other_programs_changes_are_seen_in_every_run(world: World, people: People, cli: Cli) -> None:
    world.configure(extra=SHADOW + "    schedule: {verify: 24h}\n")
    assert cli("sync").code == 0
    assert cli("shadow", "--output", "json").json["differences"] == 6
    provisioned_by_another(world, people)
    assert cli("sync").code == 0
    kinds = [each["kind"] for each in cli("shadow", "--output", "json").json["younger"]]
    assert "create_user" not in kinds
    assert cli("shadow", "--output", "json").json["adoptions"] == 4


def test_what_differs_every_day_is_named_and_keeps_it_from_being_ready(world: World, people: People, cli: Cli) -> None:
    for user in people.users.values():
        user |= {"given": "Hand", "family": "Made", "display": "Made by hand", "mail": ""}
    people.members.clear()
    world.write(people)
    provisioned_by_another(world, people)
    world.configure(extra=SHADOW)
    shadow_days(world, cli, WEEK)
    document = cli("shadow", "--output", "json").json
    assert document["ready"] is False
    assert document["because"] == ["1 difference stands in every run of the last 7 days"]
    [each] = document["in_every_run"]
    assert (each["subject"], each["effect"]) == ("a@corp.example", "title: Lead")
    assert [day["last"] for day in document["days"]] == [1] * 7
    text = cli("shadow").out
    assert "ready: no, because 1 difference stands in every run of the last 7 days" in text
    assert "Different in every run of the last 7 days (1)\n  = adopt user a@corp.example: title: Lead" in text
    assert "The first run that writes would adopt 4 resources." in text
    checked = cli("check").out
    assert "schedule: in shadow: plans every 15 min, and writes nothing; ready: no, because 1 difference" in checked


def test_it_is_ready_when_a_week_of_plans_would_only_adopt(world: World, people: People, cli: Cli) -> None:
    for user in people.users.values():
        user |= {"given": "Hand", "family": "Made", "display": "Made by hand", "mail": "", "title": ""}
    people.members.clear()
    world.write(people)
    provisioned_by_another(world, people)
    world.configure(extra=SHADOW)
    assert cli("sync").code == 0
    assert "ready: no, because it has been in shadow for 0 of 7 days" in cli("shadow").out
    shadow_days(world, cli, WEEK)
    assert cli("shadow", "--output", "json").json["ready"] is True
    assert "ready: yes" in cli("shadow").out
    assert "ready: yes (scim-bridge shadow corp)" in cli("check").out
    people.add("z")
    world.write(people)
    assert cli("sync").code == 0
    document = cli("shadow", "--output", "json").json
    assert document["ready"] is True, "the old program has a day for a joiner"
    assert [each["subject"] for each in document["younger"]] == ["z@corp.example"]
    age(world, 25)
    assert cli("sync").code == 0
    assert cli("shadow", "--output", "json").json["because"] == ["1 difference is older than a day"]


def test_conflicts_can_be_decided_in_shadow_and_hold_until_a_run_writes(world: World, people: People, cli: Cli) -> None:
    world.sandbox.seed({"users": [person("a@corp.example")]})
    world.configure(extra=SHADOW + "    policy: {adopt: ask}\n")
    assert cli("sync").code == 0
    assert "1 conflict waits for a decision" in cli("shadow").out
    [conflict] = cli("conflicts", "--output", "json").json
    assert cli("conflicts", "resolve", conflict["key"], "--adopt").code == 0
    assert cli("sync").code == 0
    assert "waits for a decision" not in cli("shadow").out
    world.configure(extra="    policy: {adopt: ask}\n")
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_a_limit_that_the_first_run_would_exceed_is_said(world: World, people: People, cli: Cli) -> None:
    assert cli("sync").code == 0
    for user in people.users.values():
        user["enabled"] = "false"
    world.write(people)
    world.configure(extra=SHADOW)
    said = cli("sync")
    assert (said.code, "--approve" in said.out) == (0, False)
    assert "the plan exceeds a limit: " in cli("shadow").out
    assert "schedule: in shadow" in cli("check").out, "a shadow is not quarantined by its limits"


def test_before_the_first_run_in_shadow_there_is_nothing_to_show(world: World, people: People, cli: Cli) -> None:
    said = cli("shadow")
    assert (said.code, said.out) == (0, "corp: no run in shadow has ended yet\n")
    assert cli("sync").code == 0
    assert "no run in shadow has ended yet" in cli("shadow", "corp").out
    document = cli("shadow", "--output", "json").json
    assert (document["ready"], document["began"], document["days"]) == (False, None, [])


def test_the_endpoint_gets_no_write_even_if_a_run_forgot_to_ask(world: World, people: People, cli: Cli) -> None:
    world.configure(extra=SHADOW)
    with open_bridge(load(world.config).connection("corp")) as bridge:
        writes: tuple[Callable[[], object], ...] = (
            lambda: bridge.target.create("group", {"displayName": "x"}),
            lambda: bridge.target.update("user", "t", {"title": ("a", "b")}),
            lambda: bridge.target.delete("user", "t"),
            lambda: bridge.target.add_members("g", ["u"]),
            lambda: bridge.target.remove_members("g", ["u"]),
        )
        for send in writes:
            with pytest.raises(Misconfigured, match=r"in shadow no (POST|PATCH|DELETE) is sent to the target"):
                send()
    assert written(world.sandbox) == 0
