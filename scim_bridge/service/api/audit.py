"""The audit: who did what when, from where."""

from typing import Annotated

from fastapi import Query, Request, Response

from scim_bridge.service.api.answer import Cursor, Limit, number_in, page
from scim_bridge.service.api.form import AuditEntry, Page
from scim_bridge.service.api.route import answers, router
from scim_bridge.service.pages.frame import Framed

routes = router("audit")


@routes.get("/audit", responses=answers(Page[AuditEntry], 304, 404), response_model=None)
def audit(
    request: Request,
    frame: Framed,
    connection: Annotated[str, Query(max_length=200)] = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The entries, newest first. Each carries the hash of the one before (`scim-bridge audit verify`)."""
    with frame.look() as reader:
        found = reader.latest_audit(limit + 1, before=number_in(cursor), connection=connection)
        if connection and not found:
            frame.require_connection(reader, connection)
    return page(request, found, limit, lambda entry: entry.document(), lambda entry: entry.number)
