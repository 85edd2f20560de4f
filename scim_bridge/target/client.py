"""One request to a SCIM endpoint: its answer parsed, or the error whose branch says what to do.

The token is read again once when a 401 comes, since somebody may have rotated it while we run for years.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import orjson

from scim_bridge.errors import (
    AnswerLost,
    CredentialsRefused,
    EndpointDown,
    NameTaken,
    NotThere,
    Refused,
    Retry,
    ServerFault,
    Throttled,
    Unreachable,
)
from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import Patience

T = TypeVar("T")
_log = logging.getLogger("scim_bridge.target")
_GENERIC = "Request is unparsable"
_TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=30.0, pool=60.0)


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


class ScimClient:
    """A pooled connection to one endpoint. read_token: gives the bearer token, asked at the start and after a 401.

    Safe to use from several threads. Proxies and certificates of the environment apply, as httpx reads them.
    """

    def __init__(
        self,
        url: str,
        read_token: Callable[[], str],
        rate: Rate,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.sent = Sent()
        self._url = url
        self._read_token = read_token
        self._token = ""
        self._rate = rate
        self._patience = patience or Patience()
        self._patience.pause = rate.pause
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        self._http = httpx.Client(timeout=_TIMEOUT, limits=limits, follow_redirects=False, transport=transport)

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def get(self, path: str) -> Reply:
        """GET below the base; path carries its query, encoded."""
        return self.send("GET", path)

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Reply:
        """Send until there is an answer. Raises Hold for this object, Stop for the run; never Retry."""
        content = orjson.dumps(body) if body is not None else None
        return self._patience.call(lambda: self._once(method, path, content))

    def _once(self, method: str, path: str, content: bytes | None) -> Reply:
        token = self._token or self._refresh_token()
        response = self._exchange(method, path, content, token)
        if response.status_code == 401:
            fresh = self._refresh_token()
            if fresh != token:
                response = self._exchange(method, path, content, fresh)
        self._patience.has_answered = True
        request_id = response.headers.get("x-amzn-requestid", "")
        if response.status_code >= 300:
            error = self._error(response, request_id)
            _log.info("%s answered %d, request id %s", method, response.status_code, request_id or "none")
            raise error
        return Reply(_parsed(response), request_id)

    def _refresh_token(self) -> str:
        self._token = self._read_token()
        return self._token

    def _exchange(self, method: str, path: str, content: bytes | None, token: str) -> httpx.Response:
        self._rate.acquire()
        self.sent.count(method)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/scim+json, application/json"}
        headers["User-Agent"] = "scim-bridge"
        if content is not None:
            headers["Content-Type"] = "application/scim+json"
        try:
            return self._http.request(method, f"{self._url}/{path}", content=content, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise self._unreachable(error) from None
        except httpx.TransportError as error:
            raise AnswerLost(f"the connection was lost before the answer ({type(error).__name__})") from None
        except httpx.InvalidURL as error:
            raise EndpointDown(f"target.url is no URL ({error})", "Mend it.") from None

    def _unreachable(self, error: httpx.TransportError) -> Retry | EndpointDown:
        host = urlsplit(self._url).netloc
        if "CERTIFICATE_VERIFY_FAILED" in str(error) or "SSL" in str(error):
            return EndpointDown(
                f"the certificate of {host} is not trusted ({error})",
                "Check the URL, the clock and the proxy in between.",
            )
        return Unreachable(f"{host} cannot be reached ({error or type(error).__name__})")

    def _error(self, response: httpx.Response, request_id: str) -> Exception:
        status = response.status_code
        if status == 429:
            with self.sent.lock:
                self.sent.throttled += 1
            return Throttled("the endpoint throttles requests", after=_retry_after(response))
        if status >= 500 and status != 501:
            return ServerFault(f"the endpoint answered {status}", after=_retry_after(response))
        if status == 401:
            return CredentialsRefused(
                "the endpoint refuses the token (401): it is wrong, expired or deleted, "
                "or the tenant id in the URL is wrong",
                "Compare target.url and the token with Settings → Automatic provisioning in IAM Identity Center.",
            )
        if status == 403:
            return CredentialsRefused(
                "the endpoint denies access (403): the token may not do this, "
                "or the identity store accepts SCIM from other networks only",
                "Check the token's permissions and the allowed source addresses (ScimAllowSourceIps).",
            )
        return _refusal(status, _detail(response), request_id)


def _refusal(status: int, detail: str, request_id: str) -> Exception:
    """The Hold for an answer that concerns one object."""
    trace = f"request id {request_id}" if request_id else "no request id"
    if status == 404:
        return NotThere(f"the target answered 404, not found ({trace})", request_id=request_id)
    if status == 409:
        return NameTaken(f"the target answered 409, a unique value is taken ({trace})", request_id=request_id)
    advice = (
        "AWS says which attribute in CloudTrail only: look for this request id there." if _GENERIC in detail else ""
    )
    return Refused(f"the target refused it with {status}: {detail} ({trace})", advice, request_id=request_id)


def _detail(response: httpx.Response) -> str:
    """The error text; keys are read without regard to case, since they have changed over time."""
    try:
        body = orjson.loads(response.content)
        keys = {str(key).lower(): value for key, value in body.items()}
        text = str(keys.get("detail") or keys.get("message") or "")
    except (orjson.JSONDecodeError, AttributeError):
        text = response.text
    return " ".join(text.split()).rstrip(".")[:300] or "no reason given"


def _parsed(response: httpx.Response) -> dict[str, Any]:
    if not response.content:
        return {}
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise AnswerLost("the answer is no JSON; is this a SCIM endpoint, or a proxy's page?") from None
    if not isinstance(body, dict):
        raise AnswerLost("the answer is no JSON object; is this a SCIM endpoint?")
    return body


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds, from either form of RFC 9110 §10.2.3; None if absent or unreadable."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time()) if value else None
    except ValueError:
        return None
