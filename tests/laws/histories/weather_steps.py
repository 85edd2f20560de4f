"""Time, lost and restored states, and what goes wrong on the way."""

import shutil
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from scim_bridge.sandbox.fault import Fault
from tests.e2e.process import start
from tests.e2e.test_policies import age
from tests.laws.histories.machine import CONNECTIONS, GROUPS, NAMES, WHICH
from tests.laws.histories.operator_steps import OperatorSteps
from tests.laws.histories.source_steps import EDITS, Edit, SourceSteps

RUNS = ("sync", "sync", "full", "only", "apply", "rollback", "restored")
FAULTS = st.builds(
    lambda kind, status, path, left, skip: Fault(
        kind, "PATCH", path, status=status if kind == "error" else 503, left=left, skip=skip
    ),
    st.sampled_from(("error", "error_after", "cut_after", "refuse_after")),
    st.sampled_from((400, 403, 503)),
    st.sampled_from(("Users", "Groups")),
    st.integers(1, 3),
    st.integers(0, 2),
)


class WeatherSteps(SourceSteps, OperatorSteps):
    """What no one in particular does."""

    @rule(hours=st.sampled_from((1, 30, 60)))
    def time_passes(self, hours: int) -> None:
        self.note(f"{hours} hours pass")
        self.judge.clock += hours
        if self.world.state.exists():
            age(self.world, hours)

    @rule()
    def lose_state(self) -> None:
        self.note("the state is lost")
        self.remove_state()

    @rule(name=st.one_of(NAMES, GROUPS), connection=CONNECTIONS)
    def lose_state_and_sync_only(self, name: str, connection: str) -> None:
        """The first run without state is about some, and says nothing about all."""
        self.lose_state()
        self.sync_only(name, approve=False)
        self.sync(connection, full=True, approve=True)

    @rule()
    def copy_state(self) -> None:
        if self.world.state.exists():
            self.note("the state is copied")
            with closing(sqlite3.connect(self.world.state)) as live, closing(sqlite3.connect(self.copy)) as copy:
                live.backup(copy)

    def _restore(self) -> None:
        self.note("the copy is restored")
        self.remove_state()
        shutil.copy(self.copy, self.world.state)

    @rule(fault=st.one_of(st.none(), FAULTS), approve=st.booleans())
    def restore_state(self, fault: Fault | None, approve: bool) -> None:
        """A copy of the state, trusted only as far as the target confirms it; perhaps the run about that fails."""
        if not self.copy.exists():
            return
        self._restore()
        for connection in self.people:
            flags = ("--full", "--after-restore", *(["--approve"] if approve else []))
            if fault is not None:
                self._fail(fault)
            self.command("sync", connection, *flags, is_calm=fault is None)
            self.sandbox.fail()

    def _fail(self, fault: Fault) -> None:
        self.note(f"{fault.left} writes to {fault.path} after {fault.skip}: {fault.kind} {fault.status}")
        self.sandbox.fail(
            Fault(fault.kind, fault.method, fault.path, status=fault.status, left=fault.left, skip=fault.skip)
        )

    @rule(
        edits=EDITS,
        fault=FAULTS,
        run=st.sampled_from(RUNS),
        connection=CONNECTIONS,
        name=st.one_of(NAMES, GROUPS),
        which=WHICH,
    )
    def bad_weather(
        self, edits: Sequence[Edit], fault: Fault, run: str, connection: str, name: str, which: int
    ) -> None:
        """Something goes wrong with the next writes of a run, then all is well again."""
        self.edit_many(edits)
        arguments, of = self._run_of(run, connection, name, which)
        if arguments:
            self._fail(fault)
            self.command(*arguments, connection=of, is_calm=False)
            self.sandbox.fail()

    def _run_of(self, run: str, connection: str, name: str, which: int) -> tuple[tuple[str, ...], str]:
        """The arguments of a command of any kind, and whose it is; none where there is nothing to run."""
        connection = self.connection(connection)
        if run == "apply" and self.saved.exists():
            return ("apply", str(self.saved), "--approve"), connection
        if run == "rollback":
            found = self.last_run(which)
            return (("rollback", found[0], "--approve"), found[1]) if found is not None else ((), "")
        if run == "only":
            name = self.name(name)
            connection = next(c for c in self.people if name in self.shown(c).marks)
            return ("sync", connection, "--only", name), connection
        if run == "restored" and self.copy.exists():
            self._restore()
            return ("sync", connection, "--full", "--after-restore"), connection
        return ("sync", connection, *(["--full"] if run == "full" else [])), connection

    @rule(edits=EDITS, fault=FAULTS, connection=CONNECTIONS, is_overtaken=st.booleans(), approve=st.booleans())
    def saved_plan_is_cut(
        self, edits: Sequence[Edit], fault: Fault, connection: str, is_overtaken: bool, approve: bool
    ) -> None:
        """A saved plan is begun and cut, perhaps overtaken by a sync, and applied again."""
        self.edit_many(edits)
        self.save_plan(connection)
        if not self.saved.exists():
            return
        flags = ("--approve",) if approve else ()
        self._fail(fault)
        self.apply(*flags, is_calm=False)
        self.sandbox.fail()
        if is_overtaken:
            self.sync(connection, full=False, approve=approve)
        self.apply(*flags)


class Kills(WeatherSteps):
    """Processes that are killed while a write is held: before it lands, or after."""

    @rule(
        edits=EDITS,
        kind=st.sampled_from(("hold_before", "hold_after")),
        skip=st.sampled_from((0, 0, 1, 2)),
        run=st.sampled_from(RUNS),
        connection=CONNECTIONS,
        name=st.one_of(NAMES, GROUPS),
        which=WHICH,
    )
    def kill(
        self, edits: Sequence[Edit], kind: Any, skip: int, run: str, connection: str, name: str, which: int
    ) -> None:
        self.edit_many(edits)
        arguments, _ = self._run_of(run, connection, name, which)
        if not arguments:
            return
        before = self.sandbox.state()
        self.sandbox.fail(*(Fault(kind, method, skip=skip, left=1) for method in ("PATCH", "POST", "DELETE")))
        with start(self.world, *arguments) as process:
            while process.poll() is None and not self.sandbox.app.delivery.gate.held:
                time.sleep(0.01)
            is_killed = process.poll() is None
            process.kill()
        self.sandbox.fail()
        self.sandbox.go_on()
        self.count("kills" if is_killed else "ended before the kill")
        end = "is killed" if is_killed else "ends"
        self.note(f"{' '.join(arguments)} {end} at its write {skip + 1}: {kind}")
        faults = self.judge.never(before)
        self.look()
        self.require(faults)
