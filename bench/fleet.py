"""What a fleet of connections costs: `python -m bench.fleet [--connections N] [--users N] [--every MINUTES] …`.

So many connections, each with a directory and an endpoint of its own, are synced by three workers over a real
PostgreSQL, all on this machine. The endpoints are emulated in the process of the bench. First every connection is
linked; then it is measured how late the runs begin, against the beginning of the run before and `schedule.every`, and
what the workers and the server take. 1,000 connections every 5 minutes are as many runs as 200 every minute.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.directory import HEADER
from scim_bridge.sandbox.app import App, Identity
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Server, listen
from tests.e2e.world import MAPPING
from tests.postgres_server import Postgres, name_of

_TICKS = os.sysconf("SC_CLK_TCK")
_LIBRARY = "shared_preload_libraries=pg_stat_statements"


class Endpoints:
    """One endpoint for each connection, by the tenant in its path."""

    def __init__(self, count: int, users: int) -> None:
        self.apps = {f"t{number}": App(Knobs(rate=None), Identity(tenant=f"t{number}")) for number in range(count)}
        for number, app in enumerate(self.apps.values()):
            for user in range(users):
                app.store.create("User", _resource(number, user))
        self.socket = listen("127.0.0.1", 0)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] == "http":
            await self.apps[scope["path"].split("/")[1]](scope, receive, send)

    @contextmanager
    def served(self) -> Iterator[str]:
        """While the block lasts; gives the address."""
        server = Server(self, next(iter(self.apps.values())).delivery)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [self.socket]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
            self.socket.close()


def _name(connection: int, user: int) -> str:
    return f"c{connection}u{user}"


def _resource(connection: int, user: int) -> dict[str, Any]:
    name = _name(connection, user)
    return {
        "userName": f"{name}@corp.example",
        "externalId": name,
        "name": {"givenName": "Given", "familyName": "Family"},
        "displayName": "Given Family",
        "emails": [{"value": f"{name}@corp.example", "type": "work", "primary": True}],
        "active": True,
    }


def configure(folder: Path, url: str, state: str, connections: int, users: int, every: float) -> Path:
    """The directories and bridge.yaml."""
    lines = [f"state: {state}", "connections:"]
    for number in range(connections):
        here = folder / f"c{number}"
        here.mkdir()
        names = (_name(number, user) for user in range(users))
        rows = [f"{name},{name}@corp.example,Given,Family,,{name}@corp.example,true,,," for name in names]
        (here / "users.csv").write_text("\n".join((",".join(HEADER), *rows, "")))
        (here / "groups.csv").write_text("id,name\n")
        (here / "members.csv").write_text("group_id,member_id,member_type\n")
        files = ", ".join(f"{part}: c{number}/{part}.csv" for part in ("users", "groups", "members"))
        lines += [
            f"  c{number}:",
            f"    source: {{kind: csv, {files}}}",
            f"    mapping: {MAPPING}",
            f"    target: {{kind: identity-center, url: {url}/t{number}/scim/v2, token: sandbox-token}}",
            f"    schedule: {{every: {60 * every:.0f}s, verify: 24h}}",
        ]
    config = folder / "bridge.yaml"
    config.write_text("\n".join((*lines, "")), encoding="utf-8")
    return config


class Taken:
    """CPU of a process and of all that it has started, in seconds, and its memory, in MiB."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def cpu(self) -> float:
        """Of those that have ended, too."""
        return sum(_cpu(pid, is_whole=True) for pid in self._tree())

    def memory(self) -> float:
        """What belongs to them alone, and their share of what several have in common (PSS)."""
        return sum(_pss(pid) for pid in self._tree())

    def processes(self) -> int:
        """How many there are now."""
        return sum(_pss(pid) > 0 for pid in self._tree())

    def _tree(self) -> list[int]:
        children: dict[int, list[int]] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
        found = [self._pid]
        for pid in found:
            found += children.get(pid, [])
        return found


def _cpu(pid: int, *, is_whole: bool) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11 : 15 if is_whole else 13])) / _TICKS


def _pss(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0) / 1024


@contextmanager
def workers(config: Path, count: int) -> Iterator[list[Taken]]:
    """So many `work`, until the block ends."""
    command = (sys.executable, "-m", "scim_bridge.cli.main", "--config", str(config), "work")
    with config.with_name("workers.log").open("w") as log:
        processes = [subprocess.Popen(command, stdout=log, stderr=log) for _ in range(count)]
    try:
        yield [Taken(process.pid) for process in processes]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def lateness(server: Postgres, database: str, every: float, since: datetime) -> list[float]:
    """Seconds by which each run since then began later than it was due."""
    by_connection: dict[str, list[datetime]] = {}
    for name, started in server.execute("SELECT connection, started FROM runs ORDER BY id", database):
        by_connection.setdefault(name, []).append(started)
    return sorted(
        max(0.0, (after - before).total_seconds() - every)
        for runs in by_connection.values()
        for before, after in pairwise(runs)
        if after > since
    )


def measure(given: argparse.Namespace) -> None:
    """Link all connections, then measure for so many minutes."""
    endpoints, server = Endpoints(given.connections, given.users), Postgres(_LIBRARY)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as name, endpoints.served() as url:
            state = server.state()
            database = name_of(state)
            server.execute("CREATE EXTENSION pg_stat_statements", database)
            config = configure(Path(name), url, state.shown, given.connections, given.users, given.every)
            postgres = Taken(server.pid)
            with workers(config, given.workers) as found:
                began = time.monotonic()
                while _linked(server, database) < given.connections:
                    time.sleep(1)
                    if not all(each.processes() for each in found):
                        raise SystemExit(config.with_name("workers.log").read_text())
                print(f"all {given.connections:,} linked after {time.monotonic() - began:.0f} s", flush=True)
                time.sleep(60 * given.every)  # runs that were kept waiting meanwhile
                server.execute("SELECT pg_stat_statements_reset()", database)
                since = server.execute("SELECT clock_timestamp()", database)[0][0]
                before, at, wall = [each.cpu() for each in found], postgres.cpu(), time.monotonic()
                memory: list[tuple[float, float]] = []
                while time.monotonic() < wall + 60 * given.minutes:
                    time.sleep(5)
                    memory.append((sum(each.memory() for each in found), postgres.memory()))
                took = time.monotonic() - wall
                late = lateness(server, database, 60 * given.every, since)
                calls = int(server.execute("SELECT sum(calls) FROM pg_stat_statements", database)[0][0])
                work = sum(each.cpu() for each in found) - sum(before)
                rest = postgres.cpu() - at
    finally:
        server.remove()
    runs = len(late)
    most = [max(each) for each in zip(*memory, strict=True)]
    print(
        f"{given.connections:,} connections of {given.users} users, every {given.every:g} min, "
        f"{given.workers} workers: {runs:,} runs in {took:.0f} s\n"
        f"  late: p50 {_at(late, 0.5):.2f} s, p95 {_at(late, 0.95):.2f} s, max {late[-1]:.2f} s\n"
        f"  workers: {work / took:.2f} cores, {1000 * work / runs:.0f} ms a run, at most {most[0]:.0f} MiB\n"
        f"  PostgreSQL: {rest / took:.2f} cores, {1000 * rest / runs:.0f} ms a run, at most {most[1]:.0f} MiB, "
        f"{calls / took:.0f} statements a second, {calls / runs:.0f} a run",
        flush=True,
    )


def _linked(server: Postgres, database: str) -> int:
    return int(server.execute("SELECT count(DISTINCT connection) FROM runs WHERE status = 'done'", database)[0][0])


def _at(values: list[float], share: float) -> float:
    return values[int(share * (len(values) - 1))]


def main() -> None:
    """Measure one fleet."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet")
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--every", type=float, default=5, help="minutes between two runs of a connection")
    parser.add_argument("--minutes", type=float, default=10, help="for how long it is measured")
    parser.add_argument("--workers", type=int, default=3)
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
