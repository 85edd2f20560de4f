"""A 409 whose holder is never found: it costs a minute, and not one for each."""

from time import monotonic, sleep

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

_FASTER = 20


def test_twenty_whose_holder_is_never_found_wait_side_by_side_and_the_others_go_on() -> None:
    patience = Patience(wait=lambda seconds: sleep(seconds / _FASTER))
    with Sandbox(Knobs(rate=None)) as sandbox:
        client = ScimClient(sandbox.url, lambda: sandbox.token, Rate(100_000), patience)
        with ScimTarget(client) as target:
            sandbox.fail(Fault("error", "POST", status=409, left=20))
            begun, landed = monotonic(), []

            def progress(step: str, done: int, total: int | None) -> None:
                landed.append(monotonic() - begun)

            people = [_user(f"u{number}") for number in range(80)]
            applied = apply(people, target, Notes(), Ground(), Work(progress=progress))
            taken = monotonic() - begun
    assert [outcome.status for outcome in applied.outcomes].count("held") == 20
    assert taken < 5 * 76 / _FASTER
    assert sum(at < 76 / _FASTER for at in landed) >= 60, "who has no such trouble waits for no one"


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
