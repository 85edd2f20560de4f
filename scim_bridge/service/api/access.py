"""Who may enter what, of the last reading that is kept. AWS is asked nothing."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Request, Response

from scim_bridge.model.text import folded
from scim_bridge.run.access_question import every_way
from scim_bridge.service.api.answer import Cursor, Limit, json, number_in, written
from scim_bridge.service.api.form import AccessPage
from scim_bridge.service.api.route import answers, router
from scim_bridge.service.pages.frame import Framed
from scim_bridge.view import words

routes = router("access")
_Text = Annotated[str, Query(max_length=200)]


@routes.get("/access", responses=answers(AccessPage, 304, 404), response_model=None)
def access(
    request: Request,
    frame: Framed,
    connection: _Text,
    user: Annotated[str, Query(max_length=200, description="A user name or target id.")] = "",
    account: Annotated[str, Query(max_length=200, description="An account's name or id.")] = "",
    permission_set: _Text = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The ways into accounts, one a row, sorted by user; applications with the first page."""
    begin = number_in(cursor) or 0
    with frame.look() as reader:
        frame.require_connection(reader, connection)
        reading = reader.access(connection).newest()
    if reading is None:
        return json(request, {"as_of": None, "items": [], "next": None, "applications": [], "warnings": []})
    wanted = {
        "user": (user, ("user", "user_id")),
        "account": (account, ("account", "account_id")),
        "permission_set": (permission_set, ("permission_set",)),
    }
    ways, applications = every_way(reading)
    rows = [
        row
        for row in ways
        if all(
            not text or folded(text) in {folded(getattr(row, name) or "") for name in names}
            for text, names in wanted.values()
        )
    ]
    uses = applications if begin == 0 and not account and not permission_set else []
    mine = [use for use in uses if not user or folded(user) in {folded(use.user or ""), folded(use.user_id or "")}]
    more = len(rows) > begin + limit
    return json(
        request,
        {
            "as_of": words.utc(reading.as_of),
            "items": [asdict(row) for row in rows[begin : begin + limit]],
            "next": written(begin + limit) if more else None,
            "applications": [asdict(use) for use in mine],
            "warnings": list(reading.warnings),
        },
    )
