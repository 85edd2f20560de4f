"""Who is added to which group and who is taken out, in batches that one request can carry.

A managed group's membership is wholly ours: a member who is not desired is removed, except the protected
and, under `drift: report`, those whom someone else added.
A held user's additions wait while the removals pass; the same holds for a held group. Where the source leaves open
whether a user is a member, the user stays in or out, as it is.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from scim_bridge.model.identity import Directory, Members, SourceKey, Whom
from scim_bridge.model.operation import Member, Operation
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.model.plan import Plan, RefusalKey, Skipped
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Remembered, Resolution
from scim_bridge.model.wording import counted, some
from scim_bridge.plan.conflict import ambiguous_member, stray, unclaimed
from scim_bridge.plan.decide.actions import ORPHAN, Steps
from scim_bridge.plan.decide.draft_operation import Draft
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.kept_back import waiting
from scim_bridge.plan.match.correlate import Match, Matches

NOT_MANAGED = ("protected", "orphan", "excluded")
"""Situations of groups whose members are never touched, though they may have been read."""

NO_LONGER = "no longer in the source"
"""Why most members are removed."""
ADDED_THERE = "not in the source; added on the target by someone else"
"""Why a member is removed whom the source has not shown since we last left the group."""
THE_GROUP = "the group "
_NAMED = 3
"""So many members are named for each of several reasons."""


@dataclass(frozen=True, slots=True)
class GroupChange:
    """One managed group before and after: what the guard counts. size: its members now.

    reasons: target id of a removed user → why, where it is not NO_LONGER.
    """

    match: Match
    size: int
    removed: tuple[Member, ...] = ()
    added: tuple[Member, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_emptied(self) -> bool:
        """The group would lose its last member."""
        return self.size > 0 and len(self.removed) == self.size and not self.added


@dataclass(slots=True)
class _Users:
    """Users as membership sees them. addable: source id → who may be added. untouchable: target ids left as they are.

    pointed: source id of a held record → resources it may be, whose memberships are kept if the record shows them. One
    that belongs to another record is not among them: the link wins, and decides about its memberships.
    """

    addable: dict[str, Member] = field(default_factory=dict)
    present: dict[str, Member] = field(default_factory=dict)
    by_target: dict[str, Match] = field(default_factory=dict)
    untouchable: set[str] = field(default_factory=set)
    pointed: dict[str, tuple[str, ...]] = field(default_factory=dict)


def change_members(matches: Matches, sides: Sides, steps: Steps, policy: Policy) -> tuple[GroupChange, ...]:
    """What happens in each managed group, groups in the order of matches.

    Adds what waits to steps.skipped, and the drift that is left as it is to steps.conflicts.
    """
    directory, members, known = sides.directory, sides.members, sides.known
    users = _sort_users(matches, steps, policy)
    creating = {draft.match.source_id for draft in steps.drafts if draft.kind == "create_group"}
    changes = []
    for match in matches.groups:
        target_id = match.existing.target_id if match.existing is not None else ""
        is_new = match.source_id in creating
        # A group whose members were not read is left alone. Unknown members are not the same as no members: taken
        # as empty, the group would get every desired member again and lose none.
        if match.row.situation in NOT_MANAGED or not (is_new or (target_id and target_id in members)):
            continue
        if match.row.action == "deprovision" and match.is_kept_by(policy):
            continue
        # It is not known which group this is, so no member is added or removed.
        if match.is_held and not match.is_managed:
            continue
        before = len(steps.conflicts), len(steps.skipped), len(steps.notices)
        wanted = directory.members.get(match.source_id, frozenset())
        undecided = directory.undecided.get(match.source_id, frozenset())
        change = _change(match, wanted, undecided, members.get(target_id, frozenset()), users)
        change = replace(change, size=sides.sizes.get(target_id, change.size))
        if known.memberships is not None:
            as_we_left_it = known.memberships.get(target_id)
            # Without state it is not known which members we left in the group. The members that the source shows are
            # taken for these, so any other member counts as added by someone else: reported, not removed.
            if as_we_left_it is None and known.is_fresh and match.is_managed:
                as_we_left_it = frozenset(users.present[s].target_id or "" for s in wanted & users.present.keys())
            if as_we_left_it is not None:
                change = _without_drift(change, as_we_left_it, users, steps, known.resolutions)
        # Additions only. A removal that was refused is sent in every run, for it is a revocation.
        if known.refusals:
            change = _without_refused(change, known, users, steps)
        put_off = len(change.added) if match.is_held else 0
        if put_off:
            what = f"{counted(put_off, 'addition')} {'waits' if put_off == 1 else 'wait'}"
            steps.skipped.append(Skipped(match.name, f"{what} while the group is held"))
            change = replace(change, added=())
        steps.say_about(match.whom, before)
        changes.append(change)
    _ask_about(steps, members, policy)
    return tuple(changes)


def unwanted(matches: Matches, directory: Directory, members: Members) -> Iterator[tuple[str, str]]:
    """Memberships (group, user: target ids) that a plan may remove: the source does not give them.

    More than a plan removes, which looks at the policy, at who is held and at who is protected; never less.
    """
    users = {match.existing.target_id: match.source_id for match in matches.users if match.existing is not None}
    for match in matches.groups:
        target_id = match.existing.target_id if match.existing is not None else ""
        if match.row.situation in NOT_MANAGED:
            continue
        wanted = directory.members.get(match.source_id, frozenset())
        for user_id in members.get(target_id, frozenset()):
            if users.get(user_id, "") not in wanted:
                yield target_id, user_id


def ask_who_is_meant(directory: Directory, matches: Matches, steps: Steps, only: Container[Whom] | None = None) -> None:
    """A conflict for every reference that fits several records. only: whom it must concern, None: all."""
    names = {match.key: match.name for match in matches if match.desired is not None}
    for ambiguous in directory.ambiguous:
        groups = (*ambiguous.nested, *ambiguous.groups)
        keys = [SourceKey("user", user) for user in ambiguous.users]
        keys += [SourceKey("group", group) for group in groups]
        about = frozenset(map(Whom.record, keys))
        if only is None or any(whom in only for whom in about):
            subjects = dict.fromkeys(names[key] for key in keys if key in names)
            steps.conflicts.append(replace(ambiguous_member(ambiguous, subjects), about=about))


def _ask_about(steps: Steps, members: Members, policy: Policy) -> None:
    """Orphaned groups that were ours: with someone in them they still open accounts, so a person is asked."""
    for match in steps.once_ours:
        inside = members.get(match.existing.target_id, frozenset()) if match.existing is not None else frozenset()
        if inside and match.existing is not None:
            asked = unclaimed(match.existing, len(inside))
            steps.conflicts.append(replace(asked, about=frozenset({match.whom})))
        elif policy.orphans == "report":
            steps.skipped.append(Skipped(match.name, ORPHAN, match.whom))


def spare_groups(steps: Steps, changes: Sequence[GroupChange]) -> None:
    """A group is deleted only when it is empty. Protected users are not removed, so a group with one is not deleted."""
    # Counted by members, not by the plan: a protected member stays, and the group is the access of that user.
    occupied = {c.match.existing.target_id for c in changes if c.match.existing and len(c.removed) < c.size}
    deletions = [draft for draft in steps.drafts if draft.kind == "delete_group"]
    spared = [d for d in deletions if d.match.existing and d.match.existing.target_id in occupied]
    steps.drafts = [draft for draft in steps.drafts if draft not in spared]
    said = "not deleted: a protected user is a member"
    steps.skipped += (Skipped(d.match.name, said, d.match.whom) for d in spared)


def batches(changes: Sequence[GroupChange], size: int) -> list[Draft]:
    """One draft a request: removals and additions apart, at most `size` members each."""
    drafts: list[Draft] = []
    for change in changes:
        drafts += _batch("remove_members", change, change.removed, size)
        drafts += _batch("add_members", change, change.added, size)
    return drafts


def _batch(kind: OperationKind, change: GroupChange, members: tuple[Member, ...], size: int) -> Iterator[Draft]:
    # Removals and additions are never mixed in a request: they belong to different phases, and a refused one could not
    # say which half was the cause.
    for start in range(0, len(members), size):
        batch = members[start : start + size]
        reason = "in the source" if kind == "add_members" else _why_removed(change, batch)
        yield Draft(kind=kind, match=change.match, reason=reason, members=batch)


def _why_removed(change: GroupChange, members: Sequence[Member]) -> str:
    return _listed((member, change.reasons.get(member.target_id or "", NO_LONGER)) for member in members)


def _listed(why: Iterable[tuple[Member, str]]) -> str:
    """The one reason, or each reason with its members: what is removed for different reasons shares a request."""
    reasons: dict[str, list[str]] = {}
    for member, reason in why:
        reasons.setdefault(reason, []).append(member.name)
    if len(reasons) == 1:
        return next(iter(reasons))
    return "; ".join(f"{reason}: {some(names, _NAMED)}" for reason, names in sorted(reasons.items()))


def losing(plan: Plan) -> frozenset[str]:
    """Target ids of the groups that lose members which the source has shown, as far as the links say."""
    return frozenset(o.target_id or "" for o in plan.operations if o.reason == NO_LONGER)


def with_strangers(plan: Plan, left: Members) -> Plan:
    """The plan, with reasons that say which members someone else added. left: the members we left in these groups."""
    operations = (
        _told_apart(o, left[o.target_id or ""]) if o.reason == NO_LONGER and o.target_id in left else o
        for o in plan.operations
    )
    return replace(plan, operations=tuple(operations))


def _told_apart(operation: Operation, ours: frozenset[str]) -> Operation:
    reasons = ((m, NO_LONGER if m.target_id in ours else ADDED_THERE) for m in operation.members)
    return replace(operation, reason=_listed(reasons))


def _sort_users(matches: Matches, steps: Steps, policy: Policy) -> _Users:
    users = _Users()
    creating = {draft.match.source_id for draft in steps.drafts if draft.kind == "create_user"}
    owners = {m.existing.target_id: m.source_id for m in matches.users if m.existing is not None}
    for match in matches.users:
        target_id = match.existing.target_id if match.existing is not None else None
        if target_id is not None:
            users.by_target[target_id] = match
        # This comes first: what a protected user's record says does not count, so the rest must not look at it.
        if target_id is not None and _is_untouchable(match, policy):
            users.untouchable.add(target_id)
        if match.desired is None or match.row.situation == "protected":
            continue
        if target_id is None and match.source_id not in creating:
            # The record is held and may be one of these. To remove them now could lock out the user that the
            # held record means, so their memberships wait too. A resource that another record's link has is not meant.
            users.pointed[match.source_id] = tuple(t for t in match.candidates if not owners.get(t))
            continue
        member = Member(match.source_id, target_id, match.name)
        users.present[match.source_id] = member
        if match.source_id not in steps.waiting:
            users.addable[match.source_id] = member
    return users


def _is_untouchable(match: Match, policy: Policy) -> bool:
    """Never taken out of a group: the protected, a user whose record lost its id, and a leaver whom the policy keeps.

    Without state, a user we once provisioned shows as an orphan with an externalId: `keep` covers that one too.
    """
    if match.row.situation == "protected" or (match.desired is None and match.is_held):
        return True
    is_nobodys = not match.is_managed and (match.is_held or not match.source_id)
    has_left = match.row.situation == "departed" or (is_nobodys and _bears_our_mark(match))
    return has_left and policy.deprovision == "keep"


def _bears_our_mark(match: Match) -> bool:
    return match.existing is not None and bool(match.existing.external_id)


def _change(match: Match, wanted: Set[str], undecided: Set[str], current: frozenset[str], users: _Users) -> GroupChange:
    # A new or empty group, the common case of a first run: nothing to compare, no sets to build.
    if not current:
        added = [users.addable[s] for s in sorted(users.addable.keys() & wanted)]
        return GroupChange(match, 0, (), tuple(added))
    staying = set(users.untouchable)
    added = []
    for source_id in sorted(wanted | undecided):
        member = users.present.get(source_id)
        if member is None:
            staying.update(users.pointed.get(source_id, ()))
        elif member.target_id in current:
            staying.add(str(member.target_id))
        elif source_id in users.addable and source_id in wanted:
            added.append(member)
    leaving = sorted(current - staying)
    removed = tuple(_member(target_id, users) for target_id in leaving)
    reasons = {target_id: _why(match, users.by_target.get(target_id)) for target_id in leaving}
    return GroupChange(match, len(current), removed, tuple(added), reasons)


def _why(group: Match, user: Match | None) -> str:
    """Why this user is taken out of this group, as far as links tell."""
    if group.row.action == "deprovision":
        return THE_GROUP + group.departure
    if user is not None and user.row.action == "deprovision":
        return user.departure if user.leaving.scope else NO_LONGER
    if group.link is None and group.is_managed:
        return "not in the source"  # without state no one knows what the source has shown before
    if not group.is_managed:
        return "was never in the source; the group is managed from now on"
    is_unknown = user is None or (not user.source_id and not _bears_our_mark(user))
    return ADDED_THERE if is_unknown else NO_LONGER


def _without_drift(
    change: GroupChange,
    ours: frozenset[str],
    users: _Users,
    steps: Steps,
    resolutions: Mapping[str, Resolution],
) -> GroupChange:
    """The change without what someone else has done since we left the group; each of these is a conflict.

    A user who has left is still removed, and a group that has left still loses all its members.
    """
    group = change.match
    if group.desired is None or group.existing is None or group.row.action == "deprovision":
        return change
    left: set[str] = set()
    for member, is_in in (*((m, True) for m in change.removed), *((m, False) for m in change.added)):
        user_id = member.target_id or ""
        # A leaver is not drift. `drift: report` must not keep a leaver in a group because someone else put them
        # there.
        if is_in == (user_id in ours) or (is_in and _has_left(users.by_target.get(user_id))):
            continue
        found = stray(group.desired, group.existing.target_id, member.name, user_id, is_in=is_in)
        decided = resolutions.get(found.key)
        if decided is None or decided.decision != "source":
            steps.conflicts.append(found)
            left.add(user_id)
    removed = tuple(member for member in change.removed if member.target_id not in left)
    added = tuple(member for member in change.added if not member.target_id or member.target_id not in left)
    return replace(change, removed=removed, added=added)


def _without_refused(change: GroupChange, known: Remembered, users: _Users, steps: Steps) -> GroupChange:
    """The change without the additions that the target refused and that are not sent again yet."""
    group, target_id = change.match.desired, change.match.existing.target_id if change.match.existing else ""
    added = []
    for member in change.added:
        refusal = known.refusals.get(RefusalKey("group", change.match.source_id, member.source_id or ""))
        # Without a target id the user is created in this plan, so the refusal was about a resource that is gone.
        user = users.by_target.get(member.target_id or "")
        if refusal is not None and group is not None and user is not None and user.desired is not None:
            refusal = waiting(refusal, target_id, group, user.desired)
            if refusal is not None:
                steps.conflicts.append(refusal.conflict)
                continue
        added.append(member)
    return replace(change, added=tuple(added))


def _has_left(user: Match | None) -> bool:
    return user is not None and user.row.action == "deprovision"


def _member(target_id: str, users: _Users) -> Member:
    match = users.by_target.get(target_id)
    if match is None:
        return Member(None, target_id, target_id)
    return Member(match.source_id or None, target_id, match.name)
