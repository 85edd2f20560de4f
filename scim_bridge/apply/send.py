"""What one operation means: the request it becomes, and what to make of a refusal (docs/design.md §6.5, §6.6)."""

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from scim_bridge.apply.holder import Holder, Holders, LookCutShort
from scim_bridge.apply.members import MemberSender
from scim_bridge.apply.refused_characters import Suspects, suspects, without
from scim_bridge.errors import Hold, NameTaken, NotAnswered, NotThere, Refused
from scim_bridge.log import about
from scim_bridge.model.conflict_kind import KIND_OF_TAKEN
from scim_bridge.model.identity import (
    ACTIVE,
    EMAILS,
    EXTERNAL_ID,
    MANAGER,
    SourceKey,
    Value,
)
from scim_bridge.model.operation import Change, Member, Operation, Outcome, OutcomeStatus
from scim_bridge.model.protocol import Answer, Target

_log = logging.getLogger("scim_bridge.apply")
Ids = Mapping[SourceKey, str]
"""Record → target id of its resource."""


class _Taken(NameTaken):
    """A 409 whose question was answered."""

    def __init__(self, refusal: NameTaken, what: str, kind: str) -> None:
        super().__init__(what, request_id=refusal.request_id)
        self.kind = kind


class _Suspected(Refused):
    """A 400 with the attributes that may be why, named with their characters."""

    def __init__(self, refusal: Refused, suspected: Suspects) -> None:
        why = f"; {suspected}, which Identity Center refuses in some attributes" if suspected else ""
        super().__init__(f"{refusal.what}{why}", "" if suspected else refusal.way_out, request_id=refusal.request_id)
        self.suspected = suspected


_Send = Callable[[Operation, dict[str, Change]], Outcome]


@dataclass(slots=True)
class Sender:
    """Turns operations into requests. ids: of what exists already; grows as resources are created.

    locked: target ids of users who were to be created, and turned out to exist, deactivated by someone else.
    """

    target: Target
    ids: dict[SourceKey, str]
    members: MemberSender
    holders: Holders
    locked: set[str] = field(default_factory=set)

    def send(self, operation: Operation) -> Outcome:
        """Send it and say its outcome. Raises Stop only; a refusal is an outcome."""
        send: Callable[[Operation], Outcome] = self._update
        if operation.is_create:
            send = self._create
        elif operation.members:
            send = self._change_members
        elif operation.is_delete:
            send = self._delete
        elif operation.kind == "deactivate_user":
            send = self._deactivate
        with about(operation=operation.id):
            _log.debug("%s of %s begins", operation.kind, operation.subject)
            try:
                outcome = send(operation)
            except Hold as refusal:
                outcome = _refused(operation, refusal)
            _log.info("%s: %s", operation.kind, outcome.status, extra={"request": outcome.request_id})
        self.learn(operation, outcome)
        return outcome

    def learn(self, operation: Operation, outcome: Outcome) -> None:
        """Remember the id of a resource that was created, for those who name it."""
        if outcome.target_id and operation.source_id and operation.is_create:
            self.ids[operation.key] = outcome.target_id
            # Additions of this plan were decided when this user was believed to be new. The user exists and is locked,
            # so grants wait, as the plan would have said had it known (docs/design.md §3.3).
            if outcome.found_locked:
                self.locked.add(outcome.target_id)

    def _target_id(self, operation: Operation) -> str:
        """The id of the resource an operation is sent to, made by this very plan or before."""
        target_id = operation.target_id or self.ids.get(operation.key)
        if target_id is None:
            raise NotThere(f"{operation.subject} does not exist on the target yet")
        return target_id

    def _create(self, operation: Operation) -> Outcome:
        return self._without_suspects(operation, self._on_the_wire(operation), self._create_with)

    def _update(self, operation: Operation) -> Outcome:
        return self._without_suspects(operation, self._on_the_wire(operation), self._update_with)

    def _without_suspects(self, operation: Operation, changes: dict[str, Change], send: _Send) -> Outcome:
        """Send it, and if it is refused, once more without the attributes that may be why and that can be left out."""
        try:
            return send(operation, changes)
        except Refused as refusal:
            suspected = suspects(operation, changes, self.target.capabilities)
            rest = without(operation, changes, suspected, self.target.capabilities)
            if not rest:
                raise _Suspected(refusal, suspected) from None
            try:
                outcome = send(operation, rest)
            except Refused as again:
                raise _Suspected(again, suspected) from None
            # Named as the reason is only what was really left out: a suspected attribute that a create cannot do
            # without was sent again, and accepted, so it was not the cause.
            return _with_suspects_left_out(operation, refusal, suspected.of(changes.keys() - rest.keys()), outcome)

    def _create_with(self, operation: Operation, changes: dict[str, Change]) -> Outcome:
        attributes = {path: new for path, (_, new) in changes.items() if new is not None}
        try:
            answer = self.target.create(operation.resource, attributes)
        except NotAnswered as refusal:
            return self._created_all_the_same(operation, refusal, attributes)
        except NameTaken as refusal:
            holder = self.holders.find(operation.resource, attributes)
            if holder is not None and holder.path == EXTERNAL_ID:
                return self._take_up(operation, holder, attributes)
            if holder is None or holder.path != EMAILS:
                raise _taken(operation, refusal, holder) from None
            # Only the email is taken. A joiner who waits for a mail address to be cleared up could not work; so the
            # user is created without it, and the conflict names who has it.
            del attributes[EMAILS]
            answer = self.target.create(operation.resource, attributes)
            shown = {MANAGER: attributes[MANAGER]} if MANAGER in attributes else {}
            held = _without_email(operation, refusal, holder, answer.target_id, tuple(attributes))
            return replace(held, shown=shown)
        return _done(operation, answer, changes)

    def _created_all_the_same(
        self, operation: Operation, refusal: NotAnswered, attributes: Mapping[str, Value]
    ) -> Outcome:
        """A create that was never answered may have been carried out; then it is ours like any other."""
        external_id = str(attributes.get(EXTERNAL_ID, ""))
        found = self.target.find(operation.resource, EXTERNAL_ID, external_id) if external_id else None
        if found is None:
            raise refusal
        return self._take_up(operation, Holder(EXTERNAL_ID, found), attributes)

    def _take_up(self, operation: Operation, holder: Holder, attributes: Mapping[str, Value]) -> Outcome:
        """It has our id, so an unanswered request of ours made it, or a listing had missed it. What differs is
        updated, but `active` is not: if it is false, someone else deactivated the user, and new grants wait."""
        shown = holder.existing.attributes
        differing: dict[str, Change] = {
            path: (shown.get(path), value) for path, value in attributes.items() if shown.get(path) != value
        }
        # `active` may be false because someone locked the account between our create and now. To activate it would
        # undo that; a person decides (`disabled_there`).
        if attributes.get(ACTIVE) is True:
            differing.pop(ACTIVE, None)
        target_id, request_id = holder.existing.target_id, ""
        if differing:
            request_id = self.target.update(operation.resource, target_id, differing).request_id
        landed = tuple(path for path in attributes if path in differing or shown.get(path) == attributes[path])
        told = {path: shown[path] for path in attributes if path in shown and path not in landed}
        told |= {MANAGER: attributes[MANAGER]} if MANAGER in landed else {}
        detail = (
            "the user was on the target already, and inactive: the user stays inactive, and new grants wait"
            if ACTIVE in told
            else ""
        )
        return Outcome(
            operation_id=operation.id,
            status="done",
            target_id=target_id,
            request_id=request_id,
            detail=detail,
            landed=landed,
            shown=told,
        )

    def _update_with(self, operation: Operation, changes: dict[str, Change]) -> Outcome:
        target_id = self._target_id(operation)
        if not changes:
            raise NotThere(f"the manager of {operation.subject} does not exist on the target yet")
        try:
            answer = self.target.update(operation.resource, target_id, changes)
        except NameTaken as refusal:
            return self._update_without_email(operation, changes, refusal)
        except Refused as refusal:
            # A group that was renamed although the answer was 400 is what we wanted. To call it refused would hold the
            # group, and its additions, for nothing.
            if operation.resource != "group" or not self._is_so(target_id, changes):
                raise
            answer = Answer(target_id, refusal.request_id)
        return _done(operation, answer, changes)

    def _is_so(self, group_id: str, changes: Mapping[str, Change]) -> bool:
        """A refused request may have changed the group all the same (docs/identity-center.md §7.2): look at it."""
        group = self.target.get("group", group_id)
        return group is not None and all(group.attributes.get(path) == new for path, (_, new) in changes.items())

    def _update_without_email(self, operation: Operation, changes: dict[str, Change], refusal: NameTaken) -> Outcome:
        """One of the values is taken; if it is the email, all else is sent. Raises NameTaken with its holder."""
        target_id = self._target_id(operation)
        wanted = {path: new for path, (_, new) in changes.items() if new is not None}
        holder = self.holders.find(operation.resource, wanted, target_id)
        if holder is None or holder.path != EMAILS:
            raise _taken(operation, refusal, holder) from None
        changes = {path: change for path, change in changes.items() if path != EMAILS}
        if changes:
            self.target.update(operation.resource, target_id, changes)
        shown = {MANAGER: changes[MANAGER][1]} if MANAGER in changes else {}
        return replace(_without_email(operation, refusal, holder, target_id, tuple(changes)), shown=shown)

    def _delete(self, operation: Operation) -> Outcome:
        """Who is gone already needs no second request: an unanswered one of ours may have done it."""
        target_id = self._target_id(operation)
        try:
            request_id = self.target.delete(operation.resource, target_id).request_id
        except NotThere as gone:
            request_id = gone.request_id
        return Outcome(operation_id=operation.id, status="done", target_id=target_id, request_id=request_id)

    def _deactivate(self, operation: Operation) -> Outcome:
        """The account is closed at once even if what rides along is refused; who is gone needs no door."""
        changes = self._on_the_wire(operation)
        target_id = self._target_id(operation)
        try:
            return _done(operation, self.target.update("user", target_id, changes), changes)
        except NotThere as gone:
            return Outcome(
                operation_id=operation.id,
                status="done",
                target_id=operation.target_id,
                request_id=gone.request_id,
                detail="the user is gone",
                landed=(),
            )
        except Hold as refusal:
            if len(operation.changes) == 1:
                raise
            # The account is closed first, with nothing beside it that could be refused: a title with a semicolon must
            # not leave a user who has left active until a person looks.
            self.target.update("user", target_id, {ACTIVE: operation.changes[ACTIVE]})
            changes.pop(ACTIVE)
            if isinstance(refusal, NameTaken):
                # Looking for the holder of a name can take more than a minute, so it begins after the account is
                # closed.
                return self._shut_before(operation, changes, refusal)
            return self._shut(operation, changes, refusal, target_id)

    def _shut_before(self, operation: Operation, changes: dict[str, Change], refusal: NameTaken) -> Outcome:
        """The user is deactivated; now there is time to look for who holds what was to be changed with that."""
        try:
            rest = self._update_without_email(operation, changes, refusal)
        except Hold as found:
            rest = _refused(operation, found)
        return _after_shutting(operation, rest)

    def _shut(self, operation: Operation, changes: dict[str, Change], refusal: Hold, target_id: str) -> Outcome:
        """The user is deactivated; what was refused with that follows, without what may be why, or is held."""
        suspected = suspects(operation, changes, self.target.capabilities)
        rest = without(operation, changes, suspected, self.target.capabilities)
        landed: tuple[str, ...] = ()
        if rest and isinstance(refusal, Refused):
            with suppress(Hold):
                self.target.update("user", target_id, rest)
                landed = tuple(rest)
        held = _refused(operation, _Suspected(refusal, suspected) if isinstance(refusal, Refused) else refusal)
        return _after_shutting(operation, replace(held, target_id=target_id, landed=landed))

    def _on_the_wire(self, operation: Operation) -> dict[str, Change]:
        """Changes with the manager by target id; a manager who could not be created is left out."""
        sent = dict(operation.changes)
        old, manager = sent.get(MANAGER, (None, None))
        if manager is not None:
            # The plan names managers by source id, since a manager may be created by this very plan. One that could not
            # be created is left out: the user is more urgent than the reference, and the next run sends it.
            sent.pop(MANAGER)
            target_id = self.ids.get(SourceKey("user", str(manager)))
            if target_id is not None:
                sent[MANAGER] = (old, target_id)
        return sent

    def _change_members(self, operation: Operation) -> Outcome:
        group_id = self._target_id(operation)
        members: dict[str, Member] = {}
        absent: list[Member] = []
        locked: list[Member] = []
        is_adding = operation.kind == "add_members"
        for member in operation.members:
            target_id = member.target_id or self.ids.get(SourceKey("user", member.source_id or ""))
            if target_id is None:
                absent.append(member)
            # Removals of a locked user pass; only additions wait.
            elif is_adding and target_id in self.locked:
                locked.append(member)
            else:
                members[target_id] = member
        not_there = "; ".join(
            why
            for left, why in (
                (absent, f"{_listed(absent)} could not be created on the target"),
                (locked, f"{_listed(locked)} is inactive on the target, so the membership waits"),
            )
            if left
        )
        absent += locked
        if not members:
            return Outcome(
                operation_id=operation.id,
                status="not_sent",
                target_id=group_id,
                detail=not_there,
                refused=tuple(absent),
            )
        answer = self.members.change(group_id, list(members), is_adding=is_adding)
        refused = (*(members[target_id] for target_id in answer.refused), *absent)
        reasons = tuple(why.what for why in answer.refused.values())
        detail = not_there
        if reasons:
            named = _listed(refused)
            detail = (
                f"{named} could not be {'added to' if is_adding else 'removed from'} {operation.subject}: {reasons[0]}"
            )
        status: OutcomeStatus = "held" if reasons else "done"
        # Not "held": no one has to decide anything. The next run reads the members and puts back who is missing.
        if answer.is_unsure:
            status = "failed"  # the next run reads the members before it does anything about the group
        kind = _kind_of(next(iter(answer.refused.values()))) if reasons else ""
        return Outcome(
            operation_id=operation.id,
            status=status,
            target_id=group_id,
            request_id=answer.request_id,
            detail=detail,
            conflict_kind=kind,
            refused=refused,
            reasons=reasons,
        )


def _done(operation: Operation, answer: Answer, sent: Mapping[str, Change]) -> Outcome:
    """Everything landed, or everything but a manager who does not exist."""
    landed = None if sent.keys() == operation.changes.keys() else tuple(sent)
    shown = {MANAGER: sent[MANAGER][1]} if MANAGER in sent else {}
    return Outcome(
        operation_id=operation.id,
        status="done",
        target_id=answer.target_id,
        request_id=answer.request_id,
        landed=landed,
        shown=shown,
    )


def _after_shutting(operation: Operation, rest: Outcome) -> Outcome:
    """The outcome of a deactivation that landed alone, and then of the rest."""
    landed = (ACTIVE, *(rest.landed or ()))
    left = ", ".join(sorted(operation.changes.keys() - set(landed)))
    return replace(rest, landed=landed, detail=f"the user was deactivated; {left} could not be changed: {rest.detail}")


def _taken(operation: Operation, refusal: NameTaken, holder: Holder | None) -> NameTaken:
    """The refusal with the name of the holder."""
    if holder is None:
        return refusal
    value = operation.changes[holder.path][1]
    what = f"{holder.path} {value!r} is held by {holder.existing.name} ({holder.existing.target_id}) on the target"
    return _Taken(refusal, what, KIND_OF_TAKEN[holder.path])


def _without_email(
    operation: Operation, refusal: NameTaken, holder: Holder, target_id: str, landed: tuple[str, ...]
) -> Outcome:
    """All but the email landed."""
    detail = f"{_taken(operation, refusal, holder).what}; the email was left out, the rest was done"
    return Outcome(
        operation_id=operation.id,
        status="held",
        target_id=target_id,
        request_id=refusal.request_id,
        detail=detail,
        conflict_kind="email_taken",
        landed=landed,
    )


def _with_suspects_left_out(operation: Operation, refusal: Refused, left: Suspects, outcome: Outcome) -> Outcome:
    """All but the suspected landed, and perhaps but for an email that was taken."""
    sentences = [f"{_Suspected(refusal, left).what}; the rest was done without it"]
    sentences += [outcome.detail] if outcome.status == "held" else []
    landed = outcome.landed if outcome.landed is not None else tuple(operation.changes)
    return replace(
        outcome,
        status="held",
        request_id=refusal.request_id,
        detail=". ".join(sentences),
        conflict_kind="refused_by_target",
        landed=tuple(path for path in landed if path not in left.found),
        suspects=left.paths,
    )


def _kind_of(refusal: Hold) -> str:
    """The kind of conflict that a refusal is."""
    if isinstance(refusal, NameTaken):
        return refusal.kind if isinstance(refusal, _Taken) else "name_taken"
    return "not_answered" if isinstance(refusal, NotAnswered) else "refused_by_target"


def _refused(operation: Operation, refusal: Hold) -> Outcome:
    if isinstance(refusal, NotThere | LookCutShort):
        return Outcome(
            operation_id=operation.id,
            status="failed",
            target_id=operation.target_id,
            request_id=refusal.request_id,
            detail=str(refusal),
        )
    suspected = refusal.suspected.paths if isinstance(refusal, _Suspected) else ()
    kind = _kind_of(refusal)
    return Outcome(
        operation_id=operation.id,
        status="held",
        target_id=operation.target_id,
        request_id=refusal.request_id,
        detail=refusal.what,
        conflict_kind=kind,
        suspects=suspected,
    )


def _listed(members: Iterable[Member]) -> str:
    return ", ".join(member.name for member in members)
