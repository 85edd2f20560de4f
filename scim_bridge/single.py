"""`--only`: one user or group at once, without reading the whole target (design.md §5).

The target is asked about the named identities alone; for everybody else what was last seen will do.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import sleep

from scim_bridge.apply.engine import Superseded
from scim_bridge.bridge import Bridge
from scim_bridge.errors import BridgeError, Busy, Misconfigured, Stop
from scim_bridge.execution import Order, Reading, Result, failure_on_record, remember, send, stop_by_guard
from scim_bridge.mapping.record import map_records
from scim_bridge.model.identity import EXTERNAL_ID, NAMES, Directory, Existing
from scim_bridge.model.plan import Verdict
from scim_bridge.model.run import RequestRecord
from scim_bridge.model.source import SourceReading
from scim_bridge.observation import Key, Observed, knowledge, recollect, with_again
from scim_bridge.plan.assignments import concerned, with_what_hangs
from scim_bridge.plan.correlate import Match, Matches, correlate
from scim_bridge.plan.fit import fit
from scim_bridge.plan.guard import not_approved
from scim_bridge.plan.make import Occasion, make_plan
from scim_bridge.plan.sides import Sides
from scim_bridge.plan.single import Named, is_called, narrowed
from scim_bridge.state.lock import lock
from scim_bridge.state.reader import StateReader
from scim_bridge.state.writer import State

_LOOKING = 0.2
"""Seconds between two looks at whether a request was answered."""


def read_and_plan_only(bridge: Bridge, reader: StateReader, who: Sequence[str], order: Order) -> Reading:
    """A plan for whoever is called so. Raises Misconfigured if nobody is. Nothing is written anywhere."""
    now = datetime.now(UTC)
    today = order.today or f"{now:%Y-%m-%d}"
    known = knowledge(bridge, reader, now)
    last = reader.last_reading(bridge.name, bridge.endpoint)
    existing = Observed(reader.inventory(bridge.endpoint), last or now, is_whole=False)

    def correlated(source: SourceReading) -> tuple[Directory, Matches]:
        desired = fit(map_records(source.snapshot, bridge.mapping, today), bridge.target.capabilities)
        return desired, correlate(desired, existing.inventory, known, bridge.terms)

    source = _read(bridge, reader, who, today, now, lambda source: correlated(source)[1])
    desired, matches = correlated(source)
    wanted = named(matches, who)
    existing = look_at(bridge, reader, existing, wanted)
    matches = correlate(desired, existing.inventory, known, bridge.terms)
    wanted = Named(_again(matches.users, wanted), _again(matches.groups, wanted))
    sides = Sides(desired, existing.inventory, existing.members, known)
    narrow = narrowed(matches, sides, wanted, groups_of(bridge, existing, wanted))
    moment = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    occasion = Occasion(
        bridge.name, bridge.endpoint, known.mapping, moment, today, f"{existing.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    )
    plan = make_plan(matches, narrow, bridge.policy, bridge.target.capabilities, occasion, wanted.keys)
    holders = concerned(plan, matches, bridge.policy, is_whole=False)
    plan = with_what_hangs(plan, matches, bridge.access.look_up(holders))
    verdict = Verdict(tuple(trip for trip in plan.verdict.tripped if _holds(trip.limit, wanted)))
    return Reading(source, now, matches, existing, narrow, replace(plan, verdict=verdict), wanted.keys)


def _read(
    bridge: Bridge,
    reader: StateReader,
    who: Sequence[str],
    today: str,
    now: datetime,
    correlated: Callable[[SourceReading], Matches],
) -> SourceReading:
    """The source with whoever is meant as it is now: asked by id, where its memory says who that is."""
    memory = recollect(bridge, reader, now)
    if memory is None:
        return bridge.source.read(today)
    try:
        meant = named(correlated(bridge.source.look(today, memory, ())), who)
    except Misconfigured:
        return bridge.source.read(today, memory)  # nobody so far, so a newcomer
    return bridge.source.look(today, memory, sorted(meant.keys))


def _holds(limit: str, wanted: Named) -> bool:
    """Who names one user means it: no limit stops that. For a group all of its limits hold; the source is no matter."""
    return bool(wanted.groups) and limit in ("remove_members", "delete")


def _again(matches: Iterable[Match], wanted: Named) -> tuple[Match, ...]:
    return tuple(match for match in matches if (match.kind, match.source_id) in wanted.keys)


def sync_only(bridge: Bridge, state: State, who: Sequence[str], order: Order) -> Result:
    """Push these identities now. Raises Busy if a run is in progress: then its inbox is the way."""
    with lock(state.path, bridge.name, datetime.now(UTC)):
        return _run(bridge, state, who, order, inside=None)


def _run(bridge: Bridge, state: State, who: Sequence[str], order: Order, inside: int | None) -> Result:
    run_id = state.begin_run(bridge.name, bridge.endpoint, "sync", of_one=True, inside=inside)
    with failure_on_record(state, run_id):
        reading = read_and_plan_only(bridge, state.reader, who, order)
        remember(bridge, state, reading)
        verdict = reading.plan.verdict
        if not verdict.passed:
            tripped = state.reader.tripped(bridge.name) if order.approved_by else None
            new = not_approved(verdict, tripped[1] if tripped is not None else ())
            if new:
                return stop_by_guard(state, bridge, run_id, reading, frozenset())
            state.use_approval(run_id, bridge.name, order.approved_by)
        return send(bridge, state, run_id, reading, reading.plan, order)


@dataclass(frozen=True, slots=True)
class Inbox:
    """What others ask of the run in progress: single identities, dealt with before its next write."""

    bridge: Bridge
    state: State
    run_id: int
    order: Order

    def has_requests(self) -> bool:
        """Whether somebody waits."""
        return bool(self.state.reader.requests(self.bridge.name))

    def answer(self) -> Superseded:
        """Carry out each request as a run of its own. Nothing that goes wrong with one concerns the run in progress."""
        keys: set[Key] = set()
        ids: dict[Key, str] = {}
        for request in self.state.reader.requests(self.bridge.name):
            result = self._carry_out(request)
            if result is not None and result.applied is not None:
                keys |= {(o.resource, o.source_id or "") for o in result.plan.operations if not o.members}
                keys |= {("user", m.source_id or "") for o in result.plan.operations for m in o.members}
                created = zip(result.plan.operations, result.applied.outcomes, strict=True)
                ids |= {(o.resource, o.source_id or ""): end.target_id for o, end in created if end.target_id}
        return Superseded(frozenset(keys), ids)

    def _carry_out(self, request: RequestRecord) -> Result | None:
        order = replace(self.order, approved_by=request.who if request.is_approved else "", asked_by=request.who)
        try:
            with self.bridge.target.urgent():
                result = _run(self.bridge, self.state, request.subjects, order, inside=self.run_id)
        except BridgeError as error:
            code = error.exit_code if isinstance(error, Stop) else 1
            self.state.answer(request.id, None, str(error), code)
            return None
        self.state.answer(request.id, result.run_id, exit_code=exit_code(result))
        return result


def wait_for_answer(bridge: Bridge, state: State, who: Sequence[str], order: Order) -> RequestRecord | None:
    """Leave a request with the run in progress and wait. None if that run has ended without an answer."""
    request_id = state.ask(bridge.name, who, order.asked_by, is_approved=bool(order.approved_by))
    while True:
        sleep(_LOOKING)
        request = state.reader.request(request_id)
        if request is not None and request.is_answered:
            return request
        try:
            with lock(state.path, bridge.name, datetime.now(UTC)):
                state.answer(request_id, None, "withdrawn")
                return None
        except Busy:
            continue


def exit_code(result: Result) -> int:
    """What the command that asked ends with (design.md §5)."""
    if result.applied is None:
        return 4
    return 5 if result.conclusion.failed or result.conclusion.conflicts else 0


def named(matches: Matches, who: Iterable[str]) -> Named:
    """The identities that people mean. Raises Misconfigured if nobody, or more than one of a kind, is called so."""
    found: dict[tuple[str, str], Match] = {}
    for name in who:
        called = [match for match in matches if is_called(match, name)]
        if not called:
            raise Misconfigured(f"neither side has anybody called {name!r}", "Name a userName, a group, or an id.")
        for kind in ("user", "group"):
            same = [match for match in called if match.kind == kind and match.source_id]
            if len(same) > 1:
                ids = ", ".join(sorted(match.source_id for match in same))
                raise Misconfigured(f"several {kind}s are called {name!r}: {ids}", "Name one of them by its source id.")
        found |= {(match.kind, match.source_id or match.name): match for match in called if match.source_id}
    matched = found.values()
    return Named(tuple(m for m in matched if m.kind == "user"), tuple(m for m in matched if m.kind == "group"))


def look_at(bridge: Bridge, reader: StateReader, observed: Observed, wanted: Named) -> Observed:
    """What was last seen, with the named identities as the target shows them now."""
    again: dict[Key, Existing | None] = {}
    for match in (*wanted.users, *wanted.groups):
        if match.existing is not None:
            again[match.kind, match.existing.target_id] = bridge.target.get(match.kind, match.existing.target_id)
        elif match.desired is not None:
            names = {EXTERNAL_ID: match.source_id, NAMES[match.kind]: match.name}
            for path, value in names.items():
                found = bridge.target.find(match.kind, path, value)
                again |= {(match.kind, found.target_id): found} if found is not None else {}
    inventory = with_again(observed.inventory, again)
    groups = [target_id for target_id in _target_ids(wanted.groups) if target_id in inventory.groups]
    members = reader.members(bridge.endpoint, inventory.groups) | dict(bridge.target.read_members(groups))
    return replace(observed, inventory=inventory, again=again, members=members, read_now=frozenset(groups))


def groups_of(bridge: Bridge, observed: Observed, wanted: Named) -> Mapping[str, frozenset[str]]:
    """Target id of each named user → the groups the user is in: asked now, else as last seen."""
    found: dict[str, frozenset[str]] = {}
    for user_id in _target_ids(wanted.users):
        now = bridge.target.groups_of(user_id)
        if now is None:
            now = frozenset(group_id for group_id, users in observed.members.items() if user_id in users)
        found[user_id] = now
    return found


def _target_ids(matches: Iterable[Match]) -> list[str]:
    return [match.existing.target_id for match in matches if match.existing is not None]
