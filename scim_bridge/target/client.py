"""One request to a SCIM endpoint: its answer parsed, or the error whose branch says what to do.

The token is read again once when a 401 comes: an operator may have rotated it, since a token lives a year and a worker
longer (docs/identity-center.md §1.2). What an answer other than success means is in refusal.py.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from scim_bridge.errors import (
    AnswerLost,
    CredentialsRefused,
    EndpointDown,
    Hold,
    Misconfigured,
    Retry,
    Throttled,
    Unreachable,
)
from scim_bridge.model.traffic import Traffic
from scim_bridge.target.latency import Latency
from scim_bridge.target.rate import Rate
from scim_bridge.target.refusal import error_of, request_id_of
from scim_bridge.target.retry import Patience

_is_urgent: ContextVar[bool] = ContextVar("is_urgent", default=False)
_log = logging.getLogger("scim_bridge.target")
# httpx writes every URL at INFO: with them the tenant id and user names would reach the log of anyone who sets INFO.
logging.getLogger("httpx").setLevel(logging.WARNING)
TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=30.0, pool=10.0)
"""Seconds. The pool has room for more threads than there are, so no one waits there."""
_CONNECTIONS = 128
_FEWEST, _MOST = 4, 64
"""Bounds of at_once. The upper one leaves half of the pool's connections to requests that hang."""
_HEADERS = {"Accept": "application/scim+json, application/json", "User-Agent": "scim-bridge"}
_READ = httpx.ByteStream(b"")
_LASTING = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")
"""TLS failures that waiting does not cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request below the base URL. path carries its query, encoded.

    needs: a key without which a success is not an answer to this request, "" if its body does not matter.
    new_for: it names a resource made a moment ago, which the endpoint may not see for so many seconds. members:
    memberships that it changes.
    """

    method: str = field(kw_only=False)
    path: str = field(kw_only=False)
    body: dict[str, Any] | None = field(default=None, kw_only=False)
    needs: str = ""
    new_for: float = 0.0
    members: int = 0

    @property
    def kind(self) -> str:
        """Whose pace it goes at: the API it calls, as far as APIs may have quotas of their own."""
        collection, is_one, _ = self.path.partition("?")[0].partition("/")
        if self.members:
            return kind_of(self.method, collection, has_members=True)
        if self.method != "GET" or is_one:
            return kind_of(self.method, collection)
        return kind_of("filter" if "filter=" in self.path else "list", collection)

    @property
    def is_of_one(self) -> bool:
        """It names one resource, or makes one: if it alone fails, so does that one object and not the endpoint."""
        return self.method != "GET" or "/" in self.path


def kind_of(method: str, collection: str, *, has_members: bool = False) -> str:
    """The name of a kind of request. has_members: it changes memberships, which have a quota of their own."""
    return f"{method} {collection}{' members' if has_members else ''}"


_QUESTION = Request("GET", "Users?count=1", needs="totalResults")


@dataclass(frozen=True, slots=True)
class Reply:
    """A success: its parsed body ({} if there was none) and AWS's request id."""

    body: dict[str, Any]
    request_id: str


@dataclass(slots=True)
class Sent:
    """How many requests were sent, retries included. throttled: those answered 429."""

    reads: int = 0
    writes: int = 0
    throttled: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, method: str) -> None:
        """One more request."""
        with self.lock:
            if method == "GET":
                self.reads += 1
            else:
                self.writes += 1

    def count_throttled(self) -> None:
        """One of them was answered 429."""
        with self.lock:
            self.throttled += 1


class ScimClient:
    """A pooled connection to one endpoint. read_token: gives the bearer token, asked at the start and after a 401.

    is_read_only: a request that would write raises Misconfigured, and is not sent.
    Safe to use from several threads. Redirects are not followed: the token is for this host alone. Proxies and
    certificates of the environment (HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE) apply, as httpx reads them.
    """

    def __init__(
        self,
        url: str,
        read_token: Callable[[], str],
        rate: Rate,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout = TIMEOUT,
        *,
        is_read_only: bool = False,
    ) -> None:
        self.sent = Sent()
        self._is_read_only = is_read_only
        self._url = url
        self._read_token = read_token
        self._token = ""
        self._rate = rate
        self._patience = patience or Patience()
        # The two depend on each other by what they do, not by import: retry.py decides by a question of this client's
        # whether the endpoint is down.
        self._patience.answers = self._answers
        self._latency = Latency(self._patience.clock)
        self.before_writing: Callable[[], None] = _nothing_to_ask
        limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
        # All requests go to this one URL. Plain http (to loopback alone) shows no certificate, so the machine's list of
        # authorities, which takes as long to load as the rest of a start, is not loaded for it.
        self._http = httpx.Client(
            verify=url.startswith("https:"),
            timeout=timeout,
            limits=limits,
            follow_redirects=False,
            transport=transport,
        )

    @property
    def traffic(self) -> Traffic:
        """What was sent so far, and the paces that were found."""
        return Traffic(self.sent.reads + self.sent.writes, self.sent.throttled, self._rate.paces())

    @property
    def rate(self) -> Rate:
        """Whose turn it is."""
        return self._rate

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def at_once(self, kind: str) -> int:
        """How many requests of this kind to have under way: twice pace × latency (a second × seconds), 4 to 64.

        Those that hang, and those that failed and wait for their next try, are not counted: they keep no one else up.
        """
        # By Little's law pace × latency requests are under way at a steady pace. Twice as many keep it up when some
        # answers take longer than the average.
        fitting = round(2 * self._rate.per_second(kind) * self._latency.seconds)
        return min(_MOST, max(_FEWEST, fitting) + self._latency.hanging + self._patience.outage.struggling)

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """Inside this, and in what is started with this context, requests go before all others that wait for a turn."""
        before = _is_urgent.set(True)
        try:
            yield
        finally:
            _is_urgent.reset(before)

    def pause(self, seconds: float) -> None:
        """Let this thread wait. Another request may be under way in its place meanwhile (see at_once)."""
        with self._latency.paused():
            self._patience.wait(seconds)

    def get(self, path: str, *, needs: str, attempts: int | None = None) -> Reply:
        """GET below the base. needs: see Request; attempts: fewer than usual."""
        return self.send(Request("GET", path, needs=needs), attempts=attempts)

    def send(self, request: Request, *, attempts: int | None = None) -> Reply:
        """Send until there is an answer. attempts: fewer than usual.

        Raises Hold for this object (Refused, NameTaken, NotThere), Stop for the run (CredentialsRefused, EndpointDown,
        NotAnswered); never Retry. A refused PATCH or a lost answer may have been carried out all the same
        (docs/identity-center.md §7.2): anyone who sent it looks before concluding anything.
        """
        if self._is_read_only and request.method != "GET":
            # No kind of run sends one in shadow. This is the last door, for the day when one forgets to ask.
            raise Misconfigured(f"in shadow no {request.method} is sent to the target", "Set shadow: false to write.")
        content = orjson.dumps(request.body) if request.body is not None else None
        return self._patience.call(
            lambda: self._once(request, content),
            new_for=request.new_for,
            of_one=request.is_of_one,
            attempts=attempts,
            pause=partial(self._rate.pause, kind=request.kind),
        )

    def _answers(self) -> bool:
        """Whether the endpoint answers a small question about what it holds, asked once."""
        try:
            self._once(_QUESTION, None)
        except (Throttled, Hold):
            return True
        except Retry:
            return False
        return True

    def _once(self, request: Request, content: bytes | None) -> Reply:
        token = self._token or self._refresh_token()
        response = self._exchange(request, content, token)
        if response.status_code == 401:
            # A token that stayed the same would only be refused again.
            fresh = self._refresh_token()
            if fresh != token:
                response = self._exchange(request, content, fresh)
        self._patience.has_answered = True
        request_id = request_id_of(response)
        if response.status_code >= 300:
            _log.info("%s answered %d", request.kind, response.status_code, extra={"request": request_id})
            if response.status_code == 429:
                self.sent.count_throttled()
            raise error_of(response)
        return Reply(_parsed(response, request.needs), request_id)

    def _refresh_token(self) -> str:
        token = self._read_token()
        if not token.isascii() or not token.isprintable() or " " in token:
            raise CredentialsRefused(
                "the token has spaces or other characters that a token cannot have",
                "Copy it again, as one line of plain text.",
            )
        self._token = token
        return token

    def _exchange(self, request: Request, content: bytes | None, token: str) -> httpx.Response:
        # Every attempt takes a turn of its own: the quota counts requests, not what they are for.
        turn = self._rate.acquire(request.kind, members=request.members, urgent=_is_urgent.get())
        if request.method != "GET":
            self.before_writing()
        self.sent.count(request.method)
        headers = _HEADERS | {"Authorization": f"Bearer {token}"}
        if content is not None:
            headers["Content-Type"] = "application/scim+json"
        try:
            with self._latency.measured():
                url = f"{self._url}/{request.path}"
                response = self._http.request(request.method, url, content=content, headers=headers)
            # httpx lets an answer and its stream name each other. A run looks for no circles (run/sync.py), so each of
            # ten thousand pages would stay in memory to its end.
            response.stream = _READ
        except httpx.InvalidURL as error:
            raise EndpointDown(f"target.url is not a URL ({error})", "Correct it.") from None
        except httpx.RequestError as error:
            _log.info("%s was not answered: %s", request.kind, type(error).__name__)
            raise self._unanswered(error) from None
        if response.status_code == 429:
            self._rate.throttled(turn)
        elif response.status_code < 500:
            # A 5xx says nothing of the quota, so the pace neither grows nor falls by it.
            self._rate.accepted(turn)
        return response

    def _unanswered(self, error: httpx.RequestError) -> Unreachable | AnswerLost | EndpointDown:
        """What it means that no answer came: nothing was sent, or no one knows."""
        host = urlsplit(self._url).netloc
        if any(sign in str(error) for sign in _LASTING):
            return EndpointDown(
                f"no secure connection to {host} can be made ({error})",
                "Check target.url and the clock. If a proxy with its own certificate authority is in between, "
                "check SSL_CERT_FILE.",
            )
        # No connection, so nothing was sent: safe to send again. After any other failure the request may have arrived.
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)):
            return Unreachable(f"{host} cannot be reached ({str(error) or type(error).__name__})")
        return AnswerLost(f"the connection was lost before the answer ({type(error).__name__})")


def _nothing_to_ask() -> None:
    """The default of what is asked before each write."""


def _parsed(response: httpx.Response, needs: str) -> dict[str, Any]:
    """The body of a success. A page of a proxy in between is not an answer, whatever its status says."""
    way_out = "Look at target.url, and at any proxy in between."
    if not response.content and not needs:
        return {}
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise AnswerLost("the answer is not JSON, so it is not a SCIM endpoint's", way_out) from None
    if not isinstance(body, dict) or (needs and body.get(needs) is None):
        raise AnswerLost(f"the answer has no {needs or 'object'}, so it is not a SCIM endpoint's", way_out)
    return body
