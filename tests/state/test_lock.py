"""One sync per connection at a time; the lock dies with its process."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scim_bridge.errors import Busy, StateUnusable
from scim_bridge.state.lock import is_held, lock
from scim_bridge.state.lock_file import lock_path

pytestmark = pytest.mark.state_file

NINE = datetime(2027, 3, 13, 9, 0, tzinfo=UTC)
HOLDER = """
import subprocess, sys
from datetime import UTC, datetime
from pathlib import Path
from scim_bridge.state.lock import lock

with lock(Path(sys.argv[1]), "corp", datetime(2027, 3, 13, 8, 30, tzinfo=UTC)):
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(state: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Another process that holds the lock, and a child of it that outlives it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        yield process, child
    finally:
        process.kill()
        process.communicate()
        with_its_end(child)


def with_its_end(child: int) -> None:
    """The child reads from a pipe that its parent held, so it ends by itself; being quick about it does no harm."""
    try:
        os.kill(child, signal.SIGTERM)
    except ProcessLookupError:
        return


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


def test_a_second_run_is_told_who_is_at_it_and_since_when(path: Path) -> None:
    with held_elsewhere(path) as (process, _), pytest.raises(Busy) as refused, lock(path, "corp", NINE):
        pass
    assert str(refused.value) == (
        f"connection corp is being synced by process {process.pid} on {os.uname().nodename}, "
        "since 2027-03-13T08:30:00+00:00. Wait for it to end."
    )


def test_another_connection_is_not_kept_waiting(path: Path) -> None:
    with lock(path, "corp", NINE), lock(path, "lab", NINE):
        assert lock_path(path, "corp") != lock_path(path, "lab")


def test_the_lock_dies_with_its_process_even_if_a_child_lives_on(path: Path) -> None:
    with held_elsewhere(path) as (process, child):
        os.kill(child, signal.SIGSTOP)
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.kill(child, 0)
        with lock(path, "corp", NINE):
            os.kill(child, signal.SIGCONT)


def test_a_lock_that_was_given_back_can_be_taken_again(path: Path) -> None:
    for _ in range(2):
        with lock(path, "corp", NINE):
            pass


def test_a_name_with_odd_characters_stays_in_the_folder_of_the_state(path: Path) -> None:
    assert lock_path(path, "../営業/corp").parent == path.parent


def test_only_the_owner_may_read_the_lock(path: Path) -> None:
    with lock(path, "corp", NINE):
        assert lock_path(path, "corp").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateUnusable, match=r"none/bridge.db.corp.lock cannot be opened \(No such file"):
        lock(tmp_path / "none" / "bridge.db", "corp", NINE).__enter__()


def test_a_look_says_whether_somebody_holds_it(path: Path) -> None:
    assert not is_held(path, "corp")
    with lock(path, "corp", NINE):
        assert is_held(path, "corp")
        assert not is_held(path, "lab")
    assert not is_held(path, "corp")


def test_nobody_is_refused_because_somebody_looks(path: Path) -> None:
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            is_held(path, "corp")

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(300):
            with lock(path, "corp", NINE):
                pass
    finally:
        is_over.set()
        looking.join()
