"""`--only`: one user or group at once, without reading either side for anyone else (docs/design.md §5.3).

The target is asked about the named identities alone; for all others, what was last seen is enough. Where the indexes of
the state do not say what is so (a first run, another mapping), everyone is loaded, and the same is planned.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from scim_bridge.errors import Misconfigured, NobodyCalled
from scim_bridge.model.identity import (
    EXTERNAL_ID,
    KINDS,
    NAMES,
    Existing,
    Notice,
    Snapshot,
    SourceKey,
    TargetKey,
    Whom,
)
from scim_bridge.model.own_write import FRESH_FOR
from scim_bridge.model.plan import LAST_DOOR, Plan, Verdict
from scim_bridge.model.source import SourceReading
from scim_bridge.model.wording import listed
from scim_bridge.plan.assignments import concerned, with_what_hangs
from scim_bridge.plan.decide.group_members import losing, with_strangers
from scim_bridge.plan.doubt import settle, with_settled
from scim_bridge.plan.guard import NO_OTHERS, Others
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.make import make_plan
from scim_bridge.plan.match.correlate import Matches, called, correlate
from scim_bridge.plan.only import Named, in_the_way, narrowed
from scim_bridge.run.access_impact import Planned, assignments_of, renewed, with_impact
from scim_bridge.run.access_seen import MOST, AccessSeen, see_few
from scim_bridge.run.bridge import Bridge
from scim_bridge.run.lifecycle import Order, Reading, Result, carry_out, on_record, refuse_in_shadow, remember
from scim_bridge.run.named import find_named
from scim_bridge.run.named_sides import Related, Seen, Sight, whole_sides
from scim_bridge.run.part import TooMuch
from scim_bridge.run.some import Kept, kept
from scim_bridge.run.target_view import Observed, is_confirmed, knowledge
from scim_bridge.state.reader import StateReader
from scim_bridge.state.writer import State


def read_and_plan_named(bridge: Bridge, reader: StateReader, who: Sequence[str], order: Order) -> Reading:
    """A plan for the users and groups of these names. Raises Misconfigured if there are none. Nothing is written."""
    now = datetime.now(UTC)
    state = kept(
        bridge,
        reader,
        knowledge(bridge, reader, now, is_asked=True, with_links=False),
        order.today or bridge.today(now),
    )
    if isinstance(state, Kept):
        with suppress(TooMuch), reader.lookup(bridge.name, bridge.endpoint) as lookup:
            found = find_named(bridge, reader, lookup, state, who, order=order, now=now)
            in_doubt = reader.doubtful(bridge.name, bridge.endpoint)
            related = Related(
                bridge=bridge, reader=reader, lookup=lookup, state=state, called=found, in_doubt=in_doubt, now=now
            )
            return _planned(related, bridge, reader, who, order)
    return _planned(whole_sides(bridge, reader, order, now), bridge, reader, who, order)


def _planned(sight: Sight, bridge: Bridge, reader: StateReader, who: Sequence[str], order: Order) -> Reading:
    """The named as both sides have them now, and the plan for them."""
    seen = sight.load({}, frozenset(), frozenset())
    matches = _matches(bridge, seen)
    named = _named(matches, who)
    # Two users who exchange names: only one is named, but neither can get the name without the other.
    too = in_the_way(matches, named.keys, bridge.terms.unique)
    keys = named.keys | too
    again = _looked_at(bridge, _of(matches, keys))
    seen = sight.load(again, keys, frozenset())
    matches = _matches(bridge, seen)
    groups = _groups_of(bridge, reader, seen.observed, _of(matches, keys))
    beside = frozenset[str]().union(*groups.values())
    if not is_confirmed(bridge, seen.observed, matches, seen.desired) or beside - seen.observed.inventory.groups.keys():
        seen = sight.load(again, keys, beside)
    observed = seen.observed
    # What earlier writes to the named have done, whose answers were lost, is ours as well.
    known = with_settled(
        seen.known, settle(observed.doubts, observed.inventory, observed.members, seen.known, observed.now)
    )
    seen = replace(seen, known=known)
    matches = _matches(bridge, seen)
    wanted = _of(matches, keys)
    sides = narrowed(matches, Sides(seen.desired, observed.inventory, observed.members, known), wanted, groups)
    others = sight.others(known) if wanted.groups else NO_OTHERS
    plan, access = _plan(bridge, reader, matches, sides, order, observed=observed, wanted=wanted, others=others)
    plan = replace(plan, warnings=(*plan.warnings, *_planned_too(_of(matches, too))))
    return Reading(
        source=SourceReading(Snapshot((), (), {})),
        began=observed.now,
        matches=matches,
        observed=observed,
        sides=sides,
        plan=plan,
        only=keys,
        holds=sight.holds(),
        access=access,
    )


def _matches(bridge: Bridge, seen: Seen) -> Matches:
    return correlate(seen.desired, seen.observed.inventory, seen.known, bridge.terms)


def _of(matches: Matches, keys: frozenset[SourceKey]) -> Named:
    found = [match for match in matches if match.key in keys]
    return Named(tuple(m for m in found if m.kind == "user"), tuple(m for m in found if m.kind == "group"))


def _named(matches: Matches, who: Iterable[str]) -> Named:
    """The identities with these names. Raises Misconfigured if a name fits none, or several of one kind."""
    keys: set[SourceKey] = set()
    for name in who:
        found = called(matches, name)
        if not found:
            raise NobodyCalled(name)
        for kind in KINDS:
            ids = sorted(match.source_id for match in found if match.kind == kind and match.source_id)
            if len(ids) > 1:
                raise Misconfigured(
                    f"several {kind}s are called {name!r}: {', '.join(ids)}", "Name one of them by its source id."
                )
        keys |= {match.key for match in found if match.source_id}
    return _of(matches, frozenset(keys))


def _planned_too(wanted: Named) -> Iterator[Notice]:
    for match in (*wanted.users, *wanted.groups):
        detail = f"{match.name} is planned too: it gives up a name or an email that a record named with --only takes"
        yield Notice("planned_too", match.name, detail)


def _looked_at(bridge: Bridge, wanted: Named) -> dict[TargetKey, Existing | None]:
    """The named identities as the target shows them now."""
    again: dict[TargetKey, Existing | None] = {}
    for match in (*wanted.users, *wanted.groups):
        if match.existing is not None:
            again[match.existing.key] = bridge.target.get(match.kind, match.existing.target_id)
        elif match.desired is not None:
            # Not linked, and not among what was last seen: it may have been created since by someone else, and a
            # create would be a 409 then.
            names = {EXTERNAL_ID: match.source_id, NAMES[match.kind]: match.desired.name}
            for path, value in names.items():
                found = bridge.target.find(match.kind, path, value)
                again |= {found.key: found} if found is not None else {}
    return again


def _groups_of(bridge: Bridge, reader: StateReader, observed: Observed, wanted: Named) -> Mapping[str, frozenset[str]]:
    """Target id of each named user → the groups the user is in: asked now, else as last seen."""
    found: dict[str, frozenset[str]] = {}
    own = reader.own_writes(bridge.name, bridge.endpoint, observed.now - FRESH_FOR)
    for user_id in (match.existing.target_id for match in wanted.users if match.existing is not None):
        # Asked now, since a membership that someone added by hand since the last reading is just what a revocation has
        # to find.
        now = bridge.target.groups_of(user_id)
        found[user_id] = own.groups_of(user_id, _last_seen_in(reader, bridge, user_id) if now is None else now)
    return found


def _last_seen_in(reader: StateReader, bridge: Bridge, user_id: str) -> frozenset[str]:
    with reader.lookup(bridge.name, bridge.endpoint) as lookup:
        return frozenset(lookup.inside([user_id]))


def _plan(
    bridge: Bridge,
    reader: StateReader,
    matches: Matches,
    sides: Sides,
    order: Order,
    *,
    observed: Observed,
    wanted: Named,
    others: Others,
) -> tuple[Plan, AccessSeen | None]:
    """What is to be done about the named, and the reading of who may enter what that it goes by."""
    now = observed.now
    mapping = sides.known.earlier.mapping
    occasion = bridge.occasion(now, observed.at, today=order.today or bridge.today(now), mapping=mapping)
    only = frozenset(map(Whom.record, wanted.keys))
    plan = make_plan(matches, sides, bridge.policy, bridge.target.capabilities, occasion, only=only, others=others)
    plan = with_strangers(plan, reader.members(bridge.endpoint, losing(plan), ours=True))
    holders = concerned(plan, matches, bridge.policy, is_whole=False)
    # A revocation that someone asks for by name does not wait until an organization of 300 accounts was read.
    planned = Planned(plan=plan, sides=sides, now=now, is_about_all=False, most=MOST)
    access = renewed(bridge, reader, planned, see_few(bridge, reader, now, plan), holders)
    plan = with_what_hangs(plan, matches, assignments_of(access, holders))
    plan, access = with_impact(bridge, reader, replace(planned, plan=plan), access)
    return replace(plan, verdict=Verdict(tuple(t for t in plan.verdict.tripped if _holds(t.limit, wanted)))), access


_OF_GROUPS = ("remove_members", "delete", "lose_access", "lose_admin", "gain_admin")


def _holds(limit: str, wanted: Named) -> bool:
    """Naming a user is an approval, so no limit stops it. For a group its limits hold; the source does not matter.

    The last way to administer an account is not given up by naming someone.
    """
    return limit == LAST_DOOR or (bool(wanted.groups) and limit in _OF_GROUPS)


def sync_named(bridge: Bridge, state: State, who: Sequence[str], order: Order) -> Result:
    """Push these identities now. Raises Busy if a run is in progress: then its inbox is the way."""
    refuse_in_shadow(bridge, f"{listed(who)} cannot be pushed")
    with state.lock(bridge.name):
        return run_named(bridge, state, who, order)


def run_named(bridge: Bridge, state: State, who: Sequence[str], order: Order, inside: int | None = None) -> Result:
    """One run for these identities. inside: the run in progress that carries it out."""
    # Of an order that was left with the run in progress, the asking is in the audit.
    by = order.to_note if inside is None else None
    run_id = state.begin_run(
        bridge.name,
        bridge.endpoint,
        "sync",
        of_one=True,
        inside=inside,
        by=by,
        detail=", ".join(who),
        order_id=order.number if inside is None else None,
    )
    with on_record(bridge, state, order, run_id) as active:
        reading = read_and_plan_named(bridge, state.reader, who, active.order)
        remember(active, reading)
        return carry_out(active, reading)
