"""An empty sandbox for each test, and a bare client that holds a token."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from scim_bridge.sandbox.entra.server import EntraSandbox
from tests.waiting import PATIENCE


class Caller:
    """A bare client of Graph: real HTTPS, a real token."""

    def __init__(self, entra: EntraSandbox) -> None:
        self.entra = entra
        self.tls = ssl.create_default_context(cafile=entra.ca_file)
        self.http = httpx.Client(verify=self.tls, timeout=PATIENCE)
        self.token = self.fetch_token().json()["access_token"]
        entra.forget_requests()

    def fetch_token(self, tenant: str = "", **form: Any) -> httpx.Response:
        """Ask for a token. form: what differs from a good request; None = left out."""
        usual = {
            "grant_type": "client_credentials",
            "client_id": self.entra.client,
            "client_secret": self.entra.secret,
            "scope": f"{self.entra.graph}/.default",
        }
        sent = {name: value for name, value in {**usual, **form}.items() if value is not None}
        return self.http.post(f"{self.entra.login}/{tenant or self.entra.tenant}/oauth2/v2.0/token", data=sent)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """path: below /v1.0/, or a whole link. headers: with _ for -."""
        url = path if path.startswith("https://") else f"{self.entra.graph}/v1.0/{path}"
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.get(url, headers={"authorization": f"Bearer {self.token}", **more})

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(
            f"{self.entra.graph}/v1.0/{path}", headers={"authorization": f"Bearer {self.token}"}, json=body
        )

    def pages(self, path: str, **headers: str) -> list[dict[str, Any]]:
        """All pages from a path on, links followed as they are; at most 1,000."""
        found: list[dict[str, Any]] = []
        link: str | None = path
        while link is not None and len(found) < 1_000:
            answer = self.get(link, **headers)
            assert answer.status_code == 200, answer.text
            found.append(answer.json())
            link = found[-1].get("@odata.nextLink")
        return found

    def rows(self, path: str, **headers: str) -> list[dict[str, Any]]:
        return [row for page in self.pages(path, **headers) for row in page["value"]]

    def ids(self, path: str, **headers: str) -> list[str]:
        return [row["id"] for row in self.rows(path, **headers)]

    def delta(self, path: str, **headers: str) -> tuple[list[dict[str, Any]], str]:
        """The rows of a whole round, and the link of the next one."""
        pages = self.pages(path, **headers)
        return [row for page in pages for row in page["value"]], pages[-1]["@odata.deltaLink"]

    def set(self, **knobs: Any) -> None:
        """Exchange knobs; those of the token hold from the next token on."""
        self.entra.knobs = replace(self.entra.knobs, **knobs)
        if "roles" in knobs or "token_lifetime" in knobs:
            self.token = self.fetch_token().json()["access_token"]


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and error code of a refusal."""
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture(scope="session")
def running() -> Iterator[EntraSandbox]:
    with EntraSandbox() as entra:
        yield entra


@pytest.fixture
def entra(running: EntraSandbox) -> EntraSandbox:
    """A sandbox that is empty and has the default settings."""
    running.reset()
    return running


@pytest.fixture
def graph(entra: EntraSandbox) -> Iterator[Caller]:
    caller = Caller(entra)
    yield caller
    caller.http.close()
