"""The lock of a connection among machines: free at once when its holder dies, given up when it says nothing."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from time import monotonic

import pytest

from scim_bridge.errors import Busy, Deposed
from scim_bridge.model.operation import Outcome
from scim_bridge.model.state_address import ServerAddress
from scim_bridge.state import lease as leases
from scim_bridge.state.lock import forget_lock, is_held, lock
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import Ending, State
from tests.postgres_server import name_of, the_server
from tests.state.conftest import HERE, begin, done, operation
from tests.waiting import until

NINE = datetime(2027, 3, 13, 9, 0, tzinfo=UTC)
HOLDER = """
import subprocess, sys
from datetime import UTC, datetime
from functools import partial
from scim_bridge.model.state_address import ServerAddress
from scim_bridge.state.lock import lock

with lock(ServerAddress(sys.argv[1]), "corp", datetime(2027, 3, 13, 8, 30, tzinfo=UTC)):
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def address() -> Iterator[ServerAddress]:
    made = the_server().state()
    yield made
    the_server().give_back(made)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A holder that says nothing for a fifth of a second is given up."""
    monkeypatch.setattr(leases, "BEAT", 0.05)
    monkeypatch.setattr(leases, "SILENT", 0.2)


@contextmanager
def held_elsewhere(address: ServerAddress) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that holds the lock, and a child of it that outlives it."""
    command = [sys.executable, "-c", HOLDER, address.shown]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    os.kill(child, signal.SIGSTOP)
    try:
        yield process
    finally:
        process.kill()
        os.kill(child, signal.SIGKILL)  # it has the pipe open, too
        process.communicate()


def token(address: ServerAddress) -> int:
    return int(the_server().execute("SELECT token FROM leases WHERE name = 'corp'", name_of(address))[0][0])


def test_a_second_run_is_told_who_is_at_it_and_the_lock_dies_with_its_process(address: ServerAddress) -> None:
    with held_elsewhere(address) as process:
        assert is_held(address, "corp")
        with pytest.raises(Busy) as refused, lock(address, "corp", NINE):
            pass
        who = (
            f"connection corp is being synced by process {process.pid} on {os.uname().nodename}, since 2027-03-13T08:30"
        )
        assert str(refused.value).startswith(who)
        with lock(address, "lab", NINE):
            assert is_held(address, "lab")
        process.kill()
        process.wait()
        killed = monotonic()
        with lock(address, "corp", NINE):
            assert monotonic() - killed < 5
            assert token(address) == 2
    assert not is_held(address, "corp")


def test_a_lock_that_was_given_back_is_free_at_once_and_who_looks_disturbs_no_one(address: ServerAddress) -> None:
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            is_held(address, "corp")

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(20):
            with lock(address, "corp", NINE):
                pass
    finally:
        is_over.set()
        looking.join()


def test_two_states_of_one_server_do_not_share_a_lock(address: ServerAddress) -> None:
    other = the_server().state()
    with lock(address, "corp", NINE), lock(other, "corp", NINE):
        assert is_held(address, "corp") and is_held(other, "corp")
    the_server().give_back(other)


def test_a_name_that_no_one_asks_for_again_leaves_nothing(address: ServerAddress) -> None:
    with lock(address, "worker-1", NINE):
        forget_lock(address, "worker-1")
    assert the_server().execute("SELECT * FROM leases", name_of(address)) == []


def test_whether_a_server_that_is_away_holds_a_lock_is_not_known_so_it_does() -> None:
    assert is_held(ServerAddress("postgresql+psycopg://bridge@127.0.0.1:1/none"), "corp")


def test_a_stopped_holder_is_given_up_and_writes_nothing_when_it_wakes_up(
    address: ServerAddress, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = operation(1, "create_user", "8", userName="8")
    with State(address) as stopped, State(address) as other:
        # Of one that is stopped, every thread stands still: nothing is said for it.
        monkeypatch.setattr(leases._Holding, "_go_on", lambda self: None)
        # The test is one process, whose sessions would all be ended.
        monkeypatch.setattr(leases, "process_name", lambda: "the stopped one")
        with stopped.lock("corp"):
            journal = begin(stopped, sent)
            stopped.check_lock()
            until(lambda: not is_held(address, "corp"))
            monkeypatch.undo()
            the_server().execute(
                "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE locktype = 'advisory'", name_of(address)
            )
            with other.lock("corp"):
                run_id = other.begin_run("corp", HERE, "sync")
                for write in (
                    partial(journal.begin, sent),
                    partial(journal.end, sent, done(sent)),
                    partial(journal.end_unsent, [Outcome(operation_id=sent.id, status="not_sent")]),
                    partial(stopped.finish, journal.run_id, Ending(status="done")),
                    partial(stopped.look_at, "corp", ()),
                    stopped.check_lock,
                ):
                    with pytest.raises(Deposed, match="another process has taken over connection corp"):
                        write()
                other.finish(run_id, Ending(status="done"))
    runs = open_reader(address).runs()
    assert [(run.id, run.status) for run in runs] == [(run_id, "done"), (journal.run_id, "interrupted")]


def test_a_process_that_was_stopped_loses_its_lock_within_a_moment_of_its_silence(
    address: ServerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "SILENT", 0.5)
    with held_elsewhere(address) as process:
        process.send_signal(signal.SIGSTOP)
        until(lambda: not is_held(address, "corp"))
        with lock(address, "corp", NINE):
            assert token(address) == 2
            process.send_signal(signal.SIGCONT)
            assert is_held(address, "corp")
        assert token(address) == 2


def test_who_goes_on_keeps_the_lock_also_through_a_long_transaction(address: ServerAddress, quick: None) -> None:
    with State(address) as state, state.lock("corp"):
        with state._writing():
            began = monotonic()
            while monotonic() < began + 0.6:
                assert is_held(address, "corp")
                with pytest.raises(Busy), lock(address, "corp", NINE):
                    pass
        state.check_lock()


def test_a_session_that_was_lost_is_taken_again_unless_another_has_had_the_lock(
    address: ServerAddress, quick: None
) -> None:
    end_all = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    with State(address) as state, state.lock("corp"):
        the_server().execute(end_all, name_of(address))
        until(lambda: is_held(address, "corp"))
        state.check_lock()
        assert token(address) == 1
