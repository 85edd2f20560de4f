"""A command loads what it needs and no more: what stands in sys.modules when it has ended."""

import subprocess
import sys

import pytest

from scim_bridge.cli.lazy_group import LazyGroup
from scim_bridge.cli.main import COMMANDS, app
from tests.e2e.conftest import Cli
from tests.e2e.world import People, World

_PROGRAM = """
import atexit, sys
atexit.register(lambda: print("loaded:", *sorted({name.partition(".")[0] for name in sys.modules} | set(sys.modules))))
from scim_bridge.cli.main import main
main()
"""
_HEAVY = {"sqlalchemy", "sqlmodel", "httpx", "boto3", "botocore", "msal", "fastapi", "alembic", "cel_expr_python"}
_ENDS = {"httpx", "boto3", "botocore", "msal", "fastapi", "starlette", "alembic", "cel_expr_python", "jinja2", "ldap"}
_ROOMS = {"source", "target", "mapping", "plan", "apply", "access", "run", "service", "worker", "proposal", "sandbox"}


def _loaded(*arguments: str) -> tuple[set[str], int]:
    """Modules that a command line has loaded when it ends, and its exit code."""
    ended = subprocess.run([sys.executable, "-c", _PROGRAM, *arguments], capture_output=True, text=True)
    assert "Traceback" not in ended.stderr
    return set(ended.stdout.rpartition("loaded:")[2].split()), ended.returncode


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        (("--version",), 0),
        ((), 2),
        (("--wrong",), 2),
        (("--config",), 2),
    ],
)
def test_who_asks_for_help_waits_for_nothing_but_the_command_line(arguments: tuple[str, ...], code: int) -> None:
    loaded, ended = _loaded(*arguments)
    assert ended == code
    assert not loaded & (_HEAVY | {"pydantic", "rich", "ruamel", "orjson", "asyncio"})
    ours = {name for name in loaded if name.startswith("scim_bridge.")}
    told = ("cli.main", "cli.lazy_group", "cli.options", "cli.streams", "errors", "log")
    assert ours == {"scim_bridge.cli"} | {f"scim_bridge.{name}" for name in told}


@pytest.mark.parametrize("wrong", ["--help", "--wrong"])
@pytest.mark.parametrize("command", [*(each.name for each in COMMANDS), "mapping test", "conflicts resolve"])
def test_the_help_of_a_command_and_a_wrong_option_of_it_load_no_room_below(command: str, wrong: str) -> None:
    loaded, _ = _loaded(*command.split(), wrong)
    assert not loaded & (_HEAVY | {"rich", "ruamel", "asyncio"})
    ours = {name.split(".")[1] for name in loaded if name.startswith("scim_bridge.")}
    assert ours == {"cli", "errors", "log"}
    commands = {name.split(".")[2] for name in loaded if name.startswith("scim_bridge.cli.")}
    assert len(commands & {each.module for each in COMMANDS}) == 1


@pytest.mark.parametrize(
    "arguments", [("history",), ("show", "1"), ("conflicts",), ("conflicts", "list", "-o", "json")]
)
def test_who_looks_at_the_past_loads_no_source_and_no_target(
    world: World, cli: Cli, arguments: tuple[str, ...]
) -> None:
    world.write(People().add("u1"))
    assert cli("sync").code == 0
    loaded, code = _loaded("--config", str(world.config), *arguments)
    assert code == 0
    assert "scim_bridge.state.reader" in loaded
    assert not loaded & _ENDS
    assert not {name.split(".")[1] for name in loaded if name.startswith("scim_bridge.")} & _ROOMS


@pytest.mark.parametrize("arguments", [("history",), ("show", "1"), ("conflicts",)])
def test_the_past_can_be_read_while_a_key_of_the_configuration_is_wrong(
    world: World, cli: Cli, arguments: tuple[str, ...]
) -> None:
    world.write(People().add("u1"))
    assert cli("sync").code == 0
    world.config.write_text(world.config.read_text() + "nonsense: true\n")
    assert cli("sync").code == 2
    assert cli(*arguments).code == 0


def test_the_list_of_commands_tells_what_the_commands_themselves_tell(capfd: pytest.CaptureFixture[str]) -> None:
    import typer

    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    with group.make_context("scim-bridge", ["schema"]) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            assert command.name == name
            assert group.commands[name].get_short_help_str(1000) == command.get_short_help_str(1000)
