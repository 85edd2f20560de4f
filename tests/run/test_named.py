"""Who is named is looked up: neither side is read or loaded for anyone else."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import pytest

from scim_bridge.errors import Misconfigured
from scim_bridge.model.identity import SourceKey
from scim_bridge.model.policy import Policy
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.model.source import Memory, SourceChanges, SourceReading
from scim_bridge.run.lifecycle import Order
from scim_bridge.run.named_plan import read_and_plan_named
from scim_bridge.run.sync import sync
from tests.laws.little_world import HEADER, LittleSource, LittleWorld, compiled


class Asked(LittleSource):
    """A source that notes whom it was asked about, and how often what has changed. It is not read whole any more."""

    asked: list[frozenset[SourceKey]]
    is_settled = False

    def read(self, today: str, memory: Memory | None = None, progress: Progress = silent) -> SourceReading:
        assert not self.is_settled, "everything was read"
        return super().read(today, memory, progress)

    def changes(self, today: str, memory: Memory, progress: Progress = silent) -> SourceChanges | SourceReading:
        self.asked.append(frozenset())
        return super().changes(today, memory, progress)

    def ask(self, today: str, memory: Memory | None, wanted: Iterable[SourceKey]) -> SourceChanges | SourceReading:
        keys = frozenset(wanted)
        self.asked.append(keys)
        return super().ask(today, memory, keys)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LittleWorld]:
    """Twenty users in one group, as synced; `u3` and `u4` are managed by `u1`."""
    world = LittleWorld(tmp_path, Random(1), compiled(tmp_path, "flatten"), Policy(), tells_changes=True)
    people = world.people
    for number in range(20):
        row = dict.fromkeys(HEADER, "") | {"id": f"u{number}", "login": f"name{number}", "enabled": "true"}
        people.users.append(row | {"mail": f"{number}@x", "manager": "u1" if number in (3, 4) else ""})
        people.members.add(("k", "user", f"u{number}"))
    people.groups.append({"id": "k", "name": "dev"})
    world.source.__class__ = Asked
    assert isinstance(world.source, Asked)
    world.source.asked = []
    with world.state:
        for _ in range(3):
            sync(world.bridge, world.state, Order())
        world.source.asked.clear()
        world.source.is_settled = True
        world.target.read = None  # type: ignore[assignment, method-assign]
        yield world


def asked(world: LittleWorld) -> list[frozenset[SourceKey]]:
    assert isinstance(world.source, Asked)
    return world.source.asked


def users(*ids: str) -> frozenset[SourceKey]:
    return frozenset(SourceKey("user", each) for each in ids)


def target_id(world: LittleWorld, source_id: str) -> str:
    shown = world.target.resources["user"]
    return next(target_id for target_id, each in shown.items() if each["externalId"] == source_id)


def test_one_user_is_loaded_with_the_manager_and_no_one_else(world: LittleWorld) -> None:
    world.people.users[3]["title"] = "Lead"
    reading = read_and_plan_named(world.bridge, world.state.reader, ["NAME3"], Order())
    assert asked(world) == [users("u3")]
    assert [(o.kind, o.source_id) for o in reading.plan.operations] == [("update_user", "u3")]
    assert {m.source_id for m in reading.matches.users} == {"u1", "u3"}
    assert list(reading.sides.members.values()) == [{target_id(world, "u3")}], "of the group, the one who was named"


def test_a_user_is_found_by_a_name_an_email_and_the_ids_of_both_sides(world: LittleWorld) -> None:
    for who in ("name3", "u3", target_id(world, "u3"), "3@X"):
        reading = read_and_plan_named(world.bridge, world.state.reader, [who], Order())
        assert reading.only == users("u3"), who
        assert asked(world).pop() == users("u3")


def test_who_has_a_say_is_asked_about_too_until_no_one_is_new(world: LittleWorld) -> None:
    """u5 takes the name of u6, who takes that of u7; u7 gives it up."""
    rows = world.people.users
    rows[5]["login"], rows[6]["login"], rows[7]["login"] = "name6", "name7", "free"
    reading = read_and_plan_named(world.bridge, world.state.reader, ["u5"], Order())
    assert asked(world) == [users("u5"), users("u5", "u6"), users("u5", "u6", "u7")]
    assert reading.only == users("u5", "u6", "u7")
    assert reading.plan.conflicts == ()


def test_who_is_not_known_yet_is_looked_for_among_what_has_changed(world: LittleWorld) -> None:
    world.people.users.append(world.people.users[0] | {"id": "new", "login": "new", "mail": "new@x"})
    reading = read_and_plan_named(world.bridge, world.state.reader, ["new"], Order())
    assert asked(world) == [frozenset()]
    assert [o.kind for o in reading.plan.operations] == ["create_user"]
    with pytest.raises(Misconfigured, match="neither the source nor the target has a user or group called 'nobody'"):
        read_and_plan_named(world.bridge, world.state.reader, ["nobody"], Order())


def test_one_who_has_lost_the_id_is_not_taken_for_one_who_has_left(world: LittleWorld) -> None:
    world.people.users[3]["id"] = ""
    reading = read_and_plan_named(world.bridge, world.state.reader, ["u3"], Order())
    assert reading.plan.operations == ()
    assert "missing_id" in {conflict.kind for conflict in reading.plan.conflicts}
