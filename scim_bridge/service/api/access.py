"""Who may enter what, of the last reading that is kept. AWS is asked nothing."""

from dataclasses import asdict
from itertools import islice
from typing import Annotated

from fastapi import Query, Request, Response

from scim_bridge.run.access_question import START, Answers, Question, cursor_of, cursor_text
from scim_bridge.service.api.answer import Cursor, Limit, json, text_in, written
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
    """The ways into accounts, one a row, assignment by assignment and the users of each by their id.

    With the first page, the applications of the user who is asked about; of everyone, those that need no assignment.
    """
    after = cursor_of(text_in(cursor) or "")
    with frame.look() as reader:
        frame.require_connection(reader, connection)
        memory = reader.access(connection)
        if not memory.all_kept():
            return json(request, {"as_of": None, "items": [], "next": None, "applications": [], "warnings": []})
        with memory.lookup() as lookup:
            users = lookup.called(user) if user else None
            told = Answers(lookup, Question(account=account, permission_set=permission_set, users=users))
            found = list(islice(told.rows(after), limit + 1))
    uses = told.applications() if after == START and not account and not permission_set else []
    return json(
        request,
        {
            "as_of": words.utc(told.reading.as_of),
            "items": [asdict(row) for _, row in found[:limit]],
            "next": written(cursor_text(found[limit - 1][0])) if len(found) > limit else None,
            "applications": [asdict(use) for use in uses],
            "warnings": list(told.reading.warnings),
        },
    )
