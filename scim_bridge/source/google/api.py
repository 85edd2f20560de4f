"""One request to the Directory API, sent until it is answered: its answer parsed, or the error that says what to do.

Several threads may ask at once. The pace is held here, over all of them: the quota of queries is a minute's, but what
an account lets through at once is shared with every other program that reads it, and cannot be raised.
"""

import logging
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

from scim_bridge.config.source import GoogleSettings
from scim_bridge.errors import CredentialsRefused
from scim_bridge.source.google.credential import DIRECTORY, placed
from scim_bridge.source.google.refusal import LOOK, NOT_SECURE, Absent, error_of
from scim_bridge.source.google.sign_in import SignIn
from scim_bridge.source.https import body_of, read_out, unanswered
from scim_bridge.source.patience import Patience

_log = logging.getLogger("scim_bridge.source.google")
# httpx writes every URL at INFO, with ids and addresses in it.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("google").setLevel(logging.CRITICAL)
_PATH = "/admin/directory/v1/"


class Api:
    """A connection to the Directory API for one reading: `with Api(…) as api`.

    trust: gives the certificates to believe in. patience: how long to try, kept for the life of the source.
    """

    def __init__(
        self, settings: GoogleSettings, sign_in: SignIn, trust: Callable[[], ssl.SSLContext], patience: Patience
    ) -> None:
        self.settings = settings
        self._base = placed(DIRECTORY, settings.endpoint).rstrip("/") + _PATH
        self._sign_in, self._patience = sign_in, patience
        self._pace = _Pace(settings.requests_per_second, patience)
        self._http = httpx.Client(verify=trust(), timeout=settings.timeout.total_seconds(), follow_redirects=False)

    def __enter__(self) -> "Api":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def send(self, *path: str, **given: str | int) -> dict[str, Any]:
        """Ask until there is an answer. path: its parts, not yet quoted; given: its query.

        Raises SourceUnreadable, CredentialsRefused, Absent, PageLost.
        """
        url = self._base + "/".join(quote(part, safe="") for part in path)
        return self._patience.call(lambda: self._once(url, given))

    def find(self, *path: str, **given: str | int) -> dict[str, Any] | None:
        """What is there, or None if Google says that there is nothing."""
        try:
            return self.send(*path, **given)
        except Absent:
            return None

    def _once(self, url: str, given: dict[str, str | int]) -> dict[str, Any]:
        token = self._sign_in.token()
        answer = self._exchange(url, given, token)
        if answer.status_code == 401:
            answer = self._exchange(url, given, self._sign_in.renewed(token))
            if answer.status_code == 401:
                raise CredentialsRefused(
                    "Google refuses a token that was made just now (401)",
                    "See whether source.admin was suspended or the delegation withdrawn just now; check the clock.",
                )
        self._patience.has_answered = True
        if answer.status_code >= 300:
            _log.info("Google answered %d", answer.status_code)
            raise error_of(answer, self.settings.admin)
        return body_of(answer, "Google", LOOK)

    def _exchange(self, url: str, given: dict[str, str | int], token: str) -> httpx.Response:
        self._pace.wait()
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token}", "User-Agent": "scim-bridge"}
        try:
            return read_out(self._http.get(url, params=given, headers=headers))
        except httpx.HTTPError as error:
            _log.info("Google did not answer: %s", type(error).__name__)
            raise unanswered(error, "Google", NOT_SECURE) from None


class _Pace:
    """At most so many requests a second, one after the other."""

    def __init__(self, per_second: float, patience: Patience) -> None:
        self._apart = 1 / per_second
        self._patience = patience
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for this thread's turn."""
        with self._lock:
            now = self._patience.clock()
            turn = max(now, self._next)
            self._next = turn + self._apart
        if turn > now:
            self._patience.wait(turn - now)
