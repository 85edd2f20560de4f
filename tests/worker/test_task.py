"""What each kind of order does, and what its end says. In this process; test_orders.py has the worker around it."""

from scim_bridge.config.settings import load
from scim_bridge.model.actor import Actor
from scim_bridge.model.order import Approval, OrderRecord, PlacedOrder
from scim_bridge.state.writer import State
from scim_bridge.worker.task import Task, carry_out
from tests.e2e.conftest import Cli
from tests.e2e.world import World, organization

ANN = Actor("ann@corp.example", "page")


def _do(world: World, state: State, kind: str, *, is_stopping: bool = False, **about: object) -> OrderRecord:
    """Place an order, carry it out, and give it as it is then."""
    placed = PlacedOrder(connection="corp", kind=kind, **about)  # type: ignore[arg-type]  # any kind
    number = state.orders.place(placed, ANN)
    state.orders.take(number, "w")
    task = Task(load(world.config).connection("corp"), world.state, state.orders.one(number))
    carry_out(task, state, lambda: is_stopping)
    found = state.orders.one(number)
    assert found is not None
    return found


def test_an_order_to_plan_keeps_the_plan_and_an_order_applies_exactly_that(world: World, cli: Cli) -> None:
    people = organization(12, 2)
    world.write(people)
    with State(world.state) as state:
        planned = _do(world, state, "plan")
        assert planned.end is not None
        assert (planned.status, planned.end.plan) == ("done", 1)
        assert world.held()["users"] == {}
        applied = _do(world, state, "apply", plan=1)
        assert (applied.status, applied.run) == ("done", 1)
        world.assert_equal_to(people)
        again = _do(world, state, "apply", plan=1)
        assert again.end is not None
        assert (again.status, again.end.exit_code) == ("refused", 1)
        assert "this plan was applied by run 1" in again.end.sentence
        tested = _do(world, state, "test_sign_in")
        assert tested.end is not None
        assert "target: answers, and accepts the token" in tested.end.sentence
        people.users["u3"]["title"] = "Lead"
        world.write(people)
        other = _do(world, state, "only", subjects=("u3@corp.example",))
        assert other.status == "done"
        record = state.reader.run(other.run or 0)
        assert record is not None
        assert (record.of_one, record.approved_by) == (True, ANN.name)
        assert other.end is not None
        assert "waiting" not in other.end.sentence  # nobody has looked for the conflicts of the others
        undone = _do(world, state, "rollback", run=record.id)
        assert undone.status == "done"
        assert state.reader.pause("corp") is not None


def test_what_the_guard_stopped_is_kept_and_applied_when_it_is_approved(world: World, cli: Cli) -> None:
    people = organization(40, 2)
    world.write(people)
    assert cli("sync").code == 0
    for number in range(10):
        people.users[f"u{number}"]["enabled"] = "false"
    world.write(people)
    with State(world.state) as state:
        stopped = _do(world, state, "sync")
        assert stopped.end is not None
        assert (stopped.status, stopped.end.exit_code) == ("refused", 4)
        kept = state.reader.plans.of_run(stopped.run or 0)
        assert kept is not None
        assert kept.is_stopped
        applied = _do(world, state, "apply", plan=kept.id, approval=Approval("they left"))
        assert (applied.status, applied.end.exit_code if applied.end else None) == ("done", 0)
        world.assert_equal_to(people)
        assert [entry.actor.via for entry in state.reader.latest_audit(1)] == ["page"]


def test_a_sync_that_is_stopped_between_two_writes_waits_for_the_next_worker(world: World) -> None:
    world.write(organization(6, 1))
    with State(world.state) as state:
        assert _do(world, state, "sync", is_stopping=True).status == "waiting"


def test_a_run_that_is_to_stop_while_it_reads_is_cut_and_counts_as_no_failure(world: World) -> None:
    """Seven times, as a fleet that is being upgraded may do it: no failure that would stop the schedule."""
    world.write(organization(6, 1))
    connection = load(world.config).connection("corp")
    with State(world.state) as state:
        for _ in range(7):
            assert "asked to stop before" in carry_out(Task(connection, world.state), state, lambda: True).said
        runs = state.reader.runs("corp", 10)
        assert {(run.status, run.result.cause) for run in runs} == {("interrupted", "")}
        assert state.reader.quarantine("corp") is None
    assert world.sandbox.counts.writes == 0


def test_an_order_that_finds_the_connection_busy_waits(world: World) -> None:
    from datetime import UTC, datetime

    from scim_bridge.state.lock import lock

    world.write(organization(6, 1))
    with State(world.state) as state, lock(world.state, "corp", datetime.now(UTC)):
        assert _do(world, state, "verify").status == "waiting"


def test_what_cannot_be_done_ends_with_its_sentence(world: World) -> None:
    world.write(organization(6, 1))
    with State(world.state) as state:
        unknown = _do(world, state, "only", subjects=("nobody",))
        assert unknown.end is not None
        assert (unknown.status, unknown.end.exit_code) == ("refused", 2)
        assert "called 'nobody'" in unknown.end.sentence
        (world.folder / "users.csv").unlink()
        failed = _do(world, state, "plan")
        assert failed.end is not None
        assert (failed.status, failed.end.exit_code) == ("failed", 1)
        assert "users.csv" in failed.end.sentence
