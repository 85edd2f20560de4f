"""`scim-bridge sandbox` as a person starts it, and the page that describes it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import get_args

import boto3
import httpx
import orjson
import pytest

from scim_bridge.sandbox.fault import FaultKind
from scim_bridge.sandbox.knobs import Knobs
from tests.sandbox.in_process import person
from tests.waiting import PATIENCE

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"
COMMAND = (sys.executable, "-m", "scim_bridge.cli.main", "sandbox", "--port", "0")


@contextmanager
def _running(*options: str) -> Iterator[str]:
    """The SCIM URL of the command while it runs."""
    with subprocess.Popen([*COMMAND, *options], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            yield process.stderr.readline().split(": ")[1].strip()
        finally:
            process.terminate()
            process.wait(PATIENCE)


def test_knobs_are_set_on_the_command_line_and_seeds_are_there(tmp_path: Path) -> None:
    seed = tmp_path / "people.json"
    seed.write_text(re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0], encoding="utf-8")
    knobs = ["--knob", "list_lag=60", "--knob", "case_exact=true", "--knob", "error_keys=old", "--knob", "rate=null"]
    with _running("--seed", str(seed), *knobs) as url:
        shown = httpx.get(f"{url.split('/scim/')[0].rsplit('/', 1)[0]}/control/knobs").json()
        assert (shown["list_lag"], shown["case_exact"], shown["error_keys"], shown["rate"]) == (60, True, "old", None)
        headers = {"Authorization": "Bearer sandbox-token"}
        assert httpx.post(f"{url}/Users", json=person("AYA@corp.example"), headers=headers).status_code == 201
        users = httpx.get(f"{url}/Users", headers=headers).json()["Resources"]
        assert [user["userName"] for user in users] == ["aya@corp.example"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--knob", "lag=5"], "--knob: there is no knob 'lag'; there are rate"),
        (["--knob", "put_group=200"], "--knob: the knob put_group cannot be 200; it is 501 or 400 or 404 or 405"),
        (["--knob", "list_lag"], "--knob: 'list_lag' is not NAME=VALUE"),
        (["--seed", "{seed}"], "number 1 of users is not an object with a userName"),
        (["--host", "0.0.0.0"], "listens on loopback only"),
    ],
)
def test_what_does_not_fit_ends_it_in_a_sentence(options: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text('{"users": [5]}')
    given = [option.replace("{seed}", str(tmp_path / "seed.json")) for option in options]
    ended = subprocess.run([*COMMAND, *given], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.returncode == 2
    assert said in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


def test_the_page_lists_every_knob_and_every_fault() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in text.splitlines() if line.startswith("| `")]
    listed = {name for names in named for name in names}
    assert {field.name for field in fields(Knobs)} <= listed
    assert set(get_args(FaultKind)) <= listed


def test_the_page_gives_the_default_first() -> None:
    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    defaults = {field.name: field.default for field in fields(Knobs)}
    for _, named, values, *_ in rows:
        for name in re.findall(r"`(\w+)`", named):
            if name in defaults and name != "straggler_lag":
                first = values.split(",")[0].strip(" `")
                default = defaults[name]
                said = (
                    "null" if default is None else str(default).lower() if isinstance(default, bool) else f"{default}"
                )
                assert first == said.removesuffix(".0"), name


def test_one_store_answers_scim_and_the_aws_apis_on_two_ports(tmp_path: Path) -> None:
    seed = tmp_path / "aws.json"
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    people, cloud = map(orjson.loads, blocks[:2])
    seed.write_bytes(orjson.dumps(people | cloud))
    command = [*COMMAND, "--aws-port", "0", "--seed", str(seed)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            told = dict(process.stderr.readline().strip().split(": ") for _ in range(3))
            assert told["url"].split("/")[2] != told["aws"].split("/")[2]
            asked = {"endpoint_url": told["aws"], "region_name": "eu-west-1"}
            keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
            store = boto3.client("identitystore", **asked, **keys)
            [user] = store.list_users(IdentityStoreId="d-9067a1b2c3")["Users"]
            assert user["UserName"] == "aya@corp.example"
        finally:
            process.terminate()
            process.wait(PATIENCE)
