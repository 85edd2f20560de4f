"""The lock of a connection as a lock of the operating system, on a file beside the state: it ends with its process.

On a network file system such locks may not hold across machines; keep the state local.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import sleep

from scim_bridge.errors import Busy, StateUnusable

_AGAIN = 25
_PAUSE = 0.01
"""How often, and after how many seconds, the lock is asked for again: a look at it takes a hundredth of that."""


def lock_path(state: Path, connection: str) -> Path:
    """Where the lock of a connection is."""
    return state.with_name(f"{state.name}.{re.sub(r'[^A-Za-z0-9_.-]', '_', connection)}.lock")


@contextmanager
def lock_file(state: Path, connection: str, started: datetime) -> Iterator[None]:
    """Hold the connection's lock. Raises Busy if another process has it, naming host, process and start."""
    path = lock_path(state, connection)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateUnusable(f"the lock file {path} cannot be opened ({error.strerror})", "Check its folder.") from None
    try:
        _take(descriptor, path, connection)
        holder = {"host": os.uname().nodename, "pid": os.getpid(), "started": started.isoformat(timespec="seconds")}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_file_held(state: Path, connection: str) -> bool:
    """Whether a process that is alive has the connection's lock: True too where it cannot be found out."""
    try:
        descriptor = os.open(lock_path(state, connection), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, connection: str) -> None:
    try:
        if not _is_taken(descriptor):
            return
    except OSError as error:
        raise StateUnusable(f"{path} cannot be locked ({error.strerror})", "Keep the state on a local disk.") from None
    raise Busy(f"connection {connection} is being synced {_by_whom(descriptor)}", "Wait for it to end.")


def _is_taken(descriptor: int) -> bool:
    """Take the lock, or say that someone has it. Who only looks (is_held) has it for an instant, so ask again."""
    for _ in range(_AGAIN):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sleep(_PAUSE)
        else:
            return False
    return True


def _by_whom(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        return f"by process {holder['pid']} on {holder['host']}, since {holder['started']}"
    except (ValueError, KeyError):
        return "by another process"
