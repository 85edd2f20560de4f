"""The pages over real HTTP, and a real Chromium that looks at them."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from scim_bridge.model.actor import Role
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from tests.service.seed import NOON, Seeder
from tests.service.sign_in import signed_in

CHROMIUM = Path("/usr/bin/chromium")
Pages = Callable[..., httpx.Client]


@pytest.fixture
def seeder(tmp_path: Path) -> Seeder:
    return Seeder(tmp_path / "scim-bridge.db")


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    """Serves the state of this test, to a client that is signed in.

    connections: their rhythm by name. now: the pages' clock. role: of the client.
    """
    with ExitStack() as stack:

        def serve(
            connections: Mapping[str, timedelta | None] | None = None,
            now: datetime = NOON + timedelta(minutes=4),
            state: Path = tmp_path / "scim-bridge.db",
            role: Role = "approver",
        ) -> httpx.Client:
            shown = Shown(state, connections or {"corp": None}, lambda: now)
            served = stack.enter_context(Served(create_app(shown), ("127.0.0.1", 0)))
            return stack.enter_context(signed_in(served.url, state, role, now))

        yield serve


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium. Left out where there is none; in CI its absence is a failure."""
    if not CHROMIUM.exists():
        leave_out = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        leave_out("needs Chromium: make system-packages")
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync"]
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's own sandbox refuses to start as root
    return browser_type_launch_args | {"executable_path": str(CHROMIUM), "args": [*quiet, *sandbox]}
