"""States for the pages to show, written by the real writer from real plans."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scim_bridge.model.limit import Limits, percent
from scim_bridge.model.operation import Operation, Outcome
from scim_bridge.model.plan import Plan
from scim_bridge.model.policy import Policy
from scim_bridge.model.shadow import differences_of
from scim_bridge.model.traffic import Traffic
from scim_bridge.plan.plan_file import fingerprint, operation_bytes
from scim_bridge.state.aftermath import Aftermath
from scim_bridge.state.writer import Ending, State
from tests.builders import directory, group, linked, on_target, planned, target, user

NOON = datetime(2027, 3, 13, 3, 0, tzinfo=UTC)
COUNTS = {"users": (1_840, 1_843), "groups": (62, 65), "memberships": (9_312, 9_312)}
NAMES = ("ユーザーA", "佐藤 花子", "鈴木 一郎", "高橋 美咲", "田中 健", "伊藤 さくら")


@dataclass
class Clock:
    """The time of the state that is being written."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


class Seeder:
    """Writes runs into one state, one after the other, as `sync` does."""

    def __init__(self, path: Path, connection: str = "corp") -> None:
        self.path = path
        self.connection = connection
        self.clock = Clock()

    def run(self, plan: Plan, outcomes: Sequence[Outcome] = (), **ending: object) -> int:
        """A run that applied this plan; an operation without an outcome of its own was done."""
        given = {outcome.operation_id: outcome for outcome in outcomes}
        with State(self.path, self.clock) as state:
            run_id = state.begin_run(self.connection, "endpoint", "sync")
            journal = state.begin_applying(run_id, fingerprint(plan), plan.conflicts)
            journal.record((operation, operation_bytes(operation)) for operation in plan.operations)
            for operation in plan.operations:
                journal.begin(operation)
                self.clock.at += timedelta(milliseconds=180)
                journal.end(operation, given.get(operation.id) or _done(operation))
            closing = Ending(
                status="done",
                detail="",
                summary=plan.summary,
                counts=COUNTS,
                traffic=Traffic(len(plan.operations) + 4),
                is_complete=True,
            )
            state.finish(run_id, replace(closing, **ending), plan.conflicts)  # type: ignore[arg-type]  # any field
        return run_id

    def stopped(self, plan: Plan) -> int:
        """A run that the guard stopped before the first write."""
        with State(self.path, self.clock) as state:
            run_id = state.begin_run(self.connection, "endpoint", "sync")
            detail = "stopped before the first write: " + "; ".join(trip.sentence for trip in plan.verdict.tripped)
            self.clock.at += timedelta(seconds=2)
            ending = Ending(
                status="stopped_by_guard",
                detail=detail,
                summary=plan.summary,
                counts=COUNTS,
                traffic=Traffic(12),
                verdict=plan.verdict,
            )
            state.finish(run_id, ending, plan.conflicts)
        return run_id

    def shadow(self, plan: Plan) -> int:
        """A run in shadow with this plan."""
        with State(self.path, self.clock) as state:
            run_id = state.begin_run(self.connection, "endpoint", "sync")
            ending = Ending(status="shadow", detail="in shadow: nothing was written", summary=plan.summary)
            left = Aftermath(again=frozenset(), is_settled=False, differences=differences_of(plan))
            state.finish(run_id, ending, aftermath=left)
        return run_id

    def failed(self, sentence: str) -> int:
        """A run that ended by an error."""
        with State(self.path, self.clock) as state:
            run_id = state.begin_run(self.connection, "endpoint", "sync")
            self.clock.at += timedelta(seconds=31)
            state.finish(run_id, Ending(status="failed", detail=sentence))
        return run_id


def _done(operation: Operation) -> Outcome:
    return Outcome(
        operation_id=operation.id,
        status="done",
        target_id=operation.target_id or f"t-{operation.source_id}",
        request_id=f"req-{operation.id}",
    )


def quiet_plan() -> Plan:
    """Both sides are equal."""
    b = user("b.sato")
    return planned(directory(b), target(on_target("t-1", b)), linked(("user", "b.sato", "t-1")))


def busy_plan() -> Plan:
    """Joiners, a mover, a leaver, group changes, and a name that two records claim."""
    mover, leaver = (
        user("k.suzuki", displayName="鈴木 一郎", title="課長"),
        user("y.takahashi", displayName="高橋 美咲"),
    )
    joiners = [user(f"new.{n}", displayName=NAMES[n % len(NAMES)], title="Engineer") for n in range(8)]
    twins = [user("u81", userName="t.ito@corp.example"), user("u92", userName="T.Ito@corp.example")]
    developers = group("g1", displayName="開発者グループ")
    auditors = group("g2", displayName="監査グループ")
    desired = directory(
        mover,
        *joiners,
        *twins,
        developers,
        auditors,
        members={"g1": ["k.suzuki", *(j.source_id for j in joiners)], "g2": ["k.suzuki"]},
    )
    existing = target(
        on_target("t-1", mover, title="主任"),
        on_target("t-2", leaver),
        on_target("t-g1", developers),
        members={"t-g1": ["t-2"]},
    )
    known = linked(("user", "k.suzuki", "t-1"), ("user", "y.takahashi", "t-2"), ("group", "g1", "t-g1"))
    return planned(desired, existing, known)


def tripping_plan() -> Plan:
    """More people would be deactivated than the limit allows."""
    people = [user(f"p{n}") for n in range(8)]
    existing = target(*(on_target(f"t-{p.source_id}", p) for p in people))
    known = linked(*(("user", p.source_id, f"t-{p.source_id}") for p in people))
    policy = Policy(limits=Limits(deactivate=percent(10), floor=0))
    return planned(directory(*people[:4]), existing, known, policy)


def hostile_plan() -> Plan:
    """Names that would be markup, if a page did not escape them."""
    name = "<script>alert(1)</script>"
    return planned(directory(user("x", displayName=name, title='"><img src=x onerror=alert(2)>'),
                             group("g", displayName=name)), target())  # fmt: skip
