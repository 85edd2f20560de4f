"""How the API answers: JSON with an ETag, lists by pages with a cursor, and refusals as problem details (RFC 9457)."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from scim_bridge.errors import AskedOtherwise, BridgeError, Busy, Misconfigured, NobodyCalled
from scim_bridge.service.refusal import NoSuchThing, NotNow

MOST = 500
_LARGEST_ID = 2**53
"""The largest number that JSON holds exactly; a state has fewer runs, orders and plans."""
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next` of the page before; left out for the first page.")
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern="^[\\x21-\\x7e]+$",
        description="The same key with the same request is carried out once. Kept for 24 hours.",
    ),
]
_STATUS: Sequence[tuple[type[BridgeError], int]] = (
    (NoSuchThing, 404),
    (NobodyCalled, 404),
    (NotNow, 409),
    (Busy, 409),
    (AskedOtherwise, 422),
    (Misconfigured, 422),
)
_Row = TypeVar("_Row")


def json(request: Request, document: Any, status: int = 200) -> Response:
    """A document, or 304 if the client has it already (If-None-Match)."""
    body = orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
    if request.method not in ("GET", "HEAD"):
        return Response(body, status_code=status, media_type="application/json")
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if etag in (known.strip().removeprefix("W/") for known in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def page(
    request: Request, rows: Sequence[_Row], limit: int, document: Callable[[_Row], Any], after: Callable[[_Row], Any]
) -> Response:
    """A page of a list. rows: up to limit + 1 of them. after: where the next page begins, of the last row shown."""
    shown = rows[:limit]
    following = written(after(shown[-1])) if len(rows) > limit else None
    return json(request, {"items": [document(row) for row in shown], "next": following})


def written(place: Any) -> str:
    """A place in a list, as an opaque text."""
    return urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def number_in(cursor: str | None) -> int | None:
    """The number that a cursor holds, None for the first page. Raises Misconfigured."""
    place = _place_in(cursor)
    if place is None or (isinstance(place, int) and not isinstance(place, bool) and 0 <= place <= _LARGEST_ID):
        return place
    raise _bad_cursor()


def text_in(cursor: str | None) -> str | None:
    """The text that a cursor holds, None for the first page. Raises Misconfigured."""
    place = _place_in(cursor)
    if place is None or isinstance(place, str):
        return place
    raise _bad_cursor()


def place_in(cursor: str | None, length: int) -> tuple[str, ...] | None:
    """The texts that a cursor holds, None for the first page. Raises Misconfigured."""
    place = _place_in(cursor)
    if place is None or (isinstance(place, list) and len(place) == length and all(isinstance(p, str) for p in place)):
        return tuple(place) if place is not None else None
    raise _bad_cursor()


def _place_in(cursor: str | None) -> Any:
    if cursor is None:
        return None
    try:
        return orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        raise _bad_cursor() from None


def _bad_cursor() -> Misconfigured:
    return Misconfigured("`cursor` is not one of this API", "Give `next` of the page before, or leave it out.")


def status_of(error: BridgeError) -> int:
    """The status of what was refused or has failed."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 503)


def invalid(error: RequestValidationError) -> Response:
    """422: each place of the request that is wrong, with what is wrong there."""
    errors = [
        {"where": ".".join(str(part) for part in each["loc"]), "what": str(each["msg"])} for each in error.errors()
    ]
    first = errors[0] if errors else {"where": "request", "what": "is not valid"}
    body = {
        "type": "about:blank",
        "title": HTTPStatus(422).phrase,
        "status": 422,
        "detail": f"{first['where']}: {first['what']}.",
        "errors": errors,
    }
    return JSONResponse(body, status_code=422, media_type="application/problem+json")


def is_api(request: Request) -> bool:
    """Whether a program asks."""
    return request.url.path.startswith("/api/")
