"""The documents of the API as its OpenAPI description has them. The answers are made by `view/document.py`.

A key that is not listed here may come with a later version; a client ignores what it does not know.
"""

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from scim_bridge.model.actor import Via
from scim_bridge.model.conflict_kind import Decision
from scim_bridge.model.order import OrderKind, OrderStatus
from scim_bridge.model.run import Command, RunStatus
from scim_bridge.model.switch import SourceKind

_Item = TypeVar("_Item")
LARGEST_MAPPING = 1_000_000
"""Characters of a mapping that is compared."""
NUMBER = Field(ge=1, le=2**53)


class Problem(BaseModel):
    """Problem details (RFC 9457). `detail` is a sentence for a person."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["plan 7 was applied by run 41. Make a new plan."])
    errors: list[dict[str, str]] | None = None


class Page(BaseModel, Generic[_Item]):
    """A page of a list. `next` is the cursor of the next page, null on the last one."""

    items: list[_Item]
    next: str | None = Field(examples=["NDE"])


class Counted(BaseModel):
    """One thing counted on both sides."""

    source: int
    target: int


class Progress(BaseModel):
    """How far a run in progress has come. `total` is null while it is unknown; `left` is in seconds."""

    id: int
    connection: str
    phase: str = Field(examples=["apply"])
    done: int
    total: int | None
    requests: int
    pace: float | None = Field(description="things done a second")
    left: float | None


class Run(BaseModel):
    """One run."""

    id: int = Field(examples=[41])
    connection: str = Field(examples=["corp"])
    command: Command
    status: RunStatus
    started: str = Field(examples=["2027-03-13T03:00:00Z"])
    ended: str | None
    host: str
    pid: int
    summary: dict[str, int] = Field(examples=[{"create_user": 2, "failed": 0}])
    counts: dict[str, Counted]
    conflicts: int
    requests: int
    detail: str
    guard: list[str]
    approved_by: str
    of_one: bool
    access: dict[str, Any]


class WholeRun(Run):
    """One run, with what is kept beside it. `outcomes`: how many operations ended how."""

    outcomes: dict[str, int]
    plan: int | None = Field(description="the kept plan that limits stopped in this run")
    order: int | None = Field(description="the order that this run has carried out")
    progress: Progress | None


class Outcome(BaseModel):
    """How an operation ended. `request_id` is AWS's, for CloudTrail."""

    status: str = Field(examples=["done"])
    target_id: str | None
    request_id: str
    detail: str
    sent_at: str | None
    answered_at: str | None


class Operation(BaseModel):
    """One operation as in the plan document: one request."""

    id: str = Field(examples=["op-3"])
    kind: str = Field(examples=["update_user"])
    source_id: str | None
    target_id: str | None
    subject: str = Field(examples=["b.sato@corp.example"])
    reason: str
    after: list[str]
    changes: dict[str, list[Any]] | None = Field(default=None, examples=[{"title": ["Engineer", "Lead"]}])
    members: list[dict[str, Any]] | None = None


class RunOperation(Operation):
    """An operation of a run, with its outcome."""

    outcome: Outcome


class Plan(BaseModel):
    """A kept plan without its operations."""

    id: int = Field(examples=[7])
    connection: str = Field(examples=["corp"])
    run: int | None = Field(description="the run that limits stopped; null for a plan that was ordered")
    made_by: str
    made_via: Via
    made: str
    summary: dict[str, int]
    guard: list[str] = Field(description="the sentences of the limits that stop it; empty if none does")
    conflicts: int
    applied_by: int | None = Field(description="the run that has applied it to its end")
    declined_by: str
    note: str


class WholePlan(Plan):
    """A kept plan. `document` is what `plan --out` writes, without its operations: these have a list of their own."""

    document: dict[str, Any]


class Conflict(BaseModel):
    """A conflict with its sightings and the decision about it ("" while there is none)."""

    connection: str
    key: str
    kind: str = Field(examples=["adopt?"])
    subjects: list[str]
    detail: str
    remedy: str
    first_seen: str
    last_seen: str
    closed: str | None
    target_id: str | None
    resource: str
    source_id: str
    path: str
    resolution: str
    chosen: str
    note: str
    resolved_by: str
    decisions: list[Decision] = Field(description="the ways to decide it")


class Person(BaseModel):
    """A user or group that is managed."""

    connection: str
    kind: Literal["user", "group"]
    source_id: str
    target_id: str
    name: str


class Connection(BaseModel):
    """A connection: how it is in one word and one sentence, and its runs. `counts` are those of the last run."""

    name: str = Field(examples=["corp"])
    state: str = Field(examples=["healthy"])
    sentence: str = Field(examples=["Nothing to do."])
    needs_you: bool
    conflicts: int
    last_run: Run | None
    next_run: str | None = Field(description="when the schedule is due; null if it does nothing")
    counts: dict[str, Counted]
    paused_by: str
    progress: list[Progress]


class Order(BaseModel):
    """What a person has asked for. `sentence` and `exit_code` say how it ended: as the same command would have."""

    id: int = Field(examples=[12])
    connection: str = Field(examples=["corp"])
    kind: OrderKind
    subjects: list[str]
    plan: int | None
    run: int | None = Field(description="the run that carries it out")
    roll_back: int | None
    approved: bool
    note: str
    placed_by: str
    placed_via: Via
    placed: str
    status: OrderStatus
    cancelled_by: str = Field(description="who has cancelled it; empty where no one has")
    begun: str | None
    ended: str | None
    sentence: str
    exit_code: int | None


class Answer(BaseModel):
    """What an order has found out: of `compare_mapping` what would be different, of `switch_report` the report."""

    order: int
    kind: Literal["compare_mapping", "switch_report"]
    answer: dict[str, Any]


class AuditEntry(BaseModel):
    """Who did what when and from where. `hash` is over the entry and the hash of the one before."""

    number: int
    at: str
    who: str
    via: str
    address: str
    action: str
    connection: str
    subject: str
    detail: str
    hash: str


class AccessPage(BaseModel):
    """Who may enter what, of the last reading that is kept. The rows are those of `access --output json`."""

    as_of: str | None
    items: list[dict[str, Any]]
    next: str | None
    applications: list[dict[str, Any]]
    warnings: list[str]


class Explanations(BaseModel):
    """The explanation of each user and group that is meant: as `explain --output json`."""

    items: list[dict[str, Any]]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ApprovalAsked(_Asked):
    """An approval of what limits have stopped. `last_admin`: also if too few administrators are left.

    `note`: why it is right; a `sync`, and an `apply` of a stopped plan, are refused without one.
    """

    note: str = Field(default="", max_length=2_000, examples=["All of them have left, says HR."])
    last_admin: bool = False


class OrderAsked(_Asked):
    """An order. `subjects` belongs to `only`, `roll_back` to `rollback`, `plan` to `apply`, `mapping` (the text of a
    mapping file) to `compare_mapping`, and `to` to `switch_report`.

    `approve` needs the role approver, and so do `apply` and `rollback`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"connection": "corp", "kind": "sync"},
                {"connection": "corp", "kind": "only", "subjects": ["b.sato@corp.example"]},
                {"connection": "corp", "kind": "sync", "approve": {"note": "HR confirms."}},
                {"connection": "corp", "kind": "switch_report", "to": "external"},
            ]
        }
    )

    connection: str = Field(max_length=200)
    kind: OrderKind
    subjects: list[str] = Field(default=[], max_length=100)
    roll_back: int | None = Field(default=None, ge=1, le=2**53)
    plan: int | None = Field(default=None, ge=1, le=2**53)
    mapping: str = Field(default="", max_length=LARGEST_MAPPING)
    to: SourceKind | None = None
    approve: ApprovalAsked | None = None


class ApplyAsked(_Asked):
    """How a kept plan is to be applied. `approve` is needed if limits have stopped it."""

    approve: ApprovalAsked | None = None


class ReasonAsked(_Asked):
    """Why."""

    reason: str = Field(default="", max_length=2_000, examples=["The directory is being moved."])


class DecisionAsked(_Asked):
    """A decision. `link`: the target id that the decision `link` chooses. `connection`: where several have the key."""

    decision: Decision
    link: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=2_000)
    connection: str = Field(default="", max_length=200)


class UndoAsked(_Asked):
    """Which decision is taken back. `connection`: where several have the key."""

    connection: str = Field(default="", max_length=200)


class Resolved(BaseModel):
    """About how many conflicts the decision is."""

    conflicts: int


class Paused(BaseModel):
    """Whether the schedule of the connection does nothing now because of a person."""

    connection: str
    paused: bool
