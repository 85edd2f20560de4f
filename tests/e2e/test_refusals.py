"""What Identity Center refuses: named with what may be why, remembered, and never in the way of anything else."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from tests.e2e.conftest import Cli
from tests.e2e.world import MAPPING, People, World
from tests.state_on_server import move_back, rows

IDLE = 3
"""Requests of a run with nothing to do."""


def _ids(world: World) -> dict[str, str]:
    """What people call a resource → its id."""
    state = world.sandbox.state()
    names = {user["userName"].partition("@")[0]: user["id"] for user in state["users"]}
    return names | {group["displayName"]: group["id"] for group in state["groups"]}


def _sync(world: World, cli: Cli, *arguments: str) -> tuple[int, int, int]:
    """One run: its exit code, its requests, and its writes."""
    world.sandbox.forget_requests()
    code = cli("sync", *arguments).code
    return code, len(world.sandbox.requests), world.sandbox.counts.writes


def _hours_pass(world: World, hours: float) -> None:
    """Everything that waits for a time has come nearer to it."""
    move_back(world.state, "refusals", "due", hours)


def _waits_until(world: World) -> timedelta:
    ((due,),) = rows(world.state, "SELECT due FROM refusals")
    then = datetime.fromisoformat(due).replace(tzinfo=UTC) if isinstance(due, str) else due
    return then - datetime.now(UTC)


@pytest.fixture
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """An endpoint; with the fixture `strict`, one that refuses `<>;:%` in every attribute, as happens now and then."""
    with Sandbox(Knobs(rate=None, strict_text="strict" in request.fixturenames)) as sandbox:
        built = World(tmp_path, sandbox)
        built.configure()
        yield built


@pytest.fixture
def strict(world: World) -> World:
    return world


def test_a_title_blocks_neither_a_rename_nor_a_joiner_and_is_named_with_its_character(strict: World, cli: Cli) -> None:
    people = People().add("a").add("b").group("g", "dev", "a")
    strict.write(people)
    assert cli("sync").code == 0
    people.users["a"] |= {"login": "a.new@corp.example", "title": "Lead; EMEA"}
    people.add("e", title="50% FTE", dept="R&D").group("h", "ops", "e")
    strict.write(people)
    assert cli("sync").code == 5
    held = strict.held()
    assert held["users"]["a"]["userName"] == "a.new@corp.example"
    assert "title" not in held["users"]["a"]
    assert held["users"]["e"]["userName"] == "e@corp.example"
    assert held["groups"]["h"] == ("ops", {"e"})
    told = {conflict["subjects"][0]: conflict for conflict in cli("conflicts", "--output", "json").json}
    assert told.keys() == {"a@corp.example", "e@corp.example"}
    detail = told["e@corp.example"]["detail"]
    assert detail.startswith("e@corp.example: the target refused it with 400")
    assert """title '50% FTE' has "%", which Identity Center refuses in some attributes; the rest was done""" in detail
    assert """title 'Lead; EMEA' has ";",""" in told["a@corp.example"]["detail"]
    assert "Change title in the source" in told["e@corp.example"]["remedy"]

    assert _sync(strict, cli) == (5, 1, 0)
    plan = cli("plan", "--exit-code", "--output", "json")
    assert plan.code == 5
    assert plan.json["operations"] == []
    assert len(plan.json["conflicts"]) == 2

    people.users["a"] |= {"dept": "Sales"}
    people.users["e"] |= {"title": "half time"}
    strict.write(people)
    code, _, writes = _sync(strict, cli)
    assert (code, writes) == (5, 3)  # title and department, the department alone, and the other title
    assert [c["subjects"] for c in cli("conflicts", "--output", "json").json] == [["a.new@corp.example"]]


def test_what_cannot_be_left_out_is_named_and_holds_that_one_alone(strict: World, cli: Cli) -> None:
    people = People().add("a", display="A <admin>", title="1:1").add("b").group("g", "dev", "a", "b")
    strict.write(people)
    assert cli("sync").code == 5
    assert strict.held()["groups"]["g"] == ("dev", {"b"})
    detail = cli("conflicts", "--output", "json").json[0]["detail"]
    assert """displayName 'A <admin>' has "<", ">" and title '1:1' has ":", which Identity Center refuses""" in detail


def test_a_refused_user_in_four_groups_costs_two_requests_and_then_nothing(strict: World, cli: Cli) -> None:
    people = People().add("a", display="A; B").add("b")
    for number in range(4):
        people.group(f"g{number}", f"Group {number}", "a", *(["b"] if number % 2 else []))
    strict.write(people)
    assert cli("sync").code == 5
    assert [request.body for request in strict.sandbox.requests if _members_of(request.body) == []] == []
    assert strict.sandbox.counts.invalid == 1  # the create itself
    for _ in range(2):
        code, requests, writes = _sync(strict, cli)
        assert (code, writes) == (5, 0)
        assert requests <= IDLE


def _members_of(body: dict[str, Any] | None) -> object:
    operations = body.get("Operations") if body else None
    return operations[0].get("value") if isinstance(operations, list) else None


def _refuse(world: World, *paths: str) -> None:
    world.sandbox.fail(*(Fault("error", "PATCH", path, status=400) for path in paths))


def _mapping_changes(world: World, cli: Cli) -> int:
    path = world.folder / "csv.yaml"
    path.write_text(MAPPING.read_text(encoding="utf-8") + "# reviewed\n", encoding="utf-8")
    return _sync(world, cli)[2]


def _record_changes(world: World, cli: Cli) -> int:
    people = People().add("a", title="Lead", dept="R&D").add("b")
    world.write(people)
    return _sync(world, cli)[2]


def _an_hour_passes(world: World, cli: Cli) -> int:
    _hours_pass(world, 1)
    return _sync(world, cli)[2]


def _somebody_asks(world: World, cli: Cli) -> int:
    return _sync(world, cli, "--only", "a")[2]


def _somebody_decides(world: World, cli: Cli) -> int:
    assert cli("conflicts", "resolve", "refused_by_target", "--source").code == 0
    return _sync(world, cli)[2]


@pytest.fixture
def refused(world: World, cli: Cli) -> World:
    """A user whose title is refused for a reason that no one knows."""
    people = People().add("a").add("b")
    world.write(people)
    assert cli("sync").code == 0
    _refuse(world, f"Users/{_ids(world)['a']}")
    people.users["a"] |= {"title": "Lead"}
    world.write(people)
    assert _sync(world, cli)[0] == 5
    assert _sync(world, cli) == (5, 1, 0)
    return world


@pytest.mark.parametrize(
    "happens", [_an_hour_passes, _record_changes, _mapping_changes, _somebody_asks, _somebody_decides]
)
def test_it_is_sent_again_at_once_when_there_is_a_reason_to(
    refused: World, cli: Cli, happens: Callable[[World, Cli], int]
) -> None:
    assert happens(refused, cli) == 1
    assert _sync(refused, cli)[::2] == (5, 0), "asked once, it waits again"
    refused.sandbox.fail()
    _hours_pass(refused, 24)
    assert _sync(refused, cli)[::2] == (0, 1)
    assert refused.held()["users"]["a"]["title"] == "Lead"
    assert cli("conflicts", "--output", "json").json == []


def test_each_refusal_doubles_the_time_until_a_day_is_reached(refused: World, cli: Cli) -> None:
    hours = []
    for _ in range(7):
        hours.append(round(_waits_until(refused) / timedelta(hours=1)))
        _hours_pass(refused, 24)
        assert _sync(refused, cli)[::2] == (5, 1)
    assert hours == [1, 2, 4, 8, 16, 24, 24]


def test_what_is_ignored_is_not_sent_and_asks_nobody_until_the_record_changes(refused: World, cli: Cli) -> None:
    key = cli("conflicts", "--output", "json").json[0]["key"]
    assert cli("conflicts", "resolve", key, "--ignore").code == 0
    for arguments in ((), ("--only", "a"), ("--full",)):
        _hours_pass(refused, 48)
        code, _, writes = _sync(refused, cli, *arguments)
        assert (code, writes) == (0, 0), arguments
    assert cli("plan", "--exit-code").code == 0
    assert _record_changes(refused, cli) == 1
    assert _sync(refused, cli)[::2] == (5, 0)
    assert "decided by" not in cli("conflicts").out


def test_a_refused_revocation_is_sent_in_every_run(world: World, cli: Cli) -> None:
    world.configure(extra="    policy: {limits: {deactivate: 100%, remove_members: 100%}}\n")
    people = People().add("a").add("b").group("g", "dev", "a", "b").group("h", "ops", "a")
    world.write(people)
    assert cli("sync").code == 0
    ids = _ids(world)
    _refuse(world, f"Users/{ids['a']}", f"Groups/{ids['dev']}")
    people.users["a"] |= {"enabled": "false", "title": "gone"}
    people.members = [("g", "a", "user"), ("h", "a", "user")]
    world.write(people)
    assert _sync(world, cli)[0] == 5
    for _ in range(2):
        code, requests, writes = _sync(world, cli)
        assert (code, writes) == (5, 2)
        assert requests <= 2 + 4
    planned = cli("plan", "--output", "json").json["operations"]
    assert next((o["kind"], o.get("changes")) for o in planned) == ("deactivate_user", {"active": [True, False]})
    for conflict in cli("conflicts", "--output", "json").json:
        assert cli("conflicts", "resolve", conflict["key"], "--ignore").code == 0
    assert _sync(world, cli)[::2] == (0, 2), "it is ignored, and a revocation is sent all the same"
    world.sandbox.fail()
    assert _sync(world, cli)[::2] == (0, 2)
    held = world.held()
    assert held["users"]["a"]["active"] is False
    assert held["groups"]["g"] == ("dev", {"a"})


def test_a_refused_membership_is_remembered_alone(world: World, cli: Cli) -> None:
    people = People().add("a").add("b").add("c").group("g", "dev", "a")
    world.write(people)
    assert cli("sync").code == 0
    _refuse(world, f"Groups/{_ids(world)['dev']}")
    people.members.append(("g", "b", "user"))
    world.write(people)
    assert _sync(world, cli)[0] == 5
    assert cli("conflicts", "--output", "json").json[0]["subjects"] == ["b@corp.example", "dev"]
    assert _sync(world, cli) == (5, 1, 0)
    world.sandbox.fail()
    people.members.append(("g", "c", "user"))
    world.write(people)
    assert _sync(world, cli)[::2] == (5, 1)
    assert world.held()["groups"]["g"] == ("dev", {"a", "c"})
    _hours_pass(world, 1)
    assert _sync(world, cli)[::2] == (0, 1)
    assert world.held()["groups"]["g"] == ("dev", {"a", "b", "c"})


def test_a_refused_joiner_who_leaves_again_is_forgotten(strict: World, cli: Cli) -> None:
    people = People().add("a", display="A; B").add("b")
    strict.write(people)
    assert cli("sync").code == 5
    del people.users["a"]
    strict.write(people)
    assert _sync(strict, cli)[::2] == (0, 0)
    assert cli("conflicts", "--output", "json").json == []
