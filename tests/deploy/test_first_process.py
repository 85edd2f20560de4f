"""`run` as a container has it, with the files of this machine: process 1, user 10001, a root that cannot be written.

`make test-image` does the same in the image itself, which takes minutes to build.
"""

import sys
import sysconfig
from pathlib import Path
from time import monotonic

import httpx
import pytest

from scim_bridge.sandbox.server import Sandbox
from tests.deploy.boxed import boxed, needs_root, stop
from tests.e2e.world import World, organization
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).parents[2]
SYSTEMS_OWN = Path("/usr/bin") / f"python3.{sys.version_info.minor}"
"""The interpreter of the tests may lie in a home directory, which user 10001 cannot look into."""


def _is_open(path: Path) -> bool:
    """Whether every user can reach it, in a box that has a /tmp of its own, too."""
    return Path("/tmp") not in path.parents and all(parent.stat().st_mode & 0o001 for parent in path.parents)


@needs_root
@pytest.mark.skipif(
    not SYSTEMS_OWN.exists() or not _is_open(ROOT / "scim_bridge"), reason="user 10001 cannot reach it there"
)
def test_the_service_starts_serves_syncs_and_ends_in_a_closed_box(folder: Path) -> None:
    people = organization(6, 1)
    with Sandbox() as sandbox:
        world = World(folder, sandbox)
        world.configure()
        world.write(people)
        command = [str(SYSTEMS_OWN), "-m", "scim_bridge.cli.main", "--config", str(world.config), "run"]
        path = f"PYTHONPATH={ROOT}:{sysconfig.get_path('purelib')}"
        with boxed(Path("/"), folder, ["/usr/bin/env", "-i", path, *command]) as process:
            assert process.stderr is not None
            url = process.stderr.readline().removeprefix("pages: ").strip()
            until(lambda: httpx.get(f"{url}/healthz").status_code == 200)
            assert any("run 1 is done" in line for line in process.stderr)
            begun = monotonic()
            code, said = stop(process, PATIENCE)
            assert (code, said.splitlines()[-1]) == (0, "stopped")
            assert monotonic() - begun < 10
        world.assert_equal_to(people)
