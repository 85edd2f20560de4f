"""The application: which parts the service has, and what surrounds every answer.

The pages have no sign-in yet, so they answer on loopback names only; a foreign Host header (DNS rebinding) is refused.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as RoutingError
from starlette.middleware.trustedhost import TrustedHostMiddleware

from scim_bridge.errors import BridgeError
from scim_bridge.service import health
from scim_bridge.service.pages import conflicts, overview, run
from scim_bridge.service.pages.frame import Frame
from scim_bridge.service.shown import Shown

_LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_app(shown: Shown) -> FastAPI:
    """The application."""
    app = FastAPI(title="scim-bridge", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.frame = Frame(shown)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_LOOPBACK)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    for part in (overview, run, conflicts, health):
        app.include_router(part.router)
    _add_headers(app)
    _add_sorry(app, app.state.frame)
    return app


def _add_headers(app: FastAPI) -> None:
    @app.middleware("http")
    async def protect(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers.update(_HEADERS)
        return response


def _add_sorry(app: FastAPI, frame: Frame) -> None:
    """What goes wrong gets a calm page."""

    @app.exception_handler(RoutingError)
    async def say_what_is_missing(request: Request, error: RoutingError) -> Response:
        return frame.sorry(request, error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def say_there_is_no_such_page(request: Request, _: RequestValidationError) -> Response:
        return frame.sorry(request, 404, "There is no page with this number.")

    @app.exception_handler(BridgeError)
    async def say_what_is_wrong(request: Request, error: BridgeError) -> Response:
        return frame.sorry(request, 503, str(error))

    @app.exception_handler(Exception)
    async def say_sorry(request: Request, error: Exception) -> Response:
        response = frame.sorry(
            request, 500, f"This page could not be made ({type(error).__name__}); the log says more."
        )
        response.headers.update(_HEADERS)  # what is unforeseen is answered outside every middleware
        return response
