"""How well runs share the pace of one endpoint: `python -m bench.shared [--seconds N] [--state postgresql] [--runs N]`.

Connections of one state send users to one endpoint that permits so many requests a second, 60 ms away, each by a
process of its own as three workers would. Told are: what passed against what is permitted, the share of 429s, and what
each run got. The last run begins later than the others, and the first one is stopped before the others.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.directory import HEADER
from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from tests.e2e.world import MAPPING
from tests.postgres_server import Postgres

_LATENCY = 0.06
_SETTINGS = ((20.0, "20"), (20.0, "auto"), (25.0, "auto"), (40.0, "auto"), (40.0, "20"))
"""What is permitted, and requests_per_second."""


@contextmanager
def state_of(kind: str) -> Iterator[str]:
    """The `state` of a configuration."""
    if kind == "sqlite":
        yield "sqlite:///state.db"
        return
    server = Postgres()
    server.start()
    try:
        yield server.empty().shown
    finally:
        server.remove()


def _configure(folder: Path, sandbox: Sandbox, state: str, ceiling: str, runs: int, users: int) -> Path:
    target = f"{{kind: identity-center, url: {sandbox.url}, token: {sandbox.token}, requests_per_second: {ceiling}}}"
    (folder / "groups.csv").write_text("id,name\n")
    (folder / "members.csv").write_text("group_id,member_id,member_type\n")
    lines = [f"state: {state}", "connections:"]
    for run in range(runs):
        rows = (_row(f"r{run}-{number}") for number in range(users))
        (folder / f"{run}.csv").write_text("\n".join([",".join(HEADER), *rows]) + "\n", encoding="utf-8")
        lines += [
            f"  r{run}:",
            f"    source: {{kind: csv, users: {run}.csv, groups: groups.csv, members: members.csv}}",
            f"    mapping: {MAPPING}",
            f"    target: {target}",
        ]
    config = folder / "bridge.yaml"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return config


def _row(name: str) -> str:
    return f"{name},{name}@corp.example,Given,Family,,{name}@corp.example,true,,,"


def measure(permitted: float, ceiling: str, runs: int, seconds: float, kind: str) -> None:
    """Two lines: while all send, and from the first beginning to the last end."""
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox(Knobs(rate=permitted)) as sandbox,
        state_of(kind) as state,
    ):
        sandbox.fail(Fault(kind="slow", seconds=_LATENCY))
        config = _configure(Path(name), sandbox, state, ceiling, runs, int(permitted * seconds * 2))
        processes = []
        for run in range(runs):
            command = (sys.executable, "-m", "scim_bridge.cli.main", "--config", str(config), "sync", f"r{run}")
            processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            if run == runs - 2:
                _wait_for(sandbox, run + 1)
                begun = time.monotonic()
                before = _counts(sandbox)
                time.sleep(seconds / 4)
        _wait_for(sandbox, runs)
        joined, at_join = time.monotonic(), _counts(sandbox)
        time.sleep(seconds / 2)
        all_send, left = _counts(sandbox), time.monotonic()
        processes[0].kill()
        time.sleep(seconds / 4)
        after, ended = _counts(sandbox), time.monotonic()
        for process in processes:
            process.kill()
            process.wait()
    least = min(permitted, float(ceiling)) if ceiling != "auto" else permitted
    print(f"permitted {permitted:3.0f}/s, requests_per_second {ceiling:>4}, {runs} runs, {kind}:")
    for what, first, last, took in (
        ("while all send", at_join, all_send, left - joined),
        ("with joining and leaving", before, after, ended - begun),
    ):
        more = last - first
        got = " ".join(f"{more[f'r{run}'] / took:.1f}" for run in range(runs))
        print(
            f"  {what:26} passed / permitted {more['passed'] / took / least:6.3f}   429s "
            f"{100 * more['throttled'] / more['total']:5.2f} %   a second each: {got}",
            flush=True,
        )


def _counts(sandbox: Sandbox) -> "Counter[str]":
    counts = sandbox.counts
    users = list(sandbox.app.store.users.by_id.values())
    held = Counter(user.attributes["userName"].partition("-")[0] for user in users)
    return held + Counter(
        {"total": counts.total, "throttled": counts.throttled, "passed": counts.total - counts.throttled}
    )


def _wait_for(sandbox: Sandbox, runs: int) -> None:
    while sum(key.startswith("r") for key in _counts(sandbox)) < runs:
        time.sleep(0.1)


def main() -> None:
    """Print what came of each setting."""
    parser = argparse.ArgumentParser(prog="python -m bench.shared")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--state", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--only", type=int, nargs="+", default=range(len(_SETTINGS)), help=argparse.SUPPRESS)
    given = parser.parse_args()
    for number in given.only:
        measure(*_SETTINGS[number], given.runs, given.seconds, given.state)


if __name__ == "__main__":
    main()
