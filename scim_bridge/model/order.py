"""An order: what a person asks the worker to do. It is kept in the state until a worker has carried it out.

A run has an order of its own in `run/lifecycle.py`, which says how it was asked for. This one outlives processes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from scim_bridge.model.actor import Actor
from scim_bridge.model.audit import Action

OrderKind = Literal[
    "sync", "plan", "verify", "only", "rollback", "apply", "test_sign_in", "compare_mapping", "switch_report"
]
"""verify: a sync that reads the whole target. only: a sync of the named. test_sign_in: both ends are asked, no more.
compare_mapping, switch_report: an answer is made, and kept for the page that asked."""
OrderStatus = Literal["waiting", "running", "done", "refused", "failed", "cancelled"]
"""refused: a rule forbade it, and nothing was sent (a limit, a plan that is out of date). cancelled: taken back by a
person before it was begun, or ended by one between two writes."""
ORDER_KINDS: tuple[OrderKind, ...] = get_args(OrderKind)
OPEN: tuple[OrderStatus, ...] = ("waiting", "running")
URGENCY: tuple[OrderKind, ...] = (
    "only", "apply", "rollback", "test_sign_in", "sync", "verify", "plan", "compare_mapping", "switch_report"
)  # fmt: skip
"""Which of several orders that wait is carried out first."""
ACTION_OF: dict[OrderKind, Action] = {
    "sync": "sync",
    "plan": "plan",
    "verify": "verify",
    "only": "sync --only",
    "rollback": "rollback",
    "apply": "apply",
    "test_sign_in": "test sign-in",
    "compare_mapping": "compare mapping",
    "switch_report": "switch report",
}
"""What the audit calls each."""
ANSWERED: frozenset[OrderKind] = frozenset({"compare_mapping", "switch_report"})
"""What asks a question, and whose answer is kept."""
NEEDS_TURN: frozenset[OrderKind] = frozenset({"sync", "verify", "only", "rollback", "apply"})
"""What writes to the target: one at a time for each connection. The others only read."""
GOES_ON_AFTER_DEATH: frozenset[OrderKind] = frozenset(ACTION_OF) - {"rollback"}
"""What may be begun again after its worker has died. Each plans again from what is on both sides, except `apply`, which
goes on by the journal of its plan. A rollback that was cut is a change of its own, which a person has to look at."""
MOST_TIMES = 3
"""An order that was begun so often, and whose worker died each time, is the likely reason."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What was said with an approval. is_last_admin: also where too few administrators are left."""

    note: str = ""
    is_last_admin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedOrder:
    """What is asked for. subjects: of `only`. plan: the kept plan that `apply` is about. run: the one to roll back.

    approval: None where none was given. question: the mapping that is compared, or the identity source of a report; ""
    once the order has ended.
    """

    connection: str
    kind: OrderKind
    subjects: tuple[str, ...] = ()
    plan: int | None = None
    run: int | None = None
    approval: Approval | None = None
    question: str = ""

    @property
    def about(self) -> str:
        """What it is about, for the audit: "" for the connection as a whole."""
        if self.plan is not None:
            return f"plan {self.plan}"
        return f"run {self.run}" if self.run is not None else ", ".join(self.subjects)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEnd:
    """How an order ended. sentence: for a person. run: what carried it out; plan: what it has made.

    answer: what is kept for the page that asked, None where nothing is.
    """

    status: OrderStatus
    sentence: str
    exit_code: int = 0
    run: int | None = None
    plan: int | None = None
    answer: bytes | None = None


@dataclass(frozen=True, slots=True)
class Handling:
    """Which worker has an order in hand, or had; how often it was begun; and who has cancelled it, "" for no one."""

    worker: str = ""
    times: int = 0
    cancelled_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """An order on record, with its outcome. Times are UTC.

    in_inbox: its number in the inbox of the run in progress, which carries it out.
    """

    id: int
    placed: PlacedOrder
    by: Actor
    at: datetime
    status: OrderStatus
    begun: datetime | None = None
    ended: datetime | None = None
    handling: Handling = Handling()
    in_inbox: int | None = None
    end: OrderEnd | None = None
    run: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still waits, or is being carried out."""
        return self.status in OPEN

    @property
    def is_being_cancelled(self) -> bool:
        """Whether its worker is about to end it, as a person wants."""
        return self.status == "running" and self.handling.cancelled_by != ""

    @property
    def may_be_cancelled(self) -> bool:
        """Whether it waits, or is carried out by a process of its own."""
        is_alone = self.status == "running" and self.in_inbox is None
        return self.status == "waiting" or (is_alone and not self.is_being_cancelled)

    @property
    def may_begin_again(self) -> bool:
        """Whether it does no harm to carry it out once more, after it was begun and cut."""
        # An approval of what stopped a sync is used up before its first write: begun again, the sync would be stopped
        # by the guard, with a sentence about a plan that is not shown any more.
        is_used_up = self.placed.approval is not None and self.placed.kind != "apply"
        return self.placed.kind in GOES_ON_AFTER_DEATH and not is_used_up and self.handling.times < MOST_TIMES


def by_urgency(orders: Iterable[OrderRecord]) -> list[OrderRecord]:
    """The most urgent first; of one kind, the oldest."""
    return sorted(orders, key=lambda order: (URGENCY.index(order.placed.kind), order.id))


def would_overtake(order: OrderRecord, open_orders: Iterable[OrderRecord]) -> bool:
    """Whether it is a plan, and what was asked for before it of the same connection has not written yet.

    Who orders a sync and then a plan wants to see what the sync has left to do.
    """
    return order.placed.kind == "plan" and any(
        each.id < order.id and each.placed.connection == order.placed.connection and each.placed.kind in NEEDS_TURN
        for each in open_orders
        if each.is_open
    )
