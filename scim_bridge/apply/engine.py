"""Sends a plan's operations: step by step, several at once inside a step, each journaled before and after.

The order is the plan's. What one operation means on the wire is in send.py; waiting and retrying is the target's.
An object that is refused is held and the others go on; a Stop ends the sending, and what was not sent is said so.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from time import monotonic

from scim_bridge.apply.holder import Holders
from scim_bridge.apply.members import MemberSender
from scim_bridge.apply.send import Ids, Sender
from scim_bridge.errors import AskedToStop, Stop
from scim_bridge.model.identity import ACTIVE, Inventory, Members, SourceKey
from scim_bridge.model.operation import Member, Operation, Outcome
from scim_bridge.model.operation_kind import OperationKind, Phase
from scim_bridge.model.protocol import Journal, Progress, Target, never, silent

_STEPS = ((Phase.REVOKE,), (Phase.FREE_NAMES,), (Phase.USERS, Phase.GROUPS), (Phase.GRANT,))
"""Phases that are sent side by side (docs/design.md §6.1): a group is created empty, so it gives no user access."""
_STEP = {phase: number for number, step in enumerate(_STEPS) for phase in step}
_FIRST: OperationKind = "deactivate_user"
"""What goes before all else that may be sent: for a slot here, and for a turn under the target's ceiling."""
SENDING = "apply"
"""The step that progress is reported of."""
_LISTENING = 0.25
"""Seconds between two looks at what is urgent."""
_PATIENCE = 0.5
"""Seconds for which what is urgent waits for requests that are under way."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """Identities that a `--only` run has synced meanwhile. This run leaves them alone. ids: of what that run created.

    there: the users and groups that were on the target then. A membership was synced only if both its sides were there.
    """

    keys: frozenset[SourceKey] = frozenset()
    ids: Ids = field(default_factory=dict)
    there: frozenset[SourceKey] = frozenset()

    def covers(self, group_id: str | None, user_id: str | None) -> bool:
        """Whether this membership (by source ids) has been dealt with."""
        group, user = SourceKey("group", group_id or ""), SourceKey("user", user_id or "")
        return (user in self.keys and group in self.there) or (group in self.keys and user in self.there)


def nobody() -> tuple[Superseded, ...]:
    """The default of `answer_requests`: no order waits."""
    return ()


@dataclass(frozen=True, slots=True)
class Work:
    """How to work: the most threads, where progress is reported, and whether the run was asked to stop.

    answer_requests: called between two writes where orders wait; this run does not send what it takes over.
    """

    threads: int = 64
    progress: Progress = silent
    is_stopping: Callable[[], bool] = never
    has_requests: Callable[[], bool] = never
    answer_requests: Callable[[], Sequence[Superseded]] = nobody


@dataclass(frozen=True, slots=True)
class Ground:
    """What is on the target before the first write. ids: of what is managed; members: of matched groups."""

    ids: Ids = field(default_factory=dict)
    inventory: Inventory = field(default_factory=Inventory)
    members: Members = field(default_factory=dict)


@dataclass(slots=True)
class Applied:
    """The outcome of a plan. outcomes: one an operation, in the plan's order. stopped: why the rest was not sent.

    earlier: ids of operations that an earlier run of this very plan had done. is_cut: the run was asked to stop.
    """

    outcomes: tuple[Outcome, ...] = ()
    stopped: Stop | None = None
    earlier: frozenset[str] = frozenset()
    is_cut: bool = False
    superseded: frozenset[SourceKey] = frozenset()

    @property
    def has_ended(self) -> bool:
        """Everything that could be sent was sent, whatever the outcome."""
        return self.stopped is None and not self.is_cut

    @property
    def has_succeeded(self) -> bool:
        """Everything was sent and nothing was refused."""
        return self.has_ended and all(outcome.status == "done" for outcome in self.outcomes)


def apply(operations: Sequence[Operation], target: Target, journal: Journal, ground: Ground, work: Work) -> Applied:
    """Bring the target to what the operations say. What an earlier run of the same plan finished is not sent again."""
    engine = _Engine(
        operations=operations,
        target=target,
        journal=journal,
        ground=ground,
        work=work,
        dependencies=_Dependencies(operations),
    )
    return engine.run()


class _Ready:
    """What may be sent now, by kind: each kind has a pace of its own, so one that is slow holds no other up."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._by_kind: dict[OperationKind, deque[Operation]] = defaultdict(deque)
        self.extend(operations)

    def __bool__(self) -> bool:
        return any(self._by_kind.values())

    def extend(self, operations: Iterable[Operation]) -> None:
        """These may be sent, too."""
        for operation in operations:
            self._by_kind[operation.kind].append(operation)

    def take(self, target: Target, sent: Iterable[Operation]) -> Operation | None:
        """The next one: a deactivation, else of the kind of which the fewest are under way; None if every kind has
        enough of them.
        """
        under_way = Counter(operation.kind for operation in sent)
        # Not more under way than the pace needs: what waits inside the client could not be taken back when a Stop or an
        # urgent order comes.
        open_kinds = [kind for kind, some in self._by_kind.items() if some and under_way[kind] < target.at_once(kind)]
        # A leaver who is still active has all of it, a mover who is still in a group one part. So removals take what
        # deactivations leave of the slots, and none of theirs.
        kind = min(open_kinds, key=lambda one: (one != _FIRST, under_way[one]), default=None)
        return self._by_kind[kind].popleft() if kind is not None else None


class _Dependencies:
    """What waits for what inside a plan. Used by the thread that hands operations out, and by no other."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.by_id = {operation.id: operation for operation in operations}
        self._missing = {operation.id: len(operation.after) for operation in operations}
        self._followers: dict[str, list[Operation]] = defaultdict(list)
        for operation in operations:
            for needed in operation.after:
                self._followers[needed].append(operation)

    def are_met(self, operation: Operation) -> bool:
        """Everything it waits for has ended, well or not."""
        return not self._missing[operation.id]

    def freed_by(self, operation: Operation) -> list[Operation]:
        """What may be sent now that this one has ended. A later step begins with its own ready ones."""
        freed = []
        for follower in self._followers.pop(operation.id, ()):
            self._missing[follower.id] -= 1
            if self.are_met(follower) and _STEP[follower.phase] == _STEP[operation.phase]:
                freed.append(follower)
        return freed


@dataclass(slots=True, kw_only=True)
class _Engine:
    operations: Sequence[Operation]
    target: Target
    journal: Journal
    ground: Ground
    work: Work
    dependencies: _Dependencies
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    stopped: Stop | None = None
    is_cut: bool = False
    superseded: list[Superseded] = field(default_factory=list)
    listened: float = 0.0

    def run(self) -> Applied:
        # A plan that was cut goes on by its journal: what an earlier run of it finished is not sent again. A second
        # create would be a 409 about our own resource, and a member whom someone removed since would come back.
        earlier = {outcome.operation_id: outcome for outcome in self.journal.finished()}
        sender = Sender(
            self.target,
            dict(self.ground.ids),
            MemberSender(self.target, self._staying()),
            Holders(self.target, self.ground.inventory, self.work.is_stopping),
        )
        by_step: list[list[Operation]] = [[] for _ in _STEPS]
        for operation in self.operations:
            by_step[_STEP[operation.phase]].append(operation)
        with ThreadPoolExecutor(self.work.threads, thread_name_prefix="apply") as pool:
            # The steps are barriers. If a removal were still on its way while an addition is sent, a user could for a
            # moment have both the old and the new access, and a kill at that instant would leave it so.
            for step in by_step:
                self._run_step(step, pool, sender, earlier)
        outcomes = tuple(self.outcomes[operation.id] for operation in self.operations)
        left = frozenset[SourceKey]().union(*(other.keys for other in self.superseded))
        return Applied(outcomes, self.stopped, frozenset(earlier), self.is_cut, left)

    def _staying(self) -> dict[str, set[str]]:
        """Who is in each group now and is not to be removed."""
        staying = {group_id: set(user_ids) for group_id, user_ids in self.ground.members.items()}
        for operation in self.operations:
            if operation.kind == "remove_members" and operation.target_id in staying:
                # Removals are taken out beforehand, for all requests of the run: a member whom another request of this
                # plan has just removed must not look as if a refusal had thrown them out, and be put back.
                staying[operation.target_id].difference_update(member.target_id or "" for member in operation.members)
        return staying

    def _run_step(
        self, operations: list[Operation], pool: ThreadPoolExecutor, sender: Sender, earlier: Mapping[str, Outcome]
    ) -> None:
        """Everything of one step; it has ended when this returns."""
        ready = _Ready(operation for operation in operations if self.dependencies.are_met(operation))
        sent: dict[Future[Outcome], Operation] = {}
        while ready or sent:
            self._listen(sender, sent)
            while len(sent) < self.work.threads and (operation := ready.take(self.target, sent.values())):
                known = self._known_before(operation, earlier)
                if known is not None:
                    sender.learn(operation, known)
                    ready.extend(self._settle(operation, known))
                else:
                    sent[pool.submit(copy_context().run, self._send, sender, operation)] = operation
            # If all that are under way hang, the target asks for more at once; so it is asked again soon.
            for future in wait(sent, _LISTENING, return_when=FIRST_COMPLETED).done if sent else ():
                ready.extend(self._settle(sent.pop(future), self._outcome(future)))

    def _known_before(self, operation: Operation, earlier: Mapping[str, Outcome]) -> Outcome | None:
        """An outcome that needs no request: done by an earlier run, useless without what it needs, or too late."""
        # The order of these questions matters. What is done is done even after a Stop, so that a cut run counts it; and
        # what an urgent run has dealt with is not called missed because the run stopped.
        if operation.id in earlier and earlier[operation.id].status == "done":
            return self._with_lock(operation, earlier[operation.id])
        if self.superseded and self._is_superseded(operation):
            return Outcome(
                operation_id=operation.id,
                status="superseded",
                target_id=operation.target_id,
                detail="done by a run with --only",
            )
        if self.stopped is not None or self.is_cut or self.work.is_stopping():
            self.is_cut = self.is_cut or self.stopped is None
            return Outcome(operation_id=operation.id, status="not_sent", detail="the run stopped before it")
        failed = [needed for needed in operation.after if self._is_missed(operation, needed)]
        if failed:
            return Outcome(
                operation_id=operation.id, status="not_sent", detail=f"it needs {failed[0]}, which did not succeed"
            )
        return None

    def _with_lock(self, operation: Operation, outcome: Outcome) -> Outcome:
        """An earlier run's outcome, with what the journal does not keep: the user was there already, and inactive.

        The target still shows that, and the grants that are left of the plan wait as they did.
        """
        there = self.ground.inventory.users.get(outcome.target_id or "")
        is_to_be_active = operation.kind == "create_user" and operation.changes.get(ACTIVE, (None, None))[1] is True
        is_locked = is_to_be_active and there is not None and not there.is_active
        return replace(outcome, shown={ACTIVE: False}) if is_locked else outcome

    def _listen(self, sender: Sender, sent: Collection[Future[Outcome]]) -> None:
        """Let what is urgent go before the next write, as soon as what is under way has ended or taken too long."""
        if monotonic() - self.listened < _LISTENING:
            return
        self.listened = monotonic()
        if self.stopped is None and self.work.has_requests():
            # What is under way may be about the same user, and two writes to one resource have no order of their own.
            # But a request that hangs must not keep a revocation waiting for half a minute.
            wait(sent, _PATIENCE)
            for other in self.work.answer_requests():
                self.superseded.append(other)
                sender.ids.update(other.ids)

    def _is_superseded(self, operation: Operation) -> bool:
        """Of a membership operation, the members that are left to another run are taken out by the sender."""
        if operation.members:
            return not self._mine(operation)
        return any(operation.key in other.keys for other in self.superseded)

    def _mine(self, operation: Operation) -> tuple[Member, ...]:
        """The members that no other run has dealt with."""
        others, group_id = self.superseded, operation.source_id
        return tuple(m for m in operation.members if not any(o.covers(group_id, m.source_id) for o in others))

    def _is_missed(self, operation: Operation, needed: str) -> bool:
        ended, before = self.outcomes[needed], self.dependencies.by_id[needed]
        # A user who was created without the email exists, so the memberships that wait for the user are sent.
        is_there = before.is_create and ended.landed is not None  # all but some attribute was done
        return not is_there and ended.status not in ("done", "superseded") and not operation.can_do_without(before)

    def _send(self, sender: Sender, operation: Operation) -> Outcome:
        """One operation, in a thread of its own. A Stop is journaled as a failure and ends the sending."""
        if operation.members and self.superseded:
            operation = replace(operation, members=self._mine(operation))
        # Durable before the request leaves: whatever happens after this line, the next run knows that the target may
        # have been changed, and looks (docs/design.md §6.4, §7.3).
        self.journal.begin(operation)
        try:
            with self.target.urgent() if operation.kind == _FIRST else nullcontext():
                outcome = sender.send(operation)
        except Stop as stop:
            # Asked to stop, it may have been sent once and be on its way to a second try: then its outcome is in doubt,
            # and the next run looks, as after any failure.
            if isinstance(stop, AskedToStop):
                self.is_cut = True
            else:
                self.stopped = stop
            outcome = Outcome(
                operation_id=operation.id, status="failed", target_id=operation.target_id, detail=str(stop)
            )
        self.journal.end(operation, outcome)
        return outcome

    def _outcome(self, future: Future[Outcome]) -> Outcome:
        self.work.progress(SENDING, len(self.outcomes) + 1, len(self.operations))
        return future.result()

    def _settle(self, operation: Operation, outcome: Outcome) -> list[Operation]:
        """Note the outcome and give back what may now be sent."""
        self.outcomes[operation.id] = outcome
        return self.dependencies.freed_by(operation)
