"""`--only`: one user or group at once, without reading the whole target (docs/design.md §5.3).

The target is asked about the named identities alone; for all others, what was last seen is enough. During another run
the source is asked in the same way: an urgent revocation must not wait until 100,000 records are mapped again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from scim_bridge.errors import Misconfigured
from scim_bridge.mapping.record import map_records
from scim_bridge.mapping.remap import map_again
from scim_bridge.model.identity import (
    EXTERNAL_ID,
    NAMES,
    Directory,
    Existing,
    Notice,
    Snapshot,
    SourceCounts,
    SourceKey,
    TargetKey,
    Whom,
)
from scim_bridge.model.own_write import FRESH_FOR
from scim_bridge.model.plan import LAST_DOOR, Plan, Verdict
from scim_bridge.model.remembered import LastApplied, Remembered
from scim_bridge.model.source import Memory, SourceReading
from scim_bridge.model.wording import listed
from scim_bridge.plan.assignments import concerned, with_what_hangs
from scim_bridge.plan.doubt import settle, with_settled
from scim_bridge.plan.fit import fit
from scim_bridge.plan.guard import refuse_empty
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.make import make_plan
from scim_bridge.plan.match.correlate import Match, Matches, correlate, is_called
from scim_bridge.plan.match.related_users import neighbourhood
from scim_bridge.plan.only import Named, in_the_way, narrowed
from scim_bridge.run.access_impact import Planned, assignments_of, renewed, with_impact
from scim_bridge.run.access_seen import MOST, AccessSeen, see_few
from scim_bridge.run.bridge import Bridge
from scim_bridge.run.lifecycle import Order, Reading, Result, carry_out, on_record, refuse_in_shadow, remember
from scim_bridge.run.listing import read_members, read_settled, with_again
from scim_bridge.run.target_view import Observed, doubts_of, knowledge, recollect
from scim_bridge.state.lock import lock
from scim_bridge.state.reader import StateReader
from scim_bridge.state.writer import State


@dataclass(frozen=True, slots=True)
class Outer:
    """The run in progress that carries another one out. reading: what it has read, where that was about everyone."""

    run_id: int
    reading: Reading | None


def read_and_plan_only(
    bridge: Bridge, reader: StateReader, who: Sequence[str], order: Order, beside: Reading | None = None
) -> Reading:
    """A plan for the users and groups of these names. Raises Misconfigured if there are none. Nothing is written.

    beside: what the run in progress has read a moment ago, so that only the named have to be read and mapped again.
    """
    now = datetime.now(UTC)
    known = knowledge(bridge, reader, now, is_asked=True)
    last = reader.last_reading(bridge.name, bridge.endpoint)
    # where nothing was ever seen, no one would know whom a member's id means
    listed = read_settled(bridge, reader, known, now, order.progress) if last is None else None
    if listed is not None and not listed.presumed:
        observed = Observed(inventory=listed.inventory, at=now, is_whole=True, now=now)
    else:
        observed = Observed(inventory=reader.inventory(bridge.endpoint), at=last or now, is_whole=False, now=now)
    view = _View(bridge, known, observed, order.today or bridge.today(now))
    source, everybody, keys = _see(view, recollect(bridge, reader, now), who, beside)
    view = view.around(everybody, keys)
    # Two users who exchange names: only one is named, but neither can get the name without the other.
    too = in_the_way(view.matches, keys, bridge.terms.unique)
    view = _settled(_looked_at(view, reader, keys | too), reader, keys | too)
    sides, plan, access = _planned(view, reader, keys | too, now)
    plan = replace(plan, warnings=(*plan.warnings, *_planned_too(view.named(too))))
    return Reading(
        source=source,
        began=now,
        matches=view.matches,
        observed=view.observed,
        sides=sides,
        plan=plan,
        only=keys | too,
        access=access,
    )


def _planned_too(wanted: Named) -> Iterator[Notice]:
    for match in (*wanted.users, *wanted.groups):
        detail = f"{match.name} is planned too: it gives up a name or an email that a record named with --only takes"
        yield Notice("planned_too", match.name, detail)


def _planned(
    view: "_View", reader: StateReader, keys: frozenset[SourceKey], now: datetime
) -> tuple[Sides, Plan, AccessSeen | None]:
    """What is to be done about the named, and the sides as far as they concern them."""
    bridge, wanted = view.bridge, view.named(keys)
    sides = Sides(view.desired, view.observed.inventory, view.observed.members, view.known)
    narrow = narrowed(view.matches, sides, wanted, groups_of(bridge, reader, view.observed, wanted))
    mapping = view.known.earlier.mapping
    occasion = bridge.occasion(now, view.observed.at, today=view.today, mapping=mapping)
    plan = make_plan(
        view.matches,
        narrow,
        bridge.policy,
        bridge.target.capabilities,
        occasion,
        only=frozenset(map(Whom.record, keys)),
    )
    holders = concerned(plan, view.matches, bridge.policy, is_whole=False)
    # A revocation that someone asks for by name does not wait until an organization of 300 accounts was read.
    planned = Planned(plan=plan, sides=narrow, now=now, is_about_all=False, most=MOST)
    access = renewed(bridge, reader, planned, see_few(bridge, reader, now, plan), holders)
    plan = with_what_hangs(plan, view.matches, assignments_of(access, holders))
    plan, access = with_impact(bridge, reader, replace(planned, plan=plan), access)
    verdict = Verdict(tuple(trip for trip in plan.verdict.tripped if _holds(trip.limit, wanted)))
    return narrow, replace(plan, verdict=verdict), access


_NOBODY = Directory(users=(), groups=(), members={}, counts=SourceCounts(0, 0, 0))


@dataclass(frozen=True)
class _View:
    """Both sides as far as they have been looked at. desired: fitted."""

    bridge: Bridge
    known: Remembered
    observed: Observed
    today: str
    desired: Directory = _NOBODY

    def made(self, snapshot: Snapshot) -> Directory:
        """A snapshot mapped, and in the target's own form."""
        last = LastApplied(self.known, self.observed.inventory)
        return fit(map_records(snapshot, self.bridge.mapping, self.today, last), self.bridge.target.capabilities)

    def of(self, source: SourceReading) -> "_View":
        """With everything that a source shows."""
        return replace(self, desired=self.made(source.snapshot))

    def around(self, everybody: Directory, keys: frozenset[SourceKey]) -> "_View":
        """With the part of a directory that concerns these. For a group, or without state, that is all of it."""
        # Without state a match depends on every record that may claim the same name, a group on its members.
        if self.known.is_fresh or any(kind == "group" for kind, _ in keys):
            return replace(self, desired=everybody)
        named = [source_id for _, source_id in keys]
        inventory, terms = self.observed.inventory, self.bridge.terms
        desired, inventory, known = neighbourhood(everybody, inventory, self.known, terms, named)
        return replace(self, desired=desired, observed=replace(self.observed, inventory=inventory), known=known)

    @cached_property
    def matches(self) -> Matches:
        """Who is who."""
        return correlate(self.desired, self.observed.inventory, self.known, self.bridge.terms)

    def named(self, keys: frozenset[SourceKey]) -> Named:
        """The named identities as they are now."""
        found = [match for match in self.matches if match.key in keys]
        return Named(tuple(m for m in found if m.kind == "user"), tuple(m for m in found if m.kind == "group"))


def _looked_at(view: _View, reader: StateReader, keys: frozenset[SourceKey]) -> _View:
    """With the named as the target shows them now."""
    return replace(view, observed=look_at(view.bridge, reader, view.observed, view.named(keys)))


def _settled(view: _View, reader: StateReader, keys: frozenset[SourceKey]) -> _View:
    """With what earlier writes to the named, whose answers were lost, have done: that is ours as well."""
    observed, bridge = view.observed, view.bridge
    records = reader.doubtful(bridge.name, bridge.endpoint)
    doubts = doubts_of(records, view.known, observed.inventory)
    # What is in doubt about the others is settled by a run that looks at them.
    mine = tuple(d for d in doubts if d.operation.key in keys)
    known = with_settled(view.known, settle(mine, observed.inventory, observed.members, view.known, observed.now))
    return replace(view, known=known, observed=replace(observed, doubts=mine))


@dataclass(frozen=True, slots=True)
class _Recalled:
    """What was read before: by the run in progress, or by whichever run the source's memory is of."""

    snapshot: Snapshot
    directory: Directory
    matches: Matches


def _see(
    view: _View, memory: Memory | None, who: Sequence[str], beside: Reading | None
) -> tuple[SourceReading, Directory, frozenset[SourceKey]]:
    """The source with the named records as they are now, mapped, and their keys.

    If the ids of the named are known, only these are asked for. Else the whole source is read. A whole source without a
    user is not believed; an answer about one id may well be empty, since the last user may have left.
    """
    source = view.bridge.source
    recalled = _recall(view, memory, beside)
    keys = _known_before(recalled, who)
    # A new user is not remembered. So an unknown name means "read the whole source", not "no such user".
    if recalled is not None and keys:
        seen = source.look(view.today, memory, sorted(keys))
        anew = map_again(recalled.snapshot, recalled.directory, seen.snapshot, view.bridge.mapping, view.made)
        return seen, anew, keys
    seen = source.read(view.today, memory)
    # Only what was read whole can be empty by mistake. A source that was asked for one id may well have no user left.
    refuse_empty(seen.snapshot.counts)
    view = view.of(seen)
    return seen, view.desired, named(view.matches, who).keys


def _recall(view: _View, memory: Memory | None, beside: Reading | None) -> _Recalled | None:
    if beside is not None:
        return _Recalled(beside.source.snapshot, beside.sides.directory, beside.matches)
    if memory is None:
        return None
    remembered = view.bridge.source.look(view.today, memory, ())
    view = view.of(remembered)
    return _Recalled(remembered.snapshot, view.desired, view.matches)


def _known_before(recalled: _Recalled | None, who: Sequence[str]) -> frozenset[SourceKey]:
    """The keys of the named; none of them if one is not known yet."""
    try:
        return named(recalled.matches, who).keys if recalled is not None else frozenset()
    except Misconfigured:
        return frozenset()


_OF_GROUPS = ("remove_members", "delete", "lose_access", "lose_admin", "gain_admin")


def _holds(limit: str, wanted: Named) -> bool:
    """Naming a user is an approval, so no limit stops it. For a group its limits hold; the source does not matter.

    The last way to administer an account is not given up by naming someone.
    """
    return limit == LAST_DOOR or (bool(wanted.groups) and limit in _OF_GROUPS)


def sync_only(bridge: Bridge, state: State, who: Sequence[str], order: Order) -> Result:
    """Push these identities now. Raises Busy if a run is in progress: then its inbox is the way."""
    refuse_in_shadow(bridge, f"{listed(who)} cannot be pushed")
    with lock(state.path, bridge.name, datetime.now(UTC)):
        return run_one(bridge, state, who, order)


def run_one(bridge: Bridge, state: State, who: Sequence[str], order: Order, outer: Outer | None = None) -> Result:
    """One run for these identities. outer: the run in progress that carries it out."""
    inside, beside = (outer.run_id, outer.reading) if outer is not None else (None, None)
    run_id = state.begin_run(bridge.name, bridge.endpoint, "sync", of_one=True, inside=inside)
    with on_record(bridge, state, order, run_id) as active:
        reading = read_and_plan_only(bridge, state.reader, who, order, beside)
        remember(active, reading)
        return carry_out(active, reading)


def named(matches: Matches, who: Iterable[str]) -> Named:
    """The identities with these names. Raises Misconfigured if a name fits none, or several of one kind."""
    found: dict[SourceKey, Match] = {}
    for name in who:
        called = [match for match in matches if is_called(match, name)]
        if not called:
            raise Misconfigured(
                f"neither the source nor the target has a user or group called {name!r}",
                "Give a userName, a group name or an id.",
            )
        for kind in ("user", "group"):
            same = [match for match in called if match.kind == kind and match.source_id]
            if len(same) > 1:
                ids = ", ".join(sorted(match.source_id for match in same))
                raise Misconfigured(f"several {kind}s are called {name!r}: {ids}", "Name one of them by its source id.")
        found |= {match.key: match for match in called if match.source_id}
    matched = found.values()
    return Named(tuple(m for m in matched if m.kind == "user"), tuple(m for m in matched if m.kind == "group"))


def look_at(bridge: Bridge, reader: StateReader, observed: Observed, wanted: Named) -> Observed:
    """What was last seen, with the named identities, and the members of the groups, as the target shows them now."""
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
    inventory = with_again(observed.inventory, again)
    groups = [target_id for target_id in _target_ids(wanted.groups) if target_id in inventory.groups]
    members, lacking = read_members(bridge, reader, groups, inventory.users, now=observed.now)
    shown = replace(observed, inventory=inventory, again=again, members=members, lacking=lacking)
    return replace(shown, read_now=frozenset(groups))


def groups_of(bridge: Bridge, reader: StateReader, observed: Observed, wanted: Named) -> Mapping[str, frozenset[str]]:
    """Target id of each named user → the groups the user is in: asked now, else as last seen."""
    found: dict[str, frozenset[str]] = {}
    own = reader.own_writes(bridge.name, bridge.endpoint, observed.now - FRESH_FOR)
    for user_id in _target_ids(wanted.users):
        # Asked now, since a membership that someone added by hand since the last reading is just what a revocation has
        # to find.
        now = bridge.target.groups_of(user_id)
        if now is None:
            seen = reader.members(bridge.endpoint, observed.inventory.groups) | dict(observed.members)
            now = frozenset(group_id for group_id, users in seen.items() if user_id in users)
        found[user_id] = own.groups_of(user_id, now)
    return found


def _target_ids(matches: Iterable[Match]) -> list[str]:
    return [match.existing.target_id for match in matches if match.existing is not None]
