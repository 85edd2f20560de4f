"""The world of a history, and its one way to run a command: every command is judged."""

import gc
import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from scim_bridge.cli.main import run
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.state.reader import StateReader
from scim_bridge.state.writer import State
from scim_bridge.view.document import conflict_document
from tests.e2e.test_policies import age
from tests.e2e.world import MAPPING, People, World, person
from tests.laws.histories import tally
from tests.laws.histories.judge import PROTECTED_GROUP, PROTECTED_USER, Ended, Judge, Policy, Shown

CORP, BRANCH = "corp", "branch"
MARKS = {CORP: "abcdefgh", BRANCH: "xyzk"}
"""The ids of each connection's records. Names may meet, ids do not."""
NAMES, LOGINS = st.sampled_from("abcdefxyz"), st.sampled_from("abcdefxy")
GROUPS = st.sampled_from("ghk")
CONNECTIONS = st.sampled_from((CORP, CORP, BRANCH))
WHICH = st.integers(0, 23)
"""Which of several, modulo their number: what a rule draws must not depend on what the world shows, or hypothesis could
not draw it again."""
SCOPES = {
    "all": ("true", "true"),
    "not b and x": ('!(id in ["b", "x"])', "true"),
    "no title x": ('title != "x"', "true"),
    "no ops": ("true", 'name != "ops"'),
}
"""Rules of scope, for users and for groups."""
policies = st.builds(
    Policy,
    st.sampled_from(("overwrite", "report")),
    st.sampled_from(("ask", "link", "separate")),
    st.sampled_from(("deactivate", "deactivate", "deactivate", "keep")),
    st.sampled_from((None, 48)),
    st.sampled_from(("report", "report", "deactivate")),
    st.sampled_from(("off", "off", "default", "tight")),
    st.sampled_from((False, False, True)),
)


def is_in_scope(scope: str, record: dict[str, str]) -> bool:
    """What the rule of scope says of a user: the plain definition."""
    is_out = (scope == "not b and x" and record["id"] in "bx") or (scope == "no title x" and record["title"] == "x")
    return bool(record["login"] and record["id"]) and not is_out


class Machine(RuleBasedStateMachine):
    """One organization, perhaps with a branch that has a source of its own, one target, one state file.

    people: connection → what its source shows. scope: which of SCOPES the mapping has.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.sandbox = self.stack.enter_context(Sandbox())
        self.world = World(self.folder, self.sandbox)
        self.copy = self.folder / "copy.db"
        self.saved = self.folder / "saved.json"
        self.people = {CORP: People()}
        self.scope = "all"
        self.log: list[str] = []
        self.counted = 0
        self.count("histories")

    @initialize(policy=policies, has_branch=st.booleans())
    def begin(self, policy: Policy, has_branch: bool) -> None:
        """Six people and two groups, a protected user and group, perhaps a branch; and a first sync."""
        self.judge = Judge(self.sandbox, policy)
        ids = self.sandbox.seed(
            {
                "users": [person(PROTECTED_USER), person("hand@corp.example")],
                "groups": [{"displayName": PROTECTED_GROUP, "members": [PROTECTED_USER]}],
            }
        )
        self.judge.by_hand.update(ids["users"].values())
        for name in "abcdef":
            self.people[CORP].add(name)
        self.people[CORP].group("g", "dev", "a", "b", "c").group("h", "ops", "c", "d", nested=("g",))
        if has_branch:
            branch = self.people[BRANCH] = People()
            branch.add("x").add("y").add("z").group("k", "branch", "x", "y")
            (self.folder / "branch").mkdir()
        self.configure()
        self.write()
        for connection in self.people:
            self.command("sync", connection)
            self.command("sync", connection, "--approve")

    @invariant()
    def count_step(self) -> None:
        """Called after every step: one that did nothing left the log as it was."""
        self.count("steps")
        if len(self.log) > self.counted:
            self.count("effective")
        self.counted = len(self.log)

    def count(self, what: str) -> None:
        tally.count(type(self).__name__, what)

    def teardown(self) -> None:
        self.stack.close()

    # --- what there is

    def connection(self, wanted: str) -> str:
        """The connection itself, or the only one there is."""
        return wanted if wanted in self.people else CORP

    def name(self, wanted: str) -> str:
        """The id itself, or one of the only connection there is."""
        return wanted if BRANCH in self.people else {"x": "a", "y": "b", "z": "c", "k": "g"}.get(wanted, wanted)

    def source_of(self, mark: str) -> People:
        """The people among whom this id is."""
        return self.people[BRANCH if mark in MARKS[BRANCH] else CORP]

    def record(self, mark: str) -> dict[str, str] | None:
        return self.source_of(mark).users.get(mark)

    def shown(self, connection: str) -> Shown:
        """What a connection's source shows, as far as the mapping's scope goes."""
        raw = self.people[connection]
        people = replace(
            raw,
            users={k: record for k, record in raw.users.items() if is_in_scope(self.scope, record)},
            groups={k: name for k, name in raw.groups.items() if (self.scope, name) != ("no ops", "ops")},
        )
        return Shown(connection, people, raw, MARKS[connection])

    def look(self) -> None:
        self.judge.look({connection: self.shown(connection) for connection in self.people})

    def note(self, text: str) -> None:
        self.log.append(text)

    # --- the files

    def write(self) -> None:
        self.world.write(self.people[CORP])
        if BRANCH in self.people:
            World(self.folder / "branch", self.sandbox).write(self.people[BRANCH])

    def configure(self) -> None:
        """bridge.yaml with the policy of now for each connection, and the mapping with its scope."""
        policy = f"    policy: {{{self.judge.policy.yaml}}}\n"
        branch = (
            "  branch:\n"
            "    source: {kind: csv, users: branch/users.csv, groups: branch/groups.csv, members: branch/members.csv}\n"
            "    mapping: csv.yaml\n"
            f"    target: {{kind: identity-center, url: '{self.sandbox.url}', token: {self.sandbox.token}, "
            f"requests_per_second: 100000}}\n{policy}"
        )
        self.world.configure(extra=policy + (branch if BRANCH in self.people else ""))
        users, groups = SCOPES[self.scope]
        rules = MAPPING.read_text(encoding="utf-8").partition("\ntests:")[0]  # its tests would be run by every command
        rules = rules.replace('scope: login != ""', f'scope: login != "" && {users}'.replace('"', "'"))
        rules = rules.replace('scope: name != ""', f'scope: name != "" && {groups}'.replace('"', "'"))
        (self.folder / "csv.yaml").write_text(rules, encoding="utf-8")

    def minutes_pass(self) -> None:
        """Long enough since our last write that a reading proves what someone else has done."""
        if self.world.state.exists():
            age(self.world, 0.2)

    def remove_state(self) -> None:
        gc.unfreeze()
        gc.collect()  # a connection that was left to the collector would take its files with it later
        for file in self.folder.glob("scim-bridge.db*"):
            file.unlink(missing_ok=True)
        self.judge.unseen.update(self.people)

    # --- the program

    def command(self, *arguments: str, connection: str = "", is_calm: bool = True) -> int:
        """One command, judged. connection: whose it is, where it is not its first argument.

        is_calm: nothing goes wrong on the way, so that all is done when it ends well.
        """
        before = self.sandbox.state()
        self.sandbox.forget_requests()
        code, out, err = self.cli(*arguments)
        named = " ".join(arguments)
        self.count(f"{arguments[0]}{' --only' if '--only' in arguments else ''} → {code}")
        self.log.append(f"{named} → {code} {err.strip().splitlines()[-1:]}")
        faults = self.judge.never(before)
        self.look()
        if is_calm:
            connection = connection or arguments[1]
            conflicts = [c for c in self.conflicts() if c["connection"] == connection]
            faults += self.judge.in_calm(self.shown(connection), Ended(arguments, code, out.decode(), conflicts))
        self.require(faults)
        return code

    def require(self, faults: list[str]) -> None:
        assert not faults, "\n".join([*faults, "history:", *self.log])

    def cli(self, *arguments: str) -> tuple[int, bytes, str]:
        """Exit code, stdout and stderr of one command."""
        self.count("commands")
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
        """What `conflicts --output json` prints."""
        with self._state() as reader:
            return [conflict_document(conflict) for conflict in reader.conflicts()]

    @contextmanager
    def _state(self) -> Iterator[StateReader]:
        """The state, and no connection to it that is left open: killed processes and copies come and go beside it."""
        if not self.world.state.exists():
            yield StateReader(None)
            return
        with State(self.world.state) as state:
            yield state.reader

    def last_run(self, which: int) -> tuple[str, str] | None:
        """A run's number and its connection; which: counted from the newest, modulo their number."""
        with self._state() as reader:
            runs = reader.runs()
        return (str(runs[which % len(runs)].id), runs[which % len(runs)].connection) if runs else None
