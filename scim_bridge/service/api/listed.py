"""How every list of the API is asked for and answered: of one connection or of all, a page at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request, Response

from scim_bridge.service.api.answer import Cursor, Limit, page
from scim_bridge.service.pages.frame import Frame
from scim_bridge.state.reader import StateReader

Text = Annotated[str, Query(max_length=200)]
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class ListAsked:
    """What every list can be asked for. connection: "" for all."""

    connection: Text = ""
    limit: Limit = 100
    cursor: Cursor = None


Asked = Annotated[ListAsked, Depends()]


def listed(
    request: Request,
    frame: Frame,
    asked: ListAsked,
    *,
    rows: Callable[[StateReader], Sequence[_Row]],
    document: Callable[[_Row], Any],
    after: Callable[[_Row], Any],
) -> Response:
    """A page of a list. rows: those that follow the cursor, up to limit + 1. after: where the next page begins.

    Raises NoSuchThing for a connection that neither the configuration nor any run has.
    """
    with frame.look() as reader:
        found = rows(reader)
        if asked.connection and not found:
            frame.require_connection(reader, asked.connection)
    return page(request, found, asked.limit, document, after)
