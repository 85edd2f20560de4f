"""AWS, asked through boto3, whose clients are made in this file alone, and when something is first asked.

Only reads and what assignments need. Credentials come from AWS's usual chain. Whatever boto3 raises leaves as one
sentence (refusal.py); what is worth another try is tried again here, since the SDK's own retries know no ceiling.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from scim_bridge.access.pace import Pace
from scim_bridge.access.refusal import NotReadable, refusal_of
from scim_bridge.errors import Retry, Throttled, Unreachable
from scim_bridge.retry import Failure, insist, jitter

PATIENCE = 120.0
"""Seconds for which a throttled call is tried again."""
_TRIES = 3
"""Of a call that is not answered, or with a fault of the server: what does not come soon is not waited for."""
AT_ONCE = 8
"""Threads that ask: enough for any pace up to 40 a second at a fifth of a second an answer."""
_SERVICES = {"sso": "sso-admin"}
_PAGE = {"organizations": 20}
Answer = Mapping[str, Any]


@dataclass(slots=True)
class _Trial:
    """One call until it is answered, or its patience is over."""

    aws: "Aws"
    call: str
    begun: float

    def seconds(self, failure: Failure) -> float:
        seconds = jitter(failure.number)
        if isinstance(failure.error, Throttled):
            self.aws.pace.pause(self.call, seconds)
        return seconds

    def is_over(self, failure: Failure) -> bool:
        if not isinstance(failure.error, Throttled):
            return failure.number >= _TRIES
        return self.aws.clock() - self.begun + failure.pause > self.aws.patience


class Aws:
    """Calls by their names in policies ("sso:ListInstances"). requests: how many were sent.

    requests_per_second: of each budget (pace.py). patience: seconds for which a throttled call is tried again.
    most: requests after which no more are sent, None for as many as it takes.
    """

    def __init__(
        self,
        region: str,
        requests_per_second: float,
        *,
        patience: float = PATIENCE,
        most: int | None = None,
        clock: Callable[[], float] = monotonic,
        wait: Callable[[float], None] = sleep,
    ) -> None:
        self.region, self.patience, self.clock, self._wait = region, patience, clock, wait
        self.pace = Pace(requests_per_second, clock, wait)
        self.requests = 0
        self._most = most
        self._clients: dict[str, Any] = {}
        self._session: Any = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the connections."""
        for client in self._clients.values():
            client.close()

    def ask(self, call: str, **asked: Any) -> Answer:
        """The answer of one call. Raises NotReadable."""
        trial = _Trial(self, call, self.clock())
        try:
            return insist(lambda: self._send(call, asked), trial, self._wait)
        except Retry as given_up:
            raise NotReadable(given_up.what, given_up.way_out) from None

    def pages(self, call: str, **asked: Any) -> Iterator[Answer]:
        """Every page of a list. A page may be empty and carry a token, so only the missing token ends it."""
        service = call.partition(":")[0]
        size, token = ("maxResults", "nextToken") if service == "account-access" else ("MaxResults", "NextToken")
        page: dict[str, Any] = {size: _PAGE.get(service, 100)}
        while True:
            answer = self.ask(call, **asked, **page)
            yield answer
            following = answer.get(token)
            if not following:
                return
            if following == page.get(token):
                raise NotReadable(f"AWS gave the same page of {call} twice", "Run the command again.")
            page[token] = following

    def every(self, call: str, name: str, **asked: Any) -> list[Any]:
        """The entries of all pages, under this name."""
        return [entry for page in self.pages(call, **asked) for entry in page.get(name, ())]

    def _send(self, call: str, asked: Mapping[str, Any]) -> Answer:
        from botocore import exceptions as aws
        from botocore import xform_name

        service, _, action = call.partition(":")
        if self._most is not None and self.requests >= self._most:
            raise NotReadable(f"it takes more than {self._most} requests", "Run: scim-bridge access")
        self.pace.wait_for_turn(call)
        try:
            send = getattr(self._client(_SERVICES.get(service, service)), xform_name(action))
            with self._lock:
                self.requests += 1
            answer: Answer = send(**asked)
        except aws.ClientError as error:
            raise refusal_of(call, error.response) from None
        except (aws.ConnectionError, aws.HTTPClientError) as error:
            said = f"AWS did not answer {call} ({type(error).__name__})"
            if action.startswith("Create") and not isinstance(error, aws.EndpointConnectionError):
                # It may have been done all the same, and what asking twice comes to is not documented.
                raise NotReadable(said, "Run the same command again: it looks first.") from None
            raise Unreachable(said, "Check the network, and access.region.") from None
        except (aws.BotoCoreError, ValueError) as error:
            raise NotReadable(
                f"AWS could not be asked for {call} ({type(error).__name__})",
                "Give AWS credentials in one of the usual places (environment, profile, role), or leave access out.",
            ) from None
        return answer

    def _client(self, service: str) -> Any:
        """A client of this service, made when first asked for: importing boto3 alone takes a third of a second."""
        with self._lock:
            if service not in self._clients:
                import boto3
                from botocore.config import Config

                # At debug it logs session tokens.
                logging.getLogger("botocore").setLevel(max(logging.INFO, logging.getLogger().level))
                once = {"mode": "standard", "total_max_attempts": 1}
                patience = Config(connect_timeout=3, read_timeout=5, retries=once, max_pool_connections=AT_ONCE)
                # A session of its own: the default one keeps the credentials that it found first.
                self._session = self._session or boto3.Session()
                self._clients[service] = self._session.client(service, region_name=self.region, config=patience)
            return self._clients[service]
