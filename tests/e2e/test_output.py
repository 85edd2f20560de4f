"""Who reads what a command prints may go away; what the command does, and how it ends, stays the same."""

import subprocess
import sys

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.world import World, organization


@pytest.mark.parametrize("with_stderr", [False, True], ids=["stdout", "stdout and stderr"])
@pytest.mark.parametrize("output", ["text", "json"])
def test_a_reader_that_goes_away_changes_no_exit_code(
    world: World, cli: Cli, output: str, *, with_stderr: bool
) -> None:
    people = organization(40, 3)
    world.write(people)
    assert cli("sync").code == 0
    for user in people.users.values():
        user["enabled"] = "false"
    world.write(people)
    program = [sys.executable, "-m", "scim_bridge.cli.main", "--config", str(world.config), "sync", "--output", output]
    errors = subprocess.STDOUT if with_stderr else subprocess.PIPE
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=errors) as command:
        assert command.stdout is not None
        command.stdout.close()
        said = b"" if command.stderr is None else command.stderr.read()
    assert command.returncode == 4
    assert b"BrokenPipe" not in said
    assert cli("history", "--output", "json").json[0]["status"] == "stopped_by_guard"
