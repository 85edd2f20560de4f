"""What the tests of this room share: a clock that does not wait, and endpoints that answer by a function."""

from collections.abc import Callable, Iterator

import httpx
import orjson
import pytest

from scim_bridge.target.client import ScimClient
from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import Patience
from scim_bridge.target.scim import ScimTarget
from tests.fakes import FakeClock

URL = "https://scim.eu-west-1.amazonaws.com/some-tenant/scim/v2"
Answering = Callable[[httpx.Request], httpx.Response]
Opening = Callable[..., ScimTarget]


def answer(status: int = 200, body: object = None, **headers: str) -> httpx.Response:
    """An answer of the endpoint; header names with underscores for dashes."""
    content = b"" if body is None else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=content, headers={"x-amzn-RequestId": "req-1"} | named)


class Script:
    """An endpoint that gives these answers one after the other, the last forever. An error among them is raised."""

    def __init__(self, *answers: httpx.Response | httpx.RequestError) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, httpx.RequestError):
            raise found
        return httpx.Response(found.status_code, content=found.content, headers=found.headers)

    @property
    def tokens(self) -> list[str]:
        return [request.headers["authorization"].removeprefix("Bearer ") for request in self.requests]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def open_at(clock: FakeClock) -> Iterator[Opening]:
    """open_at(answering, read_token): a target whose endpoint is a function, and whose waits take no time."""
    opened: list[ScimClient] = []

    def opening(answering: Answering, read_token: Callable[[], str] = lambda: "token-1") -> ScimTarget:
        rate, patience = Rate(1_000, clock, clock.wait), Patience(clock=clock, wait=clock.wait)
        opened.append(ScimClient(URL, read_token, rate, patience, httpx.MockTransport(answering)))
        return ScimTarget(opened[-1], clock=clock)

    yield opening
    for client in opened:
        client.close()
