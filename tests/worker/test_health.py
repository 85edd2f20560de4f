"""What a worker without pages answers to whatever watches it."""

import json
import signal
import socket

import httpx
import pytest

from scim_bridge.errors import Misconfigured
from scim_bridge.worker.health import answering
from scim_bridge.worker.pulse import Pulse
from tests.e2e.conftest import Cli
from tests.e2e.process import start
from tests.e2e.world import World, organization
from tests.waiting import PATIENCE, until


def test_it_says_whether_the_schedule_goes_on_and_whether_the_state_can_be_used() -> None:
    at = [0.0]
    pulse = Pulse(lambda: at[0])
    with answering(("127.0.0.1", 0), pulse) as url, httpx.Client(base_url=url.removesuffix("/healthz")) as client:

        def said(path: str) -> tuple[int, str]:
            answer = client.get(path)
            return answer.status_code, json.loads(answer.content)["status"]

        assert [said("/healthz"), said("/readyz")] == [(200, "ok"), (200, "ready")]
        assert (client.head("/healthz").status_code, client.head("/healthz").content) == (200, b"")
        assert (client.get("/metrics").status_code, client.post("/healthz").status_code) == (404, 501)
        pulse.trouble = "the state in postgresql://bridge@db/bridge cannot be used"
        assert [said("/healthz"), said("/readyz")] == [(200, "ok"), (503, "not ready")]
        assert client.get("/readyz").json()["detail"] == pulse.trouble
        at[0] = 120.0
        assert [said("/healthz"), said("/readyz")] == [(503, "failing"), (503, "not ready")]


def test_an_address_that_is_taken_is_said_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Misconfigured, match="health cannot be answered on"):
            answering(taken.getsockname(), Pulse()).__enter__()


def test_a_worker_is_ready_once_it_can_use_the_state(world: World) -> None:
    world.write(organization(2, 1))
    worker = start(world, "work", "--health", "127.0.0.1:0")
    assert worker.stderr is not None
    try:
        url = worker.stderr.readline().removeprefix("health: ").strip()
        until(lambda: httpx.get(url.replace("healthz", "readyz")).json() == {"status": "ready"})
        assert httpx.get(url).json() == {"status": "ok"}
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0


def test_an_address_that_is_none_is_wrong_usage(cli: Cli) -> None:
    said = cli("work", "--health", "8081")
    assert (said.code, "8081: write a host and a port, such as 127.0.0.1:8080" in said.err) == (2, True)
