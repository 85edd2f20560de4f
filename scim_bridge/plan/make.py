"""Makes a plan: from matches and members to ordered operations, with everything that is deliberately not done.

The pure core's front door. It takes values and returns values; today's date and the time of reading are arguments.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from scim_bridge.model.capabilities import Capabilities
from scim_bridge.model.conflict_kind import LASTING
from scim_bridge.model.identity import ACTIVE, NAMES, Directory, Notice, OutOfScope, Whom
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Bookkeeping, Conflict, Paired, Plan, Requests, Skipped
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Remembered
from scim_bridge.plan.conflict import strays
from scim_bridge.plan.decide.actions import decide
from scim_bridge.plan.decide.draft_operation import Draft
from scim_bridge.plan.decide.group_members import ask_who_is_meant, batches, change_members, spare_groups
from scim_bridge.plan.fingerprint import basis_of, fingerprint_settings
from scim_bridge.plan.guard import NO_OTHERS, Others, base_of, count, guard, marked
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.lost_zeros import lost_zeros, notice
from scim_bridge.plan.match.correlate import Match, Matches
from scim_bridge.plan.order import numbered, put_in_order

OUT_OF_SCOPE = "out of scope: the mapping's scope rule leaves it out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """When and for whom: connection, its endpoint (an opaque text), a hash of its mapping, time of planning, the
    mapping's `today`, when the target was read (RFC 3339)."""

    connection: str
    endpoint: str
    mapping: str
    created: str
    today: str
    target_read: str


def make_plan(
    matches: Matches,
    sides: Sides,
    policy: Policy,
    capabilities: Capabilities,
    occasion: Occasion,
    only: frozenset[Whom] | None = None,
    others: Others = NO_OTHERS,
) -> Plan:
    """The ordered operations that turn existing into desired under this policy, with the guard's verdict on them.

    only: those that are to change (sides are then narrowed to them), None for all. others: how many managed ones there
    are beside those of the matches.
    """
    steps = decide(matches, sides.known, policy, datetime.fromisoformat(occasion.created), only)
    # Also where nothing would change: the ambiguity is in the source, and the answer may matter in the next run.
    ask_who_is_meant(sides.directory, matches, steps, only)
    changes = change_members(matches, sides, steps, policy)
    # After memberships, since only then it is known who stays in a group that is to be deleted.
    spare_groups(steps, changes)
    drafts = [*steps.drafts, *batches(changes, capabilities.changes_per_patch)]
    ordered = put_in_order(drafts, {"user": capabilities.unique("user"), "group": capabilities.unique("group")})
    base = base_of(matches, sides, occasion.mapping, others)
    operations = numbered(ordered)
    # Counted from the ordered operations: what the guard lets through is then never more than what it counted.
    counted = count(operations, matches, changes, is_mapping_new=base.is_mapping_new)
    operations = marked(operations, counted)
    opened, settled = sort_out(steps.conflicts, sides.known)
    return Plan(
        connection=occasion.connection,
        created=occasion.created,
        basis=basis_of(
            sides.directory,
            operations,
            sides.inventory,
            sides.members,
            read_at=occasion.target_read,
            today=occasion.today,
            settings=fingerprint_settings(policy, occasion.endpoint),
        ),
        operations=operations,
        conflicts=opened,
        skipped=(*steps.skipped, *_out_of_scope(sides.directory, matches, only)),
        warnings=sides.directory.warnings
        + _missing(matches, only)
        + _lost_zeros(matches, only)
        + tuple(steps.notices)
        + _lost_for_good(operations),
        held=sum(match.is_held for match in matches if only is None or match.whom in only),
        requests=requests_of(ordered, operations),
        verdict=guard(counted, base, policy.limits),
        settled=settled,
    )


def bookkeeping(matches: Matches, plan: Plan, counts_from: Directory) -> Bookkeeping:
    """What a run that ends well records beside its operations: the pairs as they then are, and links to forget."""
    # Remembered as applied, though it was not sent. Else the next run would conclude that we deactivated the
    # user ourselves, and would activate the account.
    disabled = {c.target_id for c in plan.conflicts if c.kind == "disabled_there"}
    paired = (_paired(match, disabled) for match in matches)
    forgotten = tuple(m.key for m in matches if m.row.action == "forget")
    left = strays((*plan.conflicts, *plan.settled))
    return Bookkeeping(
        paired=tuple(pair for pair in paired if pair is not None),
        forgotten=forgotten,
        counts=counts_from.counts,
        strays=left,
    )


def _paired(match: Match, disabled: set[str | None]) -> Paired | None:
    """The pair under the name that it then has on the target."""
    if match.existing is None or not match.source_id or match.row.situation == "protected":
        return None
    # A link would make the resource ours, while it is still open whose it is.
    if match.is_held and not match.is_managed:
        return None
    departed = match.row.action == "deprovision"
    if match.desired is None or match.is_held:
        return Paired(
            kind=match.kind,
            source_id=match.source_id,
            target_id=match.existing.target_id,
            name=match.name,
            applied=None,
            departed=departed,
            is_managed=match.is_managed,
        )
    name = match.name if NAMES[match.kind] in match.kept else match.desired.name
    # What is kept on the target was not applied. Recorded as applied, someone else's value would no longer look like
    # drift.
    before = match.link.applied if match.kept and match.link is not None else {}
    applied = match.desired.attributes
    if match.kept:
        applied = {path: value for path, value in applied.items() if path not in match.kept}
        applied |= {path: before[path] for path in match.kept if path in before}
    if match.existing.target_id in disabled:
        applied = {**applied, ACTIVE: True}
    return Paired(
        kind=match.kind,
        source_id=match.source_id,
        target_id=match.existing.target_id,
        name=name,
        applied=applied,
        departed=departed,
        is_managed=match.is_managed,
    )


def sort_out(conflicts: Iterable[Conflict], known: Remembered) -> tuple[tuple[Conflict, ...], tuple[Conflict, ...]]:
    """The conflicts that are open, and those that a person decided to leave as they are.

    One between two records is found from both sides; it is one conflict.
    """
    by_key: dict[str, Conflict] = {}
    for c in conflicts:
        about = c.about | (by_key[c.key].about if c.key in by_key else frozenset())
        by_key[c.key] = replace(c, remedy=c.remedy.replace("KEY", c.key), about=about)
    left = {key for key in by_key if key in known.resolutions and known.resolutions[key].decision in LASTING}
    return tuple(c for k, c in by_key.items() if k not in left), tuple(c for k, c in by_key.items() if k in left)


def _out_of_scope(directory: Directory, matches: Matches, only: frozenset[Whom] | None) -> Iterator[Skipped]:
    """Records that were provisioned before have the name that they have on the target."""
    names = {m.key: m.name for m in matches if m.leaving.scope}
    for record in directory.out_of_scope:
        whom = Whom.record(record.key)
        if only is None or whom in only:
            name = names.get(record.key, record.subject)
            yield Skipped(name, out_of_scope(record), whom)


def out_of_scope(record: OutOfScope) -> str:
    """Why a record is left alone that the scope rule leaves out."""
    return f"{OUT_OF_SCOPE} ({record.rule})"


def _missing(matches: Matches, only: frozenset[Whom] | None) -> tuple[Notice, ...]:
    """A linked resource that someone deleted is drift, and is said so even where the plan sets it right."""
    return tuple(
        Notice(
            "missing", m.name, f"{m.name} was deleted on the target by someone else (was {m.link.target_id})", m.whom
        )
        for m in matches
        if m.row.situation == "missing" and m.link is not None and (only is None or m.whom in only)
    )


def _lost_zeros(matches: Matches, only: frozenset[Whom] | None) -> tuple[Notice, ...]:
    """Said whether or not a limit is exceeded: below the floor it is as wrong."""
    users, groups = (
        lost_zeros(m for m in of_kind if only is None or m.whom in only) for of_kind in (matches.users, matches.groups)
    )
    return notice(users, "users") + notice(groups, "groups")


def _lost_for_good(operations: Iterable[Operation]) -> tuple[Notice, ...]:
    """What no rollback brings back is said before it is done."""
    return tuple(
        Notice(
            "cannot_come_back",
            operation.subject,
            f"{operation.subject} will be deleted: neither its id ({operation.target_id}) nor its assignments can come "
            "back, not even by a rollback",
        )
        for operation in operations
        if operation.is_delete
    )


def requests_of(drafts: list[Draft], operations: tuple[Operation, ...]) -> Requests:
    """The bound: one request a changed resource, full batches of members, one more a swap, split or manager circle."""
    resources = {d.subject for d in drafts if not d.members and not d.is_extra}
    return Requests(len(operations), len(resources) + sum(1 for d in drafts if d.members or d.is_extra))
