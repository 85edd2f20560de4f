"""What runs cost over a state in a file and over one in PostgreSQL: `python -m bench.states [--users N …]`.

For each thing that may happen between two runs: seconds that pass, CPU of program and server, and statements; in the
end the second state as a multiple of the first. The server keeps its files without fsync, as for tests.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.growing import fill, growing
from bench.growth import SCENES, World
from bench.people import people
from scim_bridge.sandbox.server import Sandbox
from tests.postgres_server import Postgres

_SCENES = ("first", "second", "idle", "title", "only")
_RUNS = 2


@dataclass(frozen=True, slots=True)
class Taken:
    """One scene. seconds: that passed; cpu: of program and server, seconds."""

    seconds: float
    cpu: float
    server: float
    statements: int


@contextmanager
def _server(kind: str) -> Iterator[tuple[str, Postgres | None]]:
    if kind == "sqlite":
        yield "sqlite:///state.db", None
        return
    server = Postgres()
    server.start()
    try:
        yield server.empty().shown, server
    finally:
        server.remove()


def measured(kind: str, users: int) -> dict[str, Taken]:
    """Every scene over one kind of state; of those that are short, the quickest of several."""
    with tempfile.TemporaryDirectory() as name, Sandbox() as sandbox, _server(kind) as (state, server):
        there = people(users)
        with growing("csv", Path(name), there) as source:
            fill(sandbox, source, there)
            world = World(Path(name), sandbox, source, there, state=state)
            world.configure()
            found = {}
            for scene in _SCENES:
                times = 1 if SCENES[scene].is_whole else _RUNS
                found[scene] = min((_once(world, scene, server) for _ in range(times)), key=lambda taken: taken.seconds)
            return found


def _once(world: World, scene: str, server: Postgres | None) -> Taken:
    before, began = server.cpu() if server is not None else 0.0, perf_counter()
    cost = world.run(scene)
    seconds = perf_counter() - began
    taken = server.cpu() - before if server is not None else 0.0
    return Taken(seconds, cost.cpu, taken, cost.statements)


def main() -> None:
    """Print a line for each scene."""
    parser = argparse.ArgumentParser(prog="python -m bench.states")
    parser.add_argument("--users", type=int, nargs="+", default=[1_000, 10_000])
    for users in parser.parse_args().users:
        file, server = (measured(kind, users) for kind in ("sqlite", "postgresql"))
        print(f"\n{users:,} users{'SQLite':>22}{'PostgreSQL':>38}{'times':>16}")
        for scene in _SCENES:
            one, other = file[scene], server[scene]
            print(
                f"{scene:10}{one.seconds:8.2f} s{one.cpu:8.2f} CPU{one.statements:8,} st.   "
                f"{other.seconds:8.2f} s{other.cpu:8.2f} + {other.server:.2f} CPU{other.statements:8,} st."
                f"{other.seconds / one.seconds:8.1f} ×{(other.cpu + other.server) / one.cpu:6.1f} × CPU",
                flush=True,
            )


if __name__ == "__main__":
    main()
