"""How a command that goes on until it is stopped hears of signals, and that it does end at SIGINT and SIGTERM."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_LONGEST = 9.0
"""Seconds from the signal to the end. Docker and Amazon ECS kill what has not ended 10 or 30 seconds after SIGTERM."""
_ENDING = (signal.SIGINT, signal.SIGTERM)
_log = logging.getLogger("scim_bridge")


@dataclass(frozen=True, slots=True)
class Asked:
    """stop: set by SIGINT and SIGTERM. reread: set by SIGHUP, for the configuration to be read again."""

    stop: threading.Event = field(default_factory=threading.Event)
    reread: threading.Event = field(default_factory=threading.Event)


@contextmanager
def heeding_signals() -> Iterator[Asked]:
    """What signals ask for. Nine seconds after one to stop the process ends with 0, whatever holds it up.

    By then the runs have ended (worker/one_run.py). What may still hold the process up is a page that is being made, or
    an alert that is being sent: neither is worth a SIGKILL of the service manager, and both do no harm if they are cut.
    Begin with it, in the main thread: process 1 of a container ignores a signal for which there is no handler yet. If
    none has come when the block ends, signals mean again what they meant before.
    """
    asked = Asked()
    # A handler runs between any two steps of the main thread, also while that thread holds the event's own lock: to set
    # the event in there could wait forever. The number of the signal goes through a pipe to a thread instead.
    heard, told = os.pipe()
    os.set_blocking(told, False)
    threading.Thread(target=_heed, args=(heard, asked), name="signals", daemon=True).start()
    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, lambda *_: None) for number in (*_ENDING, signal.SIGHUP)}
    try:
        yield asked
    finally:
        if not asked.stop.is_set():
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before)
            os.close(told)


def _heed(heard: int, asked: Asked) -> None:
    while (said := os.read(heard, 1)) and said[0] not in _ENDING:
        if said[0] == signal.SIGHUP:
            asked.reread.set()
    if not said:  # the block is over
        os.close(heard)
        return
    asked.stop.set()
    # The end of the interpreter waits for threads as well, so this one goes on until there is no process.
    threading.Event().wait(_LONGEST)
    _log.warning("the program did not end within %g s of the signal, so it was cut short", _LONGEST)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)
