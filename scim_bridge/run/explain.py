"""`explain`: one identity followed through the whole picture, from its record to what is remembered of it."""

from dataclasses import replace
from datetime import UTC, datetime

from scim_bridge.errors import NobodyCalled
from scim_bridge.mapping.record import Step, trace
from scim_bridge.model.identity import Kind, Record, Snapshot
from scim_bridge.model.operation import Member
from scim_bridge.model.plan import Conflict
from scim_bridge.model.remembered import LastApplied
from scim_bridge.model.run import LinkRecord
from scim_bridge.model.text import folded, normal
from scim_bridge.plan.match.correlate import Match, called
from scim_bridge.run.bridge import Bridge
from scim_bridge.run.few_planned import plan_for_few
from scim_bridge.run.lifecycle import Order, Reading
from scim_bridge.run.named import named_few
from scim_bridge.run.some import Kept, kept
from scim_bridge.run.sync import read_and_plan
from scim_bridge.run.target_view import knowledge
from scim_bridge.state.reader import StateReader
from scim_bridge.view.explain import Explanation, InPlan, InSource, OnTarget, Rule
from scim_bridge.view.operation import of_operation


def explain(bridge: Bridge, reader: StateReader, who: str, order: Order) -> tuple[Explanation, ...]:
    """Everything about the users and groups with this name, source id or target id. Raises NobodyCalled if none has.

    Where the state knows them, only they are asked about; else both sides are read as for a plan. Nothing is written.
    """
    reading = _planned(bridge, reader, who, order)
    snapshot, today = reading.source.snapshot, reading.plan.basis.today
    matches = called(reading.matches, who)
    if not matches:
        # Out of scope and never provisioned: no match has such a name, yet "why is this user not in AWS?" is the usual
        # question.
        outside = [r for r in (*snapshot.users, *snapshot.groups) if _is_called(r, who)]
        if not outside:
            raise NobodyCalled(who)
        return tuple(_out_of_scope(bridge, snapshot, record, today) for record in outside)
    links = reader.links(bridge.name, bridge.endpoint, who)
    return tuple(_explain(bridge, reading, match, links) for match in matches)


def _planned(bridge: Bridge, reader: StateReader, who: str, order: Order) -> Reading:
    now = datetime.now(UTC)
    today = order.today or bridge.today(now)
    state = kept(bridge, reader, knowledge(bridge, reader, now, with_links=False), today)
    found = named_few(bridge, reader, state, who, order=order, now=now) if isinstance(state, Kept) else None
    reading = plan_for_few(bridge, reader, found[0], today) if found is not None else None
    if found is None or not isinstance(reading, Reading):
        return read_and_plan(bridge, reader, order)
    return replace(reading, source=found[1])


def _is_called(record: Record, who: str) -> bool:
    """A record that is out of scope has no name of ours: any of its values that equals `who` names it."""
    return record.id == normal(who) or folded(who) in {folded(str(value)) for value in record.attributes.values()}


def _records(snapshot: Snapshot, kind: Kind, match: Match) -> list[Record]:
    """Those that share the id too, and one that the scope rule leaves out."""
    records = snapshot.users if kind == "user" else snapshot.groups
    places = match.desired.places if match.desired is not None else ()
    return [r for r in records if r.place in places or (match.source_id and r.id == match.source_id)]


def _explain(bridge: Bridge, reading: Reading, match: Match, links: list[LinkRecord]) -> Explanation:
    records = _records(reading.source.snapshot, match.kind, match)
    last = LastApplied(reading.sides.known, reading.sides.inventory)
    steps = trace(records[0], bridge.mapping.of(match.kind), reading.plan.basis.today, last) if records else ()
    mine = [link for link in links if (link.kind, link.source_id) == match.key]
    link = mine[0] if mine else None
    return Explanation(
        kind=match.kind,
        name=match.name,
        source_id=match.source_id,
        source=InSource(
            places=tuple(record.place for record in records),
            record=dict(records[0].attributes) if records else {},
            raw=dict(records[0].raw) if records else {},
            scope=_scope(steps) if records else "the source shows no such record",
            rules=_rules(steps),
            groups=_groups(reading, match),
        ),
        plan=InPlan(
            situation=match.row.situation,
            action="hold" if match.is_held else match.row.action,
            but=_but(reading, match),
            operations=_operations(reading, match),
            conflicts=tuple(f"{c.kind}: {c.detail}. {c.remedy}" for c in _conflicts(reading, match)),
        ),
        target=OnTarget(
            match.existing.target_id if match.existing is not None else None,
            link.applied if link is not None else {},
            link.seen if link is not None else {},
        ),
    )


def _but(reading: Reading, match: Match) -> str:
    """Why the plan does nothing where the situation calls for an action; "" if it does something, or need not."""
    if match.is_held or match.row.action in ("nothing", "hold") or _operations(reading, match):
        return ""
    skipped = [skipped.reason for skipped in reading.plan.skipped if skipped.subject in match.names]
    if skipped:
        return skipped[0]
    if _conflicts(reading, match):
        return "nothing to send"
    return "nothing differs" if match.row.action == "update" else "nothing is left to do"


def _conflicts(reading: Reading, match: Match) -> list[Conflict]:
    target_id = match.existing.target_id if match.existing is not None else ""
    return [
        c
        for c in reading.plan.conflicts
        if not match.names.isdisjoint(c.subjects) or (target_id and c.target_id == target_id)
    ]


def _operations(reading: Reading, match: Match) -> tuple[str, ...]:
    """What the plan does to this resource, and to its memberships."""
    told = []
    for operation in reading.plan.operations:
        # A membership is an operation on the group; a question about the user is about it too.
        is_own = operation.resource == match.kind and operation.source_id == (match.source_id or None)
        is_member = any(_is_same(member, match) for member in operation.members)
        if is_own or (match.kind == "user" and is_member):
            view = of_operation(operation)
            effects = "" if is_member and not is_own else f": {'; '.join(view.effects)}"
            told.append(f"{view.words} {view.subject}{effects} ({view.reason})")
    return tuple(told)


def _is_same(member: Member, match: Match) -> bool:
    if member.target_id is not None and match.existing is not None:
        return member.target_id == match.existing.target_id
    return bool(match.source_id) and member.source_id == match.source_id


def _groups(reading: Reading, match: Match) -> tuple[str, ...]:
    """The groups the source shows for a user, or the users it shows for a group."""
    members = reading.sides.directory.members
    if match.kind == "group":
        names = {user.source_id: user.name for user in reading.sides.directory.users}
        return tuple(sorted(names.get(u, u) for u in members.get(match.source_id, ())))
    groups = {group.source_id: group.name for group in reading.sides.directory.groups}
    return tuple(sorted(groups.get(g, g) for g, users in members.items() if match.source_id in users))


def _scope(steps: tuple[Step, ...]) -> str:
    scope = steps[0]
    if scope.failure:
        return f"the rule failed: {scope.failure}  [{scope.text}]"
    if scope.text.strip() == "true":
        return f"in scope, as everyone is ({scope.place})"
    return f"{'in scope' if scope.value is True else 'out of scope'} by {scope.text} ({scope.place})"


def _rules(steps: tuple[Step, ...]) -> tuple[Rule, ...]:
    return tuple(Rule(step.path, step.text, step.place, step.value, step.failure) for step in steps[1:])


def _out_of_scope(bridge: Bridge, snapshot: Snapshot, record: Record, today: str) -> Explanation:
    kind: Kind = "user" if record in snapshot.users else "group"
    steps = trace(record, bridge.mapping.of(kind), today, LastApplied())
    shown = InSource(
        places=(record.place,),
        record=dict(record.attributes),
        raw=dict(record.raw),
        scope=_scope(steps),
        rules=(),
    )
    return Explanation(
        kind=kind,
        name=record.id,
        source_id=record.id,
        source=shown,
        plan=InPlan(situation="excluded", action="nothing"),
        target=OnTarget(),
    )
