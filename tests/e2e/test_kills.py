"""A crash at any instant is harmless: killed at random moments, under faults, over and over, the same end each time.

CI kills a few times; `make test-slow` kills 200 times.
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from scim_bridge.sandbox.fault import Fault
from tests.e2e.conftest import Cli
from tests.e2e.world import People, World, organization
from tests.waiting import PATIENCE

STORM = (
    Fault("throttle", chance=0.02, retry_after=0),
    Fault("error", chance=0.03),
    Fault("error_after", "POST", chance=0.05),
    Fault("cut_before", chance=0.03),
    Fault("cut_after", chance=0.05),
    Fault("refuse_after", "PATCH", "Groups", chance=0.03),
    Fault("garbage", "POST", chance=0.02),
)


class Zygote:
    """Commands as processes that start at once."""

    def __init__(self) -> None:
        command = (sys.executable, "-m", "tests.e2e.zygote")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def start(self, *arguments: str) -> int:
        """The process id of a command."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def reap(self) -> None:
        """Let it look at how the command has ended; until then its process id belongs to no one else."""
        assert self.process.stdin is not None
        self.process.stdin.write("reap\n")
        self.process.stdin.flush()

    def status(self) -> int:
        """How the last command ended; the negative signal if it was killed."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def zygote() -> Iterator[Zygote]:
    zygote = Zygote()
    yield zygote
    zygote.close()


def churned(people: People, chance: random.Random) -> None:
    """Joiners, leavers, movers, renames and an exchange of names, at random."""
    names = sorted(people.users)
    for name in chance.sample(names, 4):
        people.users[name]["title"] = f"Title {chance.randrange(1000)}"
    for name in chance.sample(names, 2):
        people.users[name]["enabled"] = chance.choice(("true", "false"))
    one, other = chance.sample(names, 2)
    for column in ("login", "mail"):
        people.users[one][column], people.users[other][column] = people.users[other][column], people.users[one][column]
    for _ in range(3):
        people.add(f"n{chance.randrange(10**6)}", manager=chance.choice(names))
    group = chance.choice(sorted(people.groups))
    people.groups[group] = f"グループ {chance.randrange(10**6)}"
    users = [name for name in people.users if people.users[name]["enabled"] == "true"]
    people.members = [m for m in people.members if m[0] != group or m[2] == "group"]
    people.members += [(group, name, "user") for name in chance.sample(users, 5)]


def killed(world: World, zygote: Zygote, chance: random.Random) -> bool:
    """Start a sync and kill it somewhere; whether it had not ended before."""
    limit = world.sandbox.counts.writes + chance.choice((0, 1, 1, 2, 3, 4, 6, 9))
    pid = zygote.start("--config", str(world.config), "sync", "--approve")
    deadline = time.monotonic() + PATIENCE
    while world.sandbox.counts.writes < limit and time.monotonic() < deadline:
        if pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            break
        time.sleep(0.002)
    time.sleep(chance.random() * 0.02)
    os.kill(pid, signal.SIGKILL)
    zygote.reap()
    return zygote.status() == -signal.SIGKILL


def kill_often(world: World, cli: Cli, zygote: Zygote, wanted: int, seed: int) -> None:
    chance = random.Random(seed)
    people = organization(30, 5, seed)
    world.configure(extra="    policy: {limits: {deactivate: 100%, remove_members: 100%, shrink_source: 100%}}\n")
    kills = 0
    while kills < wanted:
        world.write(people)
        world.sandbox.fail(*STORM)
        kills += sum(killed(world, zygote, chance) for _ in range(3))
        world.sandbox.fail()
        for _ in range(3):  # what was refused or failed under faults is made good in calm weather
            said = cli("sync", "--approve")
            if said.code == 0:
                break
        assert said.code == 0, said.err
        world.assert_equal_to(people)
        created = [user["externalId"] for user in world.sandbox.state()["users"]]
        assert len(created) == len(set(created)), "a user was created twice"
        assert cli("plan", "--full", "--exit-code").code == 0, "what is remembered is not what is so"
        churned(people, chance)


def test_killed_a_few_times(world: World, cli: Cli, zygote: Zygote) -> None:
    kill_often(world, cli, zygote, 6, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_two_hundred_times(world: World, cli: Cli, zygote: Zygote, seed: int) -> None:
    kill_often(world, cli, zygote, 50, seed=seed + 2)
