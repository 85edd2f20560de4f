"""The emulator as a process of its own, as the command line serves it, changed through its control plane."""

import shlex
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson
import pytest
from ruamel.yaml import YAML

from tests.waiting import PATIENCE


@contextmanager
def served(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The process, which is gone at the end whatever happened."""
    command = [sys.executable, "-m", "scim_bridge.cli.main", "sandbox", "entra", "--port", "0", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _told(process: subprocess.Popen[str]) -> dict[str, str]:
    """What it says of itself, up to where the managed identity is: read as YAML where it is to be pasted."""
    assert process.stderr is not None
    lines: list[str] = []
    while not lines or not lines[-1].startswith("# managed identity: "):
        lines.append(process.stderr.readline())
        assert lines[-1], lines
    source = YAML(typ="safe").load("".join(lines))["source"]
    (control,) = (line.removeprefix("# control: ").strip() for line in lines if line.startswith("# control: "))
    (secret,) = (line.split("ENTRA_SECRET=")[1].strip() for line in lines if "export ENTRA_SECRET=" in line)
    cloud: dict[str, str] = source["cloud"]
    return {"tenant": source["tenant"], "client": source["client"], "secret": secret, "control": control} | cloud


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_says_what_bridge_yaml_needs_and_ends_by_a_signal_with_0(tmp_path: Path, ending: signal.Signals) -> None:
    (tmp_path / "seed.json").write_bytes(orjson.dumps({"users": [{"id": "a"}]}))
    with served("--seed", str(tmp_path / "seed.json")) as process:
        assert process.stderr is not None
        told = _told(process)
        with httpx.Client(verify=ssl.create_default_context(cafile=told["ca_file"])) as http:
            form = {
                "grant_type": "client_credentials",
                "client_id": told["client"],
                "client_secret": told["secret"],
                "scope": f"{told['graph']}/.default",
            }
            token = http.post(f"{told['login']}/{told['tenant']}/oauth2/v2.0/token", data=form).json()["access_token"]
            bearer = {"authorization": f"Bearer {token}"}
            change = {"do": "put_user", "with": ["b"], "set": {"department": "Sales"}}
            http.post(f"{told['control']}/change", json={"changes": [change]}).raise_for_status()
            users = http.get(f"{told['graph']}/v1.0/users", headers=bearer).json()["value"]
            assert [user["id"] for user in users] == ["a", "b"]
            http.post(f"{told['control']}/faults", json={"faults": [{"kind": "error", "path": "users"}]})
            assert http.get(f"{told['graph']}/v1.0/users", headers=bearer).status_code == 503
            http.post(f"{told['control']}/knobs", json={"roles": ["User.Read.All"], "page_cap": 5}).raise_for_status()
            assert http.get(f"{told['control']}/counts").json()["graph"] == 2
            wrong = http.post(f"{told['control']}/change", json={"changes": [{"do": "seed", "with": []}]})
            assert (wrong.status_code, wrong.json()) == (
                400,
                {"error": "ValueError: seed is not a change"},
            )
            process.send_signal(ending)
            said = process.stderr.read()
            assert process.wait(PATIENCE) == 0
    assert said == "# Stop it with Ctrl-C.\n"


def test_an_empty_one_says_so_and_how_it_is_filled() -> None:
    with served() as process:
        assert process.stderr is not None
        told = _told(process)
        assert process.stderr.readline() == "# It is empty: begin with --seed FILE, or change it while it runs:\n"
        curl, address, data, body = shlex.split(process.stderr.readline().removeprefix("# "))
        assert (curl, address, data) == ("curl", f"{told['control']}/change", "-d")
        httpx.post(address, content=body).raise_for_status()


def test_a_seed_that_describes_no_directory_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_bytes(orjson.dumps({"users": [{"id": "a", "shoeSize": 42}]}))
    with served("--seed", str(tmp_path / "seed.json")) as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "a user has no property shoeSize" in said
    assert "Traceback" not in said
