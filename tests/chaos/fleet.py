"""Many small companies, each with an emulated target of its own, and the workers that keep them equal."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import IO

from scim_bridge.sandbox.server import Sandbox
from tests.e2e.process import PROGRAM
from tests.e2e.world import MAPPING, People, World, organization

_USERS, _GROUPS = 6, 2
_LIMITS = "{deactivate: 100%, remove_members: 100%, shrink_source: 100%, floor: 1000}"


class Company:
    """A connection: its directory in files, and its target."""

    def __init__(self, name: str, folder: Path, sandbox: Sandbox, random: Random) -> None:
        self.name, self.random = name, random
        self.struck: list[float] = []  # when its worker was, with a run of it in hand
        self.world = World(folder / name, sandbox)
        self._aside = World(folder / f"{name}.aside", sandbox)
        for world in (self.world, self._aside):
            world.folder.mkdir()
        self.people: People = organization(_USERS, _GROUPS, seed=random.randrange(1_000))
        self.write()

    def write(self) -> None:
        """Each file is replaced at once: no half of one is ever seen."""
        self._aside.write(self.people)
        for file in self._aside.folder.iterdir():
            file.replace(self.world.folder / file.name)

    def change(self) -> None:
        """A joiner, a leaver, a mover, or another title."""
        random, people = self.random, self.people
        someone = random.choice(sorted(people.users))
        match random.randrange(4):
            case 0:
                people.add(f"n{len(people.users)}", title="new")
            case 1:
                people.users[someone]["enabled"] = random.choice(("true", "false"))
            case 2:
                people.users[someone]["title"] = f"Title {random.randrange(1_000)}"
            case _:
                member = ("g1", someone, "user")
                people.members = [each for each in people.members if each != member] or [member]
                if random.random() < 0.5:
                    people.members.append(member)
        self.write()

    def is_equal(self) -> bool:
        """Whether the target holds what the files do."""
        try:
            self.world.assert_equal_to(self.people)
        except (AssertionError, KeyError):
            return False
        return True

    def section(self, every: str) -> str:
        """Of the configuration."""
        sandbox, folder = self.world.sandbox, self.world.folder
        files = ", ".join(f"{name}: {folder / name}.csv" for name in ("users", "groups", "members"))
        return (
            f"  {self.name}:\n    source: {{kind: csv, {files}}}\n    mapping: {MAPPING}\n"
            f"    target: {{kind: identity-center, url: {sandbox.url}, token: {sandbox.token}}}\n"
            f"    policy: {{limits: {_LIMITS}}}\n    schedule: {{every: {every}}}\n"
        )


class Worker:
    """`work` as a process of its own, started again when it was killed."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self._log: IO[bytes] = config.with_suffix(".log").open("ab")
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        command = (*PROGRAM, "--config", str(self.config), "work")
        return subprocess.Popen(command, stdout=self._log, stderr=self._log)

    def start_again(self) -> None:
        """As a service manager does, if it has ended."""
        if self.process.poll() is not None:
            self.process = self._start()

    def signal(self, number: signal.Signals, *, with_runs: bool) -> None:
        """To the worker, or to the processes of its runs as well."""
        for pid in (self.process.pid, *(_children(self.process.pid) if with_runs else ())):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def said(self) -> str:
        """Its log."""
        return self.config.with_suffix(".log").read_text(encoding="utf-8")

    def end(self) -> int:
        """Ask it to end; its exit code."""
        self.signal(signal.SIGCONT, with_runs=True)
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        """Whatever is left of it."""
        self.signal(signal.SIGKILL, with_runs=True)
        self.process.wait()
        self._log.close()


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


@contextmanager
def companies(folder: Path, number: int, random: Random) -> Iterator[list[Company]]:
    """So many, all served by this process."""
    with ExitStack() as stack:
        yield [
            Company(f"c{place:02}", folder, stack.enter_context(Sandbox()), Random(random.random()))
            for place in range(number)
        ]


def write_configuration(path: Path, state: str, some: list[Company], every: str, runs_at_once: int) -> Path:
    """Of one worker."""
    text = f"state: {state}\nworker: {{runs_at_once: {runs_at_once}}}\nconnections:\n" + "".join(
        company.section(every) for company in some
    )
    path.write_text(text, encoding="utf-8")
    return path
