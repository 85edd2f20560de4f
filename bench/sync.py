"""What a sync costs, in requests, time and memory: `python -m bench.sync [QUOTA]` (requests a second permitted).

The client runs as a process of its own against the emulator over HTTP, journal on. Times are told as ratios: the time a
run takes against the time its requests take at the quota, the requests it sends against the fewest that will do.
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.directory import write
from bench.plan import measure
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox

_MAPPING = Path(__file__).parents[1] / "mappings" / "csv.yaml"
_PROGRAM = (sys.executable, "-m", "scim_bridge.cli.main")


@dataclass
class Scene:
    """A directory in files, an endpoint, and the configuration that binds them."""

    folder: Path
    sandbox: Sandbox

    def configure(self, ceiling: float | str) -> Path:
        """bridge.yaml with this ceiling; `verify` is long, so that an idle run is one."""
        config = self.folder / "bridge.yaml"
        config.write_text(
            "connections:\n  bench:\n"
            "    source: {kind: csv, users: users.csv, groups: groups.csv, members: members.csv}\n"
            f"    mapping: {_MAPPING}\n"
            f"    target: {{kind: identity-center, url: {self.sandbox.url}, token: {self.sandbox.token}, "
            f"requests_per_second: {ceiling}}}\n"
            "    policy: {limits: {remove_members: 100%}}\n",
            encoding="utf-8",
        )
        return config

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """One command as a process of its own."""
        command = (*_PROGRAM, "--config", str(self.folder / "bridge.yaml"), *arguments)
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def run(scene: Scene, what: str, quota: float | None, fewest: int) -> None:
    """One sync; prints its requests and its time. fewest: requests that will do, reads included."""
    scene.sandbox.forget_requests()
    begun = time.monotonic()
    process = scene.start("sync")
    first: float | None = None
    while process.poll() is None:
        if first is None and scene.sandbox.counts.writes:
            first = time.monotonic()
        time.sleep(0.01)
    seconds = time.monotonic() - begun
    assert process.stderr is not None
    if process.returncode:
        raise SystemExit(f"sync failed: {process.stderr.read().decode()}")
    counts = scene.sandbox.counts
    line = f"{what:28} {counts.total:7,} requests, {counts.total / max(fewest, 1):5.3f} of the fewest"
    if first is not None:
        sending = time.monotonic() - first
        line += f", {counts.writes / sending:6.0f} writes a second"
        if quota is not None:
            line += f", {sending / (counts.writes / quota):5.3f} of the quota's time"
    print(f"{line}, {100 * counts.throttled / max(counts.total, 1):4.2f} % throttled, {seconds:6.1f} s", flush=True)


def churn(folder: Path, share: float) -> int:
    """Change so many users' titles; how many that is."""
    path = folder / "users.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    step = round(1 / share)
    for row in rows[::step]:
        row["title"] = "Lead"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return len(rows[::step])


def revocation(users: int) -> None:
    """How long a revocation takes to arrive while an initial load of this size is running."""
    with tempfile.TemporaryDirectory() as name, Sandbox(Knobs(rate=20)) as sandbox:
        scene = Scene(Path(name), sandbox)
        write(scene.folder, 10, 1, 10)
        scene.configure(20)
        if scene.start("sync").wait():
            raise SystemExit("the first sync failed")
        write(scene.folder, users, users // 50, users * 6)
        sandbox.forget_requests()
        loading = scene.start("sync")
        while sandbox.counts.writes < 60 and loading.poll() is None:
            time.sleep(0.02)
        _disable(scene.folder, "u000003")
        if loading.poll() is not None:
            raise SystemExit("the load ended before anything was asked")
        asking = scene.start("sync", "--only", "u000003")
        begun = _asked_at(scene.folder, asking)
        victim = next(u for u in sandbox.app.store.users.by_id.values() if u.attributes["externalId"] == "u000003")
        while victim.attributes["active"] and asking.poll() is None:
            time.sleep(0.005)
        arrived = time.monotonic() - begun
        for process in (asking, loading):
            process.kill()
            process.wait()
        print(f"a revocation beside a load of {users:,}: {arrived:.2f} s after it was asked for", flush=True)


def memory(users: int, groups: int, memberships: int) -> None:
    """Peak memory of a whole first sync, plan and apply, and of an idle one after it, as fast as the emulator goes."""
    with tempfile.TemporaryDirectory() as name, Sandbox(Knobs(rate=None)) as sandbox:
        scene = Scene(Path(name), sandbox)
        write(scene.folder, users, groups, memberships)
        command = (*_PROGRAM, "--config", str(scene.configure(100_000)), "sync")
        print(f"{users:,} users, {groups:,} groups, {memberships:,} memberships")
        for what in ("initial load", "idle"):
            cpu, peak = measure(*command)
            print(f"{what:<14} {cpu:6.1f} s CPU  {peak:7.0f} MiB", flush=True)


def _disable(folder: Path, user_id: str) -> None:
    path = folder / "users.csv"
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith(user_id))
    path.write_text(text.replace(line, line.replace(",true,", ",false,")), encoding="utf-8")


def _asked_at(folder: Path, asking: "subprocess.Popen[bytes]") -> float:
    """The moment at which the request lay in the inbox."""
    import sqlite3

    with sqlite3.connect(folder / "scim-bridge.db") as state:
        while not state.execute("SELECT count(*) FROM inbox").fetchone()[0] and asking.poll() is None:
            time.sleep(0.005)
    return time.monotonic()


def main(quota: float, users: int = 10_000, groups: int = 500, memberships: int = 60_000) -> None:
    """Print every scene."""
    per_group = -(-memberships // groups // 100)
    load = users + groups + groups * per_group
    print(f"{users:,} users, {groups:,} groups, {memberships:,} memberships")
    for permitted in (quota, None):
        with tempfile.TemporaryDirectory() as name, Sandbox(Knobs(rate=permitted)) as sandbox:
            scene = Scene(Path(name), sandbox)
            write(scene.folder, users, groups, memberships)
            scene.configure(permitted or 100_000)
            told = f"{permitted:g} a second permitted" if permitted else "unlimited"
            run(scene, f"initial load, {told}", permitted, load + 2)
            run(scene, "idle", permitted, 1)
            changed = churn(scene.folder, 0.01)
            run(scene, "1 % churn", permitted, changed + 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["revocation"]:
        revocation(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
    elif sys.argv[1:2] == ["memory"]:
        memory(*([int(argument) for argument in sys.argv[2:5]] or [100_000, 2_000, 1_000_000]))
    else:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 200.0)
        revocation(int(os.environ.get("USERS", "100000")))
