"""The plan of a run about some: made with the code that plans for everyone, from the part that was loaded.

What is true of the others is counted by the state, or said again as it was said last.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from scim_bridge.model.desired_side import Moves
from scim_bridge.model.identity import KINDS, Members, Snapshot, SourceKey, Whom
from scim_bridge.model.plan import Plan, Skipped
from scim_bridge.model.remembered import Remembered
from scim_bridge.model.source import SourceReading
from scim_bridge.model.wording import counted
from scim_bridge.plan.assignments import concerned, with_assignments
from scim_bridge.plan.decide.group_members import losing, with_strangers
from scim_bridge.plan.doubt import settle, with_settled
from scim_bridge.plan.fingerprint import with_whole_groups
from scim_bridge.plan.guard import Others, is_counted
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.make import make_plan, out_of_scope
from scim_bridge.plan.match.correlate import Matches, correlate
from scim_bridge.run.access_impact import Planned, assignments_of, renewed, with_impact
from scim_bridge.run.access_seen import see_few
from scim_bridge.run.bridge import Bridge
from scim_bridge.run.lifecycle import Reading
from scim_bridge.run.some import Everyone, Few
from scim_bridge.run.target_view import Observed, is_confirmed
from scim_bridge.state.lookup import Lookup
from scim_bridge.state.reader import StateReader

_LISTED = 100
"""So many records that are out of scope are named; of more, only their number is said."""
_ENOUGH = 2_000
"""So many are counted before all are: of these a change of a few is a small share already."""


def plan_for_few(bridge: Bridge, reader: StateReader, found: Few, today: str) -> Reading | Everyone:
    """Match, decide, count, and say what is true of the others."""
    part, now = found.part, found.observed.now
    with reader.lookup(bridge.name, bridge.endpoint) as lookup:
        known = found.known
        matches = correlate(part.directory, part.inventory, known, bridge.terms)
        observed = replace(found.observed, members=_members(found, matches), compared=part.whole)
        doubts = settle(observed.doubts, observed.inventory, observed.members, known, now)
        known = with_settled(known, doubts)
        matches = correlate(part.directory, part.inventory, known, bridge.terms)
        if not is_confirmed(bridge, observed, matches, part.directory):
            return Everyone(why="a reading of members was not confirmed", looked=observed.again)
        sides = Sides(part.directory, observed.inventory, observed.members, known, part.sizes)
        plan = _planned(bridge, lookup, matches, sides, observed, today=today, subjects=part.subjects)
        plan = with_strangers(plan, lookup.members(losing(plan), ours=True))
        holders = concerned(plan, matches, bridge.policy, is_whole=False)
        planned = Planned(plan=plan, sides=sides, now=now, is_about_all=False)
        access = renewed(bridge, reader, planned, see_few(bridge, reader, now, plan), holders)
        plan = with_assignments(plan, matches, assignments_of(access, holders), known, bridge.policy)
        plan, access = with_impact(bridge, reader, replace(planned, plan=plan), access)
        touched = {o.target_id for o in plan.operations if o.members and o.target_id} - part.whole
        if touched:
            plan = replace(plan, basis=with_whole_groups(plan.basis, lookup.members(touched)))
        plan = _with_others(lookup, plan, found, f"scim-bridge plan {bridge.name} --full")
        return Reading(
            source=SourceReading(Snapshot((), (), {}), found.changes.learned),
            began=now,
            matches=matches,
            observed=observed,
            sides=sides,
            plan=plan,
            desired=_moves(found),
            subjects=part.subjects,
            holds=holds(lookup),
            access=access,
        )


def _members(found: Few, matches: Matches) -> Members:
    """Who is in the groups whose members count; of a group of which no one was found in it, no one."""
    part = found.part
    return {
        group: part.inside.get(group, frozenset())
        for group in matches.member_groups
        if group in part.sizes or group in part.whole
    }


def _moves(found: Few) -> Moves:
    changes = found.changes
    return Moves(
        whole=changes.whole, records=changes.now, joined=changes.joined, left=changes.left, look=found.part.subjects
    )


def _planned(
    bridge: Bridge,
    lookup: Lookup,
    matches: Matches,
    sides: Sides,
    observed: Observed,
    *,
    today: str,
    subjects: frozenset[Whom],
) -> Plan:
    occasion = bridge.occasion(observed.now, observed.at, today=today, mapping=bridge.mapping_key)
    plan = make_plan(matches, sides, bridge.policy, bridge.target.capabilities, occasion, only=subjects)
    # Most plans take nothing away. The others are made again with what only then is counted: of how many. Of so many
    # at least that it is few: no limit that lets it pass stops it where there are more.
    for most in (_ENOUGH, None) if is_counted(plan.operations, matches) else ():
        others = others_of(bridge, lookup, sides.known, most)
        plan = make_plan(
            matches, sides, bridge.policy, bridge.target.capabilities, occasion, only=subjects, others=others
        )
        if plan.verdict.passed:
            break
    return plan


def others_of(bridge: Bridge, lookup: Lookup, known: Remembered, most: int | None = None) -> Others:
    """How many managed ones there are beside those that were loaded. known: with the links of these.

    most: so many of each are counted, which may be fewer than there are; None for all.
    """
    users = {link.target_id for link in known.users.values()}
    groups = {link.target_id for link in known.groups.values()}
    protect = bridge.policy.protect
    names = lookup.group_names() if protect.groups else {}
    untouched = groups | {group for group, name in names.items() if protect.covers("group", name)}
    return Others(
        active_users=max(
            0, lookup.managed("user", most, active=True) - lookup.managed("user", among=users, active=True)
        ),
        users=max(0, lookup.managed("user", most) - lookup.managed("user", among=users)),
        groups=max(0, lookup.managed("group", most) - lookup.managed("group", among=groups)),
        memberships=max(0, lookup.memberships(most) - lookup.memberships(among=untouched)),
        links=lookup.linked() - len(known.users) - len(known.groups),
    )


def holds(lookup: Lookup) -> dict[str, int]:
    """How many users, groups and memberships of managed groups the target holds."""
    shown = lookup.shown_counts()
    return {"users": shown.get("user", 0), "groups": shown.get("group", 0), "memberships": lookup.memberships()}


def _with_others(lookup: Lookup, plan: Plan, found: Few, listing: str) -> Plan:
    """The plan with what is so of the others: their conflicts wait as they did, and what is left alone still is.

    listing: the command that names everyone.
    """
    whole, subjects = found.changes.whole, found.part.subjects
    mine = {conflict.key for conflict in (*plan.conflicts, *plan.settled)}
    waiting, settled = lookup.conflicts_of_others(subjects)
    skipped, notices, held = lookup.remarks_about_others(subjects)
    return replace(
        plan,
        conflicts=(*plan.conflicts, *(c for c in waiting if c.key not in mine)),
        settled=(*plan.settled, *(c for c in settled if c.key not in mine)),
        skipped=(*plan.skipped, *skipped, *_left_out(lookup, found, listing)),
        warnings=(*whole.shown_warnings, *whole.warnings, *plan.warnings, *notices),
        held=plan.held + held,
    )


def _left_out(lookup: Lookup, found: Few, listing: str) -> Iterable[Skipped]:
    subjects = found.part.subjects
    outside = lookup.outside(_LISTED + 1)
    if len(outside) > _LISTED:
        mine = lookup.mapped(SourceKey(whom.kind, whom.id) for whom in subjects if whom.side == "source")
        others_left_out = lookup.left_out() - sum(bool(mapped.outside) for mapped in mine.values())
        subject = f"{counted(others_left_out, 'record')} that did not have to be looked at"
        return [Skipped(subject, f"out of scope; to see them by name: {listing}")]
    now = found.changes.now
    others = [now.get(key, mapped) for key, mapped in outside.items() if Whom.record(key) not in subjects]
    names = _names_there(lookup, [mapped.key for mapped in others])
    return [
        Skipped(names.get(out.key, out.subject), out_of_scope(out), Whom.record(out.key))
        for mapped in others
        for out in mapped.outside
    ]


def _names_there(lookup: Lookup, keys: Sequence[SourceKey]) -> dict[SourceKey, str]:
    """The names on the target of those that were provisioned before."""
    found: dict[SourceKey, str] = {}
    for kind in KINDS:
        links, _ = lookup.links(kind, [key.id for key in keys if key.kind == kind])
        shown = lookup.resources(kind, [link.target_id for link in links.values()])
        found |= {link.key: shown[link.target_id].name for link in links.values() if link.target_id in shown}
    return found
