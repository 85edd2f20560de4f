"""Whole histories through the commands: edits, changes by hand, decisions, approvals, rollbacks, copies, faults.

Each step is a command of a person or an event of the world; judge.py says by the target alone what should not be so.
`make test-slow` runs thousands of steps.
"""

import gc
import io
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from scim_bridge.cli.main import run
from scim_bridge.model.conflict_kind import decisions
from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.server import Sandbox
from tests.e2e.process import start
from tests.e2e.test_policies import age
from tests.e2e.world import People, World, person
from tests.laws.judge import PROTECTED_GROUP, PROTECTED_USER, Judge, Policy

NAMES = st.sampled_from("abcdef")
GROUPS = st.sampled_from(("g", "h"))
policies = st.builds(
    Policy,
    st.sampled_from(("overwrite", "report")),
    st.sampled_from(("ask", "link", "separate")),
    st.sampled_from((None, 48)),
    st.booleans(),
)


class Histories(RuleBasedStateMachine):
    """One organization, one target, one state file."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.sandbox = self.stack.enter_context(Sandbox())
        self.world = World(self.folder, self.sandbox)
        self.copy = self.folder / "copy.db"
        self.people = People()
        self.log: list[str] = []

    @initialize(policy=policies)
    def begin(self, policy: Policy) -> None:
        """Six people and two groups, a protected user and group, and a first sync."""
        self.judge = Judge(self.sandbox, policy)
        ids = self.sandbox.seed(
            {
                "users": [person(PROTECTED_USER), person("hand@corp.example")],
                "groups": [{"displayName": PROTECTED_GROUP, "members": [PROTECTED_USER]}],
            }
        )
        self.judge.by_hand.update(ids["users"].values())
        for name in "abcdef":
            self.people.add(name)
        self.people.group("g", "dev", "a", "b", "c").group("h", "ops", "c", "d", nested=("g",))
        self.world.configure(extra=f"    policy: {{{policy.yaml}}}\n")
        self.write()
        self.command("sync")
        self.command("sync", "--approve")

    def teardown(self) -> None:
        self.stack.close()

    # --- the program

    def command(self, *arguments: str, is_calm: bool = True) -> int:
        """One command, judged. is_calm: nothing goes wrong on the way, so that all is done when it ends well."""
        before = self.sandbox.state()
        self.sandbox.forget_requests()
        code, _, err = self.cli(*arguments)
        named = " ".join(arguments)
        self.log.append(f"{named} → {code} {err.strip().splitlines()[-1:]}")
        faults = self.judge.never(before)
        if is_calm:
            faults += self.judge.in_calm(self.people, code, named, self.conflicts())
        self.judge.look(self.people)
        assert not faults, "\n".join([*faults, "history:", *self.log])
        return code

    def cli(self, *arguments: str) -> tuple[int, bytes, str]:
        """Exit code, stdout and stderr of one command."""
        streams = sys.stdout, sys.stderr
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        sys.stdout, sys.stderr = out, err
        try:
            code = run(["--config", str(self.world.config), *arguments])
        finally:
            sys.stdout, sys.stderr = streams
        said = err.buffer.getvalue().decode()
        assert "Traceback" not in said, "\n".join([said, *self.log])
        return code, out.buffer.getvalue(), said

    def conflicts(self) -> list[Any]:
        found: list[Any] = orjson.loads(self.cli("conflicts", "--output", "json")[1])
        return found

    def write(self) -> None:
        self.world.write(self.people)

    def note(self, text: str) -> None:
        self.log.append(text)

    # --- the source

    def _drop(self, name: str) -> None:
        self.people.users.pop(name, None)
        self.people.members = [m for m in self.people.members if m[1] != name]

    @rule(name=NAMES)
    def leave(self, name: str) -> None:
        if len(self.people.users) > 2:
            self.note(f"{name} leaves")
            self._drop(name)
            self.write()

    @rule(name=NAMES, login=NAMES)
    def join(self, name: str, login: str) -> None:
        if name not in self.people.users:
            self.note(f"{name} joins as {login}")
            self.people.add(name, login=f"{login}@corp.example", mail=f"{login}@corp.example")
            self.write()

    @rule(name=NAMES, is_enabled=st.booleans())
    def enable(self, name: str, is_enabled: bool) -> None:
        record = self.people.users.get(name)
        if record is not None:
            self.note(f"{name} enabled: {is_enabled}")
            if is_enabled and record["enabled"] == "false":
                self._may_be_active(name)
            record["enabled"] = str(is_enabled).lower()
            self.write()

    def _may_be_active(self, mark: str) -> None:
        """The source went from false to true, or a person decided so."""
        for target_id, user in self.judge.users().items():
            if user.get("externalId") == mark:
                self.judge.locked.discard(target_id)

    @rule(name=NAMES, other=NAMES)
    def exchange_names(self, name: str, other: str) -> None:
        users = self.people.users
        if name in users and other in users:
            self.note(f"{name} and {other} exchange names")
            for path in ("login", "mail"):
                users[name][path], users[other][path] = users[other][path], users[name][path]
            self.write()

    @rule(
        name=NAMES,
        path=st.sampled_from(("title", "family", "manager", "login")),
        value=st.sampled_from(("", "x", "a", "b")),
    )
    def edit(self, name: str, path: str, value: str) -> None:
        record = self.people.users.get(name)
        if record is not None:
            value = f"{value or name}@corp.example" if path == "login" else value
            self.note(f"{name}: {path} = {value!r}")
            record[path] = value
            self.write()

    @rule(group=GROUPS, name=NAMES)
    def toggle_member(self, group: str, name: str) -> None:
        if group in self.people.groups and name in self.people.users:
            row = (group, name, "user")
            self.note(f"toggle {name} in {group}")
            (self.people.members.remove if row in self.people.members else self.people.members.append)(row)
            self.write()

    @rule(group=GROUPS)
    def toggle_group(self, group: str) -> None:
        self.note(f"toggle group {group}")
        if group in self.people.groups:
            del self.people.groups[group]
            self.people.members = [m for m in self.people.members if group not in m[:2]]
        else:
            name = {"g": "dev", "h": "ops"}[group]
            name = f"{group}2" if name in self.people.groups.values() else name
            self.people.group(group, name, *sorted(self.people.users)[:2])
        self.write()

    @rule(group=GROUPS, name=st.sampled_from(("dev", "ops", "x")))
    def rename_group(self, group: str, name: str) -> None:
        if group in self.people.groups and name not in self.people.groups.values():
            self.note(f"group {group} is called {name}")
            self.people.groups[group] = name
            self.write()

    @rule(data=st.data())
    def edit_many(self, data: st.DataObject) -> None:
        """Several edits at once, before any run sees them."""
        steps = st.sampled_from((self.leave, self.join, self.enable, self.exchange_names, self.toggle_member))
        for step in data.draw(st.lists(steps, min_size=2, max_size=5)):
            if step == self.leave:
                self.leave(data.draw(NAMES))
            elif step == self.enable:
                self.enable(data.draw(NAMES), data.draw(st.booleans()))
            elif step == self.toggle_member:
                self.toggle_member(data.draw(GROUPS), data.draw(NAMES))
            else:
                step(data.draw(NAMES), data.draw(NAMES))

    # --- somebody else on the target

    def _user(self, name: str) -> Any:
        return self.sandbox.app.store.users.find("externalId", name)

    def _change(self, name: str, **attributes: Any) -> None:
        user = self._user(name)
        if user is not None:
            changed = {k: v for k, v in (user.attributes | attributes).items() if v is not None}
            self.sandbox.app.store.change("User", user, changed)
            self.judge.look(self.people)

    @rule(name=NAMES)
    def lock(self, name: str) -> None:
        user = self._user(name)
        if user is not None and user.attributes["active"]:  # nobody sees that an inactive user is locked as well
            self.note(f"{name} is locked by hand")
            self.judge.locked.add(user.id)
            self._change(name, active=False)

    @rule(name=NAMES)
    def unlock(self, name: str) -> None:
        user = self._user(name)
        if user is not None:
            self.note(f"{name} is unlocked by hand")
            self.judge.locked.discard(user.id)
            self._change(name, active=True)

    @rule(name=NAMES, title=st.sampled_from((None, "by hand")))
    def retitle(self, name: str, title: str | None) -> None:
        self.note(f"{name} has the title {title} by hand")
        self._change(name, title=title)

    @rule(name=NAMES)
    def unmark(self, name: str) -> None:
        user = self._user(name)
        if user is not None:
            self.note(f"{name} loses the externalId by hand")
            self.judge.by_hand.add(user.id)
            self._change(name, externalId=None)

    def _minutes_pass(self) -> None:
        """Long enough since our last write that a reading proves what somebody else has done."""
        if self.world.state.exists():
            age(self.world, 0.2)

    @rule(group=GROUPS, name=NAMES, into=st.booleans())
    def move(self, group: str, name: str, into: bool) -> None:
        user, found = self._user(name), self.sandbox.app.store.groups.find("externalId", group)
        if user is not None and found is not None:
            self.note(f"{name} is put {'into' if into else 'out of'} {group} by hand")
            self._minutes_pass()
            store = self.sandbox.app.store
            (store.add_member if into else store.remove_member)(found.id, user.id)

    # --- the operator

    @rule(policy=policies)
    def change_policy(self, policy: Policy) -> None:
        self.note(f"policy: {policy.yaml}")
        self.judge.policy = policy
        self.world.configure(extra=f"    policy: {{{policy.yaml}}}\n")

    @rule(full=st.booleans(), approve=st.booleans())
    def sync(self, full: bool, approve: bool) -> None:
        self.command("sync", *(["--full"] if full else []), *(["--approve"] if approve else []))

    @rule()
    def sync_twice(self) -> None:
        """After a run that ends with 0 there is nothing to do."""
        if self.command("sync", "--full") == 0:
            code = self.command("sync")
            assert (code, self.sandbox.counts.writes) == (0, 0), "\n".join(self.log)

    @rule()
    def plan_then_sync(self) -> None:
        """`plan` says what the next `sync` sends."""
        code, out, _ = self.cli("plan", "--full", "--exit-code", "--output", "json")
        if code in (0, 3, 5) and out:
            planned = orjson.loads(out)["requests"]["writes"]
            ended = self.command("sync", "--full")
            if ended in (0, 5):
                assert self.sandbox.counts.writes == planned, "\n".join([f"planned {planned}", *self.log])

    @rule(name=st.one_of(NAMES, GROUPS), approve=st.booleans())
    def sync_only(self, name: str, approve: bool) -> None:
        self.command("sync", "--only", name, *(["--approve"] if approve else []))

    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        waiting = [c for c in self.conflicts() if len(decisions(c["kind"])) > 1]
        if not waiting:
            return
        conflict = data.draw(st.sampled_from(waiting))
        decision = data.draw(st.sampled_from(decisions(conflict["kind"])))
        chosen = conflict["target_id"] or "nobody"
        self.note(f"{conflict['kind']} {conflict['subjects']}: {decision}")
        code, _, _ = self.cli(
            "conflicts", "resolve", conflict["key"], f"--{decision}", *([chosen] if decision == "link" else [])
        )
        if code == 0 and decision in ("link", "adopt"):
            self.judge.decided.add(chosen)
        if code == 0 and decision == "source":
            self.judge.locked.discard(chosen)

    @rule(data=st.data(), approve=st.booleans())
    def roll_back(self, data: st.DataObject, approve: bool) -> None:
        runs = orjson.loads(self.cli("history", "--output", "json")[1])
        if runs:
            number = data.draw(st.sampled_from([r["id"] for r in runs]))
            self.command("rollback", str(number), *(["--approve"] if approve else []))
            self.cli("resume", "corp")

    @rule()
    def save_plan(self) -> None:
        self.note("a plan is saved")
        self.cli("plan", "--out", str(self.folder / "saved.json"))

    @precondition(lambda self: (self.folder / "saved.json").exists())
    @rule(approve=st.booleans())
    def apply_plan(self, approve: bool) -> None:
        self.command("apply", str(self.folder / "saved.json"), *(["--approve"] if approve else []))

    # --- the weather

    @rule(hours=st.sampled_from((1, 30, 60)))
    def time_passes(self, hours: int) -> None:
        self.note(f"{hours} hours pass")
        self.judge.clock += hours
        if self.world.state.exists():
            age(self.world, hours)

    @rule()
    def lose_state(self) -> None:
        self.note("the state is lost")
        self._remove_state()

    def _remove_state(self) -> None:
        gc.collect()  # a connection that was left to the collector would take its files with it later
        for file in self.folder.glob("scim-bridge.db*"):
            file.unlink(missing_ok=True)

    @rule()
    def copy_state(self) -> None:
        if self.world.state.exists():
            self.note("the state is copied")
            with closing(sqlite3.connect(self.world.state)) as live, closing(sqlite3.connect(self.copy)) as copy:
                live.backup(copy)

    @precondition(lambda self: self.copy.exists())
    @rule()
    def restore_state(self) -> None:
        self.note("the copy is restored")
        self._remove_state()
        shutil.copy(self.copy, self.world.state)
        self.command("sync", "--full", "--after-restore")

    @rule(
        kind=st.sampled_from(("error", "error_after", "cut_after")),
        status=st.sampled_from((400, 403, 503)),
        path=st.sampled_from(("Users", "Groups")),
        left=st.integers(1, 3),
    )
    def bad_weather(self, kind: Any, status: int, path: str, left: int) -> None:
        """Something goes wrong with the next writes, then all is well again."""
        self.note(f"{left} writes to {path}: {kind} {status}")
        self.sandbox.fail(Fault(kind, "PATCH", path, status=status if kind == "error" else 503, left=left))
        self.command("sync", is_calm=False)
        self.sandbox.fail()


class KilledHistories(Histories):
    """The same with processes that are killed while a write is held: before it lands, or after."""

    @rule(kind=st.sampled_from(("hold_before", "hold_after")), skip=st.integers(0, 4))
    def kill(self, kind: Any, skip: int) -> None:
        self.note(f"a sync is killed at its write {skip + 1}: {kind}")
        before = self.sandbox.state()
        self.sandbox.fail(*(Fault(kind, method, skip=skip, left=1) for method in ("PATCH", "POST", "DELETE")))
        with start(self.world, "sync") as process:
            while process.poll() is None and not self.sandbox.app.delivery.gate.held:
                time.sleep(0.01)
            process.kill()
        self.sandbox.fail()
        self.sandbox.go_on()
        faults = self.judge.never(before)
        self.judge.look(self.people)
        assert not faults, "\n".join([*faults, "history:", *self.log])


TestHistories = Histories.TestCase
TestKilledHistories = pytest.mark.slow(KilledHistories.TestCase)
TestHistories.settings = TestKilledHistories.settings = settings(
    max_examples=int(os.environ.get("HISTORIES", "8")),
    stateful_step_count=25,
    deadline=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.generate),  # the log tells the history; shrinking one takes an hour
    suppress_health_check=list(HealthCheck),
)
