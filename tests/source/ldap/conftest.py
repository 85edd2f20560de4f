"""What the tests of the LDAP source share: servers, settings, and one way to read."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ldap_server import ROOT, Slapd, require_slapd


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[Slapd]:
    """A server with the usual units and no one in them, running."""
    require_slapd()
    server = Slapd(tmp_path / "slapd")
    server.load(ROOT)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make_slapd(tmp_path: Path) -> Iterator[Callable[..., Slapd]]:
    """Servers of other kinds: make_slapd(sessionlog=None, …), loaded with the usual units and running."""
    require_slapd()
    made: list[Slapd] = []

    def make(**options: Any) -> Slapd:
        server = Slapd(tmp_path / f"slapd{len(made)}", **options)
        made.append(server)
        server.load(ROOT)
        server.start()
        return server

    yield make
    for server in made:
        server.stop()
