"""What the operator does: runs, decisions, approvals, rollbacks, saved plans, another policy."""

from dataclasses import replace
from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import rule

from scim_bridge.model.conflict_kind import decisions
from tests.laws.histories.judge import Policy
from tests.laws.histories.machine import CONNECTIONS, GROUPS, NAMES, WHICH, Machine, policies


class OperatorSteps(Machine):
    """Commands, each judged."""

    @rule(policy=policies)
    def change_policy(self, policy: Policy) -> None:
        self.note(f"policy: {policy.yaml}")
        self.judge.policy = policy
        self.configure()

    @rule(connection=CONNECTIONS, full=st.booleans(), approve=st.booleans())
    def sync(self, connection: str, full: bool, approve: bool) -> None:
        flags = [*(["--full"] if full else []), *(["--approve"] if approve else [])]
        self.command("sync", self.connection(connection), *flags)

    @rule(connection=CONNECTIONS)
    def sync_twice(self, connection: str) -> None:
        """After a run that ends with 0 there is nothing to do."""
        connection = self.connection(connection)
        if self.command("sync", connection, "--full") == 0:
            code = self.command("sync", connection)
            if (code, self.sandbox.counts.writes) != (0, 0):
                self.require(["the second sync sends something"])

    @rule(connection=CONNECTIONS, full=st.booleans())
    def plan_then_sync(self, connection: str, full: bool) -> None:
        """`plan` says what the next `sync` sends, and how it ends."""
        connection = self.connection(connection)
        flags = ["--full"] if full else []
        code, out, _ = self.cli("plan", connection, *flags, "--exit-code", "--output", "json")
        if code not in (0, 3, 4, 5) or not out:
            return
        planned = orjson.loads(out)["requests"]["writes"]
        ended = self.command("sync", connection, *flags)
        if (code == 4) != (ended == 4):
            self.require([f"plan ends with {code}, sync with {ended}"])
        if ended in (0, 5) and self.sandbox.counts.writes != planned:
            self.require([f"planned {planned} writes, sent {self.sandbox.counts.writes}"])

    @rule(connection=CONNECTIONS, change=st.booleans(), name=NAMES)
    def sync_until_approved(self, connection: str, change: bool, name: str) -> None:
        """The guard stops a run; the operator approves it, perhaps after someone else has left."""
        connection = self.connection(connection)
        if self.command("sync", connection) != 4:
            return
        people = self.people[connection]
        if change and name in people.users and len(people.users) > 2:
            self.note(f"{name} is disabled between the stop and the approval")
            people.users[name]["enabled"] = "false"
            self.write()
        self.command("sync", connection, "--approve")

    @rule(name=st.one_of(NAMES, GROUPS), approve=st.booleans())
    def sync_only(self, name: str, approve: bool) -> None:
        name = self.name(name)
        connection = next(c for c in self.people if name in self.shown(c).marks)
        self.command("sync", connection, "--only", name, *(["--approve"] if approve else []))

    # --- decisions

    @rule(which=WHICH, how=WHICH, whom=WHICH)
    def decide(self, which: int, how: int, whom: int) -> None:
        waiting = self.conflicts()
        if waiting:
            conflict = waiting[which % len(waiting)]
            allowed = decisions(conflict["kind"])
            self.resolve(conflict, allowed[how % len(allowed)], whom)

    @rule(which=WHICH, how=WHICH)
    def decide_all_of_a_kind(self, which: int, how: int) -> None:
        waiting = [c for c in self.conflicts() if c["resolution"] not in ("ignore", "target")]
        if not waiting:
            return
        kind = waiting[which % len(waiting)]["kind"]
        allowed = [each for each in decisions(kind) if each != "link"]
        decision = allowed[how % len(allowed)]
        self.note(f"all of kind {kind}: {decision}")
        code, _, _ = self.cli("conflicts", "resolve", kind, f"--{decision}")
        for conflict in waiting if code == 0 else ():
            if conflict["kind"] == kind:
                self._take_note(conflict, decision, conflict["target_id"] or "")

    def resolve(self, conflict: Any, decision: str, whom: int) -> None:
        """One decision. whom: for `link`, what the conflict names (0 to 7), any resource, or a text that is none."""
        chosen = conflict["target_id"] or "nobody"
        if decision == "link" and whom > 7:
            state = self.sandbox.state()
            ids = sorted(each["id"] for each in (*state["users"], *state["groups"]))
            chosen = ids[whom % len(ids)]
        names = [s for s in conflict["detail"].replace("(", ")").split(")") if s in self.sandbox.state()["members"]]
        chosen = names[0] if decision == "link" and whom == 7 and names else chosen
        self.note(f"{conflict['connection']} {conflict['kind']} {conflict['subjects']}: {decision} {chosen}")
        arguments = (conflict["key"], f"--{decision}", *([chosen] if decision == "link" else []))
        code, _, _ = self.cli("conflicts", "resolve", *arguments)
        if code == 0:
            self._take_note(conflict, decision, chosen)

    def _take_note(self, conflict: Any, decision: str, chosen: str) -> None:
        self.count(f"{conflict['kind']}: {decision}")
        if decision in ("link", "adopt"):
            self.judge.decided.add(chosen)
        if decision == "source":
            self.judge.locked.discard(chosen)
        if decision == "source" and conflict["kind"] == "unclaimed":
            state = self.sandbox.state()
            marks = {each["id"]: each.get("externalId") for each in (*state["users"], *state["groups"])}
            if (marks.get(chosen) or "") not in self.shown(conflict["connection"]).marks:
                self.judge.given.add(chosen)

    @rule(connection=CONNECTIONS, which=WHICH, how=WHICH, approve=st.booleans())
    def decide_and_sync(self, connection: str, which: int, how: int, approve: bool) -> None:
        """A run that asks, an answer, and the run that carries it out; or the guard stops that one first."""
        connection = self.connection(connection)
        self.command("sync", connection, "--full")
        self.decide(which, how, 0)
        if self.command("sync", connection) == 4 and approve:
            self.command("sync", connection, "--approve")

    # --- the way back

    @rule(which=WHICH, approve=st.booleans(), protects_more=st.booleans())
    def roll_back(self, which: int, approve: bool, protects_more: bool) -> None:
        """Undo a run, perhaps under another protection than it was made under."""
        found = self.last_run(which)
        if found is None:
            return
        number, connection = found
        if protects_more != self.judge.policy.protects_more:
            self.change_policy(replace(self.judge.policy, protects_more=protects_more))
        self.command("rollback", number, *(["--approve"] if approve else []), connection=connection)
        self.cli("resume", connection)

    # --- saved plans

    @rule(connection=CONNECTIONS)
    def save_plan(self, connection: str) -> None:
        self.note(f"a plan for {connection} is saved")
        self.cli("plan", self.connection(connection), "--out", str(self.saved))

    @rule(approve=st.booleans())
    def apply_plan(self, approve: bool) -> None:
        if self.saved.exists():
            self.apply(*(["--approve"] if approve else []))

    def apply(self, *flags: str, is_calm: bool = True) -> int:
        connection = orjson.loads(self.saved.read_bytes())["connection"]
        return self.command("apply", str(self.saved), *flags, connection=connection, is_calm=is_calm)
