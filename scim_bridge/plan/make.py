"""Makes a plan: from matches and members to ordered operations, with everything that is deliberately not done.

The pure core's front door. It takes values and returns values; today's date and the time of reading are arguments.
"""

from dataclasses import dataclass

from scim_bridge.model.capabilities import Capabilities
from scim_bridge.model.identity import ACTIVE, Directory, Inventory, Members, Notice
from scim_bridge.model.known import Known
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Bookkeeping, Conflict, Paired, Plan, Requests, Skipped
from scim_bridge.model.policy import Policy
from scim_bridge.plan.basis import basis_of, fingerprint_settings
from scim_bridge.plan.correlate import Match, Matches
from scim_bridge.plan.draft import Draft
from scim_bridge.plan.guard import base_of, guard
from scim_bridge.plan.membership import batches, change_members
from scim_bridge.plan.order import numbered, put_in_order
from scim_bridge.plan.steps import decide


@dataclass(frozen=True, slots=True)
class Sides:
    """Everything a plan is made from: the fitted desired state, what the target shows, and what is remembered."""

    directory: Directory
    inventory: Inventory
    members: Members
    known: Known


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and for whom: connection, its endpoint (an opaque text), time of planning, the mapping's `today`, when the
    target was read (RFC 3339)."""

    connection: str
    endpoint: str
    created: str
    today: str
    target_read: str


def make_plan(matches: Matches, sides: Sides, policy: Policy, capabilities: Capabilities, occasion: Occasion) -> Plan:
    """The ordered operations that turn existing into desired under this policy, with the guard's verdict on them."""
    steps = decide(matches, sides.known, policy)
    changes = change_members(matches, sides.directory.members, sides.members, steps, policy)
    drafts = [*steps.drafts, *batches(changes, capabilities.changes_per_patch)]
    ordered = put_in_order(drafts, {"user": capabilities.unique("user"), "group": capabilities.unique("group")})
    operations = numbered(ordered)
    base = base_of(matches, sides.members, sides.directory.counts, sides.known.counts)
    return Plan(
        occasion.connection,
        occasion.created,
        occasion.today,
        basis_of(
            sides.directory,
            operations,
            sides.inventory,
            sides.members,
            read_at=occasion.target_read,
            settings=fingerprint_settings(policy, occasion.endpoint),
        ),
        operations,
        _each_once(steps.conflicts),
        (*steps.skipped, *_out_of_scope(sides.directory)),
        sides.directory.warnings + tuple(steps.notices) + _missing(matches),
        sum(match.is_held for match in matches),
        _requests(ordered, operations),
        guard(operations, changes, base, policy.limits),
    )


def bookkeeping(matches: Matches, plan: Plan, counts_from: Directory) -> Bookkeeping:
    """What a run that ends well records beside its operations: the pairs as they then are, and links to forget."""
    disabled = {c.target_id for c in plan.conflicts if c.kind == "disabled_there"}
    paired = (_paired(match, disabled) for match in matches)
    forgotten = tuple((m.kind, m.source_id) for m in matches if m.row.action == "forget")
    return Bookkeeping(tuple(pair for pair in paired if pair is not None), forgotten, counts_from.counts)


def _paired(match: Match, disabled: set[str | None]) -> Paired | None:
    if match.existing is None or not match.source_id or match.row.situation == "protected":
        return None
    if match.is_held and not match.is_managed:
        return None
    shown = match.existing.attributes
    departed = match.row.action == "deprovision"
    if match.desired is None or match.is_held:
        return Paired(
            match.kind, match.source_id, match.existing.target_id, None, shown, departed, is_managed=match.is_managed
        )
    applied = {path: value for path, value in match.desired.attributes.items() if path not in match.kept}
    if match.existing.target_id in disabled:
        applied[ACTIVE] = True
    return Paired(
        match.kind, match.source_id, match.existing.target_id, applied, shown, departed, is_managed=match.is_managed
    )


def _each_once(conflicts: list[Conflict]) -> tuple[Conflict, ...]:
    """A conflict between two records is found from both sides; it is one conflict."""
    return tuple({conflict.key: conflict for conflict in conflicts}.values())


def _out_of_scope(directory: Directory) -> tuple[Skipped, ...]:
    return tuple(
        Skipped(record.source_id or record.place, "out of scope: the mapping's scope rule leaves it out")
        for record in directory.out_of_scope
    )


def _missing(matches: Matches) -> tuple[Notice, ...]:
    """A linked resource that somebody deleted is drift, and is said so even where the plan mends it."""
    return tuple(
        Notice("missing", m.name, f"{m.name} was deleted on the target by someone else (was {m.link.target_id})")
        for m in matches
        if m.row.situation == "missing" and m.link is not None
    )


def _requests(drafts: list[Draft], operations: tuple[Operation, ...]) -> Requests:
    """The bound: one request a changed resource, full batches of members, one more a swap, split or manager circle."""
    resources = {id(d.match) for d in drafts if not d.members and not d.is_extra}
    return Requests(len(operations), len(resources) + sum(1 for d in drafts if d.members or d.is_extra))
