"""Lists of objects: how each object is shown, and pages with the links from one to the next.

learn.microsoft.com/graph/paging
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scim_bridge.sandbox.entra.query import Given, Schema, Sealer, Selection, wants_count, written
from scim_bridge.sandbox.entra.refusal import GraphRefusal
from scim_bridge.sandbox.entra.schema import BASIC, FULL_USERS, KINDS, PROPERTIES, Kind, absent, is_extension, may_read
from scim_bridge.sandbox.entra.store import Entry, Row, Store, typed

Mark = str | int
"""Where a page ended: an id in a sorted list, a place in one that only grows at its end."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What is listed. url: absolute, without its query; context: what stands after $metadata#.

    ids: sorted, or in an order that only grows at its end, so that a page goes on where the last one ended, whatever
    changed between. entry: the object of an id, None if it does not (any more) belong.
    """

    url: str
    context: str
    ids: Sequence[str]
    entry: Callable[[str], Entry | None]
    show: Callable[[Entry], Row]
    is_sorted: bool = True

    def count(self) -> int:
        """How many belong."""
        return sum(1 for object_id in self.ids if self.entry(object_id) is not None)


@dataclass(frozen=True, slots=True)
class Paging:
    """size: rows of a page; has_empty: an empty page comes before each page but the first; sealer: of the tokens."""

    size: int
    has_empty: bool
    sealer: Sealer


def page(listed: Listed, given: Given, paging: Paging) -> dict[str, Any]:
    """The body of one page. Raises a 400 for a skip token that was never given out for this query."""
    opened = _opened(listed, given, paging.sealer)
    service, _, _ = listed.url.partition("/v1.0/")
    body: dict[str, Any] = {"@odata.context": f"{service}/v1.0/$metadata#{listed.context}"}
    if wants_count(given) and not opened:
        body["@odata.count"] = listed.count()
    mark: Mark | None = opened.get("m")
    if opened.get("e"):
        return body | {"@odata.nextLink": _link(listed, given, paging.sealer, {"m": mark}), "value": []}
    rows, following = _taken(listed, mark, paging.size)
    if following is not None:
        place = {"m": following, "e": paging.has_empty}
        body["@odata.nextLink"] = _link(listed, given, paging.sealer, place)
    return body | {"value": rows}


def _taken(listed: Listed, mark: Mark | None, size: int) -> tuple[list[Row], Mark | None]:
    """The rows after a mark, and the mark of the next page, None if nothing comes after."""
    rows: list[Row] = []
    last: Mark | None = None
    for place in range(_start(listed, mark), len(listed.ids)):
        entry = listed.entry(listed.ids[place])
        if entry is None:
            continue
        if len(rows) == size:
            return rows, last
        rows.append(listed.show(entry))
        last = listed.ids[place] if listed.is_sorted else place
    return rows, None


def _start(listed: Listed, mark: Mark | None) -> int:
    if mark is None:
        return 0
    return bisect_right(listed.ids, mark) if isinstance(mark, str) else mark + 1


def _opened(listed: Listed, given: Given, sealer: Sealer) -> dict[str, Any]:
    token = given.get("skiptoken")
    if token is None:
        return {}
    opened = sealer.open(token)
    if opened is None or opened.get("q") != _bound(listed, given):
        raise GraphRefusal(400, "Directory_ExpiredPageToken", "The specified page token value has expired.")
    return opened


def _link(listed: Listed, given: Given, sealer: Sealer, content: dict[str, Any]) -> str:
    kept = {name: value for name, value in given.items() if name != "skiptoken"}
    token = sealer.seal({**content, "q": _bound(listed, given)})
    return f"{listed.url}?{written({**kept, 'skiptoken': token})}"


def _bound(listed: Listed, given: Given) -> str:
    """A token goes with its query: the same list, the same options."""
    kept = sorted((name, value) for name, value in given.items() if name != "skiptoken")
    return f"{listed.url} {kept}"


def rows(selection: Selection, roles: frozenset[str]) -> Callable[[Entry], Row]:
    """Shows objects of one kind. What an object does not have is null, or []; so is what the roles do not open."""
    is_basic = selection.kind == "user" and FULL_USERS.isdisjoint(roles)
    columns = [(name, absent(name)) for name in selection.names if not is_extension(name)]
    # An extension that an object does not have is left out.
    extensions = [name for name in selection.names if is_extension(name)]
    if is_basic:
        return lambda entry: {
            name: entry.properties.get(name, default) if name in BASIC else default for name, default in columns
        }

    def show(entry: Entry) -> Row:
        properties = entry.properties
        row = {name: properties.get(name, default) for name, default in columns}
        row.update((name, properties[name]) for name in extensions if properties.get(name) is not None)
        return row

    return show


def mixed_rows(schema: Schema, select: str | None, roles: frozenset[str]) -> Callable[[Entry], Row]:
    """Shows objects of several kinds, each with its type. Of those that the roles do not open, type and id alone."""
    show = {kind: rows(_narrowed(schema, kind, select), roles) for kind in KINDS}
    opened = {kind: may_read(kind, roles) for kind in KINDS}

    def one(entry: Entry) -> Row:
        row = {"@odata.type": f"#microsoft.graph.{entry.kind}", **show[entry.kind](entry)}
        if opened[entry.kind]:
            return row
        return {name: value if name in ("@odata.type", "id") else None for name, value in row.items()}

    return one


def with_manager(store: Store, show: Callable[[Entry], Row]) -> Callable[[Entry], Row]:
    """Shows users with their manager expanded; no manager, no key."""

    def one(entry: Entry) -> Row:
        row = show(entry)
        if entry.manager is not None and store.alive(entry.manager):
            row["manager"] = typed("user", entry.manager)
        return row

    return one


def _narrowed(schema: Schema, kind: Kind, select: str | None) -> Selection:
    """The selected properties that this kind has; a name must exist for one kind at least."""
    if select is None:
        return schema.selection(kind, None)
    names = [name.strip() for name in select.split(",")]
    for name in names:
        if not _is_somebodys(name):
            schema.check("user", name)
    return schema.selection(kind, ",".join(["id", *_of_kind(kind, names)]))


def _of_kind(kind: Kind, names: Iterable[str]) -> list[str]:
    return [name for name in names if name in PROPERTIES[kind] or is_extension(name)]


def _is_somebodys(name: str) -> bool:
    return is_extension(name) or any(name in PROPERTIES[kind] for kind in KINDS)
