"""What a connection in shadow keeps of its plans: each single difference, and since when it stands.

A plan is taken apart, since two plans are rarely the same as a whole: what differs every day is one attribute of one
user, or one membership. A difference keeps its name while its value changes: a title that is another one every day is
set by two rules that disagree.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from scim_bridge.model.identity import EXTERNAL_ID
from scim_bridge.model.operation import Change, Operation
from scim_bridge.model.plan import Plan
from scim_bridge.model.run import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that a plan would change. key: the same in every run, whatever the values are.

    kind: of the operation. change: path → (old, new), of one attribute; {} for what is created, deleted or a
    membership. member: the user who would be added or removed, "" if it is not a membership.
    """

    key: str
    kind: str
    subject: str
    reason: str
    change: Mapping[str, Change] = field(default_factory=dict)
    member: str = ""


@dataclass(frozen=True, slots=True)
class Lasting:
    """A difference that every plan had from run `first` on. since: when that run began, UTC. key: the difference's.

    until: the first run that did not have it any more, None if the newest plan still has it. read: gives the difference
    as the newest plan had it. There may be 100,000, and of most only the number is shown.
    """

    key: str
    first: int
    since: datetime
    read: Callable[[], Difference]
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowHistory:
    """What is on record of a connection in shadow. Runs with `--only` are left out.

    began: when the first run in shadow since the last one that wrote began, None if there is none; count: how many
    there are since. runs: all runs of the period that was asked for, the oldest first, whatever their status; lasting:
    the differences that stood in any of them. latest: the newest run, also if it is older than the period. undecided:
    how many open conflicts no one has decided.
    """

    began: datetime | None = None
    count: int = 0
    runs: tuple[RunRecord, ...] = ()
    latest: RunRecord | None = None
    lasting: tuple[Lasting, ...] = ()
    undecided: int = 0


def differences_of(plan: Plan) -> tuple[Difference, ...]:
    """What a plan would change, one by one. That a resource is adopted is not a difference by itself.

    Whatever another program has provisioned is adopted once, in the first run that writes: of all that it holds,
    externalId alone is then another one. With these a plan would not become empty as long as the other program runs.
    """
    found: dict[str, Difference] = {}
    for each in _steps(plan):
        # A name that two users exchange goes through a temporary one: two steps, and one difference.
        before = found.get(each.key)
        if before is not None:
            change = {path: (before.change[path][0], new) for path, (_, new) in each.change.items()}
            each = replace(each, change=change)  # noqa: PLW2901
        found[each.key] = each
    return tuple(found.values())


def _steps(plan: Plan) -> Iterator[Difference]:
    for operation in plan.operations:
        if operation.members:
            yield from _memberships(operation)
        elif operation.is_create or operation.is_delete:
            yield _difference(operation, f"{operation.kind} {_who(operation)}")
        else:
            yield from _attributes(operation)


def _memberships(operation: Operation) -> Iterator[Difference]:
    for member in operation.members:
        user = member.source_id or member.target_id
        key = f"{operation.kind} {_who(operation)} {user}"
        yield _difference(operation, key, member=member.name)


def _attributes(operation: Operation) -> Iterator[Difference]:
    is_adopted = operation.kind in ("adopt_user", "adopt_group")
    for path, (old, new) in operation.changes.items():
        if old != new and not (is_adopted and path == EXTERNAL_ID):
            key = f"{operation.resource} {_who(operation)} {path}"
            yield _difference(operation, key, change={path: (old, new)})


def _who(operation: Operation) -> str:
    return operation.source_id or operation.target_id or ""


def _difference(
    operation: Operation, key: str, change: Mapping[str, Change] | None = None, member: str = ""
) -> Difference:
    return Difference(
        key=key,
        kind=operation.kind,
        subject=operation.subject,
        reason=operation.reason,
        change=change or {},
        member=member,
    )
