"""The schedule that workers share: what has been due for the longest is claimed by one of them, and none is lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from scim_bridge.model.actor import Actor
from scim_bridge.state.schedule import Claim, Planned, ScheduleReader
from scim_bridge.state.writer import State
from tests.state.conftest import HERE, Desk
from tests.state_on_server import move_back

ANN = Actor("ann@corp.example", "page")
HOUR = timedelta(hours=1)


def _follow(desk: Desk, *names: str, every: timedelta = HOUR, is_first: bool = False) -> dict[str, Planned]:
    with desk.open() as state:
        found = state.schedule.follow(dict.fromkeys(names, every), is_first=is_first)
        return {row.connection: row for row in found}


def _claimed(state: State, worker: str, **how: tuple[str, ...]) -> Claim:
    claim = state.schedule.claim(worker, **how)
    assert claim is not None
    return claim


def test_what_has_been_due_for_the_longest_is_first_and_no_one_gets_it_twice(desk: Desk) -> None:
    _follow(desk, "a", "b", "c")
    move_back(desk.path, "schedule", "next_due", 1)
    with desk.open() as state:
        first = _claimed(state, "w1")
        state.schedule.give(first, first.since - 2 * HOUR)
        assert _claimed(state, "w1").connection == first.connection, "it has been due for two hours now, the others one"
        rest = {_claimed(state, "w2").connection, _claimed(state, "w1").connection}
        assert rest == {"a", "b", "c"} - {first.connection}
        assert state.schedule.claim("w1") is None
        assert {row.worker for row in state.schedule.all()} == {"w1", "w2"}


def test_several_workers_share_what_is_due_and_each_connection_has_one(desk: Desk) -> None:
    names = [f"c{number:02}" for number in range(30)]
    _follow(desk, *names)

    def claim_all(worker: str) -> list[str]:
        taken = []
        with State(desk.path, desk.clock) as state:
            while (claim := state.schedule.claim(worker)) is not None:
                taken.append(claim.connection)
        return taken

    with ThreadPoolExecutor(3) as pool:
        shares = list(pool.map(claim_all, ("w1", "w2", "w3")))
    assert sorted(name for share in shares for name in share) == names


def test_a_claim_that_was_given_up_changes_nothing_any_more(desk: Desk) -> None:
    _follow(desk, "corp")
    with desk.open() as state:
        lost = _claimed(state, "w1")
        assert state.schedule.give_up("w1") == ["corp"]
        desk.clock.pass_by(seconds=1)
        mine = _claimed(state, "w2")
        state.schedule.runs_with(lost, "old")
        state.schedule.give(lost, lost.since + HOUR)
        (row,) = state.schedule.all()
        assert (row.worker, row.since, row.run_with) == ("w2", mine.since, "")
        state.schedule.runs_with(mine, "new")
        state.schedule.give(mine, mine.since + HOUR)
        (row,) = state.schedule.all()
        assert (row.worker, row.since, row.run_with, row.next_due) == ("", None, "new", mine.since + HOUR)
        assert state.schedule.claim("w1") is None


def test_what_a_dead_worker_had_in_hand_is_due_at_once_but_not_what_was_cancelled(desk: Desk) -> None:
    _follow(desk, "a", "b")
    with desk.open() as state:
        claims = [_claimed(state, "w1"), _claimed(state, "w1")]
        run = state.begin_run("b", HERE, "sync")
        assert state.schedule.cancel("b", ANN, run)
        assert not state.schedule.cancel("b", ANN, run)
        assert state.schedule.cancelled("w1") == {"b"}
        assert state.schedule.cancelled_by("b") == ANN.name
        (entry,) = state.reader.latest_audit(1)
        assert (entry.action, entry.connection, entry.subject) == ("cancel", "b", f"run {run}")
        assert state.schedule.give_up("w1") == ["a"]
        assert _claimed(state, "w2").connection == "a"
        assert state.schedule.claim("w2") is None
        assert not state.schedule.cancel("b", ANN, run), "nothing is under way"
    (row,) = (row for name, row in _follow(desk, "a", "b").items() if name == "b")
    assert timedelta(0) < row.next_due - claims[0].since < HOUR + timedelta(minutes=1), "as if its run had ended"


def test_the_schedule_follows_the_configuration(desk: Desk) -> None:
    new = _follow(desk, "corp", "lab")
    assert new.keys() == {"corp", "lab"}
    with desk.open() as state:
        for _ in new:
            claim = _claimed(state, "w1")
            state.schedule.give(claim, claim.since + 5 * HOUR)
        assert state.schedule.claim("w1") is None
        now = claim.since
    shorter = _follow(desk, "corp", "west")
    assert timedelta(0) < shorter["corp"].next_due - now <= HOUR + timedelta(minutes=1), "due within the new interval"
    assert shorter["lab"].next_due == now + 5 * HOUR, "another worker may still have it in its configuration"
    longer = _follow(desk, "corp", every=9 * HOUR)
    assert longer["corp"].next_due == shorter["corp"].next_due, "the shorter one of two configurations counts"
    with desk.open() as state:
        assert _claimed(state, "w1", without=("lab",)).connection == "west"
        assert state.schedule.claim("w1", without=("lab",)) is None


def test_a_connection_that_no_configuration_has_is_forgotten_after_a_day(desk: Desk) -> None:
    _follow(desk, "corp", "gone")
    move_back(desk.path, "schedule", "next_due", 23)
    assert _follow(desk, "corp").keys() == {"corp", "gone"}
    move_back(desk.path, "schedule", "next_due", 2)
    assert _follow(desk, "corp").keys() == {"corp"}


def test_everything_is_due_where_the_only_worker_begins(desk: Desk) -> None:
    _follow(desk, "corp", "lab")
    with desk.open() as state:
        for _ in range(2):
            claim = _claimed(state, "w1")
            state.schedule.give(claim, claim.since + HOUR)
        _follow(desk, "corp", "lab")
        assert state.schedule.claim("w2") is None, "one worker more changes nothing"
        _follow(desk, "corp", "lab", is_first=True)
        assert {_claimed(state, "w2").connection, _claimed(state, "w2").connection} == {"corp", "lab"}


def test_a_changed_file_makes_due_what_is_not_being_run(desk: Desk) -> None:
    _follow(desk, "corp")
    with desk.open() as state:
        claim = _claimed(state, "w1")
        state.schedule.hasten("corp")
        state.schedule.give(claim, claim.since + HOUR)
        assert state.schedule.claim("w1") is None
        state.schedule.hasten("corp")
        state.schedule.give_soon(_claimed(state, "w1"), 60)
        assert state.schedule.claim("w1") is None


def test_workers_that_have_begun_are_known(desk: Desk) -> None:
    with desk.open() as state:
        state.workers.begin("w1", 4)
        state.workers.begin("w1", 4)
        (worker,) = state.workers.all()
        assert (worker.name, worker.runs_at_once, worker.started) == ("w1", 4, desk.clock())
        state.workers.forget("w1")
        assert state.workers.all() == []


def test_without_a_state_nothing_is_on_the_schedule() -> None:
    reader = ScheduleReader(None)
    assert (reader.all(), reader.cancelled("w1"), reader.cancelled_by("corp")) == ([], frozenset(), "")
