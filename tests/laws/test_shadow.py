"""A connection in shadow writes nothing, and leaves no trace in what a later run does.

Whatever happens to both sides meanwhile, the first run that writes plans what a state plans that never knew a shadow,
when it reads everything.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scim_bridge.errors import BridgeError, Misconfigured
from scim_bridge.model.actor import Actor
from scim_bridge.model.identity import KINDS, Existing, Value
from scim_bridge.model.policy import Policy
from scim_bridge.model.shadow import differences_of
from scim_bridge.plan.plan_file import from_bytes, to_bytes
from scim_bridge.run.lifecycle import Order
from scim_bridge.run.named_plan import sync_named
from scim_bridge.run.rollback import roll_back
from scim_bridge.run.sync import apply_saved, read_and_plan, sync
from tests.laws.little_world import LittleWorld, compiled
from tests.laws.test_some import POLICIES, told


@settings(max_examples=int(os.environ.get("HISTORIES", "4")), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**9),
    policy=POLICIES,
    tells_changes=st.booleans(),
    before=st.integers(0, 4),
    during=st.integers(1, 5),
)
def test_a_shadow_writes_nothing_and_leaves_no_trace(
    seed: int, policy: Policy, tells_changes: bool, before: int, during: int
) -> None:
    chance = Random(seed)
    with TemporaryDirectory() as folder:
        mapping = compiled(Path(folder), "flatten")
        world = LittleWorld(Path(folder), chance, mapping, policy, tells_changes=tells_changes)
        with world.state:
            for _ in range(before):
                _happen(world)
                _try_sync(world)
            with world.twin() as untouched:
                _in_shadow(world, during)
                _same_target(world, untouched)
                _compare(world, untouched)


def _happen(world: LittleWorld) -> None:
    """What a run before the shadow carries out. No write is lost: a run in shadow would find out what it has done."""
    for _ in range(world.chance.randint(1, 4)):
        world.step(in_source=True)


def _try_sync(world: LittleWorld) -> None:
    try:
        sync(world.bridge, world.state, Order(approved_by="me"))
    except BridgeError as error:
        world.log.append(str(error))


def _in_shadow(world: LittleWorld, runs: int) -> None:
    """Runs in shadow; between them both sides change, and someone asks for whatever would write."""
    writing = world.bridge
    world.bridge = replace(writing, is_shadow=True)
    decided = [(c.conflict.key, c.resolution) for c in world.state.reader.conflicts("little") if c.resolution]
    try:
        for _ in range(runs):
            _live_on(world)
            sent = len(world.target.log)
            try:
                result = sync(world.bridge, world.state, Order())
            except BridgeError as error:
                world.log.append(str(error))
                continue
            assert (result.applied, result.exit_code) == (None, 0)
            shown = world.state.reader.shadow("little", result.reading.began.replace(year=2000))
            standing = [each.read() for each in shown.lasting if each.until is None]
            assert sorted(d.key for d in standing) == sorted(d.key for d in differences_of(result.plan))
            _ask_for_writes(world, result.run_id)
            assert len(world.target.log) == sent, "\n".join(world.log)
    finally:
        world.bridge = writing
    open_now = {c.conflict.key: c.resolution for c in world.state.reader.conflicts("little")}
    assert [resolution for key, resolution in decided if open_now.get(key, resolution) != resolution] == []


def _live_on(world: LittleWorld) -> None:
    """Both sides change. Decisions stay out, since they belong to the state."""
    for _ in range(world.chance.randint(1, 3)):
        world.step(in_source=True)
    for _ in range(world.chance.randint(0, 3)):
        world.log.append(f"another program: {_by_another(world)}")


def _by_another(world: LittleWorld) -> object:
    """What the old program does on the target."""
    chance, target = world.chance, world.target
    users, name = target.resources["user"], chance.choice("abcdefgh")
    there = {str(attributes["userName"]) for attributes in users.values()}
    user_id = chance.choice([*users, ""])
    if not user_id or chance.random() < 0.3:
        if name not in there:
            shown: dict[str, Value] = {
                "userName": name,
                "externalId": chance.choice((name, f"old-{name}")),
                "active": True,
            }
            target.put(Existing("user", f"old-{len(users)}-{name}", shown))
        return name
    if chance.random() < 0.2:
        target.vanish("user", user_id)
    elif chance.random() < 0.6 or not target.members:
        path = chance.choice(("title", "active"))
        users[user_id][path] = chance.choice(("one", "other")) if path == "title" else chance.random() < 0.5
    else:
        target.members[chance.choice(sorted(target.members))] ^= {user_id}
    return user_id


def _ask_for_writes(world: LittleWorld, run_id: int) -> None:
    reading = read_and_plan(world.bridge, world.state.reader, Order())
    saved = from_bytes(to_bytes(reading.plan), "plan")
    order = Order(by=Actor("me"), approved_by="me", asked_by="me")
    writes: tuple[Callable[[], object], ...] = (
        lambda: apply_saved(world.bridge, world.state, saved, order),
        lambda: roll_back(world.bridge, world.state, run_id, order),
        lambda: sync_named(world.bridge, world.state, ["a"], order),
        lambda: sync(world.bridge, world.state, order),
        lambda: sync(world.bridge, world.state, Order(in_full=True, after_restore=True)),
    )
    for write in writes:
        with pytest.raises(Misconfigured, match="is in shadow"):
            write()


def _same_target(world: LittleWorld, other: LittleWorld) -> None:
    other.target.resources = {kind: {i: dict(a) for i, a in world.target.resources[kind].items()} for kind in KINDS}
    other.target.members = {group: set(users) for group, users in world.target.members.items()}


def _compare(world: LittleWorld, untouched: LittleWorld) -> None:
    try:
        after = read_and_plan(world.bridge, world.state.reader, Order())
    except BridgeError as error:
        with pytest.raises(type(error)):
            read_and_plan(untouched.bridge, untouched.state.reader, Order(in_full=True))
        return
    assert after.subjects is None, "everyone is looked at"
    assert after.observed.is_whole, "and all of the target is read"
    never = read_and_plan(untouched.bridge, untouched.state.reader, Order(in_full=True))
    mine, theirs = told(after.plan), told(never.plan)
    assert {what: (mine[what], theirs[what]) for what in mine if mine[what] != theirs[what]} == {}, "\n".join(world.log)
