"""Browsers of tests, signed in as `run`'s link does it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
from playwright.sync_api import BrowserContext

from scim_bridge.model.actor import Actor, Role
from scim_bridge.model.state_address import StateAddress as Place
from scim_bridge.service.auth.csrf import HEADER, token_for
from scim_bridge.state.writer import State
from tests.waiting import PATIENCE


def sign_in_link(url: str, state: Place, role: Role = "approver", now: datetime | None = None) -> str:
    """A link as `run` prints it. now: by the clock of the pages."""
    with State(state, lambda: now or datetime.now(UTC)) as opened:
        return f"{url}/sign-in?code={opened.sign_ins.make_link(f'{role}@test', role)}"


def sign_in(client: httpx.Client, state: Place, role: Role = "approver", now: datetime | None = None) -> httpx.Client:
    """The same client, signed in; what it posts comes from these pages, with their token."""
    url = str(client.base_url).rstrip("/")
    assert client.get(sign_in_link(url, state, role, now)).status_code == 303
    (secret,) = client.cookies.values()
    client.headers.update({"Origin": url, HEADER: token_for(secret)})
    return client


@contextmanager
def signed_in(url: str, state: Place, role: Role = "approver", now: datetime | None = None) -> Iterator[httpx.Client]:
    """A new client of the pages at this address."""
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        yield sign_in(client, state, role, now)


def enter(context: BrowserContext, client: httpx.Client) -> None:
    """The browser gets the session of this client."""
    ((name, value),) = client.cookies.items()
    context.add_cookies([{"name": name, "value": value, "url": str(client.base_url)}])


def a_token(state: Place, role: Role = "approver", now: datetime | None = None) -> str:
    """An API token of this role."""
    moment = now or datetime.now(UTC)
    with State(state, lambda: moment) as opened:
        return opened.tokens.make(f"{role} of the tests", role, None, Actor("test"))
