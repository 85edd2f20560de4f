"""The log: what each line is about, two formats, and no name of a person but at `debug`."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from scim_bridge.log import about, log_to_stderr
from tests.e2e.conftest import cli, world
from tests.e2e.process import PROGRAM
from tests.e2e.world import World, organization

__all__ = ["cli", "world"]
HOSTILE = "Sato\r\nERROR forged\x1b[31m\u202etxt.exe <script>"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """The root logger is as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setenv("SCIM_BRIDGE_LOG", "info")
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def fail(text: str) -> None:
    try:
        raise KeyError(text)
    except KeyError:
        logging.getLogger("scim_bridge.x").exception("it failed")


def test_a_line_says_what_it_is_about(written: None, capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    with about(connection="corp", run=41), about(operation="op-1"):
        logging.getLogger("scim_bridge.x").info("answered %d", 400, extra={"request": "r-9"})
    logging.getLogger("scim_bridge.x").info("outside")
    assert capsys.readouterr().err.splitlines() == [
        "INFO scim_bridge.x: answered 400 [connection=corp run=41 operation=op-1 request=r-9]",
        "INFO scim_bridge.x: outside",
    ]


def test_a_line_of_json_holds_the_same(
    written: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCIM_BRIDGE_LOG_FORMAT", "json")
    log_to_stderr()
    with about(connection="東京", run=41):
        logging.getLogger("scim_bridge.x").warning(HOSTILE)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isascii()
    told = json.loads(line)
    assert told.pop("time").endswith("+00:00")
    wanted = {"level": "warning", "logger": "scim_bridge.x", "message": HOSTILE, "connection": "東京", "run": "41"}
    assert told == wanted


def test_a_hostile_text_is_one_line_that_turns_nothing(written: None, capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    logging.getLogger("scim_bridge.x").info(HOSTILE)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert "\\u202e" in line


def test_an_unforeseen_error_shows_where_it_was_and_what_it_says_at_debug_only(
    written: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log_to_stderr()
    fail(HOSTILE)
    said = capsys.readouterr().err
    assert "test_log.py" in said
    assert said.endswith("KeyError\n")
    assert "Sato" not in said
    monkeypatch.setenv("SCIM_BRIDGE_LOG", "debug")
    log_to_stderr()
    fail(HOSTILE)
    assert "Sato" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_sync_names_no_one_at_info_and_each_operation_with_its_run_and_request(world: World, form: str) -> None:
    people = organization(12, 2)
    for number, each in enumerate(people.users.values()):
        each["title"] = f"Secretname{number} \u202e<script>"
    people.users["u3"]["userName"] = "x" * 200  # refused
    world.write(people)
    said = _sync(world, form, "info")
    assert "Secretname" not in said
    assert "@corp.example" not in said
    assert "u1@" not in said
    assert world.sandbox.token not in said
    if form == "json":
        lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        sent = [line for line in lines if line["logger"] == "scim_bridge.apply"]
        assert len(sent) >= 12
        assert all((line["connection"], line["run"]) == ("corp", "1") for line in sent)
        assert all(line["operation"] and line["request"] for line in sent)
        assert len({line["operation"] for line in sent}) == len(sent)
        assert next(line["message"] for line in lines if line["logger"] == "scim_bridge.run") == "the run begins"
    assert "@corp.example" in _sync(world, form, "debug", "--full", touch=people)


def _sync(world: World, form: str, level: str, *arguments: str, touch: object = None) -> str:
    if touch is not None:
        for each in touch.users.values():  # type: ignore[attr-defined]  # People
            each["title"] = "other"
        world.write(touch)  # type: ignore[arg-type]
    command = [*PROGRAM, "--config", str(world.config), "--log-format", form, "sync", *arguments]
    environment = os.environ | {"SCIM_BRIDGE_LOG": level}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False).stderr


def test_a_page_that_fails_is_logged_like_everything_else() -> None:
    code = """
import httpx
from fastapi import FastAPI
from scim_bridge.log import log_to_stderr
from scim_bridge.service.serve import Served
log_to_stderr()
app = FastAPI()
@app.get("/")
def fail() -> None:
    raise KeyError("Sato")
with Served(app, ("127.0.0.1", 0)) as served:
    print(httpx.get(served.url).status_code)
"""
    environment = os.environ | {"SCIM_BRIDGE_LOG_FORMAT": "json"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "500\n"
    assert "Sato" not in done.stderr
    assert [json.loads(line)["logger"] for line in done.stderr.splitlines()] == ["uvicorn.error"]
