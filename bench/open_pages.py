"""What open pages cost: `python -m bench.open_pages [--pages N]`. Each listens to events, as a live page does.

Measured is the processor time of the service, first while nothing happens, then while a run notes its progress each
second. The clients are a process of their own.
"""

import argparse
import multiprocessing
import select
import socket
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from scim_bridge.model.actor import Actor
from scim_bridge.model.progress import RunProgress
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.writer import State

_SECONDS = 15


def _listen(port: int, token: str, pages: int) -> None:
    """Open so many streams, and read what comes."""
    asked = f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    streams = [socket.create_connection(("127.0.0.1", port)) for _ in range(pages)]
    for stream in streams:
        stream.sendall(asked)
    while True:
        for stream in select.select(streams, [], [], 1.0)[0]:
            stream.recv(65_536)


def _share(work: Callable[[int], None]) -> float:
    """The share of a core that this process takes while `work` is called once a second."""
    processor, clock = time.process_time(), time.monotonic()
    for second in range(_SECONDS):
        work(second)
        time.sleep(1)
    return (time.process_time() - processor) / (time.monotonic() - clock)


def main() -> None:
    """Print both shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200)
    pages = parser.parse_args().pages
    with tempfile.TemporaryDirectory() as folder, State(Path(folder) / "scim-bridge.db") as state:
        run = state.begin_run("corp", "endpoint", "sync")
        token = state.tokens.make("bench", "viewer", None, Actor("bench"))

        def note(second: int) -> None:
            now = datetime.now(UTC)
            state.note_progress(
                RunProgress(
                    run=run,
                    connection="corp",
                    step="apply",
                    done=second,
                    total=_SECONDS,
                    step_began=now,
                    noted=now,
                    requests=second,
                )
            )

        with Served(create_app(Shown(state.address, {"corp": None})), ("127.0.0.1", 0)) as served:
            port = int(served.url.rpartition(":")[2])
            clients = multiprocessing.get_context("spawn").Process(target=_listen, args=(port, token, pages))
            clients.start()
            time.sleep(5)
            print(f"{pages} open pages, nothing happens: {_share(lambda _: None):.1%} of a core")
            print(f"{pages} open pages, a run in progress: {_share(note):.1%} of a core")
            clients.terminate()
            clients.join()


if __name__ == "__main__":
    main()
