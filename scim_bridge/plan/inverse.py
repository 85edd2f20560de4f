"""The way back from a run: what it changed, changed back, as far as nobody has changed it since.

What cannot come back is said: a deleted resource has lost its id, and with it every assignment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scim_bridge.model.capabilities import Capabilities
from scim_bridge.model.identity import ACTIVE, MANAGER, NAMES, Existing, Kind, Notice, Value
from scim_bridge.model.operation import Change, Member, Operation, OperationKind
from scim_bridge.model.plan import Plan, Skipped
from scim_bridge.model.policy import Policy, Protect
from scim_bridge.plan.basis import basis_of, fingerprint_settings
from scim_bridge.plan.correlate import Match, Matches
from scim_bridge.plan.draft import Draft
from scim_bridge.plan.guard import base_of, count, guard, marked
from scim_bridge.plan.make import Occasion, requests_of
from scim_bridge.plan.membership import GroupChange, batches
from scim_bridge.plan.order import numbered, put_in_order
from scim_bridge.plan.pairing import protected_resources
from scim_bridge.plan.sides import Sides
from scim_bridge.plan.situation import Facts, situation

Key = tuple[Kind, str]
"""Kind and target id."""


@dataclass(slots=True)
class _Net:
    """What a run did to one resource, all in all. changes: path → (before the run, after it)."""

    operation: Operation
    is_created: bool = False
    is_deleted: bool = False
    changes: dict[str, Change] = field(default_factory=dict)
    added: dict[str, Member] = field(default_factory=dict)
    removed: dict[str, Member] = field(default_factory=dict)


def invert(
    run_id: int,
    done: Sequence[tuple[Operation, str]],
    sides: Sides,
    policy: Policy,
    capabilities: Capabilities,
    occasion: Occasion,
) -> tuple[Plan, Matches]:
    """A plan that undoes a run. done: its operations that landed, each with the target id it landed on, in order.

    sides: the target as it is now, with the members of every group that the run touched.
    """
    matches = _linked(sides)
    known = {(m.kind, m.existing.target_id): m for m in matches if m.existing is not None}
    way_back = _WayBack(run_id, known, sides, policy.protect)
    for (kind, target_id), net in _nets(done).items():
        way_back.undo(kind, target_id, net)
    drafts = [*way_back.drafts, *batches(way_back.groups, capabilities.changes_per_patch)]
    for draft in drafts:
        draft.reason = f"undoes run {run_id}"
    ordered = put_in_order(drafts, {"user": capabilities.unique("user"), "group": capabilities.unique("group")})
    base = base_of(matches, sides, occasion.mapping)
    operations = numbered(ordered)
    counted = count(operations, matches, way_back.groups, is_mapping_new=base.is_mapping_new)
    operations = marked(operations, counted)
    settings = fingerprint_settings(policy, occasion.endpoint)
    basis = basis_of(
        sides.directory, operations, sides.inventory, sides.members, read_at=occasion.target_read, settings=settings
    )
    verdict = guard(counted, base, policy.limits)
    plan = Plan(
        occasion.connection,
        occasion.created,
        occasion.today,
        basis,
        operations,
        skipped=tuple(way_back.skipped),
        warnings=tuple(way_back.notices),
        requests=requests_of(ordered, operations),
        verdict=verdict,
    )
    return plan, matches


class _WayBack:
    def __init__(self, run_id: int, known: Mapping[Key, Match], sides: Sides, protect: Protect) -> None:
        self.run_id = run_id
        self.known = known
        self.sides = sides
        self.protect = protect
        self.protected = {
            kind: protected_resources(kind, sides.inventory.of(kind), sides.known.of(kind).values(), protect)
            for kind in NAMES
        }
        self.drafts: list[Draft] = []
        self.groups: list[GroupChange] = []
        self.skipped: list[Skipped] = []
        self.notices: list[Notice] = []

    def undo(self, kind: Kind, target_id: str, net: _Net) -> None:
        """The changes that take one resource back."""
        name = net.operation.subject
        existing = self.sides.inventory.of(kind).get(target_id)
        if net.is_deleted:
            detail = f"{name} was deleted: neither its id ({target_id}) nor its assignments come back"
            self.notices.append(Notice("cannot_come_back", name, detail))
        elif existing is None:
            self.skipped.append(Skipped(name, "it is gone from the target since"))
        elif target_id in self.protected[kind]:
            self.skipped.append(Skipped(existing.name, "protected"))
        else:
            match = self.known.get((kind, target_id)) or _match(kind, net.operation.source_id or "", existing)
            if net.is_created:
                self._undo_create(match, existing)
            else:
                self._undo_changes(match, existing, net)
            self._undo_members(match, target_id, net)

    def _undo_create(self, match: Match, existing: Existing) -> None:
        if match.kind == "group":
            self.skipped.append(Skipped(match.name, "it was created, and stays, without members"))
        elif existing.is_active:
            self.drafts.append(Draft("deactivate_user", match, "", {ACTIVE: (True, False)}))

    def _undo_changes(self, match: Match, existing: Existing, net: _Net) -> None:
        changes: dict[str, Change] = {}
        since = []
        for path, (before, after) in net.changes.items():
            shown = existing.attributes.get(path)
            if before == after:
                continue
            if path == NAMES[match.kind] and self.protect.covers(match.kind, before):
                self.skipped.append(Skipped(match.name, f"{before} is a protected name, and is not given back"))
            elif path != MANAGER and shown != after:  # a manager is remembered by source id, and shown by target id
                since.append(path)
            else:
                changes[path] = (after, before)
        if since:
            self.skipped.append(Skipped(match.name, f"{', '.join(sorted(since))} changed since, and stays"))
        if changes:
            self.drafts.append(Draft(_kind(match.kind, changes), match, "", changes))

    def _undo_members(self, match: Match, target_id: str, net: _Net) -> None:
        current = self.sides.members.get(target_id, frozenset())
        spared = self.protected["user"]
        back = [m for t, m in net.removed.items() if t not in current | spared and t in self.sides.inventory.users]
        out = [m for t, m in net.added.items() if t in current - spared]
        if back or out:
            self.groups.append(GroupChange(match, len(current), tuple(out), tuple(back)))


def _kind(kind: Kind, changes: Mapping[str, Change]) -> OperationKind:
    if kind == "group":
        return "update_group"
    if ACTIVE in changes:
        return "reactivate_user" if changes[ACTIVE][1] is not False else "deactivate_user"
    return "update_user"


def _nets(done: Iterable[tuple[Operation, str]]) -> dict[Key, _Net]:
    """What was done to each resource, all in all: a temporary name in between does not matter."""
    ids = {(o.resource, o.source_id or ""): target_id for o, target_id in done}
    nets: dict[Key, _Net] = {}
    for operation, target_id in done:
        net = nets.setdefault((operation.resource, target_id), _Net(operation))
        net.is_created = net.is_created or operation.is_create
        net.is_deleted = net.is_deleted or operation.is_delete
        for path, (old, new) in operation.changes.items():
            before: Value | None = net.changes.get(path, (old, new))[0]
            net.changes[path] = (before, new)
        for member in operation.members:
            member_id = member.target_id or ids.get(("user", member.source_id or ""), "")
            there = Member(member.source_id, member_id, member.name)
            (net.added if operation.kind == "add_members" else net.removed)[member_id] = there
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
    return Match(kind, source_id, situation(Facts("valid", "there", "one")), existing=existing, by="link")
