"""An empty account for each test, and a bare client that holds a token."""

import ssl
import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import orjson
import pytest

from scim_bridge.sandbox.google.knobs import SCOPES
from scim_bridge.sandbox.google.server import GoogleSandbox
from scim_bridge.sandbox.google.token import AUDIENCE
from tests.waiting import PATIENCE


class Caller:
    """A bare client of the Directory API: real HTTPS, a real token."""

    def __init__(self, google: GoogleSandbox) -> None:
        self.google = google
        self.http = httpx.Client(verify=ssl.create_default_context(cafile=google.ca_file), timeout=PATIENCE)
        self.token = self.fetch_token().json()["access_token"]
        google.forget_requests()

    def assertion(self, **claims: Any) -> str:
        """A signed assertion. claims: what differs from a good one; None = left out."""
        key, now = orjson.loads(self.google.key_file.read_bytes()), int(time.time())
        usual = {
            "iss": key["client_email"],
            "sub": self.google.admin,
            "scope": " ".join(SCOPES),
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 3600,
        }
        payload = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(payload, key["private_key"], "RS256", headers={"kid": key["private_key_id"]})

    def fetch_token(self, **claims: Any) -> httpx.Response:
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": self.assertion(**claims)}
        return self.http.post(f"{self.google.origin}/token", data=form)

    def get(self, path: str, **given: Any) -> httpx.Response:
        """path: below /admin/directory/v1/. given: its query."""
        headers = {"authorization": f"Bearer {self.token}"}
        return self.http.get(f"{self.google.origin}/admin/directory/v1/{path}", params=given, headers=headers)

    def all(self, what: str, path: str = "", **given: Any) -> list[dict[str, Any]]:
        """The rows of all pages, whoever is asked."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(path or what, **given).json()
            found += page.get(what, [])
            if "nextPageToken" not in page:
                return found
            given["pageToken"] = page["nextPageToken"]


def reason(answer: httpx.Response) -> tuple[int, str]:
    """Status and reason of a refusal."""
    return answer.status_code, answer.json()["error"]["errors"][0]["reason"]


@pytest.fixture(scope="session")
def running() -> Iterator[GoogleSandbox]:
    with GoogleSandbox() as google:
        yield google


@pytest.fixture
def google(running: GoogleSandbox) -> GoogleSandbox:
    running.reset()
    running.fail()
    return running


@pytest.fixture
def api(google: GoogleSandbox) -> Iterator[Caller]:
    caller = Caller(google)
    yield caller
    caller.http.close()
