"""The way back from a run: what it changed, changed back, unless a later run or someone else has changed it since.

That is a question of history, not of values: a value that went away and came back is not the run's any more. What
cannot come back is said: a deleted resource has lost its id, and with it every assignment.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from scim_bridge.model.capabilities import Capabilities
from scim_bridge.model.identity import ACTIVE, MANAGER, NAMES, Existing, Kind, Notice, SourceKey, TargetKey, Value
from scim_bridge.model.operation import Change, Member, Operation
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.model.plan import Plan, Skipped
from scim_bridge.model.policy import Policy
from scim_bridge.model.touch import SOMEONE_ELSE, Touch, member_path
from scim_bridge.plan.decide.draft_operation import Draft
from scim_bridge.plan.decide.group_members import GroupChange, batches
from scim_bridge.plan.fingerprint import basis_of, fingerprint_settings
from scim_bridge.plan.guard import base_of, count, guard, marked
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.make import Occasion, requests_of
from scim_bridge.plan.match.correlate import Match, Matches
from scim_bridge.plan.match.pairing import protected_resources
from scim_bridge.plan.match.situation import Facts, situation
from scim_bridge.plan.order import numbered, put_in_order


@dataclass(frozen=True, slots=True)
class Sent:
    """An operation of the run, and the resource it was sent to. is_certain: its answer says that all of it landed.

    Where it does not (no answer, or a refusal in part), the target as it is now tells.
    """

    operation: Operation
    target_id: str
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Past:
    """The run to undo, and what has happened since. touches: what later runs wrote and others changed, in order.

    left_since: the resources of those whose record a later run saw gone. lost: names of what may have been created,
    and is not on the target.
    """

    run_id: int
    sent: Sequence[Sent]
    touches: Sequence[Touch] = ()
    left_since: Set[TargetKey] = frozenset()
    lost: Sequence[str] = ()


@dataclass(slots=True, kw_only=True)
class _Net:
    """What a run did to one resource, all in all. changes: path → (before the run, after it)."""

    operation: Operation
    is_created: bool = False
    is_deleted: bool = False
    changes: dict[str, Change] = field(default_factory=dict)
    added: dict[str, Member] = field(default_factory=dict)
    removed: dict[str, Member] = field(default_factory=dict)


def invert(
    past: Past, sides: Sides, policy: Policy, capabilities: Capabilities, occasion: Occasion
) -> tuple[Plan, Matches]:
    """A plan that undoes a run. sides: the target as it is now, with the members of the groups that the run touched."""
    run_id = past.run_id
    matches = _linked(sides)
    known = {m.existing.key: m for m in matches if m.existing is not None}
    way_back = _WayBack(past, known, sides, policy)
    for (kind, target_id), net in _nets(past.sent, way_back).items():
        way_back.undo(kind, target_id, net)
    drafts = [*way_back.drafts, *batches(way_back.groups, capabilities.changes_per_patch)]
    for draft in drafts:
        draft.reason = f"undoes run {run_id}"
    # The same order as for any plan: an undone rename may free a name that an undone rename takes.
    ordered = put_in_order(drafts, {"user": capabilities.unique("user"), "group": capabilities.unique("group")})
    base = base_of(matches, sides, occasion.mapping)
    operations = numbered(ordered)
    counted = count(operations, matches, way_back.groups, is_mapping_new=base.is_mapping_new)
    operations = marked(operations, counted)
    settings = fingerprint_settings(policy, occasion.endpoint)
    basis = basis_of(
        sides.directory,
        operations,
        sides.inventory,
        sides.members,
        read_at=occasion.target_read,
        settings=settings,
        today=occasion.today,
    )
    verdict = guard(counted, base, policy.limits)
    plan = Plan(
        connection=occasion.connection,
        created=occasion.created,
        basis=basis,
        operations=operations,
        skipped=tuple(way_back.skipped),
        warnings=tuple(way_back.notices),
        requests=requests_of(ordered, operations),
        verdict=verdict,
    )
    return plan, matches


class _WayBack:
    def __init__(self, past: Past, known: Mapping[TargetKey, Match], sides: Sides, policy: Policy) -> None:
        self.past = past
        self.known = known
        self.sides = sides
        self.protect = policy.protect
        self.protected = {
            kind: protected_resources(kind, sides.inventory.of(kind), sides.known.of(kind).values(), policy.protect)
            for kind in NAMES
        }
        self.drafts: list[Draft] = []
        self.groups: list[GroupChange] = []
        self.skipped: list[Skipped] = [
            Skipped(name, "it may have been created, and is not on the target") for name in past.lost
        ]
        self.notices: list[Notice] = []
        self.source_of = {link.target_id: link.source_id for link in sides.known.users.values()}
        self.touched: dict[tuple[Kind, str, str], list[Touch]] = {}
        for touch in past.touches:
            self.touched.setdefault((touch.kind, touch.target_id, touch.path), []).append(touch)

    def shown(self, existing: Existing, path: str) -> Value | None:
        """What the target shows now, in the terms of an operation: a manager by source id."""
        return self._named(path, existing.attributes.get(path))

    def is_in(self, group_id: str, user_id: str) -> bool:
        """Whether the user is in the group now."""
        return user_id in self.sides.members.get(group_id, frozenset())

    def changed_by(self, kind: Kind, target_id: str, path: str, *, after: Value | None) -> str:
        """Who has changed this value since the run left it as `after`; "" if no one has.

        A reading that found just what the run wanted is not a change: the run's own answer may have been lost.
        """
        for touch in self.touched.get((kind, target_id, path), ()):
            # A later reading may have seen our own write and recorded it as a change by someone else.
            if touch.by != SOMEONE_ELSE or self._named(path, touch.value) != after:
                return touch.by
        return ""

    def _named(self, path: str, value: Value | None) -> Value | None:
        return self.source_of.get(str(value), value) if path == MANAGER and value else value

    def undo(self, kind: Kind, target_id: str, net: _Net) -> None:
        """The changes that take one resource back."""
        name = net.operation.subject
        existing = self.sides.inventory.of(kind).get(target_id)
        if net.is_deleted:
            detail = f"{name} was deleted: neither its id ({target_id}) nor its assignments come back"
            self.notices.append(Notice("cannot_come_back", name, detail))
        elif existing is None:
            self.skipped.append(Skipped(name, "it is gone from the target since"))
        # Protected since the run, perhaps just because of it.
        elif target_id in self.protected[kind]:
            self.skipped.append(Skipped(existing.name, "protected"))
        else:
            match = self.known.get(TargetKey(kind, target_id)) or _match(kind, net.operation.source_id or "", existing)
            if net.is_created:
                self._undo_create(match, existing)
            else:
                self._undo_changes(match, existing, net)
            self._undo_members(match, target_id, net)

    def _undo_create(self, match: Match, existing: Existing) -> None:
        if match.kind == "group":
            self.skipped.append(Skipped(match.name, "it was created, and stays, without members"))
        elif existing.is_active:
            by = self.changed_by("user", existing.target_id, ACTIVE, after=True)
            if by:
                self.skipped.append(Skipped(match.name, f"active was changed by {by} since, and stays"))
            else:
                self.drafts.append(
                    Draft(kind="deactivate_user", match=match, reason="", changes={ACTIVE: (True, False)})
                )

    def _undo_changes(self, match: Match, existing: Existing, net: _Net) -> None:
        changes: dict[str, Change] = {}
        since: dict[str, list[str]] = {}
        for path, (before, after) in net.changes.items():
            shown = self.shown(existing, path)
            if before == after or shown == before:
                continue
            # Given back, the user would be protected, and no later run could deactivate them.
            if path == NAMES[match.kind] and self.protect.covers(match.kind, before):
                self.skipped.append(Skipped(match.name, f"{before} is a protected name, and is not restored"))
                continue
            by = self.changed_by(match.kind, existing.target_id, path, after=after)
            if not by and shown != after:
                by = SOMEONE_ELSE
            # To undo the deactivation of someone whose record has left since would open the account of an ex-employee.
            if path == ACTIVE and before is not False and existing.key in self.past.left_since:
                by = "the source, which the record has left"
            if by:
                since.setdefault(by, []).append(path)
            else:
                changes[path] = (after, before)
        for by, paths in since.items():
            self.skipped.append(Skipped(match.name, f"{', '.join(sorted(paths))} changed since, by {by}, and stays"))
        if changes:
            self.drafts.append(Draft(kind=_kind(match.kind, changes), match=match, reason="", changes=changes))

    def _undo_members(self, match: Match, target_id: str, net: _Net) -> None:
        current = self.sides.members.get(target_id, frozenset())
        out = [m for t, m in net.added.items() if t in current and self._may_move(match, t, m, was_added=True)]
        back = [
            m
            for t, m in net.removed.items()
            if t not in current and t in self.sides.inventory.users and self._may_move(match, t, m, was_added=False)
        ]
        if back or out:
            self.groups.append(GroupChange(match, len(current), tuple(out), tuple(back)))

    def _may_move(self, group: Match, user_id: str, member: Member, *, was_added: bool) -> bool:
        """Whether a membership that the run changed is still as it left it, and no one protected is in it."""
        if user_id in self.protected["user"]:
            return False
        group_id = group.existing.target_id if group.existing is not None else ""
        by = self.changed_by("group", group_id, member_path(user_id), after=was_added)
        if not was_added and TargetKey("user", user_id) in self.past.left_since:
            by = "the source, which the record has left"
        if by:
            self.skipped.append(
                Skipped(group.name, f"the membership of {member.name} changed since, by {by}, and stays")
            )
        return not by


def _kind(kind: Kind, changes: Mapping[str, Change]) -> OperationKind:
    if kind == "group":
        return "update_group"
    if ACTIVE in changes:
        return "reactivate_user" if changes[ACTIVE][1] is not False else "deactivate_user"
    return "update_user"


def _nets(sent: Sequence[Sent], way_back: _WayBack) -> dict[TargetKey, _Net]:
    """What was done to each resource, all in all: a temporary name in between does not matter."""
    ids = {s.operation.key: s.target_id for s in sent}
    nets: dict[TargetKey, _Net] = {}
    for each in sent:
        operation, target_id = each.operation, each.target_id
        existing = way_back.sides.inventory.of(operation.resource).get(target_id)
        net = nets.setdefault(TargetKey(operation.resource, target_id), _Net(operation=operation))
        net.is_created = net.is_created or operation.is_create
        net.is_deleted = net.is_deleted or (operation.is_delete and (each.is_certain or existing is None))
        for path, (old, new) in operation.changes.items():
            # From the first operation to the last: what lies between, such as a temporary name, is no one's state to
            # return to.
            before: Value | None = net.changes.get(path, (old, new))[0]
            if each.is_certain or (existing is not None and way_back.shown(existing, path) == new):
                net.changes[path] = (before, new)
        is_addition = operation.kind == "add_members"
        for member in operation.members:
            member_id = member.target_id or ids.get(SourceKey("user", member.source_id or ""), "")
            there = Member(member.source_id, member_id, member.name)
            if each.is_certain or way_back.is_in(target_id, member_id) == is_addition:
                (net.added if is_addition else net.removed)[member_id] = there
    return nets


def _linked(sides: Sides) -> Matches:
    """Everything that is managed, as it is on the target now: what the limits count shares of."""
    by_kind: dict[Kind, list[Match]] = {"user": [], "group": []}
    kinds: tuple[Kind, ...] = ("user", "group")
    for kind in kinds:
        for link in sides.known.of(kind).values():
            existing = sides.inventory.of(kind).get(link.target_id)
            if existing is not None:
                by_kind[kind].append(_match(kind, link.source_id, existing))
    return Matches(tuple(by_kind["user"]), tuple(by_kind["group"]))


def _match(kind: Kind, source_id: str, existing: Existing) -> Match:
    row = situation(Facts("valid", "there", "one"))
    return Match(key=SourceKey(kind, source_id), row=row, existing=existing, by="link")
