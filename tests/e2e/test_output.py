"""Who reads what a command prints may go away; what the command does, and how it ends, stays the same."""

import os
import subprocess
import sys
from pathlib import Path

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


def _sync_elsewhere(world: World, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """`sync` in a process of its own, under another environment."""
    program = [sys.executable, "-m", "scim_bridge.cli.main", "--config", str(world.config), *arguments]
    return subprocess.run(program, capture_output=True, check=False, env={**os.environ, **environment})


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252", "euc_jp", "koi8_r", "cp437"])
def test_what_an_encoding_lacks_is_printed_otherwise_and_the_run_ends_as_it_does(
    world: World, cli: Cli, encoding: str
) -> None:
    people = organization(6, 2)
    people.users["u1"] |= {"family": "Müller-\N{GRINNING FACE}\ufffd"}
    world.write(people)
    said = _sync_elsewhere(world, "sync", PYTHONIOENCODING=encoding)
    assert said.returncode == 0, said.stderr
    assert b"?" in said.stdout + said.stderr
    people.users["u2"] |= {"enabled": "false"}
    world.write(people)
    said = _sync_elsewhere(world, "sync", PYTHONIOENCODING=encoding)
    assert said.returncode == 0, said.stderr
    assert ("true → false" if encoding == "euc_jp" else "true -> false") in said.stdout.decode(encoding)
    world.assert_equal_to(people)
    assert [run["status"] for run in cli("history", "--output", "json").json] == ["done", "done"]


@pytest.mark.parametrize("command", [("history",), ("explain", "u1@corp.example"), ("plan",), ("check",)])
def test_no_command_fails_for_an_encoding(world: World, cli: Cli, command: tuple[str, ...]) -> None:
    world.write(organization(3, 1))
    assert cli("sync").code == 0
    said = _sync_elsewhere(world, *command, PYTHONIOENCODING="ascii:strict", PYTHONUTF8="0")
    assert said.returncode == 0, said.stderr


def test_files_and_json_are_utf_8_under_any_locale(world: World, cli: Cli) -> None:
    people = organization(3, 1)
    world.write(people)
    named = {name: world.folder / f"plan.{name}" for name in ("json", "html", "md")}
    options = ("--out", str(named["json"]), "--html", str(named["html"]), "--markdown", str(named["md"]))
    said = _sync_elsewhere(
        world, "plan", "--output", "json", *options, PYTHONIOENCODING="latin-1", PYTHONUTF8="0", LC_ALL="C"
    )
    assert said.returncode == 0, said.stderr
    assert "グループ 0" in said.stdout.decode("utf-8")
    for path in named.values():
        assert "グループ 0" in path.read_text(encoding="utf-8")


def test_a_full_disk_takes_nothing_from_a_run(world: World, cli: Cli) -> None:
    people = organization(40, 3)
    world.write(people)
    program = [sys.executable, "-m", "scim_bridge.cli.main", "--config", str(world.config), "sync"]
    with Path("/dev/full").open("wb") as full:
        said = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, check=False)
    assert said.returncode == 0
    assert b"the output cannot be written (No space left on device). Look at the run: scim-bridge show 1" in said.stderr
    world.assert_equal_to(people)
    assert cli("history", "--output", "json").json[0]["status"] == "done"


def test_a_run_goes_on_though_its_outputs_were_closed_beforehand(world: World) -> None:
    people = organization(6, 2)
    world.write(people)
    command = f"{sys.executable} -m scim_bridge.cli.main --config {world.config} sync >&- 2>&-"
    assert subprocess.run(["sh", "-c", command], check=False).returncode == 0
    world.assert_equal_to(people)
