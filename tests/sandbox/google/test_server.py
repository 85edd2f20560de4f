"""The emulator as a process of its own, as the command line serves it."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import orjson
from ruamel.yaml import YAML

from scim_bridge.config.read_source import source_settings
from scim_bridge.config.source_document import Google
from scim_bridge.model.source import Wanted
from scim_bridge.source import open_source
from tests.waiting import PATIENCE


def _told(process: subprocess.Popen[str]) -> tuple[Google, str]:
    """What it says of itself: the source to be pasted, and where it is controlled."""
    assert process.stderr is not None
    lines: list[str] = []
    while not lines or not lines[-1].startswith("# Stop it"):
        lines.append(process.stderr.readline())
        assert lines[-1], lines
    (control,) = (line.removeprefix("# control: ").strip() for line in lines if line.startswith("# control: "))
    return Google(**YAML(typ="safe").load("".join(lines))["source"]), control


def test_it_says_what_bridge_yaml_needs_and_ends_by_a_signal_with_0(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_bytes(orjson.dumps({"users": [{"id": "u1"}], "groups": [{"id": "g1", "members": ["u1"]}]}))
    command = [sys.executable, "-m", "scim_bridge.cli.main", "sandbox", "google", "--port", "0", "--seed", str(seed)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            written, control = _told(process)
            source = open_source(source_settings(written, tmp_path), Wanted("id"), Wanted("id"))
            shown = source.read("2027-03-13").snapshot
            assert shown.members == {"g1": (("u1",), ())}
            counts = httpx.get(f"{control}/counts", timeout=PATIENCE).json()
            assert counts["kinds"]["POST token"] == 1
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def test_a_seed_that_is_none_is_refused_in_a_sentence(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_bytes(orjson.dumps({"users": [{"name": "without an id"}]}))
    command = [sys.executable, "-m", "scim_bridge.cli.main", "sandbox", "google", "--port", "0", "--seed", str(seed)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 2
    assert "does not describe an account" in ended.stderr
    assert "Traceback" not in ended.stderr
