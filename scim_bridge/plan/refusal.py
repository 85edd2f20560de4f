"""What the target refused in a run: how it is reported, and what is remembered of it (for what, see kept_back.py)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from scim_bridge.model.conflict_kind import remedy
from scim_bridge.model.identity import ACTIVE, Desired, Whom
from scim_bridge.model.operation import Member, Operation, Outcome
from scim_bridge.model.plan import Conflict, Refusal, RefusalKey, conflict_key
from scim_bridge.model.remembered import Remembered
from scim_bridge.plan.kept_back import digest
from scim_bridge.plan.match.correlate import Match

Ended = tuple[Operation, Outcome]
"""An operation, and its outcome."""


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal of this run: the conflict that it is, and what is remembered, None where it is sent again anyway."""

    conflict: Conflict
    remembered: Refusal | None


def told(ended: Iterable[Ended], matches: Iterable[Match]) -> list[Told]:
    """What the target refused in a run, each object and each membership once. matches: of what was read for it."""
    held = [(operation, outcome) for operation, outcome in ended if outcome.status == "held"]
    if not held:
        return []
    users, groups = _records(matches)
    found: dict[tuple[str, ...], Told] = {}
    for operation, outcome in held:
        record = (users if operation.resource == "user" else groups).get(operation.source_id or "")
        if not operation.members:
            one = Told(_of_object(operation, outcome), _remembered(operation, outcome, record))
            before = found.get((one.conflict.key,))
            found[one.conflict.key,] = one if before is None else _merged(before, one)
            continue
        for member, why in zip(outcome.refused, outcome.reasons, strict=False):
            conflict = _of_member(operation, outcome, member, why)
            user = users.get(member.source_id or "")
            found[conflict.key,] = Told(conflict, _membership(operation, conflict, record, user))
    return list(found.values())


def answered(known: Remembered, ended: Iterable[Ended]) -> frozenset[RefusalKey]:
    """The refusals of earlier runs that were sent again in this one, whatever the answer was."""
    return frozenset(_sent_again(known, ended)) if known.refusals else frozenset()


def _sent_again(known: Remembered, ended: Iterable[Ended]) -> Iterator[RefusalKey]:
    for operation, outcome in ended:
        # "Failed" and "not sent" are not answers: the refusal before them still stands, with its time.
        if outcome.status not in ("done", "held") or not operation.source_id:
            continue
        refusal = known.refusals.get(RefusalKey(operation.resource, operation.source_id, ""))
        if refusal is not None and not refusal.paths.isdisjoint(operation.changes):
            yield refusal.key
        for member in operation.members:
            key = RefusalKey("group", operation.source_id, member.source_id or "")
            if key in known.refusals:
                yield key


def _records(matches: Iterable[Match]) -> tuple[Mapping[str, Desired], Mapping[str, Desired]]:
    users: dict[str, Desired] = {}
    groups: dict[str, Desired] = {}
    for match in matches:
        if match.desired is not None and match.source_id:
            (users if match.kind == "user" else groups)[match.source_id] = match.desired
    return users, groups


def _remembered(operation: Operation, outcome: Outcome, record: Desired | None) -> Refusal | None:
    """Which attributes did not land. Nothing is remembered of a deletion, or of a user who has left."""
    if record is None or operation.is_delete:
        return None
    left = {path for path, (old, new) in operation.changes.items() if old != new} - set(outcome.landed or ())
    if operation.changes.get(ACTIVE, (None, None))[1] is False and not operation.is_create:
        # A deactivation is sent in every run until it lands. Remembered as refused, it would wait up to a day, and an
        # ex-employee could sign in that long.
        left.discard(ACTIVE)
    if not left:
        return None
    conflict = _of_object(operation, outcome)
    target_id = outcome.target_id or operation.target_id or ""
    return Refusal(
        kind=record.kind,
        source_id=record.source_id,
        member="",
        target_id=target_id,
        digest=digest(record),
        conflict=conflict,
        paths=frozenset(left),
    )


def _membership(
    operation: Operation, conflict: Conflict, group: Desired | None, user: Desired | None
) -> Refusal | None:
    # Removals are revocations, so nothing of them is kept back.
    if operation.kind != "add_members" or group is None or user is None:
        return None
    target_id = conflict.target_id or ""
    return Refusal(
        kind="group",
        source_id=group.source_id,
        member=user.source_id,
        target_id=target_id,
        digest=digest(group, user),
        conflict=conflict,
    )


def _merged(one: Told, other: Told) -> Told:
    """Two requests about one object were refused, as when names are exchanged: one conflict."""
    a, b = one.remembered, other.remembered
    both = replace(a, paths=a.paths | b.paths) if a is not None and b is not None else a or b
    return Told(one.conflict, both)


def _of_object(operation: Operation, outcome: Outcome) -> Conflict:
    """The target refused one operation on attributes, or a deletion."""
    kind = outcome.conflict_kind
    key = conflict_key(kind, [f"{operation.resource}:{operation.source_id or outcome.target_id}"])
    return Conflict(
        key=key,
        kind=kind,
        subjects=(operation.subject,),
        detail=f"{operation.subject}: {outcome.detail}",
        remedy=_remedy(operation, outcome),
        target_id=outcome.target_id,
        resource=operation.resource,
        source_id=operation.source_id or "",
        path=outcome.suspects[0] if len(outcome.suspects) == 1 else "",
        about=frozenset({_whom(operation, outcome)}),
    )


def _remedy(operation: Operation, outcome: Outcome) -> str:
    kind = outcome.conflict_kind
    again = f"To send it again at once: scim-bridge sync --only {operation.source_id or operation.target_id}."
    if outcome.suspects:
        paths = " and ".join(outcome.suspects)
        return f"Change {paths} in the source, or replace those characters in the mapping. {again}"
    if kind == "not_answered":
        return f"{remedy(kind)} {again}"
    if kind.endswith("_taken") and kind != "name_taken":
        return f"Change that value of one of the two, or find out which other program writes to the target. {again}"
    if outcome.request_id:
        return (
            "CloudTrail says under the request id which attribute it was. Fix it in the source or in the mapping. "
            f"{again}"
        )
    return f"Fix it in the source, or on the target. {again}"


def _of_member(operation: Operation, outcome: Outcome, member: Member, why: str) -> Conflict:
    """The target refused one membership of an operation."""
    kind = outcome.conflict_kind
    is_adding = operation.kind == "add_members"
    who = f"user:{member.source_id or member.target_id}"
    what = "added to" if is_adding else "removed from"
    return Conflict(
        key=conflict_key(kind, [f"group:{operation.source_id or operation.target_id}", who, what]),
        kind=kind,
        subjects=(member.name, operation.subject),
        detail=f"{member.name} could not be {what} {operation.subject}: {why}",
        remedy="Look at the user and the group in Identity Center. "
        f"To send it again at once: scim-bridge sync --only {operation.source_id or operation.target_id}.",
        target_id=outcome.target_id,
        resource="group",
        source_id=operation.source_id or "",
        about=frozenset({_whom(operation, outcome)}),
    )


def _whom(operation: Operation, outcome: Outcome) -> Whom:
    if operation.source_id:
        return Whom.record(operation.key)
    return Whom.resource(operation.resource, operation.target_id or outcome.target_id or "")
