"""The configuration of a process that goes on: what changes it, and what does not."""

import threading
from pathlib import Path

import pytest

from scim_bridge.config.in_force import InForce
from scim_bridge.config.settings import Settings, load
from tests.waiting import until

CONNECTION = """
  {name}:
    source: {{kind: csv, users: users.csv, groups: groups.csv, members: members.csv}}
    mapping: csv.yaml
    target: {{kind: identity-center, url: "https://scim.eu-west-1.amazonaws.com/abc/scim/v2", token: env:{token}}}
    schedule: {{every: {every}}}
"""


def text(*names: str, every: str = "5m", token: str = "TOKEN", head: str = "") -> str:
    connections = "".join(CONNECTION.format(name=name, every=every, token=token) for name in names)
    return f"{head}connections:{connections}"


class Following:
    """A configuration in a folder of its own, what was told of it, and what its followers were given."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bridge.yaml"
        self.path.write_text(text("corp"), encoding="utf-8")
        self.told: list[str] = []
        self.given: list[Settings] = []
        self.in_force = InForce(load(self.path), self.told.append)
        self.in_force.follow(self.given.append)

    def write(self, content: str) -> None:
        self.path.write_text(content, encoding="utf-8")

    def look_twice(self) -> None:
        self.in_force.look()
        self.in_force.look()

    @property
    def names(self) -> list[str]:
        return [connection.name for connection in self.in_force.connections()]


@pytest.fixture
def following(tmp_path: Path) -> Following:
    return Following(tmp_path)


def test_a_change_counts_once_the_file_stays_as_it_is(following: Following) -> None:
    following.write(text("corp", "lab"))
    following.in_force.look()
    assert following.names == ["corp"]
    following.write(text("corp", "lab", "west"))  # the editor had not come to its end
    following.in_force.look()
    assert (following.names, following.told) == (["corp"], [])
    following.in_force.look()
    assert following.names == ["corp", "lab", "west"]
    assert following.told == ["bridge.yaml was read again: connection lab is new, connection west is new"]
    following.look_twice()
    assert (len(following.told), len(following.given)) == (1, 1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (text("corp", every="1h"), "connection corp has changed"),
        (text("corp", token="OTHER"), "connection corp has changed"),
        (text("lab"), "connection corp is gone, connection lab is new"),
        (text("corp", head="history: {keep: 30d}\n"), "history has changed"),
        (text("corp", head="alerts: {to: [env:HOOK]}\n"), "alerts have changed"),
        (text("corp", head="# a word\n"), "nothing to change"),
        (text("corp", head="state: sqlite:///other.db\n"), "nothing to change; state will count after a restart"),
        (
            text("corp", every="1h", head='service: {listen: "127.0.0.1:9999"}\n'),
            "connection corp has changed; service will count after a restart",
        ),
    ],
)
def test_what_has_changed_is_told(following: Following, content: str, told: str) -> None:
    before = following.in_force.settings
    following.write(content)
    following.look_twice()
    assert following.told == [f"bridge.yaml was read again: {told}"]
    after = following.in_force.settings
    assert (after.state, after.service) == (before.state, before.service)
    assert (after == before) == told.startswith("nothing")


@pytest.mark.parametrize("broken", ["connections: {corp: {", "connections: {}", text("corp", every="soon"), None])
def test_a_file_that_is_wrong_changes_nothing_and_is_told_once(following: Following, broken: str | None) -> None:
    if broken is None:
        following.path.unlink()
    else:
        following.write(broken)
    for _ in range(3):
        following.look_twice()
    assert (following.names, len(following.told), following.given) == (["corp"], 1, [])
    assert "bridge.yaml" in following.in_force.refused
    assert following.told == [
        f"{following.in_force.refused} Until the file is right, the configuration stays as it was"
    ]
    following.write(text("corp"))
    following.look_twice()
    assert following.in_force.refused == ""
    assert following.told[1:] == ["bridge.yaml was read again: nothing to change"]


def test_who_asks_does_not_wait_for_a_second_look(following: Following) -> None:
    asked = threading.Event()
    with following.in_force.kept(asked):
        following.write(text("corp", "lab"))
        asked.set()
        until(lambda: following.names == ["corp", "lab"])
    asked.set()
    assert all(thread.name != "configuration" for thread in threading.enumerate())


def test_a_mounted_configuration_is_a_link_that_moves(tmp_path: Path) -> None:
    for version, names in (("one", ("corp",)), ("two", ("corp", "lab"))):
        (tmp_path / version).mkdir()
        (tmp_path / version / "bridge.yaml").write_text(text(*names), encoding="utf-8")
    link = tmp_path / "bridge.yaml"
    link.symlink_to(tmp_path / "one" / "bridge.yaml")
    in_force = InForce(load(link), lambda _: None)
    link.unlink()
    link.symlink_to(tmp_path / "two" / "bridge.yaml")
    in_force.look()
    in_force.look()
    assert [connection.name for connection in in_force.connections()] == ["corp", "lab"]
