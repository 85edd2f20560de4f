"""The description of the API (OpenAPI 3.1), made from its routes."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from scim_bridge import __version__
from scim_bridge.service.api import access, audit, conflicts, connections, events, orders, people, plans, runs
from scim_bridge.service.api.answer import json
from scim_bridge.service.api.form import Problem
from scim_bridge.service.api.route import router

routes = router("api")
PARTS: tuple[APIRouter, ...] = tuple(
    part.routes for part in (connections, runs, plans, conflicts, people, access, audit, orders, events)
)
_ABOUT = (
    "What the pages show and do, for programs. Send `Authorization: Bearer TOKEN`. Lists give `items` and `next`, the "
    "cursor of the next page. Errors are problem details (RFC 9457). Long work is an order: place it, then follow it."
)


@routes.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> Response:
    """The description itself."""
    return json(request, description(request.app))


def description(app: FastAPI) -> dict[str, Any]:
    """Made once for an application."""
    made: dict[str, Any] | None = getattr(app.state, "openapi", None)
    if made is None:
        made = app.state.openapi = _made()
    return made


def _made() -> dict[str, Any]:
    every = [route for part in PARTS for route in part.routes]
    made = get_openapi(
        title="scim-bridge", version=__version__, openapi_version="3.1.0", description=_ABOUT, routes=every
    )
    schemas = made["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"token": []}]
    return made


def include_api(app: FastAPI) -> None:
    """Add the API to the application."""
    for part in (*PARTS, routes):
        app.include_router(part)
