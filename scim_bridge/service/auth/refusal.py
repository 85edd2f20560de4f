"""How a request is refused: a page for people, problem details (RFC 9457) for programs under /api/."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from scim_bridge.service.auth.gate import bearer_of
from scim_bridge.service.auth.principal import NotSignedIn

Refuse = Callable[[Request, int, str], Response]
"""Request, status and one sentence → the answer."""


def problem(status: int, sentence: str) -> JSONResponse:
    """Problem details of a status that needs no type of its own."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": sentence}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def page_or_problem(page: Refuse) -> Refuse:
    """Refuses in the form that the client reads. page: how it is refused for people."""

    def refuse(request: Request, status: int, sentence: str) -> Response:
        return problem(status, sentence) if _is_api(request) else page(request, status, sentence)

    return refuse


def sign_in_first(request: Request, error: NotSignedIn) -> Response:
    """401 for programs; people are sent to sign in, and come back to the page they wanted."""
    if _is_api(request) or bearer_of(request) is not None:
        refused = problem(429 if error.wait else 401, str(error))
        refused.headers.update({"Retry-After": str(error.wait)} if error.wait else {"WWW-Authenticate": "Bearer"})
        return refused
    then = _page_of(request)
    return RedirectResponse("/sign-in" if then == "/" else f"/sign-in?{urlencode({'next': then})}", status_code=303)


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _page_of(request: Request) -> str:
    """The page asked for. A form has no page of its own, so that is the page it was on."""
    if request.method in ("GET", "HEAD"):
        return f"{request.url.path}{f'?{request.url.query}' if request.url.query else ''}"
    try:
        came_from = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # what the browser sends is not always an address
        return "/"
    return f"{came_from.path or '/'}{f'?{came_from.query}' if came_from.query else ''}"
