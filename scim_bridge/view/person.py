"""One user or group in front of people: each attribute on its way to AWS, and everything that ever happened to them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scim_bridge.model import conflict_kind
from scim_bridge.model.audit import Entry
from scim_bridge.model.identity import Whom
from scim_bridge.model.operation_kind import OPERATION_KINDS
from scim_bridge.model.run import ConflictRecord, OperationRecord
from scim_bridge.view import words
from scim_bridge.view.explain import Explanation
from scim_bridge.view.operation import of_record
from scim_bridge.view.translation import _, recorded
from scim_bridge.view.words import Status, printable

_LONG = 400
"""So many characters of a value are shown; the rest of a longer one is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeView:
    """One attribute, from the rule to AWS. failure: why the rule gave nothing. is_apart: AWS holds another value than
    the source wants."""

    path: str
    rule: str
    place: str
    wanted: str
    failure: str
    pushed: str
    held: str
    is_apart: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """Something that happened. run: the run that did it, None if none did. status: how it ended, None if that needs no
    word. subject: what it was done to, "" where that is the person whose page it is on."""

    at: datetime
    what: str
    subject: str = ""
    details: tuple[str, ...] = ()
    why: str = ""
    status: Status | None = None
    run: int | None = None
    note: str = ""
    request: str = ""


def shortened(text: str) -> str:
    """A text that fits on a page: no one reads a megabyte."""
    if len(text) <= _LONG:
        return text
    return _("%(begin)s… (%(count)s characters)", begin=text[:_LONG], count=len(text))


def attributes(told: Explanation) -> tuple[AttributeView, ...]:
    """Every attribute that a rule, the last push or AWS has a value of."""
    rules = {rule.path: rule for rule in told.source.rules}
    paths = dict.fromkeys((*rules, *sorted({*told.target.applied, *told.target.seen})))
    return tuple(_attribute(path, rules.get(path), told) for path in paths)


def _attribute(path: str, rule: Any, told: Explanation) -> AttributeView:
    wanted = rule.value if rule is not None else None
    held = told.target.seen.get(path)
    is_compared = rule is not None and not rule.failure and wanted is not None and told.target.target_id is not None
    return AttributeView(
        path=path,
        rule=shortened(rule.rule) if rule is not None else "",
        place=rule.place.partition(": ")[0] if rule is not None else "",
        wanted=shortened(words.value(wanted)),
        failure=shortened(printable(rule.failure)) if rule is not None else "",
        pushed=shortened(words.value(told.target.applied.get(path))),
        held=shortened(words.value(held)),
        # The manager is named by source id in the source and by target id on the target.
        is_apart=is_compared and path != "enterprise.manager" and (wanted or None) != (held or None),
    )


def events(found: Iterable[tuple[datetime, Any]], whom: Sequence[Whom]) -> tuple[EventView, ...]:
    """The history of these (the record, and its resource), in the order given."""
    return tuple(_event(at, each, whom) for at, each in found)


def _event(at: datetime, each: Any, whom: Sequence[Whom]) -> EventView:
    if isinstance(each, OperationRecord):
        return _operation(at, each, whom)
    if isinstance(each, ConflictRecord):
        return _conflict(at, each)
    if isinstance(each, Entry):
        what = _("%(who)s: %(action)s", who=printable(each.actor.name), action=each.action)
        return EventView(at=at, what=what, details=(shortened(printable(each.detail)),) if each.detail else ())
    what = _("changed on the target by someone else")
    value = words.value(each.value) if each.value is not None else _("(removed)")
    return EventView(at=at, what=what, details=(shortened(f"{printable(each.path)}: {value}"),))


def _operation(at: datetime, record: OperationRecord, whom: Sequence[Whom]) -> EventView:
    outcome = of_record(record)
    operation = outcome.operation
    row = OPERATION_KINDS.get(record.kind)  # type: ignore[call-overload]  # a journal may be of another version
    kind = row.resource if row is not None else ""
    is_own = any(each.kind == kind and record.document.get(f"{each.side}_id") == each.id for each in whom)
    details = operation.effects if is_own else tuple(_as_member(record.document, whom))
    return EventView(
        at=at,
        what=_(operation.words),
        subject="" if is_own else shortened(operation.subject),
        details=tuple(map(shortened, details)),
        why=shortened(operation.reason),
        status=outcome.status,
        run=record.run_id,
        note=shortened(outcome.detail),
        request=outcome.request_id,
    )


def _as_member(document: Mapping[str, Any], whom: Sequence[Whom]) -> Iterator[str]:
    """Of all members of an operation, the one whose page it is."""
    for member in document.get("members", ()):
        if any(each.kind == "user" and member.get(f"{each.side}_id") == each.id for each in whom):
            yield printable(str(member["name"]))


def _conflict(at: datetime, record: ConflictRecord) -> EventView:
    ended = record.closed is not None
    status = Status("closed", _("closed"), "✓", "quiet") if ended else Status("open", _("waiting"), "!", "wait")
    return EventView(
        at=at,
        what=_("conflict: %(kind)s", kind=_(conflict_kind.words(record.conflict.kind))),
        details=(shortened(recorded(printable(record.conflict.detail))),),
        status=status,
        note=shortened(printable(f"{record.resolution} {record.note}".strip())),
    )


SITUATIONS: Mapping[str, str] = {
    "protected": "It has a protected name, so nothing is ever changed.",
    "invalid": "Something in the record is not valid, so it is held. Revocations still pass.",
    "linked": "The record and the resource in AWS are linked.",
    "inactive": "The record is inactive, and the policy creates no such user.",
    "missing": "It was linked, but the resource is gone from AWS.",
    "found": "AWS has exactly one resource that matches.",
    "taken": "The resource that matches belongs to another record.",
    "contested": "Another record claims the same resource.",
    "ambiguous": "Several resources in AWS match.",
    "absent": "AWS has no resource that matches.",
    "departed": "The record has left, and the resource is still in AWS.",
    "vanished": "The record and the resource are gone. Only the link is left.",
    "orphan": "No record and no link claims this resource of AWS.",
    "excluded": "The record is out of scope, and AWS has no resource of it.",
}
"""What each row of the situation table (docs/design.md §2.2) means, in a sentence."""


def stand(told: Explanation) -> Status:
    """Where one stands on the target, in a word."""
    if told.target.target_id is None:
        return Status("absent", _("not in AWS"), "·", "quiet")
    if told.kind == "user" and told.target.seen.get("active") is False:
        return Status("inactive", _("inactive in AWS"), "○", "quiet")
    return Status("there", _("active in AWS") if told.kind == "user" else _("in AWS"), "✓", "good")
