"""What one operation means: the request it becomes, and what to make of a refusal (design.md §6.5, §6.6)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scim_bridge.errors import Hold, NameTaken, NotThere
from scim_bridge.model.identity import ACTIVE, EXTERNAL_ID, MANAGER, NAMES, Kind, Value
from scim_bridge.model.operation import Change, Member, Operation, Outcome, OutcomeStatus
from scim_bridge.model.protocol import Answer, Target

Ids = Mapping[tuple[Kind, str], str]
"""(kind, source id) → target id."""


@dataclass(slots=True)
class Sender:
    """Turns operations into requests. ids: of what exists already; grows as resources are created."""

    target: Target
    ids: dict[tuple[Kind, str], str]

    def send(self, operation: Operation) -> Outcome:
        """Send it and say what became of it. Raises Stop only; a refusal is an outcome."""
        send: Callable[[Operation], Outcome] = self._update
        if operation.is_create:
            send = self._create
        elif operation.members:
            send = self._change_members
        elif operation.kind == "deactivate_user":
            send = self._deactivate
        try:
            outcome = send(operation)
        except Hold as refusal:
            outcome = _held(operation, refusal)
        self.learn(operation, outcome)
        return outcome

    def learn(self, operation: Operation, outcome: Outcome) -> None:
        """Remember the id of a resource that was created, for those who name it."""
        if outcome.status == "done" and outcome.target_id and operation.source_id and operation.is_create:
            self.ids[operation.resource, operation.source_id] = outcome.target_id

    def _target_id(self, operation: Operation) -> str:
        """The id of the resource an operation is sent to, made by this very plan or before."""
        target_id = operation.target_id or self.ids.get((operation.resource, operation.source_id or ""))
        if target_id is None:
            raise NotThere(f"{operation.subject} does not exist on the target yet")
        return target_id

    def _create(self, operation: Operation) -> Outcome:
        attributes = {path: new for path, (_, new) in self._on_the_wire(operation.changes).items() if new is not None}
        try:
            answer = self.target.create(operation.resource, attributes)
        except NameTaken:
            known = self._ours_already(operation, attributes)
            if known is None:
                raise
            answer = known
        return Outcome(operation.id, "done", answer.target_id, answer.request_id)

    def _ours_already(self, operation: Operation, attributes: Mapping[str, Value]) -> Answer | None:
        """A 409 is a question: the resource may be the one that an earlier, unanswered request of ours made."""
        found = self.target.find(operation.resource, EXTERNAL_ID, str(attributes[EXTERNAL_ID]))
        name = NAMES[operation.resource]
        if found is None or found.attributes.get(name) != attributes[name]:
            return None
        return Answer(found.target_id, "")

    def _update(self, operation: Operation) -> Outcome:
        target_id = self._target_id(operation)
        answer = self.target.update(operation.resource, target_id, self._on_the_wire(operation.changes))
        return Outcome(operation.id, "done", target_id, answer.request_id)

    def _deactivate(self, operation: Operation) -> Outcome:
        """The door is shut even if what rides along is refused."""
        try:
            return self._update(operation)
        except NotThere:
            raise
        except Hold as refusal:
            if len(operation.changes) == 1:
                raise
            target_id = self._target_id(operation)
            self.target.update("user", target_id, {ACTIVE: operation.changes[ACTIVE]})
            return Outcome(
                operation.id,
                "held",
                target_id,
                refusal.request_id,
                f"{operation.subject} was deactivated; the other changes were refused: {refusal}",
                "refused",
                landed=(ACTIVE,),
            )

    def _on_the_wire(self, changes: Mapping[str, Change]) -> dict[str, Change]:
        """Changes with the manager by target id; a manager who could not be created is left out."""
        sent = dict(changes)
        old, manager = sent.get(MANAGER, (None, None))
        if manager is not None:
            sent.pop(MANAGER)
            target_id = self.ids.get(("user", str(manager)))
            if target_id is not None:
                sent[MANAGER] = (old, target_id)
        return sent

    def _change_members(self, operation: Operation) -> Outcome:
        group_id = self._target_id(operation)
        members: dict[str, Member] = {}
        absent: list[Member] = []
        for member in operation.members:
            target_id = member.target_id or self.ids.get(("user", member.source_id or ""))
            if target_id is None:
                absent.append(member)
            else:
                members[target_id] = member
        is_adding = operation.kind == "add_members"
        change = _MemberChange(self.target, group_id, is_adding=is_adding)
        change.send(list(members))
        refused = (*(members[target_id] for target_id in change.refused), *absent)
        if not refused:
            return Outcome(operation.id, "done", group_id, change.request_id)
        named = ", ".join(member.name for member in refused)
        why = change.why or "not created on the target"
        detail = f"{named} could not be {'added to' if is_adding else 'removed from'} {operation.subject}: {why}"
        status: OutcomeStatus = "held" if change.refused else "failed"
        return Outcome(operation.id, status, group_id, change.request_id, detail, "refused", refused=refused)


def _held(operation: Operation, refusal: Hold) -> Outcome:
    kind = "name_taken" if isinstance(refusal, NameTaken) else "refused"
    if isinstance(refusal, NotThere):
        return Outcome(operation.id, "failed", operation.target_id, refusal.request_id, str(refusal))
    return Outcome(operation.id, "held", operation.target_id, refusal.request_id, str(refusal), kind)


class _MemberChange:
    """One membership request, pursued until only those who are refused one by one are left.

    A refused request may have changed the group all the same (dialect reference 7.2), so the members are read again
    before anything is repeated: what is already so is dropped, the rest is halved.
    """

    def __init__(self, target: Target, group_id: str, *, is_adding: bool) -> None:
        self.target = target
        self.group_id = group_id
        self.is_adding = is_adding
        self.refused: list[str] = []
        self.request_id = ""
        self.why = ""

    def send(self, user_ids: Sequence[str]) -> None:
        """Add or remove these users; who cannot be is in refused. Raises NotThere if the group itself is gone."""
        if not user_ids:
            return
        change = self.target.add_members if self.is_adding else self.target.remove_members
        try:
            self.request_id = change(self.group_id, user_ids).request_id
        except Hold as refusal:
            self._pursue(user_ids, refusal)

    def _pursue(self, user_ids: Sequence[str], refusal: Hold) -> None:
        if self.target.get("group", self.group_id) is None:
            raise refusal
        members = self.target.read_members([self.group_id]).get(self.group_id, frozenset())
        left = [user_id for user_id in user_ids if (user_id in members) != self.is_adding]
        if len(left) == len(user_ids) == 1:
            self.refused += left
            self.request_id, self.why = refusal.request_id, str(refusal)
        elif len(left) < len(user_ids):
            self.send(left)
        else:
            middle = len(left) // 2
            self.send(left[:middle])
            self.send(left[middle:])
