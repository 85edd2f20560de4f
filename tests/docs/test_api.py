"""Each line of docs/api.md is run, one after the other, against a service with its worker and an emulated target."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scim_bridge.config.settings import load
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.reader import open_reader
from scim_bridge.worker.order_lane import OrderLane
from scim_bridge.worker.roll import Roll
from scim_bridge.worker.turn import Turns
from tests.e2e.conftest import Cli, cli, world
from tests.e2e.world import World, organization
from tests.service.sign_in import a_token
from tests.waiting import PATIENCE, until

__all__ = ["cli", "world"]
DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.fixture
def service(world: World, cli: Cli) -> Iterator[dict[str, str]]:
    """The environment of the lines: a service over a small directory, its lane of orders, and a token."""
    people = organization(8, 1)
    people.add("u7", login="b.sato@corp.example")
    world.write(people)
    assert cli("sync").code == 0
    settings = load(world.config)
    shown = Shown(settings.state, dict.fromkeys(settings.connections), settings=settings.connections)
    stop = threading.Event()
    lane = OrderLane(
        settings.connections.values, settings.state, Turns(), stop, tell=lambda _: None, roll=Roll(settings.state)
    )
    with Served(create_app(shown), ("127.0.0.1", 0)) as pages, lane:
        try:
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            yield {"URL": pages.url, "TOKEN": a_token(settings.state), "PATH": path}
        finally:
            stop.set()


def test_every_line_of_the_document_works(service: dict[str, str], world: World, tmp_path: Path) -> None:
    lines = [
        line
        for block in re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(lines) > 25
    for line in lines:
        if '"kind": "plan"' in line:  # something is to be in it, and no order before it is to take that away
            until(lambda: not open_reader(world.state).orders.open())
            world.write(organization(9, 1))
        if "/plans" in line:  # the plan was ordered by the line before
            until(lambda: bool(open_reader(tmp_path / "scim-bridge.db").plans.latest(1)))
        said = subprocess.run(["sh", "-c", line], env=service, cwd=tmp_path, capture_output=True, text=True,
                              timeout=PATIENCE)  # fmt: skip
        assert said.returncode == 0, f"{line}\n{said.stdout}{said.stderr}"
        assert '"status":5' not in said.stdout.replace(" ", ""), f"{line}\n{said.stdout}"
    assert (tmp_path / "plan.json").exists()
