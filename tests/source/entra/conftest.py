"""One emulator for each test."""

from collections.abc import Iterator

import pytest

from scim_bridge.sandbox.entra.server import EntraSandbox


@pytest.fixture
def entra() -> Iterator[EntraSandbox]:
    with EntraSandbox() as sandbox:
        yield sandbox
