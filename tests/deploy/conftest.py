"""What the tests of containers share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """What is /data. Other users can reach it, as they cannot reach pytest's own folders."""
    made = Path(f"/var/tmp/scim-bridge-data-{os.getpid()}")
    made.mkdir(mode=0o700)
    yield made
    shutil.rmtree(made)
