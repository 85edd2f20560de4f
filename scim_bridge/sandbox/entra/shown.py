"""Objects as answers show them."""

from collections.abc import Callable, Iterable
from typing import Any

from scim_bridge.sandbox.entra.permission import FULL_USERS, may_read
from scim_bridge.sandbox.entra.query import Schema, Selection
from scim_bridge.sandbox.entra.schema import BASIC, KINDS, PROPERTIES, Kind, absent, is_extension
from scim_bridge.sandbox.entra.store import Entry, Store

Row = dict[str, Any]


def typed(kind: Kind, object_id: str) -> Row:
    """A reference: type and id."""
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": object_id}


def is_hidden(group: Entry) -> bool:
    """Whether a group's members show only to who may read hidden memberships."""
    return bool(group.properties.get("visibility") == "HiddenMembership")


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
