"""Plays a story: the files of the directory, the hands in the console, and the runs, with the code of the command."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from scim_bridge.config.settings import load
from scim_bridge.errors import Stop
from scim_bridge.model.actor import Actor
from scim_bridge.model.identity import Kind, Value
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Conflict, Plan
from scim_bridge.run.inbox import Inbox
from scim_bridge.run.lifecycle import Order, Result, opened
from scim_bridge.run.named_plan import sync_named
from scim_bridge.run.sync import sync
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.sandbox.store import Kind as ScimKind
from scim_bridge.state.writer import State
from scim_bridge.target.wire import from_resource, to_changed, to_resource
from tests.e2e.test_policies import age
from tests.e2e.world import MAPPING, People, World
from tests.scenarios.story import Given, Source, SourceGroup, Target
from tests.state_on_server import lose_state

_SCIM: Mapping[Kind, ScimKind] = {"user": "User", "group": "Group"}
_NAME: Mapping[Kind, str] = {"user": "userName", "group": "displayName"}


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a run. plan: None if it came to no plan. says: sentences for a person."""

    exit_code: int
    plan: Plan | None
    conflicts: tuple[Conflict, ...]
    says: tuple[str, ...]
    writes: int


@dataclass(frozen=True, slots=True)
class Account:
    """A resource as the target shows it; members by name, in order, None for a user."""

    id: str
    attributes: Mapping[str, Value]
    members: tuple[str, ...] | None = None


Accounts = Mapping[Kind, Mapping[str, Account]]


@dataclass
class Stage:
    """The world of one story. today: the day it is; waiting: the conflicts that the last run left open."""

    world: World
    people: People = field(default_factory=People)
    today: str = ""
    waiting: tuple[Conflict, ...] = ()

    def set_up(self, given: Given) -> None:
        """One day up to its run: time passes, and everybody does what is given."""
        self._pass_to(given.today)
        if given.policy is not None:
            policy = json.dumps(given.policy.model_dump(exclude_unset=True))
            self.world.configure(extra=f"    policy: {policy}\n")
        if given.mapping is not None:
            self._map_by(given.mapping)
        self._write(given.source)
        self._change_by_hand(given.target)
        if given.state == "lost":
            lose_state(self.world.state)
        self._decide(given.decide)

    def run(self, command: str) -> Ran:
        """`sync` with its options, on the day it is."""
        before = self.world.sandbox.counts.writes
        try:
            result = self._sync(command.split()[1:])
        except Stop as error:
            return Ran(error.exit_code, None, self.waiting, (str(error),), self.world.sandbox.counts.writes - before)
        self.waiting = result.conclusion.conflicts
        says = tuple(trip.sentence for trip in result.plan.verdict.tripped)
        writes = self.world.sandbox.counts.writes - before
        return Ran(result.exit_code, result.plan, result.conclusion.conflicts, says, writes)

    def _sync(self, options: list[str]) -> Result:
        connection = load(self.world.config).connection("corp")
        only = [value for option, value in pairwise(options) if option == "--only"]
        order = Order(
            approved_by="an operator" if "--approve" in options else "",
            asked_by="an operator",
            today=self.today,
            in_full="--full" in options,
            after_restore="--after-restore" in options,
        )
        with State(self.world.state) as state, opened(connection, state, "sync") as bridge:
            return sync_named(bridge, state, only, order) if only else sync(bridge, state, order, Inbox)

    def accounts(self) -> Accounts:
        """What the target shows, by name."""
        state = self.world.sandbox.state()
        names = {user["id"]: user["userName"] for user in state["users"]}
        users = {
            user["userName"]: Account(user["id"], from_resource("user", user).attributes) for user in state["users"]
        }
        groups = {
            group["displayName"]: Account(
                group["id"],
                from_resource("group", group).attributes,
                tuple(sorted(names[user_id] for user_id in state["members"][group["id"]])),
            )
            for group in state["groups"]
        }
        return {"user": users, "group": groups}

    def _pass_to(self, today: str) -> None:
        if self.today and self.world.state.exists():
            age(self.world, (date.fromisoformat(today) - date.fromisoformat(self.today)).days * 24)
        self.today = today

    def _map_by(self, rules: Mapping[str, Mapping[str, Any]]) -> None:
        """The mapping for CSV files with other rules. Its own tests are about the usual ones, so they are left out."""
        yaml = YAML(typ="safe")
        document = yaml.load(MAPPING.read_text(encoding="utf-8"))
        for kind, changed in rules.items():
            attributes = document[kind]["attributes"] | changed.get("attributes", {})
            document[kind] |= {**changed, "attributes": {p: rule for p, rule in attributes.items() if rule is not None}}
        document["tests"] = []
        with (self.world.folder / "csv.yaml").open("w", encoding="utf-8") as file:
            yaml.dump(document, file)

    def _write(self, source: Source) -> None:
        people = self.people
        for user_id, cells in source.users.items():
            if cells == "gone":
                del people.users[user_id]
                people.members = [row for row in people.members if row[1:] != (user_id, "user")]
            elif user_id in people.users:
                people.users[user_id] |= cells
            else:
                people.add(user_id, **cells)
        for group_id, group in source.groups.items():
            if group == "gone":
                del people.groups[group_id]
                people.members = [row for row in people.members if group_id not in row[:2]]
            else:
                self._write_group(group_id, group)
        self.world.write(people)

    def _write_group(self, group_id: str, group: SourceGroup) -> None:
        people = self.people
        people.groups[group_id] = group.name or people.groups.get(group_id, group_id)
        for kind, ids in (("user", group.members), ("group", group.groups)):
            if ids is not None:
                people.members = [row for row in people.members if (row[0], row[2]) != (group_id, kind)]
                people.members += [(group_id, member, kind) for member in ids]

    def _change_by_hand(self, target: Target) -> None:
        for name, user in target.users.items():
            self._put("user", name, user)
        for name, group in target.groups.items():
            self._put("group", name, group)

    def _put(self, kind: Kind, name: str, shown: Mapping[str, Any] | str) -> None:
        store = self.world.sandbox.app.store
        shelf = store.users if kind == "user" else store.groups
        found = shelf.find(_NAME[kind], name)
        if isinstance(shown, str):
            assert found is not None, f"the target has no {kind} {name} that could be deleted by hand"
            store.delete(_SCIM[kind], found.id, with_assignments=False)
            return
        attributes = {path: value for path, value in shown.items() if path != "members"}
        if found is None:
            usual: dict[str, Any] = {_NAME[kind]: name}
            if kind == "user":
                usual |= {"name.givenName": "Hand", "name.familyName": "Made", "displayName": name, "active": True}
            body = to_resource(kind, usual | attributes)
            self.world.sandbox.seed({f"{kind}s": [body]})
            found = shelf.find(_NAME[kind], name)
            assert found is not None
        elif attributes:
            store.change(
                _SCIM[kind], found, to_changed(found.attributes, {p: (None, v) for p, v in attributes.items()})
            )
        if "members" in shown:
            wanted = {user.id for user in map(self._user, shown["members"])}
            there = self.world.sandbox.app.store.members.get(found.id, set())
            for user_id in wanted - there:
                store.add_member(found.id, user_id)
            for user_id in set(there) - wanted:
                store.remove_member(found.id, user_id)

    def _user(self, name: str) -> Any:
        found = self.world.sandbox.app.store.users.find("userName", name)
        assert found is not None, f"the target has no user {name} that could be a member"
        return found

    def _decide(self, decisions: Mapping[str, str]) -> None:
        for what, decision in decisions.items():
            conflict = next((c for c in self.waiting if told_conflict(c) == what), None)
            assert conflict is not None, f"{what!r} does not wait; what waits: {list(map(told_conflict, self.waiting))}"
            chosen = (conflict.target_id or "") if decision == "link" else ""
            with State(self.world.state) as state:
                assert state.resolve("corp", conflict.key, decision, Actor("an operator"), target_id=chosen)


def told_conflict(conflict: Conflict) -> str:
    """A conflict as stories name it: its kind, and who it is about."""
    return f"{conflict.kind} {', '.join(conflict.subjects)}"


def told_operation(operation: Operation) -> str:
    """An operation as stories write it."""
    what = f"{operation.kind} {operation.subject}"
    if operation.members:
        return f"{what}: [{', '.join(member.name for member in operation.members)}]"
    changed = {path: new for path, (old, new) in operation.changes.items() if old != new}
    return f"{what}: {changed} because {operation.reason!r}"


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """An empty directory and an empty target."""
    with Sandbox() as sandbox:
        world = World(folder, sandbox)
        world.configure()
        yield Stage(world)
