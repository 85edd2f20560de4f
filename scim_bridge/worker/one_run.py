"""One run in a process of its own, so that its memory goes back to the machine when it ends.

A run about 100,000 users holds a gigabyte, and Python gives back only a part of what it has freed: 550 MiB stayed
(measured, glibc asked to trim its heap). Between two runs the worker is as small as when it started.

The worker hands over what to do on stdin and keeps stdin open. When it closes, since someone asked the worker to stop
or since the worker itself was killed, the run ends between two writes. The answer is one line on stdout. Everything
else is as in a run of any other command: the lock, the inbox and what the pages show are the state's.
"""

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import BridgeError
from scim_bridge.log import log_to_stderr
from scim_bridge.model.wording import counted
from scim_bridge.run.inbox import Inbox
from scim_bridge.run.lifecycle import Order, opened, put_death_on_record
from scim_bridge.run.sync import sync
from scim_bridge.state.writer import State
from scim_bridge.view.run import view_run
from scim_bridge.view.words import summary

_LOOK_EVERY = 0.1
"""Seconds between two looks at whether the process has ended; the longest that the next run waits for nothing."""
_log = logging.getLogger("scim_bridge.worker")


@dataclass(frozen=True, slots=True)
class Task:
    """What the process is to do. state: the state's file."""

    connection: ConnectionSettings
    state: Path


def run_apart(task: Task, stop: threading.Event) -> str:
    """Sync once in a process of its own; whatever happens is one line. stop: the run ends between two writes."""
    # -P: the folder that the worker was started in is not searched for modules, as it is not by the installed command.
    # A group of its own: Ctrl-C in a terminal reaches the worker, which then ends the run as it ends it for anyone.
    command = [sys.executable, "-P", "-m", __name__]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
    ) as process:
        to_it: IO[bytes] = cast("IO[bytes]", process.stdin)
        from_it: IO[bytes] = cast("IO[bytes]", process.stdout)
        with suppress(BrokenPipeError):  # it has ended already; its exit status says why
            to_it.write(pickle.dumps(task))
        while process.poll() is None:
            if stop.wait(_LOOK_EVERY):
                to_it.close()
                process.wait()
        said = from_it.read().decode()
    if said or stop.is_set():
        return said or f"{task.connection.name}: the process of the run has ended; the next run goes on from there."
    return _died(task, process.pid, process.returncode)


def _died(task: Task, pid: int, code: int) -> str:
    """The line about a process that ended without an answer, which is put on record."""
    how = f"was ended by a signal ({signal.strsignal(-code) or -code})" if code < 0 else f"ended with exit code {code}"
    detail = (
        f"the process of the run {how}; the next run goes on from there. If you did not end it, check whether the "
        "machine ran out of memory"
    )
    with State(task.state) as state:
        put_death_on_record(task.connection, state, pid, detail)
    return f"{task.connection.name}: {detail}."


def sync_once(task: Task, is_stopping: Callable[[], bool]) -> str:
    """One sync in this process; whatever happens is one line."""
    connection = task.connection
    try:
        with State(task.state) as state, opened(connection, state, "sync") as bridge:
            result = sync(bridge, state, Order(is_stopping=is_stopping), Inbox)
            record = state.reader.run(result.run_id)
    except BridgeError as error:
        return f"{connection.name}: {error}"
    except Exception as error:  # noqa: BLE001 - the worker outlives whatever one run does; the log has the details
        _log.exception("the sync of %s failed", connection.name)
        return f"{connection.name}: the program failed ({type(error).__name__}); the log says more."
    if result.in_shadow:
        planned = summary(result.plan.summary)
        return f"{connection.name}: run {result.run_id}, in shadow, nothing was written; planned: {planned}"
    if result.applied is None:
        return f"{connection.name}: run {result.run_id} was stopped by the guard. See: scim-bridge show {result.run_id}"
    changed = ", ".join(view_run(record).result.changed) if record is not None else ""
    waiting = counted(len(result.conclusion.conflicts), "conflict")
    return f"{connection.name}: run {result.run_id} is done: {changed or 'nothing changed'}; {waiting} waiting"


def main() -> None:
    """What the process does: read the task, run, answer."""
    log_to_stderr()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    task = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the process that started this one
    threading.Thread(target=_stop_when_closed, args=(sys.stdin.fileno(), stop), daemon=True).start()
    said = sync_once(task, stop.is_set)
    try:
        sys.stdout.buffer.write(said.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the worker is gone; the run is on record


def _stop_when_closed(descriptor: int, stop: threading.Event) -> None:
    # Not through sys.stdin: a thread that waits inside of it would keep the interpreter from ending.
    os.read(descriptor, 1)
    stop.set()


if __name__ == "__main__":
    main()
