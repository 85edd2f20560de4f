"""One emulator for all tests of this room, empty for each of them."""

from collections.abc import Iterator

import pytest

from scim_bridge.sandbox.entra.server import EntraSandbox


@pytest.fixture(scope="session")
def emulator() -> Iterator[EntraSandbox]:
    """As others left it: reset() begins again."""
    with EntraSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def entra(emulator: EntraSandbox) -> EntraSandbox:
    """An empty tenant, and nothing that goes wrong."""
    emulator.reset()
    return emulator
