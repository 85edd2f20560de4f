"""What the pages and the API cost at size: `python -m bench.pages [--users N] [--times N] [--folder DIR]`.

The real service over HTTP, signed in by its one-time link, on the state of bench.company: how long each page and each
list of the API takes, what the service and its worker hold in memory, and what open pages cost while a run is in
progress. --folder: keep the company there, or look at the one that is kept.
"""

import argparse
import multiprocessing
import pickle
import select
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from bench.company import NAME, Company, found
from bench.people import mail
from bench.service import Service, service
from scim_bridge.model.actor import Actor
from scim_bridge.model.progress import RunProgress
from scim_bridge.state.writer import Ending, State

_GOALS = (200, 600)
"""Milliseconds at the median and at 95 %."""


def paths(company: Company) -> Iterator[tuple[str, str]]:
    """Each with what it is called here."""
    some = mail(7)
    c, user, group = NAME, quote(company.user), quote(company.group)
    run = company.large_run
    yield from (
        ("overview", "/"),
        ("overview, searched", "/?q=c1&page=2"),
        ("runs", "/runs"),
        ("runs of one", f"/runs?connection={c}"),
        ("a run", "/runs/12"),
        ("a large run", f"/runs/{run}"),
        ("a large run, a late page", f"/runs/{run}?after=op-090000"),
        ("a large run, of one user", f"/runs/{run}?q={some}"),
        ("a large run, no one found", f"/runs/{run}?q=nobody.at.all"),
        ("a large run, one outcome", f"/runs/{run}?outcome=failed"),
        ("connection", f"/connections/{c}"),
        ("difference", f"/connections/{c}/difference"),
        ("a large plan", f"/plans/{company.plan}"),
        ("a large plan, of one user", f"/plans/{company.plan}?q={some}"),
        ("a large plan, no one found", f"/plans/{company.plan}?q=nobody.at.all"),
        ("conflicts", "/conflicts"),
        ("people, by name", "/people?q=user.5"),
        ("people, by id", "/people?q=u0000"),
        ("a user", f"/people/{c}/user/{user}"),
        ("a large group", f"/people/{c}/group/{group}"),
        ("access", f"/access?connection={c}"),
        ("access of a user", f"/access?connection={c}&user={some}"),
        ("access to an account", f"/access?connection={c}&account=account-007"),
        ("access difference", f"/access/difference?connection={c}"),
        ("switch", "/switch"),
        ("mapping", f"/mapping/{c}"),
        ("mappings", "/mapping"),
        ("audit", "/audit"),
        ("audit, searched", "/audit?q=nothing.like.it"),
        ("tokens", "/tokens"),
        ("metrics", "/metrics"),
        ("healthz", "/healthz"),
        ("readyz", "/readyz"),
        ("API: connections", "/api/v1/connections"),
        ("API: connection", f"/api/v1/connections/{c}"),
        ("API: runs", "/api/v1/runs"),
        ("API: run", f"/api/v1/runs/{run}"),
        ("API: operations", f"/api/v1/runs/{run}/operations"),
        ("API: operations of one user", f"/api/v1/runs/{run}/operations?person={some}"),
        ("API: plans", "/api/v1/plans"),
        ("API: plan", f"/api/v1/plans/{company.plan}"),
        ("API: operations of a plan", f"/api/v1/plans/{company.plan}/operations"),
        ("API: conflicts", "/api/v1/conflicts"),
        ("API: people", f"/api/v1/people?connection={c}"),
        ("API: people, by name", f"/api/v1/people?connection={c}&q=user.5"),
        ("API: access", f"/api/v1/access?connection={c}"),
        ("API: access of a user", f"/api/v1/access?connection={c}&user={some}"),
        ("API: audit", "/api/v1/audit"),
        ("API: orders", "/api/v1/orders"),
        ("API: openapi.json", "/api/v1/openapi.json"),
    )


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=15, help="how long open pages are looked at")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with _company(asked.folder, asked.users) as company, service(company.config) as running:
        time.sleep(10)
        print(f"memory of the service with its worker, idle: {running.memory:.0f} MiB")
        print(f"{'':32}{'median':>11}{'95 %':>12}{'processor':>12}{'answer':>11}")
        too_slow = [name for name, path in paths(company) if not _is_quick(running, name, path, asked.times)]
        time.sleep(10)
        print(f"memory after all pages: {running.memory:.0f} MiB")
        _open_pages(running, company, asked.streams, asked.seconds)
        print(f"beyond {_GOALS[0]} ms at the median or {_GOALS[1]} ms at 95 %: {', '.join(too_slow) or 'none'}")


@contextmanager
def _company(folder: Path | None, users: int) -> Iterator[Company]:
    if folder is None:
        with tempfile.TemporaryDirectory() as name:
            yield found(Path(name), users)
        return
    kept = folder / "company.pickle"
    if not kept.exists():
        folder.mkdir(exist_ok=True)
        kept.write_bytes(pickle.dumps(found(folder, users)))
    yield pickle.loads(kept.read_bytes())


def _is_quick(running: Service, name: str, path: str, times: int) -> bool:
    """Whether a page keeps to both goals."""
    taken, size, processor = [], 0, running.cpu
    for _ in range(times):
        begun = time.perf_counter()
        answer = running.client.get(path)
        taken.append(1_000 * (time.perf_counter() - begun))
        if answer.status_code != 200:
            print(f"{name:32} {answer.status_code} {answer.text[:200]}")
            return False
        size = len(answer.content)
    each = 1_000 * (running.cpu - processor) / times
    taken.sort()
    median, most = statistics.median(taken), taken[min(times - 1, int(0.95 * times))]
    print(f"{name:32}{median:8.1f} ms{most:9.1f} ms{each:9.1f} ms{size / 1024:7.0f} KiB", flush=True)
    return median <= _GOALS[0] and most <= _GOALS[1]


def _listen(address: tuple[str, int], token: str, streams: int) -> None:
    """Open so many streams, and read what comes."""
    host, port = address
    asked = f"GET /api/v1/events HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    opened = [socket.create_connection(address) for _ in range(streams)]
    for stream in opened:
        stream.sendall(asked)
    while True:
        for stream in select.select(opened, [], [], 1.0)[0]:
            stream.recv(65_536)


def _share(running: Service, seconds: int, work: Callable[[int], None] = lambda _: None) -> float:
    """The share of a core that the service takes while `work` is called once a second."""
    processor, clock = running.cpu, time.monotonic()
    for second in range(seconds):
        work(second)
        time.sleep(1)
    return (running.cpu - processor) / (time.monotonic() - clock)


def _open_pages(running: Service, company: Company, streams: int, seconds: int) -> None:
    """While nothing happens, then while a run notes its progress each second."""
    nothing = _share(running, seconds)
    print(f"no open page, nothing happens: {nothing:.1%} of a core")
    with State(company.state) as state:
        token = state.tokens.make(f"bench {time.time()}", "viewer", None, Actor("bench"))
        run = state.begin_run("c001", "there", "sync")

        def note(second: int) -> None:
            now = datetime.now(UTC)
            progress = RunProgress(
                run=run,
                connection="c001",
                step="apply",
                done=second,
                total=seconds,
                step_began=now,
                noted=now,
                requests=second,
            )
            state.note_progress(progress)

        listening = multiprocessing.get_context("spawn").Process(target=_listen, args=(running.address, token, streams))
        listening.start()
        time.sleep(5)
        print(f"{streams} open pages, nothing happens: {_share(running, seconds):.1%} of a core")
        print(f"{streams} open pages, a run in progress: {_share(running, seconds, note):.1%} of a core")
        print(f"memory with {streams} open pages: {running.memory:.0f} MiB")
        listening.terminate()
        listening.join()
        state.finish(run, Ending(status="done"))


if __name__ == "__main__":
    main()
