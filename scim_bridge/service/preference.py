"""What a reader prefers: the language and the theme of the pages. It is kept in two cookies, and holds no secret.

`?language=ja` or `?theme=dark` on any page sets it and leads back to the same page without it. So the switch is a link:
it works without JavaScript and before anyone has signed in, and an address that someone passes on has no language.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scim_bridge.service.catalog import LANGUAGES, recorded, spoken
from scim_bridge.view.translation import speak

CHOICES: Mapping[str, tuple[str, ...]] = {"language": tuple(LANGUAGES), "theme": ("auto", "light", "dark")}
_YEAR = 365 * 86_400


class PreferenceMiddleware:
    """Sets the language of a request, and `scope["state"]` language and theme for the templates."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a switch; pass anything else on in the reader's language."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if request.method in ("GET", "HEAD") and (switched := _switched(request)):
            await switched(scope, receive, send)
            return
        language, theme = _language(request), request.cookies.get("theme", "")
        speak(spoken(language), recorded(language))
        state = scope.setdefault("state", {})
        state["language"], state["theme"] = language, theme if theme in CHOICES["theme"] else "auto"

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers["Content-Language"] = language
            await send(message)

        await self._app(scope, receive, named)


def _switched(request: Request) -> RedirectResponse | None:
    """Back to the same page with the new cookies; None if nothing is switched."""
    asked = parse_qsl(request.url.query, keep_blank_values=True)
    chosen = {name: value for name, value in asked if value in CHOICES.get(name, ())}
    if not chosen:
        return None
    rest = urlencode([(name, value) for name, value in asked if name not in CHOICES])
    path = "/" + request.url.path.lstrip("/")  # two slashes would lead to another server
    answer = RedirectResponse(path + (f"?{rest}" if rest else ""), status_code=303)
    for name, value in chosen.items():
        answer.set_cookie(name, value, max_age=_YEAR, path="/", httponly=True, samesite="lax")
    return answer


def _language(request: Request) -> str:
    """The reader's choice, else the best of what the browser asks for (RFC 9110 §12.5.4), else English."""
    chosen = request.cookies.get("language", "")
    if chosen in LANGUAGES:
        return chosen
    wanted = []
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, weight = part.partition(";")
        wanted.append((-_weight(weight), tag.strip().lower().partition("-")[0]))
    return next((tag for weight, tag in sorted(wanted, key=lambda w: w[0]) if weight and tag in LANGUAGES), "en")


def _weight(text: str) -> float:
    try:
        return float(text.strip().removeprefix("q=") or 1)
    except ValueError:
        return 0.0
