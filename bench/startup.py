"""What a command costs before it does anything: `python -m bench.startup [RUNS]`.

CPU as a multiple of `python -c pass`, measured in turn with it, and peak memory, each of whole processes. On a busy
machine the least of the runs says more than the median. Linux counts what this process held when it started another as
that one's peak, so that no memory below some 32 MiB is told apart. Bytecode is compiled first, as it is in the image.
"""

import compileall
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import scim_bridge
from bench.directory import write
from bench.plan import measure
from scim_bridge.sandbox.server import Sandbox

_PROGRAM = (sys.executable, "-m", "scim_bridge.cli.main")
_MAPPING = Path(__file__).parents[1] / "mappings" / "csv.yaml"
_NAMES = {"typer, rich": "import typer, rich.console", "sqlmodel": "import sqlmodel"}


@dataclass(frozen=True, slots=True)
class Goal:
    """At most so many times the CPU of `python -c pass`, and so many MiB. None: no goal."""

    times: float | None = None
    memory: float | None = None

    def __str__(self) -> str:
        times = f"{self.times:.0f} ×" if self.times is not None else "-"
        return f"{times:>6} {f'{self.memory:.0f} MiB' if self.memory is not None else '-':>8}"


_GOALS = {
    "--help": Goal(15, 40),
    "--version": Goal(15, 40),
    "sync --help": Goal(),
    "history": Goal(55),
    "conflicts": Goal(55),
    "show 1": Goal(55),
    "check": Goal(),
    "plan": Goal(),
}


def main(runs: int) -> None:
    """Print a line for each command."""
    compileall.compile_dir(Path(scim_bridge.__file__).parent, quiet=2)
    with tempfile.TemporaryDirectory() as name, Sandbox() as sandbox:
        config = _world(Path(name), sandbox)
        lines = {text: ((*_PROGRAM, "--config", str(config), *text.split()), goal) for text, goal in _GOALS.items()}
        lines |= {f"import {name}": ((sys.executable, "-c", code), Goal()) for name, code in _NAMES.items()}
        print(f"{'':20}{'least':>8}{'median':>9}{'memory':>10}    goal")
        for text, (command, goal) in lines.items():
            times, memory = _compared(command, runs)
            print(f"{text:20}{min(times):6.1f} ×{statistics.median(times):7.1f} ×{memory:6.0f} MiB  {goal}")


def _world(folder: Path, sandbox: Sandbox) -> Path:
    """A configuration, and a state with a run in it."""
    write(folder, 20, 3, 40)
    config = folder / "bridge.yaml"
    config.write_text(
        "connections:\n  bench:\n"
        "    source: {kind: csv, users: users.csv, groups: groups.csv, members: members.csv}\n"
        f"    mapping: {_MAPPING}\n"
        f"    target: {{kind: identity-center, url: {sandbox.url}, token: {sandbox.token}}}\n",
        encoding="utf-8",
    )
    subprocess.run((*_PROGRAM, "--config", str(config), "sync"), check=True, capture_output=True)
    return config


def _compared(command: tuple[str, ...], runs: int) -> tuple[list[float], float]:
    """CPU as multiples of what Python itself takes at that time, and the peak memory (MiB) of the largest run."""
    bare = min(measure(sys.executable, "-c", "pass")[0] for _ in range(2 * runs))
    seen = [measure(*command) for _ in range(runs)]
    return [cpu / bare for cpu, _ in seen], max(memory for _, memory in seen)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
