"""What a run costs as the directory grows: `python -m bench.growth [--users N …] [--sources …] [--scenes …]`.

CPU (a process measured from outside, children included), peak memory, statements to the database and requests to the
target and to the source (where these are counted), for each thing that may happen between two runs, from CSV, slapd,
the emulated tenant and the emulated account. CPU is told as a multiple of the start-up of the same command (`--version`
with all that it imports), a whole run's as a multiple of the bare script of bench.plan. In the end: how much more the
largest directory costs than the smallest. What no one can do without to know whether something has changed is
subtracted there, and shown beside as `net`: of CSV the bare reading and hashing of the files (bench.hashed), of Google
the bare listing of everything (bench.listed).

The target holds everyone when the first run begins, which is thus one with a lost state.
"""

import argparse
import compileall
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import orjson

import scim_bridge
from bench.growing import Files, Growing, fill, growing
from bench.people import HERE, THERE, Change, Join, Leave, Move, People, Title, mail, people
from bench.plan import measure
from scim_bridge.sandbox.server import Sandbox

SOURCES = ("csv", "ldap", "entra", "google")
_SIZES = (1_000, 10_000, 100_000)
_SOMEONE = 7
_ENOUGH = 15.0
"""Seconds of CPU after which nothing is measured once more."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took. cpu: seconds; memory: MiB; requests: to the target; asked: those to the source."""

    cpu: float
    memory: float
    statements: int
    requests: int
    asked: int
    modules: Path


@dataclass(frozen=True, slots=True)
class Scene:
    """Something happens, then a command runs. change: by how often it has happened before; None if nothing does."""

    command: tuple[str, ...]
    change: Callable[[People, int], Change] | None = None
    is_whole: bool = False

    @property
    def reads_all(self) -> bool:
        """Whether it has to find out what has changed in the source, whatever that is."""
        return not self.is_whole and len(self.command) == 1


def _title(what: int | None = None) -> Callable[[People, int], Change]:
    """Someone's title, or the titles of so many."""
    if what is None:
        return lambda _, times: Title((_SOMEONE,), f"Lead {times}")
    return lambda there, times: Title(tuple(there.numbers)[:what], f"Chief {times}")


SCENES = {
    "first": Scene(("sync",), is_whole=True),
    "second": Scene(("sync",), is_whole=True),
    "idle": Scene(("sync",)),
    "title": Scene(("sync",), _title()),
    "leaver": Scene(("sync",), lambda there, _: Leave(max(there.numbers))),
    "member": Scene(("sync",), lambda there, _: Join(next(n for n in there.numbers if n not in there.groups[0]))),
    "nested": Scene(("sync",), lambda there, _: Move(there.holder, THERE if there.holder == HERE else HERE)),
    "hundred": Scene(("sync",), _title(100)),
    "explain": Scene(("explain", mail(_SOMEONE))),
    "only": Scene(("sync", "--only", mail(_SOMEONE)), lambda _, times: Title((_SOMEONE,), f"Only {times}")),
    "whole": Scene(("sync", "--full"), is_whole=True),
}
"""In their order. The first two are always run: the others need their state, and whom a run has linked, the next one
looks at again."""


@dataclass
class World:
    """One source with so many users, the target beside it, and a folder for files, configuration and state."""

    folder: Path
    sandbox: Sandbox
    source: Growing
    people: People
    times: dict[str, int] = field(default_factory=dict)
    state: str = "sqlite:///state.db"

    def configure(self) -> None:
        """A reading of the target is not due before a day is over, so that an idle run is one."""
        self._config.write_text(
            f"state: {self.state}\n"
            f"connections:\n  bench:\n    source: {self.source.source}\n    mapping: {self.source.mapping}\n"
            f"    target: {{kind: identity-center, url: {self.sandbox.url}, token: {self.sandbox.token}, "
            "requests_per_second: 100000}\n"
            "    schedule: {verify: 24h}\n"
            "    policy: {limits: {deactivate: 100%, remove_members: 100%}}\n",
            encoding="utf-8",
        )

    @property
    def _config(self) -> Path:
        return self.folder / "bridge.yaml"

    @property
    def state_size(self) -> float:
        """MiB of the state, its journal included."""
        return sum(path.stat().st_size for path in self.folder.glob("state.db*")) / 2**20

    def run(self, name: str) -> Cost:
        """Let it happen, and what its command then takes."""
        scene = SCENES[name]
        times = self.times[name] = self.times.get(name, 0) + 1
        if scene.change is not None:
            change = scene.change(self.people, times)
            self.people.carry(change)
            self.source.carry(change, self.people)
        return self._counted(name, "--config", str(self._config), *scene.command)

    def start_up(self, cost: Cost) -> Cost:
        """Importing what that command had imported, and nothing else."""
        return self._counted("start-up", "--import", str(cost.modules))

    def _counted(self, name: str, *arguments: str) -> Cost:
        report = self.folder / f"{name}.json"
        self.sandbox.forget_requests()
        asked_before = self.source.requests
        cpu, _ = measure(sys.executable, "-m", "bench.counted", str(report), *self.source.options, *arguments)
        found = orjson.loads(report.read_bytes())
        asked = self.source.requests - asked_before
        return Cost(cpu, found["memory"], found["statements"], self.sandbox.counts.total, asked, report)


@dataclass(frozen=True, slots=True)
class Bare:
    """CPU seconds. plan: of bench.plan's bare script over the same people as CSV. anyway: see Growing."""

    plan: float
    anyway: float


def bare(there: People, source: Growing, runs: int) -> Bare:
    """Measured in turn, the least of each."""
    with tempfile.TemporaryDirectory() as name:
        Files(Path(name), there)
        plans, anyway = [], []
        for _ in range(runs):
            plans.append(measure(sys.executable, "-m", "bench.plan", "bare", name)[0])
            anyway.append(source.anyway())
    return Bare(min(plans), min(anyway))


def bench(kind: str, users: int, scenes: list[str], runs: int) -> dict[str, float]:
    """Print a line for each scene. Gives CPU by scene, in seconds, without what it costs anyway."""
    with tempfile.TemporaryDirectory() as name, Sandbox() as sandbox:
        there = people(users)
        with growing(kind, Path(name), there) as source:
            least_of_all = bare(there, source, runs)
            fill(sandbox, source, there)
            world = World(Path(name), sandbox, source, there)
            world.configure()
            count = sum(map(len, there.groups.values()))
            print(f"\n{kind}, {users:,} users, {len(there.groups):,} groups, {count:,} memberships")
            titles = f"{'CPU':>9}{'start-up':>10}{'net':>8}{'bare':>9}{'memory':>11}{'statements':>12}{'requests':>10}"
            print(f"{'':10}{titles}{'asked':>8}")
            found = dict(_scenes(world, scenes, least_of_all, runs))
            print(f"the state has {world.state_size:.0f} MiB", end="; ")
            print(f"bare scripts: plan {least_of_all.plan:.2f} s, anyway {least_of_all.anyway:.2f} s", flush=True)
    return {name: cost.cpu - (least_of_all.anyway if SCENES[name].reads_all else 0.0) for name, cost in found.items()}


def _scenes(world: World, scenes: list[str], least_of_all: Bare, runs: int) -> Iterator[tuple[str, Cost]]:
    starts: dict[str, Cost] = {}
    always = ("first", "second")
    for name in [*always, *(name for name in SCENES if name in scenes and name not in always)]:
        scene = SCENES[name]
        cost = _least(partial(world.run, name), 1 if scene.is_whole else runs)
        # The first run imports what migrates a state, and would make the others look cheaper than they are.
        command = " ".join(("first", *scene.command) if name == "first" else scene.command[:1])
        if command not in starts:
            starts[command] = _least(partial(world.start_up, cost), runs + 1)
            _show("start-up", starts[command])
        once = starts[command].cpu
        net = (cost.cpu - least_of_all.anyway) / once if scene.reads_all and least_of_all.anyway else None
        bare_times = cost.cpu / least_of_all.plan if scene.is_whole else None
        _show(name, cost, cost.cpu / once, net, bare_times)
        yield name, cost


def _show(name: str, cost: Cost, *times: float | None) -> None:
    shown = [f"{each:.1f} ×" if each is not None else "" for each in (*times, None, None, None)[:3]]
    line = f"{name:10}{cost.cpu:7.2f} s{shown[0]:>10}{shown[1]:>8}{shown[2]:>9}{cost.memory:7.0f} MiB"
    print(f"{line}{cost.statements:12,}{cost.requests:10,}{cost.asked:8,}", flush=True)


def _least(measured: Callable[[], Cost], runs: int) -> Cost:
    """Of several runs the one with the least CPU, since the machine is shared; its memory that of the largest.

    What takes long is run less often: there a passing disturbance weighs less.
    """
    costs = [measured()]
    while len(costs) < runs and sum(cost.cpu for cost in costs) < _ENOUGH:
        costs.append(measured())
    return replace(min(costs, key=lambda cost: cost.cpu), memory=max(cost.memory for cost in costs))


def main() -> None:
    """Print all that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth")
    parser.add_argument("--users", type=int, nargs="+", default=list(_SIZES))
    parser.add_argument("--sources", nargs="+", choices=SOURCES, default=list(SOURCES))
    parser.add_argument("--scenes", nargs="+", choices=list(SCENES), default=list(SCENES))
    parser.add_argument("--runs", type=int, default=3, help="of each the one with the least CPU counts")
    asked = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(Path(scim_bridge.__file__).parent, quiet=2)
    for kind in asked.sources:
        found = {users: bench(kind, users, asked.scenes, asked.runs) for users in sorted(asked.users)}
        small, large = min(found), max(found)
        if small != large:
            names = [name for name in found[large] if not SCENES[name].is_whole]
            grown = ", ".join(f"{name} {found[large][name] / found[small][name]:.1f} ×" for name in names)
            print(f"{kind}, {large:,} users ÷ {small:,}: {grown}", flush=True)


if __name__ == "__main__":
    main()
