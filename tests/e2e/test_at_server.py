"""`--server`: a running service does it, and the command ends as it would have ended there."""

import threading
from collections.abc import Iterator

import pytest

from scim_bridge.config.settings import load
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.worker.order_lane import OrderLane
from scim_bridge.worker.roll import Roll
from scim_bridge.worker.turn import Turns
from tests.e2e.conftest import Cli
from tests.e2e.world import World, organization
from tests.service.sign_in import a_token, signed_in


@pytest.fixture
def there(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a service with its lane of orders; the token is where commands look for it."""
    world.write(organization(12, 1))
    settings = load(world.config)
    shown = Shown(settings.state, dict.fromkeys(settings.connections), settings=settings.connections)
    stop = threading.Event()
    monkeypatch.setenv("SCIM_BRIDGE_TOKEN", a_token(settings.state))
    lane = OrderLane(
        settings.connections.values, settings.state, Turns(), stop, tell=lambda _: None, roll=Roll(settings.state)
    )
    with Served(create_app(shown), ("127.0.0.1", 0)) as pages, lane:
        try:
            yield pages.url
        finally:
            stop.set()


def test_what_a_command_points_to_is_there(world: World, cli: Cli, there: str) -> None:
    placed = cli("plan", "--server", there)
    assert f"to apply exactly this plan: scim-bridge apply 1 --server {there}\n" in placed.err
    path = placed.err.partition(f"order 1 is placed: {there}")[2].split()[0]
    with signed_in(there, world.state, "viewer") as browser:
        page = browser.get(path)
    assert (page.status_code, 'role="status"' in page.text) == (200, True)
    assert f"scim-bridge plan --server {there}" in cli("apply", "p.json", "--server", there).err


def test_a_sync_elsewhere_ends_as_a_sync_here(world: World, cli: Cli, there: str) -> None:
    done = cli("sync", "--server", there, "--output", "json")
    assert (done.code, done.json["status"], len(done.json["operations"]) > 12) == (0, "done", True)
    people = organization(12, 1)
    for number in range(6):
        people.users[f"u{number}"]["enabled"] = "false"
    world.write(people)
    stopped = cli("sync", "corp", "--server", there)
    assert stopped.code == 4
    assert "was stopped by the guard" in stopped.err
    approved = cli("apply", "1", "--server", there, "--approve")
    assert approved.code == 0
    world.assert_equal_to(people)
    unknown = cli("sync", "--only", "nobody", "--server", there)
    assert unknown.code == 2
    assert "called 'nobody'" in unknown.err


def test_who_is_on_neither_side_is_not_there(world: World, there: str) -> None:
    with signed_in(there, world.state, "viewer") as client:
        answer = client.get("/api/v1/people/corp/user/nobody/explain")
    assert (answer.status_code, "called 'nobody'" in answer.json()["detail"]) == (404, True)


WRONG = (
    (("pause", "nowhere", "--server", "{there}"), 2, "there is no connection nowhere"),
    (("conflicts", "resolve", "c-1", "--ignore", "--server", "{there}"), 2, "no conflict c-1 is open"),
    (("apply", "9", "--server", "{there}"), 2, "there is no kept plan 9"),
    (("apply", "plan.json", "--server", "{there}"), 2, "a kept plan is applied by its number"),
    (("plan", "--full", "--server", "{there}"), 2, "--server takes --out"),
    (("sync", "--server", "{there}", "--token", "secret"), 2, "--token is a reference"),
    (("sync", "--server", "{there}", "--token", "env:NOT_SET"), 2, "NOT_SET"),
    (("sync", "--server", "{there}", "--token", "env:UNKNOWN"), 1, "The token is unknown"),
    (("sync", "--server", "http://bridge.corp.example"), 2, "plain http is allowed to loopback only"),
    (("sync", "--server", "nonsense"), 2, "nonsense: write the address of the pages, such as https://bridge.corp.ex"),
    (("sync", "corp", "--server", "http://127.0.0.1:9"), 1, "does not answer"),
)


def test_what_is_done_at_once_and_what_goes_wrong_is_said_as_here(
    cli: Cli, there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("pause", "corp", "--reason", "a move", "--server", f"{there}/").code == 0
    assert "a move" in cli("pause", "corp").err
    assert cli("resume", "corp", "--server", there).code == 0
    assert "neither paused nor quarantined" in cli("resume", "corp").err
    monkeypatch.setenv("UNKNOWN", "sb_" + "x" * 40)
    for arguments, code, said in WRONG:
        answer = cli(*(word.format(there=there) for word in arguments))
        assert (answer.code, said in answer.err) == (code, True), answer.err
