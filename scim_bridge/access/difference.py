"""Who gained or lost what between two readings, and what made it so. Pure.

What counts is whether someone can enter an account with a permission set, in whatever way: a user who is moved from
one group to another that opens the same door gains nothing and loses nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from scim_bridge.access.graph import access_rows, application_rows
from scim_bridge.model.access import AccessReading, AccessRow, ApplicationRow, Cause, Difference, Step
from scim_bridge.model.run import ConflictRecord, OperationRecord

AnyRow = AccessRow | ApplicationRow
Door = tuple[str, str, str]
"""User id, account id and name of the permission set; or user id, and ARN of an application."""
_ENDS = ("deactivate_user", "delete_user")
_BEGINS = ("reactivate_user", "create_user")


@dataclass(frozen=True, slots=True)
class Done:
    """What runs did between the two readings, and what people decided, by the target id that it is about."""

    operations: Sequence[OperationRecord] = ()
    decisions: Sequence[ConflictRecord] = ()
    _by_target: dict[str, list[OperationRecord]] = field(default_factory=lambda: defaultdict(list), init=False)

    def __post_init__(self) -> None:
        for operation in self.operations:
            self._by_target[operation.target_id or ""].append(operation)

    def cause(self, what: str, target_id: str, kinds: Sequence[str], member: str = "") -> Cause:
        """Which run did this to the resource (and this member of it), if one of ours did."""
        for operation in reversed(self._by_target.get(target_id, ())):
            if operation.kind not in kinds:
                continue
            members = {one.get("target_id") for one in operation.document.get("members", ())}
            if not member or member in members:
                return Cause(what, operation.run_id, self._decision({target_id, member}))
        return Cause(what)

    def _decision(self, about: set[str]) -> str:
        for record in self.decisions:
            if record.conflict.target_id in about and record.resolved_by:
                return f"{record.conflict.kind}: {record.resolution}, by {record.resolved_by}"
        return ""


def difference(before: AccessReading, after: AccessReading, done: Done) -> Difference:
    """Who gained and lost what from one reading to the other."""
    old, new = _doors(before), _doors(after)
    lost = [Step(row, (_why_lost(row, before, after, done),)) for row in _only(old, new)]
    gained = [Step(row, (_why_gained(row, before, after, done),)) for row in _only(new, old)]
    changed = tuple(
        (after.sets[arn].name, held.allowed.words, after.sets[arn].allowed.words)
        for arn, held in sorted(before.sets.items())
        if arn in after.sets and after.sets[arn].allowed.words != held.allowed.words
    )
    return Difference(tuple(gained), tuple(lost), changed)


def _doors(reading: AccessReading) -> dict[Door, list[AnyRow]]:
    """What each user can enter, with the ways there."""
    doors: dict[Door, list[AnyRow]] = defaultdict(list)
    for row in access_rows(reading):
        doors[row.user_id, row.account_id, row.permission_set].append(row)
    for use in application_rows(reading):
        doors[use.user_id or "", use.arn, ""].append(use)
    return doors


def _only(some: dict[Door, list[AnyRow]], others: dict[Door, list[AnyRow]]) -> list[AnyRow]:
    return [row for door, rows in some.items() if door not in others for row in rows]


def _why_lost(row: AnyRow, before: AccessReading, after: AccessReading, done: Done) -> Cause:
    """Why a way is gone: the first thing on it that is."""
    user = after.people.users.get(row.user_id or "")
    if row.user_id is not None and user is None:
        return done.cause("the user was deleted", row.user_id, ("delete_user",))
    if user is not None and not user.is_active:
        return done.cause("the user was deactivated", user.id, _ENDS)
    group = _group(before, row)
    if group is not None and group not in after.people.groups:
        return done.cause(f"the group {row.via} was deleted", group, ("delete_group",))
    if group is not None and row.user_id not in after.people.members.get(group, (row.user_id,)):
        return done.cause(f"removed from {row.via}", group, ("remove_members",), row.user_id or "")
    if isinstance(row, ApplicationRow):
        return Cause(f"the assignment of {row.application} to {row.via or 'the user'} was removed")
    account = after.accounts.get(row.account_id)
    if account is None or not account.is_usable:
        return Cause("the account was closed, suspended or removed")
    return Cause(f"the assignment of {row.permission_set} to {row.via or 'the user'} was removed")


def _why_gained(row: AnyRow, before: AccessReading, after: AccessReading, done: Done) -> Cause:
    """Why a way is there now. A user who is new came into a group, if that is how, in the same run."""
    user = before.people.users.get(row.user_id or "")
    if user is not None and not user.is_active:
        return done.cause("the user was activated", user.id, _BEGINS)
    group = _group(after, row)
    if group is not None and row.user_id not in before.people.members.get(group, (row.user_id,)):
        return done.cause(f"added to {row.via}", group, ("add_members",), row.user_id or "")
    if row.user_id is not None and user is None and row.via is not None:
        return done.cause("the user was created", row.user_id, _BEGINS)
    if isinstance(row, ApplicationRow):
        return Cause(f"{row.application} was assigned to {row.via or 'the user'}")
    account = before.accounts.get(row.account_id)
    if account is None or not account.is_usable:
        return Cause("the account is new, or open again")
    return Cause(f"{row.permission_set} was assigned to {row.via or 'the user'}")


def _group(reading: AccessReading, row: AnyRow) -> str | None:
    """The id of the group through which this row comes."""
    names = reading.people.groups.items()
    return next((g for g, name in names if name == row.via and row.user_id in reading.people.members.get(g, ())), None)
