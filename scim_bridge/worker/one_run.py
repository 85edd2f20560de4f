"""One run in a process of its own, so that its memory goes back to the machine when it ends.

A run about 100,000 users holds a gigabyte, and Python gives back only a part of what it has freed: 550 MiB stayed
(measured, glibc asked to trim its heap). Between two runs the worker is as small as when it started.

The worker hands over what to do on stdin and keeps stdin open. When it closes, since someone asked the worker to stop
or since the worker itself was killed, the run ends between two writes. If it has not ended some seconds later, the
worker kills it: whatever manages the worker would soon do the same. The answer is one line on stdout. Everything else
is as in a run of any other command: the lock, the inbox and what the pages show are the state's.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, cast

from scim_bridge.log import log_to_stderr
from scim_bridge.run.lifecycle import put_death_on_record
from scim_bridge.state.writer import State
from scim_bridge.worker.halt import Halt
from scim_bridge.worker.task import COMMAND_OF, Task, carry_out

_LOOK_EVERY = 0.1
"""Seconds between two looks at whether the process has ended; the longest that the next run waits for nothing."""

_GRACE = 6.0
"""Seconds from the wish to stop until the process is killed. A worker has ten for all of its end (cli/signals.py)."""


def run_apart(task: Task, stop: threading.Event | Halt, grace: float = _GRACE) -> str:
    """Do it in a process of its own; whatever happens is one line. stop: the run ends between two writes.

    grace: seconds for requests under way then. What is not answered by the end is in doubt: it is on record as sent,
    and the next run looks (docs/design.md §7.3).
    """
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
                with suppress(subprocess.TimeoutExpired):
                    process.wait(grace)
                process.kill()
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
    kind = task.order.placed.kind if task.order is not None else "sync"
    command = COMMAND_OF.get(kind)
    if command is not None:  # the others write nothing
        with State(task.state) as state:
            put_death_on_record(task.connection, state, pid, detail, command=command, of_one=kind == "only")
    return f"{task.connection.name}: {detail}."


def main() -> None:
    """What the process does: read the task, run, answer."""
    log_to_stderr()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    task = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the process that started this one
    threading.Thread(target=_stop_when_closed, args=(sys.stdin.fileno(), stop), daemon=True).start()
    said = carry_out(task, stop.is_set)
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
