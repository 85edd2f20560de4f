"""The worker is tested with a whole little world: a directory in files, and the emulator."""

from collections.abc import Iterator

import pytest

from scim_bridge.worker import one_run
from tests.e2e.conftest import cli, world

__all__ = ["cli", "world"]


@pytest.fixture(scope="module", autouse=True)
def no_process_waits_for_the_next_module() -> Iterator[None]:
    """Inside of one, a process that waits may carry out the runs of the next test: as many starts less."""
    yield
    one_run._WARM.end_all()
