"""A form or script of another site cannot act in the name of who is signed in here.

One middleware checks every request that may change something and that a session's cookie came with. (With a token in
the Authorization header the cookie counts for nothing, and no other site can send such a header.) It asks for two
things: the browser says that the request comes from these pages (Origin, Sec-Fetch-Site), and the request holds a token
that only these pages know. The token is made from the session's secret, so nothing more has to be kept.

Source: OWASP, Cross-Site Request Forgery Prevention Cheat Sheet (signed token bound to the session; Fetch Metadata).
"""

import hmac
from collections.abc import Callable
from contextvars import ContextVar
from hashlib import sha256

from fastapi import Request, Response
from starlette.datastructures import UploadFile
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scim_bridge.service.auth.gate import bearer_of
from scim_bridge.view.translation import _

FIELD, HEADER = "csrf_token", "x-csrf-token"
_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_LARGEST = 1 << 20
"""Bytes of a form. What is larger has to name its token in the header."""
_of_request: ContextVar[str] = ContextVar("csrf_token", default="")
Refuse = Callable[[Request, int, str], Response]


def csrf_token() -> str:
    """The token of the request that is being answered, "" without a session. For forms and scripts of our pages."""
    return _of_request.get()


def token_for(secret: str) -> str:
    """The token of the session with this secret. The secret cannot be computed from it."""
    return hmac.digest(secret.encode(), b"scim-bridge csrf", sha256).hex() if secret else ""


class CsrfMiddleware:
    """secret_of: the session's secret of a request. origin_of: the origin of these pages, as the browser knows it."""

    def __init__(
        self,
        app: ASGIApp,
        secret_of: Callable[[Request], str],
        origin_of: Callable[[Request], str],
        refuse: Refuse,
    ) -> None:
        self._app = app
        self._secret_of = secret_of
        self._origin_of = origin_of
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it with 403."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        secret = self._secret_of(request)
        _of_request.set(token_for(secret))
        if scope["method"] not in _SAFE and secret and bearer_of(request) is None:
            body = _Replayed(receive)
            request = Request(scope, body.receive)
            if not self._is_from_here(request):
                sentence = _("Another site sent this. Nothing was changed. Open the page here and use its button.")
                await self._refuse(request, 403, sentence)(scope, receive, send)
                return
            length = request.headers.get("content-length", "")
            if length.isdecimal() and int(length) > _LARGEST:
                sentence = "This is larger than the 1 MiB that these pages take. Nothing was changed."
                await self._refuse(request, 413, sentence)(scope, receive, send)
                return
            if not hmac.compare_digest((await self._token_in(request)).encode(), token_for(secret).encode()):
                sentence = _(
                    "This form is of an earlier sign-in. Nothing was changed. Open the page again, then repeat."
                )
                await self._refuse(request, 403, sentence)(scope, receive, send)
                return
            receive = body.again()
        await self._app(scope, receive, send)

    def _is_from_here(self, request: Request) -> bool:
        """By what the browser says, and no script can change. A browser that says neither is too old to be trusted."""
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if origin is None and site is None:
            return False
        return origin in (None, self._origin_of(request)) and site in (None, "same-origin", "none")

    async def _token_in(self, request: Request) -> str:
        header = request.headers.get(HEADER)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if header is not None or kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
            return header or ""
        try:
            async with request.form(max_files=10, max_fields=10_000, max_part_size=_LARGEST) as form:
                value = form.get(FIELD, "")
                return "" if isinstance(value, UploadFile) else value
        except Exception:  # noqa: BLE001 - whatever is wrong with it: it did not come from our pages
            return ""


class _Replayed:
    """A request's body, read once by the check and again by the route. No more than _LARGEST bytes are kept."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._kept: list[Message] = []
        self._size = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._kept.append(message)
        self._size += len(message.get("body", b""))
        if self._size > _LARGEST:
            raise ValueError("the form is larger than any of these pages")
        return message

    def again(self) -> Receive:
        kept = iter(self._kept)

        async def receive() -> Message:
            return next(kept, None) or await self._receive()

        return receive
