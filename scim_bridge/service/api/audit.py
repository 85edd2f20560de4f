"""The audit: who did what when, from where."""

from fastapi import Request, Response

from scim_bridge.service.api.answer import number_in
from scim_bridge.service.api.form import AuditEntry, Page
from scim_bridge.service.api.listed import Asked, listed
from scim_bridge.service.api.route import answers, router
from scim_bridge.service.pages.frame import Framed

routes = router("audit")


@routes.get("/audit", responses=answers(Page[AuditEntry], 304, 404), response_model=None)
def audit(request: Request, frame: Framed, asked: Asked) -> Response:
    """The entries, newest first. Each carries the hash of the one before (`scim-bridge audit verify`)."""
    before = number_in(asked.cursor)
    return listed(
        request,
        frame,
        asked,
        rows=lambda reader: reader.latest_audit(asked.limit + 1, before=before, connection=asked.connection),
        document=lambda entry: entry.document(),
        after=lambda entry: entry.number,
    )
