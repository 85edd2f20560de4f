"""One emulator for all tests of this room, empty for each of them."""

from collections.abc import Iterator

import pytest

from scim_bridge.sandbox.google.server import GoogleSandbox


@pytest.fixture(scope="session")
def emulator() -> Iterator[GoogleSandbox]:
    with GoogleSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def google(emulator: GoogleSandbox) -> GoogleSandbox:
    """An account with its admin alone, and nothing that goes wrong."""
    emulator.reset()
    emulator.fail()
    return emulator
