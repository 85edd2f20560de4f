"""`--only`: whom the indexes find gives the plan that everyone gives, and that is a part of the plan for everyone.

Before some runs of a random history, a few are named. Their plan is made in both ways from the same state, source and
target, and held to the plan of a run about everyone.
"""

import os
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scim_bridge.errors import BridgeError, Misconfigured, SourceUnreadable
from scim_bridge.model.identity import KINDS, Snapshot, SourceKey, Whom
from scim_bridge.model.plan import Plan
from scim_bridge.model.policy import Policy
from scim_bridge.run.lifecycle import Order, Reading
from scim_bridge.run.named_plan import read_and_plan_named, sync_named
from scim_bridge.run.some import Everyone
from scim_bridge.run.sync import read_and_plan, sync
from tests.fakes import nothing
from tests.laws.little_world import LittleWorld, history
from tests.laws.test_some import POLICIES, told

IDS = (*"abcdefgh", *"klmn")
OF_ONE = ("planned_too", "manager_not_provisioned", "missing", "cannot_come_back", "lost_zeros", "assignments")
"""Warnings about single users. All others are as the last run about everyone has said them."""


@settings(
    max_examples=int(os.environ.get("HISTORIES", "6")),
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a shorter history is not found by another seed
    suppress_health_check=list(HealthCheck),
)
@given(
    seed=st.integers(0, 10**9),
    policy=POLICIES,
    nested=st.sampled_from(("flatten", "flatten", "ignore", "report")),
    tells_changes=st.booleans(),
    steps=st.integers(1, 25),
)
def test_who_is_named_gets_what_a_look_at_everyone_gives(
    seed: int, policy: Policy, nested: str, tells_changes: bool, steps: int
) -> None:
    for world in history(seed, policy, nested, tells_changes=tells_changes, steps=steps):
        name_some(world)


def name_some(world: LittleWorld) -> None:
    """A few are named and mostly pushed; then, mostly, a run about whatever else has changed."""
    chance = world.chance
    who = chance.sample(IDS, chance.randint(1, 2))
    if world.source.tells_changes:
        # Of others such a source is not asked, so nothing else may have changed.
        who += sorted(changed(last_shown(world), world.people.snapshot()) - {*who, ""})
    if any(is_new_and_called_as_another(world, each) for each in who):
        # Who is known under a name is asked about; that someone new has it too is for a run about everyone to see.
        who = [world.people.users[0]["id"]] if world.people.users else ["a"]
        sync_quietly(world)
    by_index, of_all = plan_in_both_ways(world, who)
    # The last user may have left. Asked about that user alone, the source is believed; a whole reading is not.
    is_empty = isinstance(of_all, str) and "no user at all" in of_all
    assert is_empty or by_index == of_all, "\n".join(
        [f"{who}:", *differences(by_index, of_all), "history:", *world.log]
    )
    try:
        if chance.random() < 0.5:
            result = sync_named(world.bridge, world.state, who, Order(approved_by="me", asked_by="me"))
            world.log.append(f"only {who}: {[(o.kind, o.subject) for o in result.plan.operations]}")
    except BridgeError as error:
        world.log.append(str(error))
    if world.source.tells_changes or chance.random() < 0.7:
        sync_quietly(world)
    world.target.before = world.target.after = nothing


def sync_quietly(world: LittleWorld) -> None:
    """A run about whatever has changed, however it ends."""
    try:
        sync(world.bridge, world.state, Order(approved_by="me"))
        world.log.append("sync")
    except BridgeError as error:
        world.log.append(str(error))


def is_new_and_called_as_another(world: LittleWorld, source_id: str) -> bool:
    """Whether no known record has this id, while another one has it as its name."""
    if not world.source.tells_changes:
        return False
    with world.state.reader.lookup("little", "there") as lookup:
        return not lookup.mapped(SourceKey(kind, source_id) for kind in KINDS) and bool(lookup.called(source_id))


def last_shown(world: LittleWorld) -> Snapshot:
    """What the source showed when the state was brought to it last."""
    memory = world.state.reader.source_memory("little", world.source.key, datetime.min.replace(tzinfo=UTC))
    return world.source.remembered[int(memory.watermark)] if memory is not None else Snapshot((), (), {})


def changed(before: Snapshot, now: Snapshot) -> set[str]:
    """The ids of the records and groups that are not as they were."""
    then, shown = records(before), records(now)
    found = {key.id for key in {*then, *shown} if then.get(key) != shown.get(key)}
    groups = {*before.members, *now.members}
    return found | {group for group in groups if before.members.get(group) != now.members.get(group)}


def records(shown: Snapshot) -> dict[SourceKey, list[object]]:
    found: dict[SourceKey, list[object]] = {}
    for record in shown.users:
        found.setdefault(SourceKey("user", record.id), []).append(record.attributes)
    for record in shown.groups:
        found.setdefault(SourceKey("group", record.id), []).append(record.attributes)
    return found


def plan_in_both_ways(world: LittleWorld, who: list[str]) -> tuple[Any, Any]:
    """What is planned for them by the indexes, and from everyone; or the sentence that refuses it."""
    by_index = planned(world, who)
    with patch("scim_bridge.run.named_plan.kept", return_value=Everyone(why="a law asks for it")):
        of_all = planned(world, who)
    if isinstance(by_index, Reading) and isinstance(of_all, Reading):
        hold_to_everyone(world, by_index)
    return said(by_index), said(of_all)


def planned(world: LittleWorld, who: list[str]) -> Reading | str:
    try:
        return read_and_plan_named(world.bridge, world.state.reader, who, Order())
    except (Misconfigured, SourceUnreadable) as error:
        return str(error)


def said(reading: Reading | str) -> Any:
    """All that a plan for a few says."""
    if isinstance(reading, str):
        return reading
    found = told(reading.plan)
    found["warnings"] = {key: n for key, n in found["warnings"].items() if key[0] in OF_ONE}
    return {what: found[what] for what in found if what != "source"} | {"only": reading.only}


def differences(mine: Any, other: Any) -> list[str]:
    if isinstance(mine, str) or isinstance(other, str):
        return [f"by index: {mine}", f"of all: {other}"]
    return [f"{w}:\n  by index: {mine[w]}\n  of all:   {other[w]}" for w in mine if mine[w] != other[w]]


def hold_to_everyone(world: LittleWorld, reading: Reading) -> None:
    """What is planned for the named is what a run about everyone plans for them."""
    with patch("scim_bridge.run.sync.why_everyone", return_value="a law asks for it"):
        everyone = read_and_plan(world.bridge, world.state.reader, Order())
    # What was refused is sent again at once where a person has named the user, so the two may differ then.
    if reading.only is None or everyone.sides.known.refusals:
        return
    for key in reading.only:
        mine, all_of_it = changes_of(reading.plan, key), changes_of(everyone.plan, key)
        assert mine == all_of_it, (key, mine, all_of_it, world.log)
        if key.kind == "user":
            assert moved(reading.plan, "remove_members", key) == moved(everyone.plan, "remove_members", key), world.log
            assert moved(reading.plan, "add_members", key) <= moved(everyone.plan, "add_members", key), world.log
    named = frozenset(map(Whom.record, reading.only))
    waiting = {c.key: (c.kind, c.detail) for c in everyone.plan.conflicts if not named.isdisjoint(c.about)}
    found = {c.key: (c.kind, c.detail) for c in reading.plan.conflicts}
    assert waiting.keys() <= found.keys(), (sorted(named), waiting, found, world.log)


def changes_of(plan: Plan, key: SourceKey) -> dict[str, Any]:
    """What becomes of a resource in the end, however many operations that takes."""
    found: dict[str, Any] = {}
    for operation in plan.operations:
        if operation.key == key and not operation.members:
            found |= {path: new for path, (_, new) in operation.changes.items()} | {"": operation.is_delete}
    return found


def moved(plan: Plan, kind: str, key: SourceKey) -> set[str | None]:
    """The groups into which, or out of which, a user is moved."""
    mine = (o for o in plan.operations if o.kind == kind and any(m.source_id == key.id for m in o.members))
    return {o.target_id for o in mine}
