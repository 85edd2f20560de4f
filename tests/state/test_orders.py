"""Orders in the state: kept when acknowledged, taken once, found again after a death; and what is kept beside them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from scim_bridge.errors import AskedOtherwise
from scim_bridge.model.actor import Actor
from scim_bridge.model.order import Approval, OrderEnd, PlacedOrder, by_urgency
from scim_bridge.model.progress import RunProgress
from scim_bridge.model.traffic import Use
from scim_bridge.plan.plan_file import fingerprint, from_bytes, to_bytes
from scim_bridge.state import plans
from scim_bridge.state.asked_once import Once
from scim_bridge.state.writer import Ending, State
from tests.service.seed import busy_plan, quiet_plan, tripping_plan
from tests.state.conftest import HERE, Desk

ANN = Actor("ann@corp.example", "page", "10.0.0.7")
SYNC = PlacedOrder(connection="corp", kind="sync")


def test_an_order_is_kept_with_who_asked_and_noted_in_the_audit(desk: Desk) -> None:
    asked = PlacedOrder(
        connection="corp", kind="only", subjects=("b.sato",), approval=Approval("is right", is_last_admin=True)
    )
    with desk.open() as state:
        number = state.orders.place(asked, ANN)
    with desk.open() as state:  # another process
        found = state.orders.one(number)
        assert found is not None
        assert (found.placed, found.by, found.status, found.end) == (asked, ANN, "waiting", None)
        (entry,) = state.reader.latest_audit(10)
        assert (entry.action, entry.subject, entry.actor) == ("sync --only", f"order {number}", ANN)
        assert entry.detail == "b.sato; approved: is right"


def test_an_order_is_taken_exactly_once(desk: Desk) -> None:
    with desk.open() as state:
        numbers = [state.orders.place(SYNC, ANN) for _ in range(10)]

        def take_all(worker: str) -> list[int]:
            with State(desk.path) as mine:
                return [number for number in numbers if mine.orders.take(number, worker)]

        with ThreadPoolExecutor(3) as pool:
            taken = [number for found in pool.map(take_all, ("a", "b", "c")) for number in found]
        assert sorted(taken) == numbers
        assert {order.handling.times for order in state.orders.open()} == {1}


def test_what_has_ended_stays_as_it_ended(desk: Desk) -> None:
    with desk.open() as state:
        number = state.orders.place(SYNC, ANN)
        assert not state.orders.end(number, OrderEnd(status="done", sentence="never begun"))
        state.orders.take(number, "w")
        assert state.orders.end(number, OrderEnd(status="done", sentence="run 1 is done", run=1))
        assert not state.orders.cancel(number, ANN)
        state.orders.give_back(number)
        assert not state.orders.end(number, OrderEnd(status="failed", sentence="too late"))
        found = state.orders.one(number)
        assert found is not None
        assert found.end == OrderEnd(status="done", sentence="run 1 is done", run=1)
        assert state.orders.open() == []


def test_a_waiting_order_can_be_cancelled_and_is_not_taken_then(desk: Desk) -> None:
    with desk.open() as state:
        number = state.orders.place(SYNC, ANN)
        assert state.orders.cancel(number, ANN)
        assert not state.orders.take(number, "w")
        assert [entry.action for entry in state.reader.latest_audit(5)] == ["cancel", "sync"]


def test_the_urgent_goes_first() -> None:
    from datetime import UTC, datetime

    from scim_bridge.model.order import ORDER_KINDS, OrderRecord

    now = datetime.now(UTC)
    asked = [
        OrderRecord(id=n, placed=PlacedOrder(connection="corp", kind=kind), by=ANN, at=now, status="waiting")
        for n, kind in enumerate((*ORDER_KINDS, *ORDER_KINDS))
    ]
    kinds = [(order.placed.kind, order.id) for order in by_urgency(asked)]
    assert [kind for kind, _ in kinds][:5] == ["only", "only", "apply", "apply", "rollback"]
    assert kinds[0][1] < kinds[1][1]


@pytest.mark.parametrize(
    ("kind", "approval", "times", "again"),
    [
        ("sync", None, 1, True),
        ("sync", None, 3, False),
        ("sync", Approval(), 1, False),
        ("apply", Approval(), 1, True),
        ("rollback", None, 1, False),
        ("plan", None, 1, True),
    ],
)
def test_what_was_cut_begins_again_where_that_does_no_harm(
    kind: str, approval: Approval | None, times: int, again: bool, desk: Desk
) -> None:
    with desk.open() as state:
        asked = PlacedOrder(connection="corp", kind=kind, approval=approval)  # type: ignore[arg-type]
        number = state.orders.place(asked, ANN)
        for _ in range(times):
            state.orders.give_back(number)
            state.orders.take(number, "w")
        found = state.orders.one(number)
        assert found is not None
        assert found.may_begin_again is again


def test_the_same_key_with_the_same_request_is_the_same_order(desk: Desk) -> None:
    once = Once("ann", "k-1", "digest of the body")
    with desk.open() as state:
        first = state.orders.place(SYNC, ANN, once)
        assert state.orders.place(SYNC, ANN, once) == first
        assert state.orders.place(SYNC, ANN, Once("bob", "k-1", "another")) != first
        with pytest.raises(AskedOtherwise, match="came before with another request"):
            state.orders.place(SYNC, ANN, Once("ann", "k-1", "another"))
        assert len(state.orders.open()) == 2
        assert len(state.reader.latest_audit(10)) == 2
        assert state.answer_to(once) == first


def test_two_who_ask_at_once_with_one_key_get_one_order(desk: Desk) -> None:
    once = Once("ann", "k-1", "d")
    desk.open().close()

    def ask(_: int) -> int:
        with State(desk.path) as mine:
            return mine.orders.place(SYNC, ANN, once)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


def test_pause_resume_and_decisions_with_a_key_happen_once(desk: Desk) -> None:
    with desk.open() as state:
        state.pause("corp", ANN, "a move", Once("ann", "p", "d"))
        assert state.resume("corp", ANN, Once("ann", "r", "d"))
        state.pause("corp", ANN, "a move", Once("ann", "p", "d"))
        assert state.reader.pause("corp") is None, "that request was carried out before"
        assert state.resume("corp", ANN, Once("ann", "r", "d"))
        assert len(state.reader.latest_audit(10)) == 2


def test_a_decision_can_be_undone_while_the_conflict_is_open(desk: Desk) -> None:
    plan = busy_plan()
    (conflict, *_) = plan.conflicts
    with desk.open() as state:
        run = state.begin_run("corp", HERE, "sync")
        state.finish(run, Ending(status="done"), plan.conflicts)
        assert not state.undo("corp", conflict.key, ANN)
        assert state.resolve_all([("corp", conflict.key)], "ignore", ANN, note="known") == 1
        assert state.undo("corp", conflict.key, ANN)
        assert [c.resolution for c in state.reader.conflicts() if c.conflict.key == conflict.key] == [""]
        state.resolve("corp", conflict.key, "ignore", ANN)
        state.finish(state.begin_run("corp", HERE, "sync"), Ending(status="done"), ())
        assert not state.undo("corp", conflict.key, ANN), "the conflict is over"
        assert [entry.action for entry in state.reader.latest_audit(9)] == ["resolve", "undo", "resolve"]


def test_a_kept_plan_is_the_file_that_would_have_been_saved(desk: Desk) -> None:
    plan = busy_plan()
    document = to_bytes(plan)
    with desk.open() as state:
        number = state.plans.keep(plan, fingerprint=fingerprint(plan), document=document, by=ANN)
        assert state.plans.keep(plan, fingerprint=fingerprint(plan), document=document, by=ANN) == number
        assert state.reader.plans.document(number) == document
        assert from_bytes(document, "x").operations == plan.operations
        (kept,) = state.reader.plans.latest(5)
        trips = tuple(trip.sentence for trip in plan.verdict.tripped)
        assert (kept.by.name, kept.summary, kept.guard, kept.applied_by) == (ANN.name, plan.summary, trips, None)
        run = state.begin_run("corp", HERE, "apply")
        state.begin_applying(run, fingerprint(plan), ())
        state.finish(run, Ending(status="done", is_complete=True))
        found = state.reader.plans.one(number)
        assert found is not None
        assert found.applied_by == run


def test_of_a_connection_the_newest_plans_are_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_MOST", 2)
    with desk.open() as state:
        numbers = [state.plans.keep(quiet_plan(), fingerprint=f"f{n}", document=b"{}", by=ANN) for n in range(4)]
        assert [kept.id for kept in state.plans.latest(9)] == numbers[:1:-1]


def test_who_declines_a_plan_takes_its_approval_away(desk: Desk) -> None:
    plan = tripping_plan()
    with desk.open() as state:
        run = state.begin_run("corp", HERE, "sync")
        state.keep_trip(run, "corp", plan.verdict)
        number = state.plans.keep(plan, fingerprint="f", document=b"{}", by=ANN, run=run)
        assert state.plans.decline(number, ANN, "half of sales is not leaving")
        assert not state.plans.decline(number, ANN, "")
        assert state.reader.tripped("corp") is None
        assert state.plans.one(number).declined_by == ANN.name  # type: ignore[union-attr]  # it was just kept


def _progress(desk: Desk, run: int) -> RunProgress:
    return RunProgress(
        run=run,
        connection="corp",
        step="apply",
        done=30,
        total=100,
        step_began=desk.clock.at,
        noted=desk.clock.at,
        requests=1,
    )


def test_progress_is_that_of_runs_in_progress_alone(desk: Desk) -> None:
    with desk.open() as state:
        run = state.begin_run("corp", HERE, "sync")
        noted = replace(_progress(desk, run), noted=desk.clock.at + timedelta(seconds=3), requests=41)
        state.note_progress(noted)
        assert state.reader.progress() == [noted]
        assert (noted.pace, noted.left) == (10.0, timedelta(seconds=7))
        state.finish(run, Ending(status="done"))
        state.note_progress(noted)  # a moment too late
        assert state.reader.progress() == []


def test_a_run_sees_what_the_others_in_progress_at_its_endpoint_use(desk: Desk) -> None:
    """Of this state, whichever connection they are of; not its own, nor those of another endpoint, nor what is over."""
    use = {"POST Users": Use(6.5, 20.0, is_limit=True, is_held_back=True), "PATCH Groups": Use(0.5)}
    with desk.open() as state:
        runs = [state.begin_run(name, where, "sync") for name, where in (("a", HERE), ("b", HERE), ("c", "elsewhere"))]
        mine = state.begin_run("d", HERE, "sync")
        for run in (*runs, mine):
            state.note_progress(replace(_progress(desk, run), uses=use))
        state.finish(runs[1], Ending(status="done"))
        assert state.reader.used_beside(mine, HERE) == {runs[0]: (desk.clock.at, use)}
