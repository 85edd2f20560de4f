"""What earlier runs count for the limits of this one."""

from datetime import timedelta

from scim_bridge.model.effect import Effect, Shrunk
from scim_bridge.model.identity import SourceCounts
from scim_bridge.model.limit import CounterName
from scim_bridge.model.operation import Member, Operation, Outcome
from scim_bridge.model.operation_kind import Phase
from scim_bridge.model.plan import Bookkeeping
from scim_bridge.model.remembered import Remembered
from scim_bridge.state.writer import Ending
from tests.state.conftest import HERE, Desk, begin, done

DAY = timedelta(hours=24)


def off(number: int, name: str) -> Operation:
    changes = {"active": (True, False)}
    return Operation(
        id=f"op-{number}",
        kind="deactivate_user",
        phase=Phase.REVOKE,
        source_id=name,
        target_id=f"t-{name}",
        subject=name,
        reason="left",
        changes=changes,
    )


def send(desk: Desk, *operations: Operation, approved: frozenset[Effect] = frozenset(), status: str = "done") -> None:
    """A run that sent these. approved: what its limits counted and somebody answered for."""
    with desk.open() as state:
        journal = begin(state, *operations)
        for operation in operations:
            journal.begin(operation)
            end = done(operation) if status == "done" else Outcome(operation_id=operation.id, status="failed")
            journal.end(operation, end)
        state.finish(journal.run_id, Ending(status="done", is_complete=True, approved=approved))


def counted(desk: Desk) -> dict[CounterName, frozenset[Effect]]:
    with desk.open() as state:
        return dict(state.reader.known("corp", HERE, desk.clock.at - DAY).earlier.recent)


def test_what_was_deactivated_in_the_window_counts_and_what_came_before_does_not(desk: Desk) -> None:
    send(desk, off(1, "sato"))
    desk.clock.pass_by(hours=20)
    send(desk, off(1, "ito"))
    assert len(counted(desk)["deactivate"]) == 2
    desk.clock.pass_by(hours=5)
    assert len(counted(desk)["deactivate"]) == 1
    desk.clock.pass_by(hours=20)
    assert counted(desk) == {}


def test_one_user_twice_counts_once_and_memberships_one_by_one(desk: Desk) -> None:
    members = (Member("a", "t-a", "a"), Member("b", "t-b", "b"))
    removal = Operation(
        id="op-9",
        kind="remove_members",
        phase=Phase.REVOKE,
        source_id="g",
        target_id="s-g",
        subject="dev",
        reason="gone",
        members=members,
    )
    send(desk, off(1, "sato"), removal)
    send(desk, off(1, "sato"))
    found = counted(desk)
    assert (len(found["deactivate"]), len(found["remove_members"])) == (1, 2)


def test_what_did_not_land_and_what_was_approved_do_not_count(desk: Desk) -> None:
    send(desk, off(1, "sato"), status="failed")
    assert counted(desk) == {}
    send(desk, off(1, "sato"))
    (item,) = counted(desk)["deactivate"]
    desk.clock.pass_by(hours=25)
    send(desk, off(1, "sato"), approved=frozenset({item}))
    assert counted(desk) == {}


def shown(desk: Desk, users: int, *, status: str = "done", approved: frozenset[Effect] = frozenset()) -> None:
    """A run to which the source showed so many users."""
    with desk.open() as state:
        run_id = state.begin_run("corp", HERE, "sync")
        state.begin_applying(run_id, f"plan {run_id}", ())
        ending = Ending(status=status, is_complete=True, mapping=f"m{users}", approved=approved)  # type: ignore[arg-type]
        state.finish(run_id, ending, (), Bookkeeping(counts=SourceCounts(users, 0, 0)))


def known(desk: Desk) -> Remembered:
    with desk.open() as state:
        return state.reader.known("corp", HERE, desk.clock.at - DAY)


def test_a_source_that_shrinks_slowly_is_compared_with_the_most_it_showed_in_the_window(desk: Desk) -> None:
    for users in (100, 90, 80):
        shown(desk, users)
        desk.clock.pass_by(hours=1)
    assert known(desk).earlier.counts == SourceCounts(100, 0, 0)
    assert known(desk).earlier.mapping == "m80"
    desk.clock.pass_by(hours=21, minutes=30)
    assert known(desk).earlier.counts == SourceCounts(90, 0, 0)


def test_the_last_run_counts_however_old_it_is_and_a_failed_one_never(desk: Desk) -> None:
    shown(desk, 50)
    desk.clock.pass_by(days=9)
    shown(desk, 70, status="failed")
    assert known(desk).earlier.counts == SourceCounts(50, 0, 0)


def test_a_shrinking_that_somebody_approved_begins_a_new_count(desk: Desk) -> None:
    shown(desk, 100)
    shown(desk, 40, approved=frozenset({Shrunk("users", 60)}))
    assert known(desk).earlier.counts == SourceCounts(40, 0, 0)
