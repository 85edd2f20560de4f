"""The form of what Graph gives, looked at once, where it comes in: anyone who reads it further on may rely on it.

A proxy in between may give anything, and what cannot be read is not believed in part.
"""

from collections.abc import Mapping
from types import NoneType
from typing import Any

from scim_bridge.errors import SourceUnreadable
from scim_bridge.source.entra.entry import GraphObject
from scim_bridge.source.entra.property import MANAGER, OBJECTS

NEXT, DELTA = "@odata.nextLink", "@odata.deltaLink"
AGAIN = "Nothing was changed; the next run reads from the beginning."
_LOOK = "Look at any proxy in between; the next run reads again."


def rows_of(page: Mapping[str, Any]) -> list[GraphObject]:
    """The objects of a page. Raises SourceUnreadable for a page that has been cut or is none."""
    rows = page.get("value")
    if not isinstance(rows, list) or not all(map(_is_object, rows)):
        raise SourceUnreadable("a page of Graph has no list of objects with ids, so it cannot be trusted", AGAIN)
    return list(map(object_of, rows))


def object_of(body: GraphObject) -> GraphObject:
    """One object, with ids wherever it refers to others. Raises SourceUnreadable for one that is none."""
    if not _is_object(body):
        raise SourceUnreadable("Graph shows an object without an id, so it cannot be trusted", _LOOK)
    if flaw := _flaw(body):
        raise SourceUnreadable(f"Graph shows {flaw} of {body['id']} in a form that it does not document", _LOOK)
    return body


def principal_of(row: GraphObject) -> tuple[str, str]:
    """What kind of principal an assignment is about, and its object id. Raises SourceUnreadable if it tells neither."""
    kind, object_id = row.get("principalType"), row.get("principalId")
    if not isinstance(kind, str) or not isinstance(object_id, str):
        raise SourceUnreadable(f"Graph does not show who is assigned by assignment {row['id']}", _LOOK)
    return kind, object_id


def next_of(page: Mapping[str, Any]) -> str | None:
    """Where a listing goes on, None if this is its end. Raises SourceUnreadable for a link that is none."""
    link = page.get(NEXT)
    if link is not None and not isinstance(link, str):
        raise SourceUnreadable("a next link of Graph is not an address", AGAIN)
    return link


def _is_object(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("id"), str)


def _flaw(row: GraphObject) -> str:
    """What of an object would be read and is not as documented, "" if nothing is."""
    if not isinstance(row.get("@odata.type", ""), str):
        return "the type"
    if not _are_references(row.get("members@delta")):
        return "the members"
    if not _are_references(row.get(f"{MANAGER}@delta")) or not _is_reference(row.get(MANAGER)):
        return "the manager"
    return next((name for name in OBJECTS if not isinstance(row.get(name), (dict, NoneType))), "")


def _are_references(value: Any) -> bool:
    return value is None or (isinstance(value, list) and None not in value and all(map(_is_reference, value)))


def _is_reference(value: Any) -> bool:
    return value is None or (_is_object(value) and isinstance(value.get("@odata.type", ""), str))
