"""One sync per connection at a time (docs/design.md §6.7): a lock that ends with its process.

Beside a state file it is a lock of the operating system (lock_file.py), on a server one of the server (lease.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from scim_bridge.model.state_address import StateAddress
from scim_bridge.state.fence import Fence, NoFence
from scim_bridge.state.lock_file import is_file_held, lock_file, lock_path


@contextmanager
def lock(address: StateAddress, name: str, started: datetime) -> Iterator[Fence]:
    """Hold the lock of a connection. Raises Busy if another process has it, naming host, process and start."""
    if isinstance(address, Path):
        with lock_file(address, name, started):
            yield NoFence()
        return
    from scim_bridge.state.lease import lease  # the driver takes long to load, and most states are files

    with lease(address, name, started) as fence:
        yield fence


def is_held(address: StateAddress, name: str) -> bool:
    """Whether a process that is alive has the connection's lock: True too where it cannot be found out."""
    if isinstance(address, Path):
        return is_file_held(address, name)
    from scim_bridge.state.lease import is_leased

    return is_leased(address, name)


def give_up_holder(address: StateAddress, name: str) -> None:
    """Its holder is dead, or stands still: nothing that it has begun in the state keeps others waiting any more."""
    if not isinstance(address, Path):  # a file is free as soon as its process is dead
        from scim_bridge.state.lease import end_sessions

        end_sessions(address, name)


def forget_lock(address: StateAddress, name: str) -> None:
    """No one will ever ask for this lock again. Its holder calls this."""
    if isinstance(address, Path):
        lock_path(address, name).unlink(missing_ok=True)
        return
    from scim_bridge.state.lease import forget_lease

    forget_lease(address, name)
