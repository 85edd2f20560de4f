"""What the routes of the API share: where they are, who may use them, and how they are described."""

from typing import Any

from fastapi import APIRouter, Depends

from scim_bridge.service.api.form import Problem
from scim_bridge.service.auth.principal import require_viewer

PREFIX = "/api/v1"
_PROBLEM = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_WORDS = {
    304: "Nothing has changed since (If-None-Match).",
    401: "No session and no token.",
    403: "The role is not enough.",
    404: "There is no such thing.",
    405: "Not with this method.",
    409: "As things stand now it cannot be done.",
    422: "The request is not valid.",
    429: "Too many refused tokens from this address.",
    503: "The state cannot be used, or an end of the connection does not answer.",
}


def router(tag: str) -> APIRouter:
    """Routes about one kind of thing. A viewer may use them; those that change something ask for more."""
    return APIRouter(prefix=PREFIX, tags=[tag], dependencies=[Depends(require_viewer)])


def answers(model: Any, *refused: int, status: int = 200, example: Any = None) -> dict[int | str, dict[str, Any]]:
    """What a route answers. model: of a good answer. refused: the statuses of its refusals beside those of all."""
    good: dict[str, Any] = {"model": model}
    if example is not None:
        good["content"] = {"application/json": {"example": example}}
    bad = sorted({401, 403, 422, 429, 503, *refused})
    found: dict[int | str, dict[str, Any]] = {status: good}
    for code in bad:
        found[code] = {"description": _WORDS[code], "content": _PROBLEM["content"]}
    if status == 200 and 304 in refused:
        found[304] = {"description": _WORDS[304]}
    return found


__all__ = ["PREFIX", "Problem", "answers", "router"]
