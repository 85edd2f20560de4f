"""One run in a process apart, so that its memory goes back to the machine.

A run about 100,000 users holds a gigabyte, and Python gives back only a part of what it has freed: 550 MiB stayed
(measured, glibc asked to trim its heap). A process that has grown ends with its run; one that has not may wait for the
next run (warm.py), since starting one takes five times the CPU of a small run.

The worker hands over what to do on stdin and keeps stdin open. When it closes, since someone asked the worker to stop
or since the worker itself was killed, the run ends between two writes. If it has not ended some seconds later, the
worker kills it: whatever manages the worker would soon do the same. Everything else is as in a run of any other
command: the lock, the inbox and what the pages show are the state's.
"""

import atexit
import pickle
import signal
import threading
from datetime import datetime

from scim_bridge.run.lifecycle import put_death_on_record
from scim_bridge.state.reader import utc_now
from scim_bridge.state.writer import State
from scim_bridge.worker.halt import Halt
from scim_bridge.worker.task import COMMAND_OF, Task
from scim_bridge.worker.warm import Warm

_GRACE = 6.0
"""Seconds from the wish to stop until the process is killed. A worker has ten for all of its end (cli/signals.py)."""
_WARM = Warm()
atexit.register(_WARM.end_all)


def run_apart(task: Task, stop: threading.Event | Halt, grace: float = _GRACE) -> str:
    """Do it in a process apart; whatever happens is one line. stop: the run ends between two writes.

    grace: seconds for requests under way then. What is not answered by the end is in doubt: it is on record as sent,
    and the next run looks (docs/design.md §7.3). Called from several threads, each call has a process to itself.
    """
    written = pickle.dumps(task)
    while True:
        process, since = _WARM.take(), utc_now()
        done = process.carry_out(written, stop, grace)
        if done is not None and done.goes_on:
            _WARM.give_back(process)
            return done.said
        code = process.end(grace)
        if done is not None:
            return done.said
        if process.has_begun or not process.was_used:
            break
        # It had ended while it waited, before it heard of this run.
    if stop.is_set():
        return f"{task.connection.name}: the process of the run has ended; the next run goes on from there."
    return _died(task, process.pid, code, since)


def _died(task: Task, pid: int, code: int, since: datetime) -> str:
    """The line about a process that ended without an answer, which is put on record. since: when it got the task."""
    how = f"was ended by a signal ({signal.strsignal(-code) or -code})" if code < 0 else f"ended with exit code {code}"
    detail = (
        f"the process of the run {how}; the next run goes on from there. If you did not end it, check whether the "
        "machine ran out of memory"
    )
    kind = task.order.placed.kind if task.order is not None else "sync"
    command = COMMAND_OF.get(kind)
    if command is not None:  # the others write nothing
        with State(task.state) as state:
            put_death_on_record(task.connection, state, (pid, since), detail, command=command, of_one=kind == "only")
    return f"{task.connection.name}: {detail}."
