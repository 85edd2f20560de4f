"""`alerts test`, and an alert of a service that runs."""

import signal

import pytest

from tests.alert_receiver import a_hook
from tests.e2e.conftest import Cli
from tests.e2e.process import start
from tests.e2e.world import World, organization
from tests.waiting import until


def with_alerts(world: World) -> None:
    text = world.config.read_text()
    world.config.write_text(f'alerts: {{to: ["env:ALERT_URL", "env:OTHER_URL"]}}\n{text}')


def test_a_test_says_of_each_place_whether_it_accepts(world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    said = cli("alerts", "test")
    assert (said.code, said.err.count("alerts is not set")) == (2, 1)
    with_alerts(world)
    with a_hook() as hook:
        monkeypatch.setenv("ALERT_URL", hook.url)
        monkeypatch.setenv("OTHER_URL", hook.url)
        said = cli("alerts", "test")
        assert (said.code, said.out) == (0, "env:ALERT_URL: accepted\nenv:OTHER_URL: accepted\n")
        hook.answers = [200, 500]
        said = cli("alerts", "test")
    assert said.code == 1
    assert "env:OTHER_URL: the place did not accept it, or was not reached" in said.out
    assert "1 of 2 places did not accept" in said.err
    assert "secret-path" not in said.out + said.err
    assert len(hook.got) == 3


def test_a_service_tells_of_a_plan_that_it_stopped(world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    people = organization(40, 2)
    world.write(people)
    assert cli("sync").code == 0
    for number in range(10):
        people.users[f"u{number}"]["enabled"] = "false"
    world.write(people)
    with_alerts(world)
    with a_hook() as hook:
        monkeypatch.setenv("ALERT_URL", hook.url)
        monkeypatch.setenv("OTHER_URL", hook.url)
        service = start(world, "run")
        until(lambda: len(hook.got) >= 2)
        service.send_signal(signal.SIGTERM)
        _, err = service.communicate()
    assert "was stopped by the guard before the first write" in hook.texts[0]
    assert "secret-path" not in err
