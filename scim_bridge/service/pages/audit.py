"""The audit: who did what, when and from where; only looked at, and taken away as JSON lines."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from scim_bridge.model.audit import ACTIONS, AuditFilter, line_of
from scim_bridge.service.auth.principal import require_viewer
from scim_bridge.service.pages.download import attachment
from scim_bridge.service.pages.frame import Framed
from scim_bridge.service.pages.run import Text

router = APIRouter(dependencies=[Depends(require_viewer)])
_PAGE = 100


def _wanted(q: Text = "", action: Text = "", connection: Text = "") -> AuditFilter:
    return AuditFilter(text=q.strip(), action=action, connection=connection)


Wanted = Annotated[AuditFilter, Depends(_wanted)]


def _by_name(wanted: AuditFilter) -> dict[str, Any]:
    return {field.name: getattr(wanted, field.name) for field in fields(wanted)}


@router.api_route("/audit", methods=["GET", "HEAD"])
def audit(
    request: Request, frame: Framed, wanted: Wanted, before: Annotated[int | None, Query(ge=1)] = None
) -> Response:
    """The last entries, the newest first. before: only those with a lower number."""
    with frame.look() as reader:
        entries = reader.latest_audit(_PAGE + 1, before=before, **_by_name(wanted))
        connections = reader.connections()
    return frame.render(
        request,
        "audit.html",
        entries=entries[:_PAGE],
        next=entries[_PAGE - 1].number if len(entries) > _PAGE else None,
        before=before,
        asked={"q": wanted.text, "action": wanted.action, "connection": wanted.connection},
        actions=ACTIONS,
        connections=sorted({*connections, *frame.shown.connections}),
    )


@router.get("/audit/entries.jsonl")
def export(frame: Framed, wanted: Wanted) -> Response:
    """The entries that are asked for, the first one first, each with its hash, as `audit --output json` prints them."""

    def body() -> Iterator[bytes]:
        with frame.look() as reader:
            yield from (line_of(entry) for entry in reader.audit() if wanted.fits(entry))

    return attachment(body(), "audit.jsonl")
