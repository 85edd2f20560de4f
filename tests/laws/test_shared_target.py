"""The law of laws (test_some.py) on a shared target: another connection of it runs too, and people change it by hand.

What one connection learns or writes is what the other goes by. So before each `sync` of either, both plans are made.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import SimpleNamespace

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scim_bridge.errors import BridgeError
from scim_bridge.model.actor import Actor
from scim_bridge.model.identity import Existing, Kind, Record, Snapshot
from scim_bridge.model.policy import Policy
from scim_bridge.run.lifecycle import Order
from scim_bridge.run.named_plan import sync_named
from scim_bridge.run.rollback import roll_back
from scim_bridge.run.sync import sync
from tests.e2e.test_policies import age
from tests.laws.little_world import LittleSource, LittleWorld, People, Step, compiled
from tests.laws.test_some import POLICIES, run_and_compare

ME = Actor("me")


@dataclass
class Others(People):
    """A directory whose ids are its own: with a mark before them."""

    def snapshot(self) -> Snapshot:
        shown = super().snapshot()
        users, groups = (
            tuple(replace(each, id=marked(each.id), attributes=_marked(each)) for each in records)
            for records in (shown.users, shown.groups)
        )
        members = {
            marked(group): (tuple(map(marked, inside)), tuple(map(marked, nested)))
            for group, (inside, nested) in shown.members.items()
        }
        return Snapshot(users, groups, members)


def marked(source_id: str) -> str:
    return source_id and f"n-{source_id}"


def _marked(record: Record) -> dict[str, object]:
    return {k: marked(str(v)) if k in ("id", "manager") else v for k, v in record.attributes.items()}


class Neighbour(LittleWorld):
    """Another connection over the same state and target."""

    def __init__(self, world: LittleWorld, policy: Policy) -> None:
        self.__dict__ |= world.__dict__
        self.people = Others()
        self.source = LittleSource(self.people, tells_changes=world.source.tells_changes)
        self.source.key = "neighbour"
        self.bridge = replace(world.bridge, name="neighbour", source=self.source, policy=policy)


def _time(world: LittleWorld) -> object:
    """Long enough since our last write that a reading proves what someone else has done."""
    age(SimpleNamespace(state=world.state.address), 0.2)  # type: ignore[arg-type]
    return ""


def _by_hand(world: LittleWorld) -> object:
    """Someone changes, deletes or makes a resource, or who is in a group."""
    chance, target = world.chance, world.target
    kind: Kind = chance.choice(("user", "user", "group"))
    ids = sorted(target.resources[kind])
    path = {"user": "userName", "group": "displayName"}[kind]
    name = chance.choice("abcdefxy") if kind == "user" else chance.choice(("dev", "ops", "hr", "all"))
    taken = {each.get(path) for each in target.resources[kind].values()}
    if not ids or (chance.random() < 0.15 and name not in taken):
        target.put(Existing(kind, f"hand-{chance.randint(0, 10**6)}", {path: name}))
        return "makes", kind, name
    target_id, what = (
        chance.choice(ids),
        chance.choice(("title", "name", "mark", "active", "delete", "member", "member")),
    )
    attributes = target.resources[kind][target_id]
    if what == "delete":
        target.vanish(kind, target_id)
    elif what == "name" and name not in taken:
        attributes[path] = name
    elif what == "mark":
        attributes.pop("externalId", None)
    elif what == "title":
        attributes["title" if kind == "user" else "externalId"] = "by hand"
    elif what == "active" and kind == "user":
        attributes["active"] = not attributes.get("active")
    elif what == "member" and kind == "group" and target.resources["user"]:
        target.members[target_id] ^= {chance.choice(sorted(target.resources["user"]))}
    return what, kind, target_id, name


def _in_full(world: LittleWorld) -> object:
    approved = "me" if world.chance.random() < 0.5 else ""
    return (
        f"approved: {approved}: {sync(world.bridge, world.state, Order(in_full=True, approved_by=approved)).exit_code}"
    )


def _one(world: LittleWorld) -> object:
    who = world.chance.choice("abcdefgh")
    marked_so = marked(who) if isinstance(world, Neighbour) else who
    return marked_so, sync_named(world.bridge, world.state, [marked_so], Order(asked_by="me")).exit_code


def _back(world: LittleWorld) -> object:
    runs = [run for run in world.state.reader.runs(world.bridge.name) if run.status != "running"]
    if not runs:
        return ""
    undone = world.chance.choice(runs[:4]).id
    return undone, roll_back(world.bridge, world.state, undone, Order(by=ME, approved_by="me")).exit_code


def _meanwhile(world: LittleWorld, other: LittleWorld) -> object:
    """A sync during which the other connection has one too: after the target was read, or before a write."""
    chance, target = world.chance, world.target
    log: list[object] = []
    moment = chance.choice(("read", "read_members", "create", "update", "add_members"))
    usual = getattr(target, moment)

    def interrupted(*given: object, **named: object) -> object:
        is_write = not moment.startswith("read")
        found = None if is_write else usual(*given, **named)
        if not log:
            log.append(moment)
            with suppress(BridgeError):
                log.append(sync(other.bridge, other.state, Order(approved_by="me")).exit_code)
        return usual(*given, **named) if is_write else found

    setattr(target, moment, interrupted)
    try:
        in_full = chance.random() < 0.5
        return in_full, log, sync(world.bridge, world.state, Order(in_full=in_full, approved_by="me")).exit_code
    finally:
        setattr(target, moment, usual)


_OUTSIDE: tuple[Step, ...] = (_by_hand, _by_hand, _time)
_RUNS: tuple[Step, ...] = (_in_full, _in_full, _one, _back)


@settings(
    max_examples=int(os.environ.get("HISTORIES", "4")),
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(
    seed=st.integers(0, 10**9),
    policy=POLICIES,
    other=POLICIES,
    nested=st.sampled_from(("flatten", "ignore", "report")),
    tells_changes=st.booleans(),
    steps=st.integers(1, 25),
)
def test_a_run_about_some_does_so_on_a_target_that_others_change(
    seed: int, policy: Policy, other: Policy, nested: str, tells_changes: bool, steps: int
) -> None:
    live(seed, policy, other, nested, tells_changes=tells_changes, steps=steps)


def live(seed: int, policy: Policy, other: Policy, nested: str, *, tells_changes: bool, steps: int) -> None:
    """One history of both."""
    chance = Random(seed)
    with TemporaryDirectory() as folder:
        mapping = compiled(Path(folder), nested)
        world = LittleWorld(Path(folder), chance, mapping, policy, tells_changes=tells_changes)
        with world.state:
            both = (world, Neighbour(world, other))
            for _ in range(steps):
                one = chance.choice(both)
                world.log.append(one.bridge.name)
                for _ in range(chance.randint(1, 4)):
                    one.step()
                if chance.random() < 0.4:
                    for step in chance.choices(_OUTSIDE, k=chance.randint(1, 3)):
                        world.log.append(f"{step.__name__.strip('_')} {step(world)}")
                if chance.random() < 0.4:
                    step = chance.choice(_RUNS)
                    other_one = chance.choice(both)
                    world.log.append(f"{other_one.bridge.name} {step.__name__.strip('_')} …")
                    with suppress(BridgeError):
                        world.log.append(f"… {step(other_one)}")
                if chance.random() < 0.3:
                    first, second = chance.sample(both, 2)
                    second.step()
                    world.log.append(f"{first.bridge.name} meanwhile …")
                    with suppress(BridgeError):
                        world.log.append(f"… {_meanwhile(first, second)}")
                run_and_compare(one)
