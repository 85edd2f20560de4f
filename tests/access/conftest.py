"""Fixtures: the sandbox's AWS APIs as the only ones this process can reach, and a reading of them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from scim_bridge.access.aws import Aws
from scim_bridge.access.reading import read_access
from scim_bridge.model.access import AccessReading
from scim_bridge.model.protocol import silent
from scim_bridge.sandbox.server import Sandbox
from tests.aws import REGION, environment_at

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
Reader = Callable[..., AccessReading]


def person(name: str, *, active: bool = True) -> dict[str, Any]:
    about = {"givenName": name, "familyName": "X"}
    return {"userName": f"{name}@corp.example", "displayName": name.title(), "name": about, "active": active}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox, environment_at(sandbox.aws_url):
        yield sandbox


@pytest.fixture
def read(sandbox: Sandbox) -> Iterator[Reader]:
    """Reads everything; patience: seconds for which a throttled call is tried again."""
    made: list[Aws] = []

    def reading(patience: float = 60.0) -> AccessReading:
        made.append(Aws(REGION, 10_000, patience=patience))
        return read_access(made[-1], NOW, silent)

    yield reading
    for aws in made:
        aws.close()
