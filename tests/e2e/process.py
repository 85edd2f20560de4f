"""Commands as processes of their own, met at a gate of the endpoint: where they are does not depend on any pace."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scim_bridge.sandbox.fault import Fault
from tests.e2e.world import World
from tests.waiting import PATIENCE

PROGRAM = (sys.executable, "-m", "scim_bridge.cli.main")


def start(world: World, *arguments: str) -> "subprocess.Popen[str]":
    """`scim-bridge --config … ARGUMENTS` as a process."""
    command = (*PROGRAM, "--config", str(world.config), *arguments)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def held(
    world: World, gate: Fault, *arguments: str, beside: tuple[Fault, ...] = ()
) -> Iterator["subprocess.Popen[str]"]:
    """A command whose first request of this kind waits at the gate. After the block it is killed and the gate is open.

    beside: gates for what it sends at the same time; the block begins when a request waits at any of them.
    What waited reaches the endpoint after all, as a request does that was under way when its sender died.
    """
    world.sandbox.fail(gate, *beside)
    process = start(world, *arguments)
    try:
        world.sandbox.wait_held(seconds=PATIENCE)
        yield process
    finally:
        process.kill()
        process.communicate()
        world.sandbox.fail()
        world.sandbox.go_on()
