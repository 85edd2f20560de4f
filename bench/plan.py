"""How much a plan costs, against the bare minimum: `python -m bench.plan [USERS GROUPS MEMBERSHIPS]`.

The baseline parses the same files with the csv module and serializes the same SCIM bodies with orjson, and does nothing
else. Both run as processes of their own, in the same run; the ratio of their CPU times is what counts.
"""

import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import orjson

from bench.directory import write
from scim_bridge.sandbox.server import Sandbox

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_MAPPING = Path(__file__).parents[1] / "mappings" / "csv.yaml"


def bare(folder: Path) -> int:
    """Parse the files and serialize one body for each request that the initial load needs. Returns the bytes."""
    size = 0
    with (folder / "users.csv").open(newline="", encoding="utf-8") as file:
        for user in csv.DictReader(file):
            size += len(orjson.dumps(_user(user)))
    with (folder / "groups.csv").open(newline="", encoding="utf-8") as file:
        for group in csv.DictReader(file):
            size += len(orjson.dumps({"displayName": group["name"], "externalId": group["id"]}))
    members: dict[str, list[str]] = {}
    with (folder / "members.csv").open(newline="", encoding="utf-8") as file:
        for group_id, member_id, _ in csv.reader(file):
            members.setdefault(group_id, []).append(member_id)
    for ids in members.values():
        for start in range(0, len(ids), 100):
            value = [{"value": user_id} for user_id in ids[start : start + 100]]
            size += len(orjson.dumps({"Operations": [{"op": "add", "path": "members", "value": value}]}))
    return size


def _user(row: dict[str, str]) -> dict[str, object]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", _ENTERPRISE],
        "userName": row["login"].lower(),
        "externalId": row["id"],
        "name": {"givenName": row["given"], "familyName": row["family"]},
        "displayName": row["display"],
        "emails": [{"value": row["mail"], "type": "work", "primary": True}],
        "active": row["enabled"] == "true",
        "title": row["title"],
        _ENTERPRISE: {"department": row["dept"], "manager": {"value": row["manager"]}},
    }


def measure(*command: str) -> tuple[float, float]:
    """CPU seconds and peak memory (MiB) of one process."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[:4]} failed: {said}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main(users: int, groups: int, memberships: int) -> None:
    """Print both, and their ratio."""
    with tempfile.TemporaryDirectory() as name, Sandbox() as sandbox:
        folder = Path(name)
        write(folder, users, groups, memberships)
        config = folder / "bridge.yaml"
        config.write_text(
            "connections:\n  bench:\n"
            "    source: {kind: csv, users: users.csv, groups: groups.csv, members: members.csv}\n"
            f"    mapping: {_MAPPING}\n"
            f"    target: {{kind: identity-center, url: {sandbox.url}, token: {sandbox.token}}}\n",
            encoding="utf-8",
        )
        print(f"{users:,} users, {groups:,} groups, {memberships:,} memberships, empty target")
        base_cpu, base_memory = measure(sys.executable, "-m", "bench.plan", "bare", str(folder))
        cpu, memory = measure(sys.executable, "-m", "scim_bridge.cli.main", "--config", str(config), "plan")
        print(f"bare parse and serialize  {base_cpu:6.1f} s CPU  {base_memory:7.0f} MiB")
        print(f"scim-bridge plan          {cpu:6.1f} s CPU  {memory:7.0f} MiB")
        print(f"ratio                     {cpu / base_cpu:6.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        bare(Path(sys.argv[2]))
    else:
        sizes = [int(argument) for argument in sys.argv[1:4]] or [100_000, 2_000, 1_000_000]
        main(*sizes)
