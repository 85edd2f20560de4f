"""Assignments saved by names, compared, and made again: after a switch that took them, cut in the middle, twice."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.knobs import Knobs
from tests.aws import environment_at
from tests.e2e.conftest import Cli
from tests.e2e.test_access import ASSIGNED, CLOUD
from tests.e2e.world import People, World
from tests.waiting import PATIENCE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "assignments.json"


@pytest.fixture
def aws(world: World, cli: Cli) -> Iterator[None]:
    world.write(People().add("a").add("b").add("c").group("g", "dev", "a", "b").group("h", "ops", "a"))
    world.configure(extra="    access: {region: eu-west-1, requests_per_second: 10000}\n")
    with environment_at(world.sandbox.aws_url):
        assert cli("sync").code == 0
        world.sandbox.seed(CLOUD | ASSIGNED)
        yield


def held(world: World) -> set[Any]:
    cloud, store = world.sandbox.app.store.cloud, world.sandbox.app.store
    known = store.users.by_id.keys() | store.groups.by_id.keys()
    uses = {(a.name, *who) for a in cloud.applications.values() for who in a.principals}
    return {a for a in cloud.assignments if a.principal in known} | uses


def take_away(world: World) -> None:
    """As a switch of the identity source to Active Directory does."""
    world.sandbox.app.store.cloud.assignments.clear()
    for application in world.sandbox.app.store.cloud.applications.values():
        application.principals.clear()


def test_what_was_saved_is_made_again_and_nothing_more(world: World, cli: Cli, aws: None, file: Path) -> None:
    before = held(world)
    said = cli("access", "export", str(file))
    assert said.code == 0
    assert "4 assignments written to" in said.err
    assert "not saved: Reader on 111111111111: its user is gone (00000000-" in said.err
    assert file.stat().st_mode & 0o077 == 0
    saved = orjson.loads(file.read_bytes())["assignments"]
    assert {"kind": "group", "name": "dev", "account": "222222222222", "permission_set": "Admin"} in saved
    assert not [one for one in saved if one["name"] == "a@corp.example"]  # has it through groups only
    take_away(world)
    said = cli("access", "diff", str(file))
    assert (said.code, "group dev: Admin on 222222222222" in said.out) == (0, True)
    assert cli("access", "restore", str(file)).code == 0
    assert held(world) == set()
    said = cli("access", "restore", str(file), "--apply")
    assert said.code == 0
    assert "4 assignments made, 0 failed, 0 cannot be made." in said.err
    assert held(world) == before
    assert "0 assignments made" in cli("access", "restore", str(file), "--apply").err
    journal = file.with_name("assignments.json.journal")
    assert journal.stat().st_mode & 0o077 == 0
    assert journal.read_bytes().count(b"SUCCEEDED") == 4


def test_users_who_no_longer_exist_are_listed_and_new_ids_are_found_by_name(
    world: World, cli: Cli, aws: None, file: Path
) -> None:
    assert cli("access", "export", str(file)).code == 0
    store = world.sandbox.app.store
    for name in ("b@corp.example",):
        user = store.users.find("userName", name)
        assert user is not None
        store.delete("User", user.id, with_assignments=True)
    group = store.groups.find("displayName", "ops")
    assert group is not None
    store.delete("Group", group.id, with_assignments=True)
    world.sandbox.seed({"groups": [{"displayName": "OPS"}]})
    said = cli("access", "restore", str(file), "--apply")
    assert said.code == 5
    assert "user b@corp.example: Admin on 111111111111 (there is no such user now)" in said.out
    assert "1 assignment made, 0 failed, 1 cannot be made." in said.err
    ops = store.groups.find("displayName", "ops")
    assert ops is not None
    assert ops.id in {a.principal for a in store.cloud.assignments}


def test_what_aws_refuses_is_told_and_the_others_go_on(world: World, cli: Cli, aws: None, file: Path) -> None:
    assert cli("access", "export", str(file)).code == 0
    take_away(world)
    world.sandbox.fail(Fault("forbidden", path="aws/sso:CreateAccountAssignment", left=1))
    said = cli("access", "restore", str(file), "--apply")
    assert said.code == 5
    assert "AWS refused sso:CreateAccountAssignment" in said.out
    assert '"Action":"sso:CreateAccountAssignment"' in said.out
    assert "3 assignments made, 1 failed" in said.err
    assert cli("access", "restore", str(file), "--apply").code == 0


def test_cut_in_the_middle_and_run_again_it_ends_the_same(world: World, cli: Cli, aws: None, file: Path) -> None:
    before = held(world)
    assert cli("access", "export", str(file)).code == 0
    take_away(world)
    world.sandbox.app.knobs = Knobs(rate=None, aws_rate=None, assignment_delay=2)
    command = (sys.executable, "-m", "scim_bridge.cli.main", "--config", str(world.config))
    with subprocess.Popen(
        [*command, "access", "restore", str(file), "--apply"], env=os.environ, stderr=subprocess.DEVNULL
    ) as process:
        ends = time.monotonic() + PATIENCE
        while not world.sandbox.aws_calls["sso:CreateAccountAssignment"] and time.monotonic() < ends:
            time.sleep(0.02)
        process.kill()
    sent = world.sandbox.aws_calls["sso:CreateAccountAssignment"]
    assert cli("access", "restore", str(file), "--apply").code == 0
    assert held(world) == before
    accounts = sum(hasattr(one, "account") for one in before)
    assert world.sandbox.aws_calls["sso:CreateAccountAssignment"] == accounts
    assert 0 < sent < accounts


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no JSON", "is not a file of `access export`"),
        (b"{}", "is not a file of `access export` (version: Field required)"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(cli: Cli, aws: None, file: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        file.write_bytes(content)
    refused = cli("access", "restore", str(file))
    assert refused.code == 2
    assert said in refused.err
