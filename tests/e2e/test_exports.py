"""From an export as people have it, by `init`, to a first sync that is right, with nothing edited on the way."""

import pytest

from scim_bridge.sandbox.server import Sandbox
from tests.e2e.conftest import Cli
from tests.e2e.exports import EXPORTS, Export
from tests.e2e.more_exports import MORE_EXPORTS
from tests.e2e.world import ENTERPRISE, World, at_rest


def put(world: World, export: Export) -> tuple[str, ...]:
    """The export in the world's folder, and the options of `init` that name its target."""
    world.config.unlink()
    for name, text in export.files.items():
        (world.folder / name).write_text(text, encoding=export.encoding, newline="")
        at_rest(world.folder / name)
    return ("--url", world.sandbox.url, "--token", world.sandbox.token, *export.options)


@pytest.mark.parametrize("name", [*EXPORTS, *MORE_EXPORTS])
def test_an_export_is_synced_as_it_is(world: World, cli: Cli, name: str) -> None:
    export = (EXPORTS | MORE_EXPORTS)[name]
    said = cli("init", "--yes", *put(world, export))
    assert said.code == 0, said.err
    for note in export.notes:
        assert note in said.out
    assert cli("check").code == 0
    assert cli("plan", "--output", "json").json["summary"]["held"] == 0, said.out
    assert cli("sync").code == 0
    assert _active(world.sandbox) == dict(export.active)
    assert {user: _users(world.sandbox)[user][ENTERPRISE]["department"] for user in export.departments} == dict(
        export.departments
    )
    names = {user: _users(world.sandbox)[user]["name"] for user in export.names}
    assert {user: (it["givenName"], it["familyName"]) for user, it in names.items()} == dict(export.names)
    assert _groups(world.sandbox) == dict(export.groups)
    assert world.sandbox.counts.invalid == 0, world.sandbox.counts.told
    assert cli("plan", "--output", "json").json["operations"] == []


def _users(sandbox: Sandbox) -> dict[str, dict]:  # type: ignore[type-arg]
    return {user["userName"]: user for user in sandbox.state()["users"]}


def _active(sandbox: Sandbox) -> dict[str, bool]:
    return {name: user["active"] for name, user in _users(sandbox).items()}


def _groups(sandbox: Sandbox) -> dict[str, set[str]]:
    state = sandbox.state()
    names = {user["id"]: user["userName"] for user in state["users"]}
    return {group["displayName"]: {names[i] for i in state["members"][group["id"]]} for group in state["groups"]}
