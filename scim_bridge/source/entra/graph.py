"""One request to Microsoft Graph, sent until it is answered: its answer parsed, or the error that says what to do.

The token goes to the configured Graph alone: every address that Graph itself gives is looked at before it is followed.
What an answer other than success means is in refusal.py; how long to wait and ask again, in source/patience.py.
"""

import logging
import re
import ssl
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from uuid import uuid4

import httpx
import orjson

from scim_bridge.config.source import EntraSettings
from scim_bridge.errors import CredentialsRefused, SourceUnreadable
from scim_bridge.source.entra.refusal import LOOK, NOT_SECURE, Absent, Permission, error_of
from scim_bridge.source.entra.sign_in import SignIn, roles_of
from scim_bridge.source.https import body_of, read_out, unanswered
from scim_bridge.source.patience import Patience

_log = logging.getLogger("scim_bridge.source.entra")
# httpx writes every URL at INFO, with the ids in it; msal writes answers that it cannot read, which may hold a token.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("msal").setLevel(logging.CRITICAL)
_VERSION = "v1.0"
_CLAIMS = re.compile(r'claims="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Request:
    """One request. url: absolute, or a path below the version with its query. permission: what it needs."""

    url: str
    permission: Permission
    method: str = "GET"
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


class Graph:
    """A connection to Graph for one reading: `with Graph(…) as graph`. asked: how many requests have been sent.

    trust: gives the certificates to believe in. patience: how long to try, kept for the life of the source.
    """

    def __init__(
        self, settings: EntraSettings, sign_in: SignIn, trust: Callable[[], ssl.SSLContext], patience: Patience
    ) -> None:
        self.client = settings.client
        self.asked = 0
        self._base = settings.cloud.graph
        self._sign_in = sign_in
        self._patience = patience
        self._http = httpx.Client(verify=trust(), timeout=settings.timeout.total_seconds(), follow_redirects=False)

    def __enter__(self) -> "Graph":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    @property
    def roles(self) -> frozenset[str] | None:
        """The permissions that our token shows, None if it does not show any."""
        return roles_of(self._patience.call(self._sign_in.token))

    def send(self, request: Request) -> dict[str, Any]:
        """Ask until there is an answer.

        Raises SourceUnreadable, CredentialsRefused, PositionLost (start from the beginning) or Absent (no such object).
        """
        url = self._own(request.url)
        return self._patience.call(lambda: self._once(request, url))

    def find(self, request: Request) -> dict[str, Any] | None:
        """The object, or None if Graph says that there is none."""
        try:
            return self.send(request)
        except Absent:
            return None

    def wait_for(self, attempt: Callable[[], Any]) -> Any:
        """Whatever attempt() gives, made again while it raises Retry: for a part of a batch that was throttled."""
        return self._patience.call(attempt)

    def _own(self, url: str) -> str:
        """An absolute address, if it is the configured Graph's."""
        if not url.startswith(("https:", "http:")):
            return f"{self._base}/{_VERSION}/{url}"
        own = httpx.URL(self._base)
        try:
            there = httpx.URL(url)
        except httpx.InvalidURL:
            raise SourceUnreadable("a next link of Graph is not an address", "The next run reads again.") from None
        if (there.scheme, there.host, there.port, there.userinfo) != (own.scheme, own.host, own.port, b""):
            raise SourceUnreadable(
                f"Graph, {_place(own)}, points to {_place(there)} for the rest of a listing; nothing was sent there",
                "Look at any proxy in between; if the tenant is in another cloud, change source.cloud.",
            )
        return url

    def _once(self, request: Request, url: str) -> dict[str, Any]:
        answer = self._exchange(request, url, self._sign_in.token())
        # A token may be revoked before it expires (continuous access evaluation): another one is asked for once.
        if answer.status_code == 401:
            answer = self._exchange(request, url, self._sign_in.renewed(_challenge(answer)))
            if answer.status_code == 401:
                raise CredentialsRefused(
                    f"Graph refuses a token that was made just now (401, request id {_request_id(answer)})",
                    "Check this machine's clock, and whether source.cloud is the tenant's.",
                )
        self._patience.has_answered = True
        if answer.status_code >= 300:
            _log.info("Graph answered %d", answer.status_code, extra={"request": _request_id(answer)})
            body = _json_or_nothing(answer)
            raise error_of(answer.status_code, answer.headers, body, request.permission, self.client)
        return body_of(answer, answer.url.host, LOOK)

    def _exchange(self, request: Request, url: str, token: str) -> httpx.Response:
        self.asked += 1
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {token}",
            "User-Agent": "scim-bridge",
            "client-request-id": str(uuid4()),
            **dict(request.headers),
        }
        content = None
        if request.body is not None:
            content, headers["Content-Type"] = orjson.dumps(request.body), "application/json"
        try:
            return read_out(self._http.request(request.method, url, content=content, headers=headers))
        except httpx.HTTPError as error:
            _log.info("Graph did not answer: %s", type(error).__name__)
            raise unanswered(error, httpx.URL(url).host, NOT_SECURE) from None


def _place(url: httpx.URL) -> str:
    return url.netloc.decode().rpartition("@")[2]


def _challenge(answer: httpx.Response) -> str | None:
    """The claims that a token must bring, if the refusal names them (learn.microsoft.com/entra …/claims-challenge)."""
    found = _CLAIMS.search(answer.headers.get("www-authenticate", ""))
    if found is None:
        return None
    try:
        return b64decode(found[1]).decode()
    except ValueError:
        return None


def _request_id(answer: httpx.Response) -> str:
    return str(answer.headers.get("request-id", "none"))


def _json_or_nothing(answer: httpx.Response) -> Any:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None
