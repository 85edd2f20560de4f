"""Writes without a good answer: what of them the target shows now is ours, whichever run sees it first.

A process that dies between request and answer, or an answer that is lost, leaves a write in doubt. It belongs to us
until it has been looked at: else our own deactivation would pass for someone else's, and a member whom we added would
not be taken out when the source removes them. Pure; what to look at is decided in run/target_view.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from scim_bridge.model.doubt import Doubt, Settled
from scim_bridge.model.identity import MANAGER, Inventory, Kind, Members, Value
from scim_bridge.model.own_write import FRESH_FOR
from scim_bridge.model.remembered import Link, Remembered


def settle(
    doubts: Iterable[Doubt], inventory: Inventory, members: Members | None, known: Remembered, now: datetime
) -> tuple[Settled, ...]:
    """The outcome of these writes, as the target shows it. members: None while no group has been read yet. now: UTC.

    A new resource that is not found stays in doubt for some minutes, since lists may lag (docs/identity-center.md §10).
    """
    looked = []
    for doubt in doubts:
        operation = doubt.operation
        there = inventory.of(operation.resource).get(doubt.target_id)
        # Neither landed nor lost: settled as lost, the next run would create the user once more, and get a 409.
        if there is None and not operation.is_delete and now - doubt.sent_at < FRESH_FOR:
            continue
        if operation.members:
            if members is not None:
                looked.append(_of_members(doubt, members.get(doubt.target_id), known))
        elif operation.is_delete:
            looked.append(Settled(doubt, there is None, {}, {}))
        else:
            shown = there.attributes if there is not None else {}
            # Attribute by attribute, since an update may have landed in part where another client wrote at the same
            # time.
            landed = {p: new for p, (_, new) in operation.changes.items() if there and _named(p, shown, known) == new}
            looked.append(Settled(doubt, there is not None and len(landed) == len(operation.changes), landed, {}))
    return tuple(looked)


def _of_members(doubt: Doubt, inside: frozenset[str] | None, known: Remembered) -> Settled:
    """inside: None for a group that no one reads any more, since it is gone or not managed."""
    if inside is None:
        return Settled(doubt, has_landed=False, landed={}, members={})
    is_addition = doubt.operation.kind == "add_members"
    ids = [m.target_id or _target_of(known, m.source_id) for m in doubt.operation.members]
    so = {user_id: is_addition for user_id in ids if user_id and (user_id in inside) is is_addition}
    return Settled(doubt, len(so) == len(ids), {}, so)


def _target_of(known: Remembered, source_id: str | None) -> str:
    link = known.users.get(source_id or "")
    return link.target_id if link is not None else ""


def _named(path: str, shown: Mapping[str, Value], known: Remembered) -> Value | None:
    """What the target shows, in the terms of an operation: a manager by source id."""
    value = shown.get(path)
    if path != MANAGER or not value:
        return value
    return next((link.source_id for link in known.users.values() if link.target_id == value), value)


def with_settled(known: Remembered, looked: Sequence[Settled]) -> Remembered:
    """The same, knowing what landed: links with what was applied, and memberships as we left them."""
    links: dict[Kind, dict[str, Link]] = {"user": dict(known.users), "group": dict(known.groups)}
    left = dict(known.memberships) if known.memberships is not None else None
    for each in looked:
        operation, target_id = each.doubt.operation, each.doubt.target_id
        if each.landed and operation.source_id:
            link = links[operation.resource].get(operation.source_id) or Link(
                kind=operation.resource, source_id=operation.source_id, target_id=target_id
            )
            # The record may have been given another resource since; what landed on the old one is not its.
            if link.target_id == target_id:
                applied = {**link.applied, **each.landed}
                applied_now = {path: value for path, value in applied.items() if value is not None}
                links[operation.resource][operation.source_id] = replace(link, applied=applied_now)
        if left is not None and target_id in left:
            added = {user_id for user_id, is_in in each.members.items() if is_in}
            left[target_id] = (left[target_id] | added) - (each.members.keys() - added)
    landed = {(each.doubt.operation.resource, each.doubt.operation.source_id) for each in looked if each.has_landed}
    # It was "not answered" and has landed, so nothing is left to send again.
    refusals = {key: refusal for key, refusal in known.refusals.items() if key[:2] not in landed}
    return replace(known, users=links["user"], groups=links["group"], memberships=left, refusals=refusals)
