"""How a command that goes on until it is stopped learns of SIGINT and SIGTERM, and that it does end then."""

import logging
import os
import signal
import sys
import threading
from contextlib import suppress

_LONGEST = 9.0
"""Seconds from the signal to the end. Docker and Amazon ECS kill what has not ended 10 or 30 seconds after SIGTERM."""
_ENDING = (signal.SIGINT, signal.SIGTERM)
_log = logging.getLogger("scim_bridge")


def stop_at_signal() -> threading.Event:
    """An event that SIGINT and SIGTERM set. Nine seconds later the process ends with 0, whatever holds it up.

    By then the runs have ended (worker/one_run.py). What may still hold the process up is a page that is being made, or
    an alert that is being sent: neither is worth a SIGKILL of the service manager, and both do no harm if they are cut.
    Call it first, in the main thread: process 1 of a container ignores a signal for which there is no handler yet.
    """
    stop = threading.Event()
    for number in _ENDING:
        signal.signal(number, lambda *_: None)
    # A handler runs between any two steps of the main thread, also while that thread holds the event's own lock: to set
    # the event in there could wait for ever. The number of the signal goes through a pipe to a thread instead.
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    threading.Thread(target=_end, args=(heard, stop), name="signals", daemon=True).start()
    return stop


def _end(heard: int, stop: threading.Event) -> None:
    while not any(number in _ENDING for number in os.read(heard, 1)):
        pass  # another signal that has a handler
    stop.set()
    # The end of the interpreter waits for threads as well, so this one goes on until there is no process.
    threading.Event().wait(_LONGEST)
    _log.warning("the program did not end within %g s of the signal, so it was cut short", _LONGEST)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)
