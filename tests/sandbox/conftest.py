"""A running emulator, and a bare client that knows its control plane."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from scim_bridge.sandbox.app import App, Identity
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from tests.waiting import PATIENCE


class Caller:
    """A bare client with the control plane."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(headers={"Authorization": f"Bearer {sandbox.token}"}, timeout=PATIENCE)
        self.host = sandbox.url.split(sandbox.app.identity.tenant)[0].rstrip("/")

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return self.http.request(method, f"{self.sandbox.url}/{path}", json=body, **more)

    def control(self, what: str, body: Any = None) -> httpx.Response:
        method = "GET" if body is None else "POST"
        return self.http.request(method, f"{self.host}/control/{what}", json=body)


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def caller(running: Sandbox) -> Iterator[Caller]:
    """A client of an emulator that is empty and has the default settings."""
    fresh = App(Knobs(rate=None), Identity(), running.app.store.now)
    for name in ("identity", "store", "endpoint", "faults", "counts", "log"):
        setattr(running.app, name, getattr(fresh, name))
    caller = Caller(running)
    with caller.http:
        yield caller
