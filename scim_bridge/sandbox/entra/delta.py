"""users/delta and groups/delta: rounds, their next links, the delta link at the end.

learn.microsoft.com/graph/delta-query-overview, …/graph/api/user-delta, …/graph/api/group-delta

The tokens are opaque. A next link belongs to a planned round; a delta link holds what is tracked and from where on.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scim_bridge.sandbox.entra.filter import ids_of
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.link import Sealer
from scim_bridge.sandbox.entra.query import Given, Schema, refuse
from scim_bridge.sandbox.entra.refusal import GraphRefusal, bad_request
from scim_bridge.sandbox.entra.round import Part, Round, Tracked, plan
from scim_bridge.sandbox.entra.schema import DEFAULTS, ELSEWHERE, RELATIONS, Kind
from scim_bridge.sandbox.entra.shown import Row, is_hidden, typed
from scim_bridge.sandbox.entra.store import Entry, Store

_MOST_ROUNDS = 1_000
_MESSAGE = "The delta token is expired or unknown; synchronize again from the start."


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
        refuse(asked.given, "expand", "orderby", "search", "count")
        if "top" in asked.given and knobs.delta_top == "refuse":
            refuse(asked.given, "top")
        if "skiptoken" in asked.given:
            return self._next_page(asked, knobs)
        if asked.given.get("deltatoken", "latest") != "latest":
            return self._next_round(asked, knobs)
        tracked = _tracked(asked, schema)
        if "deltatoken" in asked.given:
            return self._body(asked, [], {"@odata.deltaLink": self._delta_link(asked, tracked, self._store.sequence)})
        return self._first_page(asked, plan(self._store, tracked, None, knobs), knobs)

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
        return self._first_page(asked, plan(self._store, tracked, opened["q"], knobs), knobs)

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
