"""A large organization: 10,000 users, 500 groups, 300 accounts × 10 permission sets, counted and weighed."""

import subprocess
import sys

import orjson
import pytest

from scim_bridge.sandbox.server import Sandbox
from tests.aws import environment_at

USERS, GROUPS, ACCOUNTS, SETS, MEMBERS = 10_000, 500, 300, 10, 40
_READ = """
import json
from datetime import UTC, datetime
from pathlib import Path
from scim_bridge.access.aws import Aws
from scim_bridge.access.graph import access_rows
from scim_bridge.access.reading import read_access
from scim_bridge.model.protocol import silent
reading = read_access(Aws("eu-west-1", 100_000), datetime.now(UTC), silent)
rows = len(access_rows(reading))
# not ru_maxrss, which counts what the process that started this one held
peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
print(json.dumps([reading.requests, rows, peak]))
"""


def _large() -> dict[str, object]:
    name = {"givenName": "A", "familyName": "B"}
    users = [{"userName": f"u{n}@x.example", "displayName": f"U {n}", "name": name} for n in range(USERS)]
    groups = [
        {"displayName": f"g{n}", "members": [f"u{(n * MEMBERS + m) % USERS}@x.example" for m in range(MEMBERS)]}
        for n in range(GROUPS)
    ]
    accounts = {f"{n + 1:012d}": f"account {n}" for n in range(ACCOUNTS - 1)}
    policy = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    sets = [{"name": f"set{n}", "inline": policy} for n in range(SETS)]
    every = [
        {"group": f"g{(index * SETS + n) % GROUPS}", "accounts": [number], "permission_set": f"set{n}"}
        for index, number in enumerate(["999999999999", *accounts])
        for n in range(SETS)
    ]
    return {"users": users, "groups": groups, "accounts": accounts, "permission_sets": sets, "assignments": every}


@pytest.mark.slow
def test_a_large_organization_is_read_within_a_tenth_of_the_minimum_of_requests_and_400_mib() -> None:
    with Sandbox() as sandbox, environment_at(sandbox.aws_url):
        sandbox.seed(_large())
        ended = subprocess.run([sys.executable, "-c", _READ], capture_output=True, text=True, check=True)
    requests, rows, peak = orjson.loads(ended.stdout)
    directory, by_set, contents = USERS // 100 + GROUPS // 100 + GROUPS, 15 + 1 + 3 * SETS + ACCOUNTS * SETS, 5 * SETS
    minimum = directory + by_set + contents
    assert rows == ACCOUNTS * SETS * MEMBERS
    assert requests <= 1.1 * minimum
    assert peak < 400
