"""users/delta and groups/delta: rounds, their next links, the delta link at the end.

learn.microsoft.com/graph/delta-query-overview, -users, -groups; …/graph/api/user-delta, …/graph/api/group-delta

A round is planned as a whole when its first page is asked for: which objects appear in it, with which membership
changes, in which pages. What a deleted user leaves in groups does not show as removals
(microsoft-graph-docs-contrib, issue 5855). The tokens are opaque. A next link belongs to a planned round; a delta link
holds what is tracked and from where on.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.query import Given, Schema, Sealer, ids_of, refuse
from scim_bridge.sandbox.entra.refusal import GraphRefusal, bad_request
from scim_bridge.sandbox.entra.schema import DEFAULTS, ELSEWHERE, RELATIONS, Kind
from scim_bridge.sandbox.entra.store import Entry, Row, Store, is_hidden, typed

_MOST_ROUNDS = 1_000
_MESSAGE = "The delta token is expired or unknown; synchronize again from the start."
MemberChange = tuple[str, bool]
"""A member, and whether it was added or removed."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a delta link goes on tracking. names: properties and relations; ids: only these objects, None = all."""

    kind: Kind
    names: tuple[str, ...]
    ids: frozenset[str] | None = None
    is_default: bool = False

    @property
    def has_members(self) -> bool:
        """Whether changes of members are reported; without $select they are."""
        return self.kind == "group" and ("members" in self.names or self.is_default)

    @property
    def has_manager(self) -> bool:
        """Whether changes of the manager are reported."""
        return self.kind == "user" and "manager" in self.names


@dataclass(frozen=True, slots=True)
class Part:
    """One row of a round: an object, with a part of its membership changes. number: which part, from 0."""

    entry_id: str
    number: int = 0
    members: tuple[MemberChange, ...] = ()


@dataclass(slots=True)
class Round:
    """All parts, cut into pages. since: the change after which it begins, None = a first round; until: the last one."""

    tracked: Tracked
    since: int | None
    until: int
    parts: list[Part] = field(default_factory=list)
    pages: list[tuple[int, int]] = field(default_factory=list)


def _plan(store: Store, tracked: Tracked, since: int | None, knobs: EntraKnobs) -> Round:
    """The round from a change on to now, planned as a whole."""
    planned = Round(tracked, since, store.sequence)
    start = None if since is None else max(0, since - knobs.replays)
    for entry in _concerned(store, tracked, start, knobs):
        changes: list[MemberChange] = []
        if tracked.has_members and not entry.removed:
            is_new = since is None or entry.born > since
            changes = _all_members(store, entry) if is_new else _member_changes(entry, start or 0, knobs)
        planned.parts.extend(_parts(entry, changes, knobs.delta_members))
    if knobs.scattered:
        planned.parts.sort(key=lambda part: part.number)
    if knobs.duplicates:
        twice = {part.entry_id for part in planned.parts[::2]}
        planned.parts += [part for part in planned.parts if part.entry_id in twice]
    planned.pages = list(_pages(planned.parts, knobs))
    return planned


def _concerned(store: Store, tracked: Tracked, since: int | None, knobs: EntraKnobs) -> Iterator[Entry]:
    ids: Iterable[str] = store.order[tracked.kind] if since is None else dict.fromkeys(store.log[since:])
    for object_id in ids:
        entry = store.entries[object_id]
        if entry.kind != tracked.kind or (tracked.ids is not None and object_id not in tracked.ids):
            continue
        if since is None:
            if entry.removed is None or (knobs.removed_at_first and entry.removed == "changed"):
                yield entry
        elif _has_changed(entry, tracked, since):
            yield entry


def _has_changed(entry: Entry, tracked: Tracked, since: int) -> bool:
    """Only selected properties and relations make an object appear."""
    if entry.removed:
        return entry.removed_at > since
    if entry.born > since or any(entry.changed.get(name, 0) > since for name in tracked.names):
        return True
    return tracked.has_members and bool(entry.member_log) and entry.member_log[-1][0] > since


def _all_members(store: Store, entry: Entry) -> list[MemberChange]:
    return [(member, True) for member in entry.members if store.alive(member)]


def _member_changes(entry: Entry, since: int, knobs: EntraKnobs) -> list[MemberChange]:
    log = entry.member_log[bisect_right(entry.member_log, since, key=itemgetter(0)) :]
    if knobs.history:
        return [(member, is_added) for _, member, is_added in log]
    last = {member: is_added for _, member, is_added in log}
    return list(last.items())


def _parts(entry: Entry, changes: list[MemberChange], size: int) -> Iterator[Part]:
    yield Part(entry.id, 0, tuple(changes[:size]))
    for number, start in enumerate(range(size, len(changes), size), 1):
        yield Part(entry.id, number, tuple(changes[start : start + size]))


def _pages(parts: list[Part], knobs: EntraKnobs) -> Iterator[tuple[int, int]]:
    """Cuts before a page would hold too many rows or membership entries; a part that fills it stands alone."""
    start = members = 0
    for place, part in enumerate(parts):
        is_full = place - start == knobs.delta_page or (members and members + len(part.members) > knobs.delta_members)
        if is_full:
            yield start, place
            start, members = place, 0
            if knobs.empty_pages:
                yield place, place
        members += len(part.members)
    yield start, len(parts)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to a delta function. url: absolute, without its query; shows_hidden: hidden memberships too."""

    kind: Kind
    url: str
    given: Given
    headers: Mapping[str, str]
    shows_hidden: bool = True


class Delta:
    """Answers delta requests from the store. clock: seconds since 1970."""

    def __init__(self, store: Store, sealer: Sealer, clock: Callable[[], float]) -> None:
        self._expired_until = 0
        self._expired_as: str | None = None
        self._given_out = 0
        self._store, self._sealer, self._clock = store, sealer, clock
        self._rounds: OrderedDict[int, Round] = OrderedDict()
        self._number = 0

    def expire(self, refusal: str | None) -> None:
        """Let every delta link given out so far be refused. refusal: how, None = as the knob says."""
        self._expired_until, self._expired_as = self._given_out, refusal

    def answer(self, asked: Asked, schema: Schema, knobs: EntraKnobs) -> dict[str, Any]:
        """The body of one page. Raises a 400 or a 410."""
        refuse(asked.given, "expand orderby search count")
        if "top" in asked.given and knobs.delta_top == "refuse":
            refuse(asked.given, "top")
        if "skiptoken" in asked.given:
            return self._next_page(asked, knobs)
        if asked.given.get("deltatoken", "latest") != "latest":
            return self._next_round(asked, knobs)
        tracked = _tracked(asked, schema)
        if "deltatoken" in asked.given:
            return self._body(asked, [], {"@odata.deltaLink": self._delta_link(asked, tracked, self._store.sequence)})
        return self._first_page(asked, _plan(self._store, tracked, None, knobs), knobs)

    def _next_round(self, asked: Asked, knobs: EntraKnobs) -> dict[str, Any]:
        opened = self._sealer.open(asked.given["deltatoken"])
        if opened is None or opened.get("k") != asked.kind:
            raise _expired("syncStateNotFound", asked)
        if opened["n"] <= self._expired_until:
            raise _expired(self._expired_as or knobs.expired_delta, asked)
        if self._clock() - opened["t"] > knobs.delta_lifetime:
            raise _expired(knobs.expired_delta, asked)
        ids = opened["i"]
        tracked = Tracked(asked.kind, tuple(opened["s"]), None if ids is None else frozenset(ids), opened["d"])
        return self._first_page(asked, _plan(self._store, tracked, opened["q"], knobs), knobs)

    def _first_page(self, asked: Asked, planned: Round, knobs: EntraKnobs) -> dict[str, Any]:
        self._number += 1
        self._rounds[self._number] = planned
        if len(self._rounds) > _MOST_ROUNDS:
            self._rounds.popitem(last=False)
        return self._page(asked, self._number, 0, knobs)

    def _next_page(self, asked: Asked, knobs: EntraKnobs) -> dict[str, Any]:
        if "select" in asked.given or "deltatoken" in asked.given:
            raise bad_request("A delta query with $skiptoken takes no other options.")
        opened = self._sealer.open(asked.given["skiptoken"]) or {}
        planned = self._rounds.get(opened.get("r", 0))
        if planned is None or planned.tracked.kind != asked.kind:
            raise _expired("syncStateNotFound", asked)
        return self._page(asked, opened["r"], opened["p"], knobs)

    def _page(self, asked: Asked, number: int, page: int, knobs: EntraKnobs) -> dict[str, Any]:
        planned = self._rounds[number]
        first, last = planned.pages[page] if page < len(planned.pages) else (0, 0)
        minimal_since = planned.since if "return=minimal" in asked.headers.get("prefer", "").lower() else None
        rows = [self._row(asked, planned, part, minimal_since) for part in planned.parts[first:last]]
        is_last = page + 1 >= len(planned.pages)
        if not is_last or knobs.endless != "no":
            following = page if is_last and knobs.endless == "same" else page + 1
            token = self._sealer.seal({"r": number, "p": following})
            return self._body(asked, rows, {"@odata.nextLink": f"{asked.url}?$skiptoken={token}"})
        return self._body(asked, rows, {"@odata.deltaLink": self._delta_link(asked, planned.tracked, planned.until)})

    def _row(self, asked: Asked, planned: Round, part: Part, minimal_since: int | None) -> Row:
        tracked = planned.tracked
        entry = self._store.entries[part.entry_id]
        if entry.removed:
            return {"id": entry.id, "@removed": {"reason": entry.removed}}
        row = {
            name: entry.properties[name] for name in _told(tracked, entry, minimal_since) if name in entry.properties
        }
        row["id"] = entry.id
        if part.members and (asked.shows_hidden or not is_hidden(entry)):
            row["members@delta"] = [self._member(member, is_added) for member, is_added in part.members]
        if tracked.has_manager:
            row.update(self._manager(entry, planned.since))
        return row

    def _member(self, member_id: str, is_added: bool) -> Row:
        known = self._store.entries.get(member_id)
        row = typed(known.kind if known else "user", member_id)
        return row if is_added else {**row, "@removed": {"reason": "deleted"}}

    def _manager(self, entry: Entry, since: int | None) -> Row:
        is_new = since is None or entry.born > since
        if not is_new and entry.changed.get("manager", 0) <= (since or 0):
            return {}
        if entry.manager is not None:
            return {"manager@delta": [typed("user", entry.manager)]}
        former = entry.former_manager
        if is_new or former is None:
            return {}
        return {"manager@delta": [{**typed("user", former), "@removed": {"reason": "deleted"}}]}

    def _delta_link(self, asked: Asked, tracked: Tracked, until: int) -> str:
        self._given_out += 1
        token = self._sealer.seal(
            {
                "k": tracked.kind,
                "s": tracked.names,
                "i": None if tracked.ids is None else sorted(tracked.ids),
                "d": tracked.is_default,
                "q": until,
                "t": self._clock(),
                "n": self._given_out,
            }
        )
        return f"{asked.url}?$deltatoken={token}"

    def _body(self, asked: Asked, rows: list[Row], link: dict[str, str]) -> dict[str, Any]:
        service = asked.url[: asked.url.index("/v1.0/") + len("/v1.0/")]
        return {"@odata.context": f"{service}$metadata#{asked.kind}s", **link, "value": rows}


def _tracked(asked: Asked, schema: Schema) -> Tracked:
    """What a first request asks to be tracked. Raises a 400."""
    wanted = asked.given.get("filter")
    ids = None if wanted is None else ids_of(wanted)
    select = asked.given.get("select")
    if select is None:
        return Tracked(asked.kind, schema.selection(asked.kind, None).names, ids, is_default=True)
    names = tuple(dict.fromkeys(name.strip() for name in select.split(",")))
    elsewhere = sorted(ELSEWHERE.intersection(names)) if asked.kind == "user" else []
    if elsewhere:
        raise bad_request(f"A delta query cannot select these properties: {', '.join(elsewhere)}")
    for name in names:
        if name not in RELATIONS[asked.kind]:
            schema.check(asked.kind, name)
    return Tracked(asked.kind, names, ids)


def _told(tracked: Tracked, entry: Entry, minimal_since: int | None) -> tuple[str, ...]:
    names = DEFAULTS[tracked.kind] if tracked.is_default else tracked.names
    if minimal_since is None or entry.born > minimal_since:
        return names
    return tuple(name for name in names if entry.changed.get(name, 0) > minimal_since)


def _expired(code: str, asked: Asked) -> GraphRefusal:
    """An expired or unknown link: a 400 with its code, or a 410 with the address of a new first request."""
    if code == "gone":
        location = f"{asked.url}?$deltatoken="
        return GraphRefusal(410, "syncStateNotFound", _MESSAGE, {"location": location})
    return GraphRefusal(400, code, _MESSAGE)
