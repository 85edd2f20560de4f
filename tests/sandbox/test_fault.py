"""The fault switchboard over real HTTP, set by the control plane as a test in another process would set it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from tests.waiting import PATIENCE, sent, until

USER = {"userName": "a@x", "name": {"givenName": "G", "familyName": "F"}, "displayName": "a", "active": True}
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
RENAME = {"op": "replace", "path": "displayName", "value": "renamed"}


class Caller:
    """A bare client of an emulator of its own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(headers={"Authorization": f"Bearer {sandbox.token}"}, timeout=PATIENCE)

    def fail(self, kind: str, method: str = "POST", **more: Any) -> None:
        control = self.sandbox.url.split(self.sandbox.app.identity.tenant)[0] + "control/faults"
        self.http.post(control, json={"faults": [{"kind": kind, "method": method, **more}]}).raise_for_status()

    def __call__(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.http.request(method, f"{self.sandbox.url}/{path}", json=body)

    def create(self) -> httpx.Response:
        return self("POST", "Users", USER)

    @property
    def users(self) -> list[Any]:
        found: list[Any] = self.sandbox.state()["users"]
        return found


@pytest.fixture
def caller() -> Iterator[Caller]:
    with Sandbox(Knobs(rate=None)) as sandbox:
        caller = Caller(sandbox)
        with caller.http:
            yield caller


@pytest.mark.parametrize(("kind", "status"), [("error_after", 500), ("error_after", 503), ("throttle_after", 429)])
def test_a_create_is_refused_and_applied_all_the_same(caller: Caller, kind: str, status: int) -> None:
    caller.fail(kind, status=status)
    assert caller.create().status_code == status
    assert len(caller.users) == 1
    caller.fail(kind, left=0)
    assert caller.create().status_code == 409


def test_a_group_is_changed_by_a_patch_that_is_answered_400_and_counts_as_nobody_s_mistake(caller: Caller) -> None:
    group_id = caller("POST", "Groups", {"displayName": "g"}).json()["id"]
    caller.fail("refuse_after", "PATCH", path="Groups")
    answer = caller("PATCH", f"Groups/{group_id}", {"schemas": [PATCH_OP], "Operations": [RENAME]})
    assert (answer.status_code, answer.json()["status"]) == (400, "400")
    assert caller.sandbox.state()["groups"][0]["displayName"] == "renamed"
    assert caller.sandbox.counts.invalid == 0


def test_what_is_refused_anyway_is_answered_as_ever_by_a_fault_that_refuses_what_was_applied(caller: Caller) -> None:
    caller.fail("refuse_after", "PATCH", path="Groups")
    gone = "Groups/00000000-0000-4000-8000-000000000000"
    assert caller("PATCH", gone, {"schemas": [PATCH_OP], "Operations": [RENAME]}).status_code == 404


@pytest.mark.parametrize("status", [502, 200])
def test_a_proxy_s_page_comes_instead_of_an_answer(caller: Caller, status: int) -> None:
    caller.fail("html", status=status)
    answer = caller.create()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html")
    assert "<html>" in answer.text
    assert caller.users == []


def test_a_body_is_garbage(caller: Caller) -> None:
    caller.fail("garbage")
    answer = caller.create()
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"codec|Expecting|Extra"):
        answer.json()
    assert len(caller.users) == 1


def test_a_body_is_cut_off_before_its_announced_length(caller: Caller) -> None:
    caller.fail("truncated")
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
        caller.create()
    assert len(caller.users) == 1


def test_an_answer_that_is_slow_comes_whole(caller: Caller) -> None:
    caller.fail("slow", seconds=0.05)
    assert caller.create().status_code == 201


@pytest.mark.parametrize(("kind", "is_applied"), [("hang_before", False), ("hang_after", True)])
def test_no_byte_comes(caller: Caller, kind: str, is_applied: bool) -> None:
    caller.fail(kind)
    with sent("POST", f"{caller.sandbox.url}/Users", caller.sandbox.token, USER) as creating:
        until(lambda: caller.sandbox.counts.writes)
        assert caller("GET", "Users").json()["totalResults"] == is_applied, "nobody else hangs"
        assert not creating.has_answer()


def test_what_hangs_for_some_seconds_is_cut_after_them(caller: Caller) -> None:
    caller.fail("hang_before", seconds=0.05)
    with pytest.raises(httpx.RemoteProtocolError):
        caller.create()


def test_a_new_user_is_unknown_to_a_patch_for_a_moment(caller: Caller) -> None:
    caller.fail("invisible")
    user_id = caller.create().json()["id"]
    change = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "title", "value": "Lead"}]}
    assert caller("GET", f"Users/{user_id}").status_code == 200
    assert caller("PATCH", f"Users/{user_id}", change).status_code == 404
    while caller("PATCH", f"Users/{user_id}", change).status_code == 404:
        pass
    assert caller.users[0]["title"] == "Lead"


def test_a_fault_strikes_at_its_rate_and_the_same_requests_each_time() -> None:
    struck = []
    for _ in range(2):
        with Sandbox(Knobs(rate=None)) as sandbox:
            caller = Caller(sandbox)
            caller.fail("error", "GET", chance=0.3)
            struck.append([caller("GET", "Users").status_code for _ in range(100)])
            caller.http.close()
    assert struck[0] == struck[1]
    assert 15 <= struck[0].count(503) <= 45


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_by_a_signal_with_exit_code_0_even_while_somebody_hangs(ending: signal.Signals) -> None:
    command = [sys.executable, "-m", "scim_bridge.cli.main", "sandbox", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url, token = (process.stderr.readline().split(": ")[1].strip() for _ in range(2))
        control = f"{url.split('/scim/')[0].rsplit('/', 1)[0]}/control"
        httpx.post(f"{control}/faults", timeout=PATIENCE, json={"faults": [{"kind": "hang_before"}]}).raise_for_status()
        with sent("GET", f"{url}/Users", token) as asking:
            until(lambda: httpx.get(f"{control}/counts", timeout=PATIENCE).json()["reads"])
            assert not asking.has_answer()
            process.send_signal(ending)
            said = process.stderr.read()
            assert process.wait(PATIENCE) == 0
        assert "Traceback" not in said
