"""The configuration changes while `run` goes on: what is new is synced, what is wrong is said and changes nothing."""

import signal
import subprocess
import threading
from queue import Queue

import httpx

from tests.e2e.process import start
from tests.e2e.world import People, World
from tests.service.sign_in import signed_in
from tests.waiting import PATIENCE, until


class _Running:
    """`run` as a process. told: the lines that it says, as they come."""

    def __init__(self, world: World) -> None:
        self.process: subprocess.Popen[str] = start(world, "run")
        self.told = Queue[str]()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.told.put(line.rstrip("\n"))

    def wait_for(self, part: str) -> str:
        """The next line that says this."""
        while part not in (line := self.told.get(timeout=PATIENCE)):
            pass
        return line

    def reread(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        self._thread.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


def _overview(page: str, world: World) -> str:
    with signed_in(page, world.state) as client:
        return client.get("/").text


def test_connections_come_and_go_while_it_runs(world: World) -> None:
    world.write(People().add("ann"))
    lab = World(world.folder / "lab", world.sandbox)
    lab.folder.mkdir()
    lab.write(People().add("ben"))
    before = world.config.read_text(encoding="utf-8")
    connection = before.partition("  corp:")[2].partition("service:")[0]
    both = before.replace("service:", f"  lab:{connection.replace('users.csv', 'lab/users.csv')}service:")
    running = _Running(world)
    try:
        page = running.wait_for("pages: ").partition("pages: ")[2]
        running.wait_for("corp: run 1 is done")
        world.config.write_text(both.replace("kind: csv", "kind: cvs", 1), encoding="utf-8")
        running.reread()
        assert "Until the file is right, the configuration stays as it was" in running.wait_for("bridge.yaml, line")
        assert "The configuration was changed and cannot be used" in _overview(page, world)
        world.config.write_text(both, encoding="utf-8")
        running.reread()
        running.wait_for("connection lab is new")
        running.wait_for("lab: run 2 is done")
        until(lambda: "ben" in world.held()["users"])
        shown = _overview(page, world)
        assert "/connections/lab" in shown
        assert "cannot be used" not in shown
        world.config.write_text(before, encoding="utf-8")
        running.reread()
        running.wait_for("connection lab is gone")
        with signed_in(page, world.state) as client:
            ordered = client.post("/api/v1/orders", json={"connection": "lab", "kind": "sync"})
        assert ordered.status_code in (httpx.codes.NOT_FOUND, httpx.codes.FORBIDDEN)
    finally:
        running.end()
    assert running.process.returncode == 0
