"""The application: which parts the service has, and what surrounds every answer.

It answers to loopback names and to the name in service.public_url: a foreign Host header (DNS rebinding) is refused.
"""

import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as RoutingError
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from scim_bridge.config.secret import Secret
from scim_bridge.config.service import ServiceSettings
from scim_bridge.errors import BridgeError
from scim_bridge.service import health, metrics
from scim_bridge.service.api.answer import invalid, is_api, status_of
from scim_bridge.service.api.openapi import include_api
from scim_bridge.service.auth.csrf import CsrfMiddleware
from scim_bridge.service.auth.gate import gate_at
from scim_bridge.service.auth.header import HEADERS, HeaderMiddleware
from scim_bridge.service.auth.principal import NotAllowed, NotSignedIn
from scim_bridge.service.auth.refusal import Refuse, page_or_problem, sign_in_first
from scim_bridge.service.live import Feed
from scim_bridge.service.orders import Desk
from scim_bridge.service.pages import (
    access,
    audit,
    conflicts,
    connection,
    mapping,
    overview,
    people,
    plan,
    run,
    sign_in,
    switch,
    tokens,
)
from scim_bridge.service.pages.frame import Frame
from scim_bridge.service.preference import PreferenceMiddleware
from scim_bridge.service.shown import Shown
from scim_bridge.state.kept_open import KeptOpen

if TYPE_CHECKING:
    from scim_bridge.service.auth.provider import Provider

_PAGES = (overview, connection, run, plan, conflicts, people, access, switch, mapping, audit, sign_in, tokens)
_PARTS = (*_PAGES, health, metrics)
"""Each has a router."""
_WAYS_OUT = {
    404: "There is no such path; GET /api/v1/openapi.json lists them.",
    405: "This path does not take that method; GET /api/v1/openapi.json lists those of each path.",
}
"""Said to a program that asks past every route."""
_LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]


def create_app(
    shown: Shown, service: ServiceSettings | None = None, is_moving: Callable[[], bool] = lambda: True
) -> FastAPI:
    """The application. service: None for loopback, where a link signs in.

    is_moving: whether the schedule of this process goes on; a service without one has none to wait for.
    """
    service = service or ServiceSettings()
    kept = KeptOpen(shown.state, shown.now)
    gate = gate_at(kept, shown.now, service)
    app = FastAPI(title="scim-bridge", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_until_the_end)
    app.state.kept, app.state.gate, app.state.frame = kept, gate, Frame(shown, kept)
    frame = app.state.frame
    app.state.provider, app.state.is_moving = _provider(app, service), is_moving
    refuse = page_or_problem(frame.sorry)
    app.add_middleware(CsrfMiddleware, secret_of=gate.cookie.secret_of, origin_of=gate.origin_of, refuse=refuse)
    app.add_middleware(PreferenceMiddleware)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_trusted_hosts(service))
    app.add_middleware(HeaderMiddleware, is_secure=service.is_secure)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.state.desk = Desk(kept, is_separate=gate.is_separate)
    show(app, shown)
    app.state.feed = Feed(kept)
    include_api(app)
    for part in _PARTS:
        app.include_router(part.router)
    _answer_failures(app, refuse)
    return app


def show(app: FastAPI, shown: Shown) -> None:
    """Go by this configuration from the next request on. Where the service listens, and who may sign in, stays."""
    app.state.frame.shown = shown
    app.state.desk = replace(app.state.desk, connections=tuple(shown.connections), settings=shown.settings)


@asynccontextmanager
async def _until_the_end(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.kept.close()


def _provider(app: FastAPI, service: ServiceSettings) -> "Provider | None":
    """With the cookie that holds what a browser needs to come back from the provider: some minutes, for that alone."""
    if service.auth is None:
        return None
    from scim_bridge.service.auth.provider import Provider

    name = "__Host-scim-bridge-sign-in" if service.is_secure else "scim-bridge-sign-in"
    app.add_middleware(
        SessionMiddleware,
        secret_key=_cookie_key(service.auth.secret),
        session_cookie=name,
        max_age=600,
        https_only=service.is_secure,
    )
    return Provider(service.auth, service.public_url)


def _cookie_key(secret: Secret) -> str:
    """The key that the cookie is signed with: one for all processes, since a browser may come back to another one."""
    return hmac.new(secret.read().encode(), b"scim-bridge: cookie of a sign-in", "sha256").hexdigest()


def _trusted_hosts(service: ServiceSettings) -> list[str]:
    return [*_LOOPBACK, *([service.public_host] if service.public_host else [])]


def _answer_failures(app: FastAPI, refuse: Refuse) -> None:
    """One calm answer for each kind of failure, whatever route it comes from."""

    @app.exception_handler(NotSignedIn)
    async def ask_to_sign_in(request: Request, error: NotSignedIn) -> Response:
        return sign_in_first(request, error)

    @app.exception_handler(NotAllowed)
    async def say_who_may(request: Request, error: NotAllowed) -> Response:
        return refuse(request, 403, str(error))

    @app.exception_handler(RoutingError)
    async def say_what_is_missing(request: Request, error: RoutingError) -> Response:
        said = _WAYS_OUT.get(error.status_code) if is_api(request) else None
        return refuse(request, error.status_code, said or str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def say_what_is_not_valid(request: Request, error: RequestValidationError) -> Response:
        if is_api(request):
            return invalid(error)
        return refuse(request, 404, "There is no page with this number.")

    @app.exception_handler(BridgeError)
    async def say_what_is_wrong(request: Request, error: BridgeError) -> Response:
        return refuse(request, status_of(error), str(error))

    @app.exception_handler(Exception)
    async def say_sorry(request: Request, error: Exception) -> Response:
        response = refuse(request, 500, f"This page could not be made ({type(error).__name__}); the log says more.")
        response.headers.update(HEADERS)  # what is unforeseen is answered outside every middleware
        return response
