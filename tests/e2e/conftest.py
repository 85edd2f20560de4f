"""Fixtures of the end-to-end tests: a world, and the command line run in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from scim_bridge.cli.main import run
from scim_bridge.sandbox.server import Sandbox
from tests.e2e.world import World
from tests.recorded_texts import unread


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


Cli = Callable[..., Said]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Sandbox() as sandbox:
        built = World(tmp_path, sandbox)
        built.configure()
        yield built
    assert unread(tmp_path) == [], "pages can't say it in Japanese: python -m tests.service.messages"


@pytest.fixture
def cli(world: World, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Runs `scim-bridge --config … ARGUMENTS`; nothing it says may be a traceback or hold the token."""

    def command(*arguments: str) -> Said:
        capfd.readouterr()
        code = run(["--config", str(world.config), *arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        assert world.sandbox.token not in out + err
        return Said(code, out, err)

    return command
