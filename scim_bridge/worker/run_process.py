"""A process that carries out runs, one after the other, as the worker sees it. What it does is in runs_here.py."""

import select
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import IO, cast

import orjson

from scim_bridge.worker.halt import Halt

WAITS = 20.0
"""Seconds that a process waits for its next run before it ends."""
_LOOK_EVERY = 0.1
"""Seconds between two looks at whether the worker is to stop."""
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Done:
    """A run has ended. said: what it came to, one line. goes_on: the process waits for another one."""

    said: str
    goes_on: bool


class RunProcess:
    """Started at once. One thread at a time; has_begun: the last task was read. was_used: an earlier one was done."""

    def __init__(self) -> None:
        # -P: the folder that the worker was started in is not searched for modules, as it is not by the installed
        # command. A group of its own: Ctrl-C in a terminal reaches the worker, which then ends the run as for anyone.
        command = [sys.executable, "-P", "-m", "scim_bridge.worker.runs_here"]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
        )
        self._to_it: IO[bytes] = cast("IO[bytes]", self._process.stdin)
        self._from_it: IO[bytes] = cast("IO[bytes]", self._process.stdout)
        self.was_used = self.has_begun = False

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def is_over(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def carry_out(self, task: bytes, stop: threading.Event | Halt, grace: float) -> Done | None:
        """Have a task done; None if the process ended without an answer.

        stop: its stdin is closed, and after so many seconds of grace it is killed. It does nothing more then.
        """
        self.was_used, self.has_begun = self.has_begun, False
        with suppress(BrokenPipeError):  # it has ended already; its exit status says why
            self._to_it.write(task)
        told, kill_at = b"", None
        while b"\n" not in told.partition(b"\n")[2]:
            if kill_at is None and stop.is_set():
                self._to_it.close()
                kill_at = monotonic() + grace
            if kill_at is not None and monotonic() > kill_at:
                self._process.kill()
            if not select.select([self._from_it], [], [], _LOOK_EVERY)[0]:
                continue
            part = self._from_it.read(_CHUNK)
            if not part:
                break
            told += part
            self.has_begun = True  # its first line is that it has
        answer = told.partition(b"\n")[2]
        if not answer.endswith(b"\n"):
            return None
        done = Done(**orjson.loads(answer))
        return done if kill_at is None else Done(done.said, goes_on=False)

    def end(self, grace: float) -> int:
        """Have it end, by force after so many seconds. Gives its exit code, negative for a signal."""
        self._to_it.close()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._from_it.close()
        return self._process.returncode
