"""Every write is on record before it is sent and after it is answered, whatever happens to the process."""

import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from scim_bridge.model.operation import Outcome
from scim_bridge.model.run import Command
from scim_bridge.plan.plan_file import operation_bytes
from scim_bridge.state.journal import RunJournal
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import State
from tests.state.conftest import HERE, MORNING, Clock, Desk, adding, begin, done, operation

CREATE = operation(1, "create_user", "7", userName="b.sato", active=True, title="Lead")


def test_what_is_planned_is_on_record_before_anything_is_sent(state: State) -> None:
    add = adding(2, "g7", "b.sato", "k.suzuki")
    journal = begin(state, CREATE, add)
    first, second = state.reader.operations(journal.run_id)
    assert (first.status, first.kind, first.subject, first.sent_at) == ("planned", "create_user", "7", None)
    assert second.document == orjson.loads(operation_bytes(add))


def test_an_operation_is_sent_then_done_with_times_and_the_request_id(state: State, desk: Desk) -> None:
    journal = begin(state, CREATE)
    journal.begin(CREATE)
    sent = state.reader.operations(journal.run_id)[0]
    desk.clock.pass_by(seconds=2)
    journal.end(
        CREATE,
        Outcome(operation_id=CREATE.id, status="done", target_id="t-7", request_id="req-1", detail="as it should"),
    )
    answered = state.reader.operations(journal.run_id)[0]
    assert (sent.status, sent.sent_at, sent.answered_at) == ("sent", MORNING, None)
    assert answered == replace(
        sent,
        status="done",
        target_id="t-7",
        request_id="req-1",
        detail="as it should",
        answered_at=desk.clock.at,
    )


def test_nothing_can_be_sent_that_was_not_planned(state: State) -> None:
    journal = begin(state, CREATE)
    with pytest.raises(LookupError, match="op-000009 is not on record"):
        journal.begin(operation(9, "update_user", "9", "t-9", title="x"))


def test_a_create_that_was_answered_has_its_link_at_once(state: State) -> None:
    journal = begin(state, CREATE)
    journal.begin(CREATE)
    assert not state.reader.known("corp", HERE).users
    journal.end(CREATE, done(CREATE, "t-7"))
    link = state.reader.known("corp", HERE).users["7"]
    assert (link.kind, link.target_id) == ("user", "t-7")
    assert dict(link.applied) == {"userName": "b.sato", "active": True, "title": "Lead"}


def test_what_was_pushed_is_remembered_attribute_by_attribute(state: State) -> None:
    deactivate = operation(2, "deactivate_user", "7", "t-7", active=False, title=None, name_givenName="花子")
    journal = begin(state, CREATE, deactivate)
    for step in (CREATE, deactivate):
        journal.end(step, done(step))
    assert dict(state.reader.known("corp", HERE).users["7"].applied) == {
        "userName": "b.sato",
        "active": False,
        "name.givenName": "花子",
    }


def test_a_resource_created_anew_takes_nothing_over_from_the_one_that_is_gone(state: State) -> None:
    again = operation(2, "create_user", "7", userName="b.sato", active=True)
    journal = begin(state, CREATE, again)
    journal.end(CREATE, done(CREATE, "t-7"))
    journal.end(again, done(again, "t-8"))
    link = state.reader.known("corp", HERE).users["7"]
    assert (link.target_id, dict(link.applied)) == ("t-8", {"userName": "b.sato", "active": True})


@pytest.mark.parametrize("status", ["held", "failed", "not_sent"])
def test_what_did_not_succeed_changes_no_link(state: State, status: str) -> None:
    update = operation(2, "update_user", "7", "t-7", title="Manager")
    other = operation(3, "create_user", "8", userName="new")
    journal = begin(state, CREATE, update, other)
    journal.end(CREATE, done(CREATE))
    for step in (update, other):
        journal.end(step, Outcome(operation_id=step.id, status=status, target_id="t-7"))  # type: ignore[arg-type]  # each of the literal's values
    users = state.reader.known("corp", HERE).users
    assert list(users) == ["7"]
    assert users["7"].applied["title"] == "Lead"


def test_of_a_held_operation_only_what_landed_is_remembered(state: State) -> None:
    deactivate = operation(2, "deactivate_user", "7", "t-7", active=False, title="refused")
    journal = begin(state, CREATE, deactivate)
    journal.end(CREATE, done(CREATE))
    journal.end(deactivate, Outcome(operation_id=deactivate.id, status="held", target_id="t-7", landed=("active",)))
    applied = state.reader.known("corp", HERE).users["7"].applied
    assert (applied["active"], applied["title"]) == (False, "Lead")


def test_memberships_make_no_link(state: State) -> None:
    add = adding(1, "g7", "b.sato")
    journal = begin(state, add)
    journal.end(add, done(add))
    assert not state.reader.known("corp", HERE).groups


def test_operations_that_were_never_sent_say_why(state: State) -> None:
    journal = begin(state, CREATE)
    journal.end_unsent([Outcome(operation_id=CREATE.id, status="not_sent", detail="the run stopped before it")])
    record = state.reader.operations(journal.run_id)[0]
    assert (record.status, record.detail, record.sent_at) == ("not_sent", "the run stopped before it", None)


def test_eight_threads_at_once_lose_nothing(state: State) -> None:
    steps = [operation(n, "create_user", str(n), userName=f"u{n}") for n in range(200)]
    journal = begin(state, *steps)

    def send(number: int) -> None:
        journal.begin(steps[number])
        journal.end(steps[number], done(steps[number]))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(200)))
    assert state.reader.operation_counts(journal.run_id) == {"done": 200}
    assert len(state.reader.known("corp", HERE).users) == 200


def _applying(state: State, plan: str, command: Command = "apply") -> tuple[RunJournal, list[Outcome]]:
    journal = state.begin_applying(state.begin_run("corp", HERE, command), plan, ())
    journal.record([(CREATE, operation_bytes(CREATE))])
    return journal, journal.finished()


def test_a_saved_plan_that_was_cut_knows_what_it_had_done(state: State) -> None:
    journal, before = _applying(state, "saved")
    journal.begin(CREATE)
    journal.end(CREATE, done(CREATE))
    assert before == []
    assert _applying(state, "saved")[1] == [
        Outcome(operation_id=CREATE.id, status="done", target_id="t-7", request_id="request-op-000001")
    ]
    assert _applying(state, "another")[1] == []
    assert [record.operation_id for record in state.reader.begun("corp", "saved")] == [CREATE.id]
    assert state.reader.begun("corp", "another") == []


@pytest.mark.parametrize(
    ("before", "command"), [("sync", "sync"), ("apply", "sync"), ("apply", "rollback"), ("sync", "apply")]
)
def test_only_a_saved_plan_goes_on_and_only_where_a_saved_plan_was_cut(
    state: State, before: Command, command: Command
) -> None:
    journal, _ = _applying(state, "made in the same second", before)
    journal.begin(CREATE)
    journal.end(CREATE, done(CREATE))
    assert _applying(state, "made in the same second", command)[1] == []


PROGRAM = """
import os, sys
from pathlib import Path
from scim_bridge.state.writer import State
from tests.state.conftest import Clock, begin, done, operation

steps = [operation(n, "create_user", str(n), userName=f"u{n}", active=True) for n in range(1, 4)]
state = State(Path(sys.argv[1]), Clock())
journal = begin(state, *steps)
journal.begin(steps[0])
journal.end(steps[0], done(steps[0]))
journal.begin(steps[1])
print("sent", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The state of a process that was killed after one answer, while it waited for the next."""
    path = tmp_path / "bridge.db"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"sent\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return path


@pytest.mark.state_file
def test_a_process_that_is_killed_leaves_every_answer_on_record(killed: Path) -> None:
    with State(killed, Clock()) as state:
        assert [o.status for o in state.reader.operations(1)] == ["done", "sent", "planned"]
        assert {i: dict(link.applied) for i, link in state.reader.known("corp", HERE).users.items()} == {
            "1": {"userName": "u1", "active": True}
        }


@pytest.mark.state_file
def test_a_run_that_was_killed_is_found_out_by_the_next(killed: Path) -> None:
    reader = open_reader(killed)
    assert [run.status for run in reader.runs()] == ["running"]
    reader.close()
    with State(killed, Clock()) as state:
        state.begin_run("other", HERE, "sync")
        assert state.reader.runs("corp")[0].status == "running"
        state.begin_run("corp", HERE, "sync")
        assert [run.status for run in state.reader.runs("corp")] == ["running", "interrupted"]
        assert state.reader.runs("corp")[1].result.detail
