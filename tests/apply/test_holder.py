"""A 409 whose holder is never found: it costs a minute, and not one for each."""

import threading

import pytest

from scim_bridge.apply.engine import Ground, Work, apply
from scim_bridge.apply.holder import Holders
from scim_bridge.model.identity import Inventory
from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.target.client import ScimClient
from scim_bridge.target.rate import Rate
from scim_bridge.target.retry import Patience
from scim_bridge.target.scim import ScimTarget
from tests.apply.test_engine import Notes, _user
from tests.fakes import MemoryTarget
from tests.waiting import PATIENCE


class _Meeting:
    """Where searches wait for their next look: nobody goes on before all 20 are here and the 60 others have landed."""

    def __init__(self) -> None:
        self._came = threading.Condition()
        self._waiting = self._landed = 0

    def landed(self, step: str, done: int, total: int | None) -> None:
        with self._came:
            self._landed = done
            self._came.notify_all()

    def wait(self, seconds: float) -> None:
        with self._came:
            self._waiting += 1
            self._came.notify_all()
            is_met = self._came.wait_for(lambda: self._waiting >= 20 and self._landed >= 60, PATIENCE)
        assert is_met, f"{self._waiting} search at once, and {self._landed} others have landed meanwhile"


def test_twenty_whose_holder_is_never_found_wait_side_by_side_and_the_others_go_on() -> None:
    meeting = _Meeting()
    with Sandbox(Knobs(rate=None)) as sandbox:
        client = ScimClient(sandbox.url, lambda: sandbox.token, Rate(100_000), Patience(wait=meeting.wait))
        with ScimTarget(client) as target:
            sandbox.fail(Fault(kind="error", method="POST", status=409, left=20))
            people = [_user(f"u{number}") for number in range(80)]
            applied = apply(people, target, Notes(), Ground(), Work(progress=meeting.landed))
    assert [outcome.status for outcome in applied.outcomes].count("held") == 20


class _Waiting(MemoryTarget):
    """It notes how long someone has waited."""

    waited = 0.0

    def pause(self, seconds: float) -> None:
        self.waited += seconds


def test_after_a_dozen_in_vain_nobody_is_searched_for_as_long() -> None:
    target = _Waiting()
    holders = Holders(target, Inventory(), lambda: False)
    waited = []
    for number in range(20):
        target.waited = 0.0
        assert holders.find("user", {"userName": f"u{number}"}) is None
        waited.append(target.waited)
    assert waited == [pytest.approx(75.75)] * 12 + [pytest.approx(7.75)] * 8
