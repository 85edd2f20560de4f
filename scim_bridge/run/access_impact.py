"""What a plan does to who may enter what, put into the plan: with what depends on it, the limits, and the last door.

Only those whom the plan touches are looked up. Who is in a group that we manage is as this run knows it, which is newer
than what AWS was read; of other groups AWS is all that is known.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scim_bridge.access.impact import after, concerned, impact_of
from scim_bridge.access.last_door import account_of, administering, administrators, closes
from scim_bridge.model.access import AccessReading, People, Person
from scim_bridge.model.assignment import UNKNOWN, Assignment, Assignments, Principal
from scim_bridge.model.identity import DISPLAY_NAME, Existing, Notice, TargetKey
from scim_bridge.model.impact import is_new
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Plan, Trip, Verdict
from scim_bridge.model.policy import KeepAdmins
from scim_bridge.model.protocol import silent
from scim_bridge.plan.access_limits import with_access_limits
from scim_bridge.plan.inputs import Sides
from scim_bridge.run.access_seen import AccessSeen, ask_again, read_anew
from scim_bridge.run.bridge import Bridge
from scim_bridge.state.access_lookup import AccessLookup
from scim_bridge.state.access_memory import AccessMemory
from scim_bridge.state.lookup import Lookup
from scim_bridge.state.reader import StateReader

_ADDS = "add_members"
MOST_ASKED = 100
"""Users and groups about whom AWS is asked again, two requests for each: 20 seconds at the usual pace."""


def assignments_of(seen: AccessSeen | None, principals: Sequence[Principal]) -> Assignments:
    """The assignments of these, as they were read; of no one where nothing could be read."""
    if seen is None:
        return UNKNOWN
    if seen.memory is None or not principals:
        return Assignments()
    users, groups = ([who.id for who in principals if who.kind == kind] for kind in ("user", "group"))
    with seen.memory.lookup() as lookup:
        part = seen.around(lookup, users, groups)
    found: dict[Principal, list[Assignment]] = {who: [] for who in principals}
    for edge in part.edges if part is not None else ():
        if edge.principal in found and part is not None:
            name = part.accounts[edge.account].name
            account = f"{name} ({edge.account})" if name != edge.account else name
            found[edge.principal].append(Assignment(account, part.sets[edge.permission_set].name))
    return Assignments({who: tuple(sorted(held)) for who, held in found.items()})


def renewed(
    bridge: Bridge, reader: StateReader, planned: "Planned", seen: AccessSeen | None, holders: Sequence[Principal]
) -> AccessSeen | None:
    """What is known, after AWS was asked again about those whom the plan changes, if that was read a while ago.

    holders: those whose assignments the plan names. For many, or where AWS refuses, the older reading has to do.
    """
    plan = planned.plan
    if seen is None or seen.memory is None or bridge.access is None or not plan.operations:
        return seen
    if seen.is_recent(planned.now):
        return seen
    users = {user for user in concerned(plan.operations) if not is_new(user)}
    groups = {o.target_id for o in plan.operations if o.resource == "group" and o.target_id is not None}
    with _known(bridge, reader, planned) as known, seen.memory.lookup() as access:
        part = access.around(users)
        groups |= known.inside(users).keys()
    if part is None:
        return seen
    groups |= {group for group, ids in part.people.members.items() if not users.isdisjoint(ids)}
    who = {*holders, *(TargetKey("user", one) for one in users), *(TargetKey("group", one) for one in groups)}
    if len(who) > MOST_ASKED:
        return seen
    now = ask_again(bridge.access, sorted(who), part.sets.keys())
    return seen if now is None else replace(seen, renewed=now)  # if not, the plan says how old the reading is


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan that is made, and what it was made from. now: of the run. is_about_all: `sides` has the members of every
    group that the plan may touch. most: requests for reading all of AWS again, None for as many as it takes."""

    plan: Plan
    sides: Sides
    now: datetime
    is_about_all: bool
    most: int | None = None


def with_impact(
    bridge: Bridge, reader: StateReader, planned: Planned, seen: AccessSeen | None
) -> tuple[Plan, AccessSeen | None]:
    """The plan with its impact, and what was read for that in the end."""
    plan = planned.plan
    if seen is None:
        return plan, seen
    if not plan.operations:
        return _with_reason(plan, seen, planned.now), seen
    with _known(bridge, reader, planned) as known:
        made = known.made(bridge, seen)
        if _is_to_be_read_again(bridge, made, planned, seen) and bridge.access is not None:
            # The last door is at stake: someone else may have taken away what the others had when AWS was read.
            again = read_anew(bridge.access, planned.now, silent, most=planned.most)
            seen = again if again.memory is not None else replace(seen, reason=again.reason)
            made = known.made(bridge, seen)
    return _with_reason(made, seen, planned.now), seen


def _is_to_be_read_again(bridge: Bridge, made: Plan, planned: Planned, seen: AccessSeen) -> bool:
    if made.impact is None or not made.impact.admins_lost or seen.new is not None or seen.reason or seen.as_of is None:
        return False
    # Who is named is urgent, and no limit on users holds then: only the last door is worth a look.
    is_urgent = planned.most is not None
    return bridge.policy.keep_admins is not None or not (is_urgent or seen.is_recent(planned.now))


def _with_reason(plan: Plan, seen: AccessSeen, now: datetime) -> Plan:
    """The plan with a sentence about why AWS could not be read, if that was so."""
    if not seen.reason:
        return plan
    if seen.memory is None:
        what = "who gains or loses access by this plan is not known, nor what depends on those it changes"
    else:
        what = f"who may enter what is as AWS was read {_age(now - (seen.as_of or now))} ago"
    notice = Notice("access_not_read", "access", f"{what}: {seen.reason}".rstrip("."))
    return replace(plan, warnings=(*plan.warnings, notice))


def _age(age: timedelta) -> str:
    minutes = max(0, int(age.total_seconds() // 60))
    return f"{minutes // 60} h" if minutes >= 120 else f"{minutes} min"


@contextmanager
def _known(bridge: Bridge, reader: StateReader, planned: Planned) -> Iterator["_Known"]:
    if not reader.is_there:
        yield _Known(planned, None, None, bridge.policy.keep_admins)
        return
    with reader.lookup(bridge.name, bridge.endpoint) as lookup:
        yield _Known(planned, lookup, reader.access(bridge.name), bridge.policy.keep_admins)


@dataclass(frozen=True, slots=True)
class _Known:
    """What this run knows of the target. lookup, kept: what the state does, None where there is none yet."""

    planned: Planned
    lookup: Lookup | None
    kept: AccessMemory | None
    keep_admins: KeepAdmins | None

    def made(self, bridge: Bridge, seen: AccessSeen) -> Plan:
        """The plan with its impact, by this reading."""
        plan, limits = self.planned.plan, bridge.policy.limits
        if seen.memory is None or bridge.access is None:
            return self._unchecked("AWS could not be read")
        with seen.memory.lookup() as access:
            before = self._part(seen, access, concerned(plan.operations))
            if before is None:
                return plan
            impact = impact_of(before, plan.operations, bridge.access.prices)
            recent = self.planned.sides.known.earlier.recent

            def sizes(base: str) -> int:
                return access.count(is_administering=base == "administrators")

            made = with_access_limits(plan, impact, sizes, limits, recent)
            if self.keep_admins is None:
                return made
            account = account_of(before, self.keep_admins)
            if not account:
                return replace(made, warnings=self._unchecked("AWS does not show it").warnings)
            trip = self._last_door(seen, access, before, account)
        return replace(made, verdict=Verdict((*made.verdict.tripped, trip))) if trip is not None else made

    def _unchecked(self, why: str) -> Plan:
        """The plan with a sentence, if someone has to look after the last door in our place."""
        plan = self.planned.plan
        if self.keep_admins is None:
            return plan
        detail = f"policy.keep_admins was not checked for the account {self.keep_admins.account!r}: {why}"
        return replace(plan, warnings=(*plan.warnings, Notice("last_door_not_checked", "access", detail)))

    def _last_door(self, seen: AccessSeen, access: AccessLookup, before: AccessReading, account: str) -> Trip | None:
        """Why too few would administer the account; None if enough do, or if no one stops to."""
        kept, operations = self.keep_admins, self.planned.plan.operations
        had, has = administrators(before, account), administrators(after(before, operations), account)
        if kept is None or had.keys() <= has.keys():
            return None
        holders = access.holding(account, administering(before, account))
        users = concerned(operations) | {who.id for who in holders if who.kind == "user"}
        whole = [who.id for who in holders if who.kind == "group"]
        everyone = self._part(seen, access, users, whole)
        return closes(kept, account, everyone, after(everyone, operations)) if everyone is not None else None

    def _part(
        self, seen: AccessSeen, access: AccessLookup, touched: Iterable[str], whole: Collection[str] = ()
    ) -> AccessReading | None:
        """Those touched, all members of whole groups and of those that are deleted, and all that reaches them; as this
        run knows it."""
        operations = self.planned.plan.operations
        whole = {*whole, *(o.target_id or "" for o in operations if o.kind == "delete_group")}
        mine = self._members(whole)
        users = {*touched}.union(*mine.values())
        inside = self.inside(users)
        groups = {*inside, *(o.target_id or "" for o in operations if o.members)}
        part = seen.around(access, users, groups, whole)
        if part is None:
            return None
        part = self._without_deleted(part)
        managed = self._managed(part.people.members)
        everyone = {*users, *part.people.users}
        if everyone != users:
            inside = self.inside(everyone)
        members = {
            group: frozenset(inside.get(group, ())) if group in managed else ids
            for group, ids in part.people.members.items()
        }
        # A group that was assigned something only since: that reading has not asked for its members.
        later = {edge.principal.id for edge in part.edges if edge.principal.kind == "group"} - members.keys()
        members |= {group: frozenset(inside.get(group, ())) for group in later}
        people = People(self._people(part, everyone), self._names(part), _as_planned(members, operations))
        return replace(part, people=people)

    def _without_deleted(self, part: AccessReading) -> AccessReading:
        """The part without users and groups that we have deleted since it was read."""
        gone = self.kept.deleted(part.as_of) if self.kept is not None else frozenset()
        people = part.people
        users = {user: person for user, person in people.users.items() if user not in gone}
        groups = {group: name for group, name in people.groups.items() if group not in gone}
        return replace(part, people=People(users, groups, people.members)) if gone else part

    def _members(self, groups: Collection[str]) -> Mapping[str, Collection[str]]:
        """Who is in these groups, as far as we manage them."""
        sides = self.planned.sides
        if self.planned.is_about_all or self.lookup is None:
            return {group: sides.members[group] for group in groups if group in sides.members}
        return self.lookup.members(self._managed(groups))

    def inside(self, users: Collection[str]) -> dict[str, set[str]]:
        """Group → which of these are in it."""
        if not self.planned.is_about_all and self.lookup is not None:
            return self.lookup.inside(users)
        wanted = set(users)
        shown = self.planned.sides.members.items()
        return {group: wanted & ids for group, ids in shown if not wanted.isdisjoint(ids)}

    def _managed(self, groups: Collection[str]) -> frozenset[str]:
        """Those whose members we know better than AWS was read."""
        if self.planned.is_about_all:
            return frozenset(groups) & self.planned.sides.members.keys()
        if self.lookup is None:
            return frozenset()
        links, _ = self.lookup.links("group", target_ids=list(groups))
        return frozenset(link.target_id for link in links.values())

    def _people(self, part: AccessReading, users: Collection[str]) -> dict[str, Person]:
        """Users as the target shows them; as AWS was read where it is not known here."""
        shown = self.planned.sides.inventory.users
        there = {user: shown[user] for user in users if user in shown}
        if not self.planned.is_about_all and self.lookup is not None:
            there = self.lookup.resources("user", [user for user in users if user not in there]) | there
        return {**part.people.users, **{user: _person(resource) for user, resource in there.items()}}

    def _names(self, part: AccessReading) -> dict[str, str]:
        shown = self.planned.sides.inventory.groups
        assigned = {edge.principal.id for edge in part.edges if edge.principal.kind == "group"}
        there = {group: shown[group].name for group in (*part.people.groups, *assigned) if group in shown}
        return {**part.people.groups, **there}


def _as_planned(members: Mapping[str, frozenset[str]], operations: Iterable[Operation]) -> dict[str, frozenset[str]]:
    """The members, so that what is added is not there before, and what is removed is: the plan has looked last."""
    found = dict(members)
    for operation in operations:
        group = operation.target_id or ""
        if operation.members and group in found:
            ids = {member.target_id for member in operation.members if member.target_id is not None}
            found[group] = found[group] - ids if operation.kind == _ADDS else found[group] | ids
    return found


def _person(resource: Existing) -> Person:
    display = str(resource.attributes.get(DISPLAY_NAME) or resource.name)
    return Person(resource.target_id, resource.name, display, resource.is_active)
